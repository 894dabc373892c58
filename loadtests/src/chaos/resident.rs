//! A resident of a chaos run: writes all the time, keeps everything until it is safe, and comes back whatever happens.
//!
//! Owns: one resident's outbox and link. Must not: judge. Called by: `players`.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use callbox_proto::command::ResidentCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{FromResident, ToResident};
use callbox_proto::vocabulary::{Category, Rung, Seq};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::{Instant as Due, sleep_until, timeout};

use super::players::{Crew, LINK_STEP, QUIET_MAX};
use crate::client::{self, Link, command_id, opening};
use crate::device::Device;
use callbox_loadtests::record::{Fact, Recorder};

/// Texts that wait for being safe before no further one is written: a person waits, too.
const WAITING_MAX: usize = 32;
/// Pause before something that was refused for the time being is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(400);
/// Every so many pings it is asked whether what is only stored is safe by now: by sending it again.
const ASK_EVERY_PINGS: u32 = 4;
/// How often a ping is sent.
const PING_EVERY: Duration = Duration::from_secs(1);

/// Runs a resident until the crew is told to settle, everything it wrote is safe, and it was shown what is due to it.
///
/// # Errors
/// When it has no device key.
pub async fn live(crew: Arc<Crew>, number: u64) -> Result<()> {
    let name = format!("{}r{number}", crew.prefix);
    let mut resident = Resident {
        record: crew.recorder.of(&name),
        random: StdRng::seed_from_u64(crew.seed ^ (number << 8)),
        device: Device::new()?,
        opening: command_id(),
        opened: false,
        told_safe: false,
        attached: false,
        session: None,
        last: 0,
        shown: 0,
        outbox: VecDeque::new(),
        stored: HashMap::new(),
        written: 0,
        link: 0,
        crew,
    };
    resident.record.note(Fact::Sent {
        id: resident.opening,
        session: None,
        text: None,
    });
    while !resident.is_done() {
        // Whatever broke the link: it comes back, after a pause as a real client makes one.
        let _why = resident.one_link().await;
        let pause = resident.random.random_range(50..400);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    Ok(())
}

struct Resident {
    crew: Arc<Crew>,
    record: Recorder,
    random: StdRng,
    device: Device,
    opening: CommandId,
    opened: bool,
    /// The crew knows that everything is safe.
    told_safe: bool,
    /// The session is followed on this link.
    attached: bool,
    session: Option<SessionId>,
    /// Last entry shown for good.
    last: Seq,
    /// Last entry shown at all: what is above `last` is only kept.
    shown: Seq,
    outbox: VecDeque<(CommandId, String)>,
    /// Commands that are stored at one node: with their first and last entries.
    stored: HashMap<CommandId, (Seq, Seq)>,
    written: u64,
    link: u64,
}

impl Resident {
    fn is_done(&mut self) -> bool {
        let safe = self.crew.is_settling() && self.opened && self.outbox.is_empty();
        if safe && !self.told_safe {
            self.told_safe = true;
            self.crew.has_everything_safe();
        }
        let shown = self.attached
            && self
                .session
                .is_some_and(|session| self.crew.was_shown(session, None, self.shown));
        self.crew.is_over() || (safe && shown)
    }

    async fn one_link(&mut self) -> Result<()> {
        self.link += 1;
        self.attached = false;
        let node = self.crew.any_node(&mut self.random);
        let mut link = timeout(LINK_STEP, node.resident(None)).await??;
        timeout(
            LINK_STEP,
            client::greet_as_resident(&mut link, &self.device),
        )
        .await??;
        match (self.opened, self.session) {
            (true, Some(session)) => {
                let after = self.last;
                link.send(&FromResident::Resume { session, after }).await?;
            }
            _ => {
                let category = Category::Violence;
                let opening = opening(category);
                let id = self.opening;
                link.send(&FromResident::Open { id, opening }).await?;
            }
        }
        self.talk(&mut link).await?;
        let stays = self.attached && self.crew.waits_for_the_end();
        if let (true, Some(session)) = (stays, self.session) {
            self.record.note(Fact::Stays {
                link: self.link,
                session,
                staff: None,
            });
        }
        Ok(())
    }

    async fn talk(&mut self, link: &mut Link) -> Result<()> {
        let mut pings = 0u32;
        let mut heard = Instant::now();
        let mut next_ping = Due::now() + PING_EVERY;
        let mut next_text = Due::now();
        let mut again: Option<Due> = None;
        while !self.is_done() {
            let may_write =
                self.attached && !self.crew.is_settling() && self.outbox.len() < WAITING_MAX;
            tokio::select! {
                frame = link.frame() => {
                    heard = Instant::now();
                    let frame = frame?;
                    match self.hear(link.decode(&frame)?)? {
                        Heard::Attached => {
                            self.attached = true;
                            self.send_waiting(link).await?;
                        }
                        Heard::Refused => again = Some(Due::now() + AGAIN_AFTER),
                        Heard::Nothing => {}
                    }
                }
                () = sleep_until(next_ping) => {
                    next_ping = Due::now() + PING_EVERY;
                    if heard.elapsed() > QUIET_MAX {
                        bail!("nothing was heard");
                    }
                    timeout(LINK_STEP, link.send(&FromResident::Ping { n: 1 })).await??;
                    pings += 1;
                    if pings.is_multiple_of(ASK_EVERY_PINGS) && !self.stored.is_empty() {
                        self.send_waiting(link).await?;
                    }
                }
                () = sleep_until(again.unwrap_or(next_ping)), if again.is_some() => {
                    again = None;
                    if !self.attached {
                        bail!("the session is asked for again on a new link");
                    }
                    self.send_waiting(link).await?;
                }
                () = sleep_until(next_text), if may_write => {
                    let pause = self.crew.text_every.as_millis() as u64;
                    let pause = self.random.random_range(pause / 2..=pause * 3 / 2);
                    next_text = Due::now() + Duration::from_millis(pause);
                    self.write(link).await?;
                }
            }
        }
        Ok(())
    }

    async fn write(&mut self, link: &mut Link) -> Result<()> {
        let Some(session) = self.session else {
            return Ok(());
        };
        self.written += 1;
        let id = command_id();
        let text = format!("{} of {session}", self.written);
        self.record.note(Fact::Sent {
            id,
            session: Some(session),
            text: Some(text.clone()),
        });
        self.outbox.push_back((id, text.clone()));
        say(link, id, text).await
    }

    async fn send_waiting(&mut self, link: &mut Link) -> Result<()> {
        for (id, text) in self.outbox.clone() {
            say(link, id, text).await?;
        }
        Ok(())
    }

    fn hear(&mut self, message: ToResident) -> Result<Heard> {
        match message {
            ToResident::Session { session, after, .. } => {
                self.session = Some(session);
                // Kept entries come again.
                self.last = self.last.min(after);
                self.shown = self.last;
                self.stored.clear();
                self.record.note(Fact::Begun {
                    link: self.link,
                    session,
                    after,
                });
                return Ok(Heard::Attached);
            }
            ToResident::Receipt {
                id,
                rung,
                first,
                last,
            } => self.receipt(id, rung, (first, last)),
            ToResident::Safe { up_to } => {
                self.last = self.last.max(self.shown.min(up_to));
                let stored = self.stored.extract_if(|_, (_, last)| *last <= up_to);
                for (id, places) in stored.collect::<Vec<_>>() {
                    self.receipt(id, Rung::Safe, places);
                }
            }
            ToResident::Rewound { after } => {
                let Some(session) = self.session else {
                    bail!("a rewind before its session");
                };
                self.record.note(Fact::Rewound {
                    link: self.link,
                    session,
                    after,
                });
                self.last = self.last.min(after);
                self.shown = self.last;
                self.stored.clear();
                return Ok(Heard::Refused);
            }
            ToResident::Entry {
                seq,
                prev,
                command,
                kept,
                ..
            } => {
                let Some(session) = self.session else {
                    bail!("an entry before its session");
                };
                self.record.note(Fact::Shown {
                    link: self.link,
                    session,
                    seq,
                    prev,
                    command,
                    kept,
                });
                self.shown = self.shown.max(seq);
                if !kept {
                    self.last = self.last.max(seq);
                }
            }
            ToResident::Reconnect { .. } => bail!("asked to go elsewhere"),
            ToResident::Error(error) => match error.code {
                ErrorCode::NoSuchSession => bail!("the session is not known there yet"),
                _ => return Ok(Heard::Refused),
            },
            _ => {}
        }
        Ok(Heard::Nothing)
    }
}

impl Resident {
    fn receipt(&mut self, id: CommandId, rung: Rung, (first, last): (Seq, Seq)) {
        self.record.note(Fact::Receipt {
            id,
            session: self.session,
            rung,
            first,
        });
        if rung == Rung::Safe {
            self.opened |= id == self.opening;
            self.outbox.retain(|(waiting, _)| *waiting != id);
        } else {
            self.stored.insert(id, (first, last));
        }
    }
}

enum Heard {
    Attached,
    Refused,
    Nothing,
}

async fn say(link: &mut Link, id: CommandId, text: String) -> Result<()> {
    let command = ResidentCommand::Text { text, age_ms: 0 };
    timeout(LINK_STEP, link.send(&FromResident::Do { id, command })).await??;
    Ok(())
}
