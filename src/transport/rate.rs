//! How fast one connection may send, and what becomes of more.
//!
//! Owns: the count of one connection and its verdicts. Must not: know kinds of messages, or send. Called by: `resident`, `staff`, for each
//! message, ping and pong that was read.
//!
//! A message that comes too early is not carried out: its sender is told `too_fast` with a pause, keeps it and sends it again, so nothing is
//! lost. Half-way there what is lost anyway without harm (text as it is typed) goes first. Whoever does not care about the pause is
//! read more and more slowly, and in the end closed.

use std::time::Duration;

use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::CommandId;
use callbox_proto::message::ErrorMessage;

/// Parts of a message in which lighter ones are counted.
const PARTS: u64 = 16;
/// What a `delivered` or `seen` counts, in parts: one number is raised, and a busy console says it for each entry.
pub(super) const LIGHT_PARTS: u64 = 1;
/// What every other message counts, in parts.
pub(super) const WHOLE_PARTS: u64 = PARTS;
/// Refused messages, less the ones taken meanwhile, after which a connection is closed. A client that heeds the pause has a few; one that
/// sends five times its share reaches it in half a minute, as reading is slowed.
const REFUSED_MAX: u32 = 10_000;
/// After so many refused messages in excess the connection is not read for [`PAUSE`]: 640 refusals a second at most, so that a flood costs
/// its sender more than the node.
const PAUSE_EVERY: u32 = 64;
/// How long it is not read then.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause told with a dropped packet of typing.
const TYPING_AGAIN_MS: u64 = 1_000;
/// How often it is told that packets of typing, or pings, come too fast.
const TELL_EVERY_MS: u64 = 1_000;

/// How many messages one connection may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Messages per second in the long run; 0 for no bound.
    pub per_s: u32,
    /// Messages at once before the rate counts, at least 1.
    pub burst: u32,
}

impl RateLimit {
    /// Time of one part of a message, in nanoseconds.
    const fn part_ns(&self) -> u64 {
        1_000_000_000 / (self.per_s as u64 * PARTS)
    }

    /// How far a connection may be ahead of its rate, in nanoseconds.
    const fn ahead_max_ns(&self) -> u64 {
        self.part_ns() * PARTS * self.burst as u64
    }
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Carry it out.
    Fine,
    /// Carry it out, unless it is typing.
    Hurried,
    /// Refuse it: the same again after the pause.
    TooFast {
        /// The pause; half of the burst is free by then.
        after_ms: u64,
        /// Read nothing for [`PAUSE`].
        pause: bool,
    },
    /// It has gone on for too long.
    Close,
}

/// What becomes of a message that is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooEarly {
    told_after_ms: Option<u64>,
    pause: bool,
}

impl TooEarly {
    /// The error for its sender, if it is told now.
    pub(super) fn error(&self, id: Option<CommandId>) -> Option<ErrorMessage> {
        let after_ms = Some(self.told_after_ms?);
        Some(ErrorMessage {
            after_ms,
            ..ErrorMessage::new(id, ErrorCode::TooFast)
        })
    }

    /// Reads nothing for a while, where it is time for that.
    pub(super) async fn slow_down(&self) {
        if self.pause {
            Box::pin(tokio::time::sleep(PAUSE)).await;
        }
    }
}

/// The count of one connection: 24 bytes, no timer.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// When everything sent so far would have been sent at the rate, by the monotonic clock.
    even_ns: u64,
    /// When it was told last that typing, or pings, come too fast.
    told_ms: Option<std::num::NonZeroU64>,
    refused: u32,
    /// Until half of the burst is free again everything is refused, so that what was sent in order arrives in order.
    refusing: bool,
}

