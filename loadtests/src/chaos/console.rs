//! A console of a chaos run: takes what waits, reads everything, answers now and then, gives back now and then.
//!
//! Owns: one telecommunicator's wishes and link. Must not: judge. Called by: `players`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{CommandId, SessionId, StaffId};
use callbox_proto::message::{FromStaff, ToStaff};
use callbox_proto::vocabulary::{Rung, Seq};
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::{Instant as Due, sleep_until, timeout};

use super::players::{Crew, LINK_STEP, QUIET_MAX};
use crate::client::{self, Link, command_id};
use callbox_loadtests::record::{Fact, Recorder};

/// Sessions one console handles at a time.
const OWNS_MAX: usize = 4;
/// How often a console does something of its own accord.
const ACT_EVERY: Duration = Duration::from_millis(250);
/// One act in this many gives a session back.
const RELEASE_ONE_IN: u32 = 40;
/// Every so many acts all that waits is sent again.
const INSIST_EVERY_ACTS: u32 = 8;
/// Answers that wait for being safe before no further one is written.
const WAITING_MAX: usize = 16;

/// Runs a console until the crew is told to settle, everything it wrote is safe, and it was shown what is due to it.
///
/// # Errors
/// When its name is none.
pub async fn live(crew: Arc<Crew>, number: u64, staff: String, token: String) -> Result<()> {
    let name = format!("{}c{number}", crew.prefix);
    let mut console = Console {
        record: crew.recorder.of(&name),
        random: StdRng::seed_from_u64(crew.seed ^ (number << 8) ^ 1),
        staff: staff.parse().ok().context("a name")?,
        token,
        told_safe: false,
        owned: HashMap::new(),
        wishes: HashMap::new(),
        stored: HashMap::new(),
        shown: HashMap::new(),
        written: 0,
        acts: 0,
        link: 0,
        crew,
    };
    while !console.is_done() {
        let _why = console.one_link().await;
        let pause = console.random.random_range(50..400);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    Ok(())
}

struct Console {
    crew: Arc<Crew>,
    record: Recorder,
    random: StdRng,
    staff: StaffId,
    token: String,
    /// The crew knows that everything is safe.
    told_safe: bool,
    /// Sessions to be followed, with the last entry shown for good.
    owned: HashMap<SessionId, Seq>,
    /// What was sent and is not safe yet; sent again with the same id after each break.
    wishes: HashMap<CommandId, FromStaff>,
    /// Commands that are stored at one node: session, first and last entry.
    stored: HashMap<CommandId, (SessionId, Seq, Seq)>,
    /// What is followed on this link, with the last entry shown at all: what is above that in `owned` is only kept.
    shown: HashMap<SessionId, Seq>,
    written: u64,
    acts: u32,
    link: u64,
}

impl Console {
    fn is_done(&mut self) -> bool {
        let safe = self.crew.is_settling() && self.wishes.is_empty();
        if safe && !self.told_safe {
            self.told_safe = true;
            self.crew.has_everything_safe();
        }
        let shown = |(session, last): (&SessionId, &Seq)| {
            self.crew.was_shown(*session, Some(&self.staff), *last)
        };
        self.crew.is_over() || (safe && self.crew.knows_the_end() && self.shown.iter().all(shown))
    }

    async fn one_link(&mut self) -> Result<()> {
        self.link += 1;
        self.stored.clear();
        self.shown.clear();
        let node = self.crew.any_node(&mut self.random);
        let mut link = timeout(LINK_STEP, node.staff()).await??;
        let greeted = client::greet_as_staff(&mut link, &self.token);
        timeout(LINK_STEP, greeted).await??;
        for (session, after) in self.owned.clone() {
            link.send(&FromStaff::Follow { session, after }).await?;
        }
        for wish in self.wishes.values() {
            link.send(wish).await?;
        }
        self.talk(&mut link).await?;
        let stays = self.shown.keys().filter(|_| self.crew.waits_for_the_end());
        for session in stays {
            self.record.note(Fact::Stays {
                link: self.link,
                session: *session,
                staff: Some(self.staff.clone()),
            });
        }
        Ok(())
    }

    async fn talk(&mut self, link: &mut Link) -> Result<()> {
        let mut heard = Instant::now();
        let mut next_act = Due::now() + ACT_EVERY;
        while !self.is_done() {
            tokio::select! {
                frame = link.frame() => {
                    heard = Instant::now();
                    let frame = frame?;
                    let message: ToStaff = link.decode(&frame)?;
                    if let Some(session) = self.hear(message)? {
                        let after = *self.owned.entry(session).or_default();
                        link.send(&FromStaff::Follow { session, after }).await?;
                    }
                }
                () = sleep_until(next_act) => {
                    next_act = Due::now() + ACT_EVERY;
                    if heard.elapsed() > QUIET_MAX {
                        bail!("nothing was heard");
                    }
                    timeout(LINK_STEP, self.act(link)).await??;
                }
            }
        }
        Ok(())
    }

    async fn act(&mut self, link: &mut Link) -> Result<()> {
        link.send(&FromStaff::Ping { n: 1 }).await?;
        self.acts += 1;
        if self.crew.is_settling() || self.acts.is_multiple_of(INSIST_EVERY_ACTS) {
            // What was refused for the time being, or lost its place, is sent again.
            for wish in self.wishes.values() {
                link.send(wish).await?;
            }
            return Ok(());
        }
        let takes = self
            .wishes
            .values()
            .any(|wish| matches!(wish, FromStaff::TakeNext { .. }));
        if self.owned.len() < OWNS_MAX && !takes {
            let id = command_id();
            return self.wish(link, id, None, FromStaff::TakeNext { id }).await;
        }
        let Some(session) = self.owned.keys().copied().choose(&mut self.random) else {
            return Ok(());
        };
        if self.wishes.len() >= WAITING_MAX {
            return Ok(());
        }
        let id = command_id();
        let release = self.random.random_ratio(1, RELEASE_ONE_IN);
        let (text, command) = if release {
            (None, StaffCommand::Release {})
        } else {
            self.written += 1;
            let text = format!("{} by {}", self.written, self.staff);
            (Some(text.clone()), StaffCommand::Text { text })
        };
        let wish = FromStaff::Do {
            id,
            session,
            command,
        };
        self.wish(link, id, text.map(|text| (session, text)), wish)
            .await
    }

    async fn wish(
        &mut self,
        link: &mut Link,
        id: CommandId,
        text: Option<(SessionId, String)>,
        wish: FromStaff,
    ) -> Result<()> {
        let (session, text) = text.unzip();
        self.record.note(Fact::Sent { id, session, text });
        link.send(&wish).await?;
        self.wishes.insert(id, wish);
        Ok(())
    }

    /// Takes a message in; answers a session that is to be followed.
    fn hear(&mut self, message: ToStaff) -> Result<Option<SessionId>> {
        match message {
            ToStaff::Receipt {
                id,
                session,
                rung,
                first,
                last,
            } => return Ok(self.receipt(id, rung, (session, first, last))),
            ToStaff::Safe { session, up_to } => {
                let shown = self.shown.get(&session).copied().unwrap_or(0);
                if let Some(last) = self.owned.get_mut(&session) {
                    *last = (*last).max(shown.min(up_to));
                }
                let stored = self
                    .stored
                    .extract_if(|_, (of, _, last)| *of == session && *last <= up_to);
                let mut taken = None;
                for (id, place) in stored.collect::<Vec<_>>() {
                    taken = self.receipt(id, Rung::Safe, place).or(taken);
                }
                return Ok(taken);
            }
            ToStaff::Rewound { session, after } => {
                self.record.note(Fact::Rewound {
                    link: self.link,
                    session,
                    after,
                });
                if let Some(shown) = self.shown.get_mut(&session) {
                    *shown = (*shown).min(after);
                }
                if let Some(last) = self.owned.get_mut(&session) {
                    *last = (*last).min(after);
                }
                self.stored.retain(|_, (of, _, _)| *of != session);
            }
            ToStaff::Session { row, after, .. } => {
                self.shown.insert(row.session, after);
                self.record.note(Fact::Begun {
                    link: self.link,
                    session: row.session,
                    after,
                });
            }
            ToStaff::Entry {
                session,
                seq,
                command,
                kept,
                ..
            } => {
                self.record.note(Fact::Shown {
                    link: self.link,
                    session,
                    seq,
                    prev: seq - 1,
                    command,
                    kept,
                });
                if let Some(shown) = self.shown.get_mut(&session) {
                    *shown = (*shown).max(seq);
                }
                if let Some(last) = self.owned.get_mut(&session)
                    && !kept
                {
                    *last = (*last).max(seq);
                }
            }
            ToStaff::Reconnect { .. } => bail!("asked to go elsewhere"),
            ToStaff::Error(error) => self.refused(error.id, error.code),
            _ => {}
        }
        Ok(None)
    }

    /// Takes a receipt in; answers a session that is to be followed.
    fn receipt(
        &mut self,
        id: CommandId,
        rung: Rung,
        (session, first, last): (SessionId, Seq, Seq),
    ) -> Option<SessionId> {
        self.record.note(Fact::Receipt {
            id,
            session: Some(session),
            rung,
            first,
        });
        if let Some(FromStaff::Do {
            command: StaffCommand::Release {},
            ..
        }) = self.wishes.get(&id)
        {
            // Who gives it back follows it no longer, also while that is only kept.
            self.shown.remove(&session);
        }
        if rung != Rung::Safe {
            self.stored.insert(id, (session, first, last));
            return None;
        }
        match self.wishes.remove(&id)? {
            // Also one that is followed: it may have been somebody else's meanwhile.
            FromStaff::TakeNext { .. } => Some(session),
            FromStaff::Do {
                command: StaffCommand::Release {},
                ..
            } => {
                self.owned.remove(&session);
                None
            }
            _ => None,
        }
    }

    fn refused(&mut self, id: Option<CommandId>, code: ErrorCode) {
        let Some(id) = id else { return };
        match code {
            // Sent again later, with the same id.
            ErrorCode::StoreUnavailable | ErrorCode::TooFast | ErrorCode::GoingDown => {}
            _ => {
                if let Some(FromStaff::Do { session, .. }) = self.wishes.remove(&id) {
                    self.owned.remove(&session);
                }
            }
        }
    }
}