impl Rate {
    /// One more message of this weight.
    fn count(&mut self, limit: &RateLimit, parts: u64, now_ms: u64) -> Pace {
        if limit.per_s == 0 {
            return Pace::Fine;
        }
        let now_ns = now_ms.saturating_mul(1_000_000);
        let cost_ns = limit.part_ns() * parts;
        let ahead_max_ns = limit.ahead_max_ns();
        let ahead_ns = self.even_ns.saturating_sub(now_ns) + cost_ns;
        let half_ns = ahead_max_ns / 2 + cost_ns;
        self.refusing = ahead_ns > ahead_max_ns || (self.refusing && ahead_ns > half_ns);
        if self.refusing {
            return self.refuse((ahead_ns - half_ns).div_ceil(1_000_000).max(1));
        }
        self.even_ns = now_ns + ahead_ns;
        self.refused = self.refused.saturating_sub(1);
        if ahead_ns > ahead_max_ns / 2 {
            Pace::Hurried
        } else {
            Pace::Fine
        }
    }

    fn refuse(&mut self, after_ms: u64) -> Pace {
        self.refused += 1;
        if self.refused > REFUSED_MAX {
            return Pace::Close;
        }
        Pace::TooFast {
            after_ms,
            pause: self.refused.is_multiple_of(PAUSE_EVERY),
        }
    }

    /// One more message: `None` where it is carried out, else what its sender hears instead. Text as it is typed gives way
    /// first, and is told of now and then only.
    pub(super) fn refusal(
        &mut self,
        limit: &RateLimit,
        parts: u64,
        types: bool,
        now_ms: u64,
    ) -> Result<Option<TooEarly>, CloseCode> {
        let (after_ms, pause) = match self.count(limit, parts, now_ms) {
            Pace::Fine => return Ok(None),
            Pace::Hurried if !types => return Ok(None),
            Pace::Hurried => (TYPING_AGAIN_MS, false),
            Pace::TooFast { after_ms, pause } => (after_ms, pause),
            Pace::Close => return Err(CloseCode::TooFast),
        };
        let told = !types || self.tells(now_ms);
        Ok(Some(TooEarly {
            told_after_ms: told.then_some(after_ms),
            pause,
        }))
    }

    /// One more ping or pong of WebSocket itself: counted as a message, and told of now and then only, as nothing of it has to be
    /// sent again.
    pub(super) fn refusal_of_control(
        &mut self,
        limit: &RateLimit,
        now_ms: u64,
    ) -> Result<Option<TooEarly>, CloseCode> {
        let (after_ms, pause) = match self.count(limit, WHOLE_PARTS, now_ms) {
            Pace::Fine | Pace::Hurried => return Ok(None),
            Pace::TooFast { after_ms, pause } => (after_ms, pause),
            Pace::Close => return Err(CloseCode::TooFast),
        };
        let told_after_ms = self.tells(now_ms).then_some(after_ms);
        Ok(Some(TooEarly {
            told_after_ms,
            pause,
        }))
    }

    /// Whether what was dropped, or came too early without a name, is to be told now.
    fn tells(&mut self, now_ms: u64) -> bool {
        let due = self
            .told_ms
            .is_none_or(|told| now_ms >= told.get().saturating_add(TELL_EVERY_MS));
        if due {
            self.told_ms = std::num::NonZeroU64::new(now_ms.max(1));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit {
        per_s: 200,
        burst: 400,
    };

    /// Verdicts of `count` messages at one moment.
    fn at_once(rate: &mut Rate, count: usize, now_ms: u64) -> Vec<Pace> {
        (0..count)
            .map(|_| rate.count(&LIMIT, WHOLE_PARTS, now_ms))
            .collect()
    }

    #[test]
    fn a_burst_is_taken_and_typing_gives_way_first() {
        let mut rate = Rate::default();
        let said = at_once(&mut rate, 401, 5_000);
        assert!(said[..200].iter().all(|pace| *pace == Pace::Fine));
        assert!(said[200..400].iter().all(|pace| *pace == Pace::Hurried));
        let Pace::TooFast { after_ms, .. } = said[400] else {
            panic!("{:?}", said[400]);
        };
        // What was on its way is refused as well, or it would overtake what was refused before it.
        let on_its_way = rate.count(&LIMIT, WHOLE_PARTS, 5_000 + after_ms - 10);
        assert!(matches!(on_its_way, Pace::TooFast { .. }));
        // Whoever waits as told has half of the burst again.
        let again = at_once(&mut rate, 200, 5_000 + after_ms);
        assert!(
            again
                .iter()
                .all(|p| matches!(p, Pace::Fine | Pace::Hurried))
        );
    }

    #[test]
    fn the_rate_itself_is_never_refused() {
        let mut rate = Rate::default();
        for now_ms in (0..60_000).step_by(5) {
            assert_eq!(rate.count(&LIMIT, WHOLE_PARTS, now_ms), Pace::Fine);
        }
    }

    #[test]
    fn receipts_of_reading_weigh_little() {
        let mut rate = Rate::default();
        for now_ms in 0..10_000 {
            for _ in 0..3 {
                assert_eq!(rate.count(&LIMIT, LIGHT_PARTS, now_ms), Pace::Fine);
            }
        }
    }

    #[test]
    fn a_client_that_heeds_the_pause_is_never_closed_however_much_it_has_to_say() {
        let mut rate = Rate::default();
        let (mut now_ms, mut taken) = (0, 0_u32);
        while taken < 100_000 {
            match rate.count(&LIMIT, WHOLE_PARTS, now_ms) {
                Pace::Fine | Pace::Hurried => taken += 1,
                Pace::TooFast { after_ms, .. } => now_ms += after_ms,
                Pace::Close => panic!("closed after {taken}"),
            }
        }
        assert!(now_ms >= 498_000, "{now_ms}");
    }

    #[test]
    fn a_flood_that_does_not_care_is_slowed_and_closed_only_after_long() {
        let mut rate = Rate::default();
        let mut now_ms = 0;
        loop {
            match rate.count(&LIMIT, WHOLE_PARTS, now_ms) {
                Pace::TooFast { pause: true, .. } => now_ms += 100,
                Pace::Close => break,
                _ => {}
            }
        }
        assert!((15_000..60_000).contains(&now_ms), "{now_ms}");
    }

    #[test]
    fn pings_count_as_messages_and_are_told_once_a_second() {
        let mut rate = Rate::default();
        let told_at = |rate: &mut Rate, now_ms| {
            let refused = rate.refusal_of_control(&LIMIT, now_ms).expect("not yet");
            refused.map(|refused| refused.told_after_ms.is_some())
        };
        for _ in 0..400 {
            assert_eq!(told_at(&mut rate, 5_000), None);
        }
        assert_eq!(told_at(&mut rate, 5_000), Some(true));
        assert_eq!(told_at(&mut rate, 5_000), Some(false));
        let texts = rate.refusal(&LIMIT, WHOLE_PARTS, false, 5_000);
        assert!(texts.is_ok_and(|refused| refused.is_some()), "one account");
        assert_eq!(told_at(&mut rate, 7_500), None, "after a pause");
        let mut refused = 0;
        while rate.refusal_of_control(&LIMIT, 7_500).is_ok() {
            refused += 1;
        }
        assert!(
            (10_000..11_000).contains(&refused),
            "closed after {refused}"
        );
    }

    #[test]
    fn no_bound_refuses_nothing() {
        let limit = RateLimit { per_s: 0, burst: 1 };
        let mut rate = Rate::default();
        for _ in 0..100_000 {
            assert_eq!(rate.count(&limit, WHOLE_PARTS, 7), Pace::Fine);
        }
    }

    #[test]
    fn dropped_typing_is_told_once_a_second() {
        let mut rate = Rate::default();
        assert!(rate.tells(0) && !rate.tells(900) && rate.tells(1_900));
        assert!(std::mem::size_of::<Rate>() <= 24);
    }
}
