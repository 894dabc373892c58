//! One report's conversation: a session that survives broken links.
//!
//! Owns: the link, coming back after a break, the copies of commands until they are safe, and the camera that films meanwhile. Must not: decide what is said.
//! Called by: `life`.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;
use callbox_proto::command::{Opening, ResidentCommand};
use callbox_proto::error::{CloseCode, ErrorCode, Retry};
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{ErrorMessage, FromResident, ToResident};
use callbox_proto::vocabulary::{Medium, Seq};
use rand::Rng as _;
use tokio::time::{Instant, sleep_until};

use super::video::Live;
use crate::client::{self, Closed, Link, Refused, Target, command_id};
use crate::device::Device;

/// First and longest pause before connecting again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// Entries are told delivered, and the link is kept alive, this often.
const BEAT: Duration = Duration::from_secs(1);

/// What a resident hears.
#[derive(Debug)]
pub enum Heard {
    /// A telecommunicator wrote.
    Text,
    /// A telecommunicator asks for something.
    Asked(CommandId, Medium),
    /// The session is over.
    Over,
}

/// A conversation.
#[derive(Debug)]
pub struct Talk {
    target: Target,
    device: Device,
    open: (CommandId, Opening),
    session: Option<SessionId>,
    link: Option<Link>,
    /// Whether the link carries the session: commands may be sent.
    attached: bool,
    /// Commands that are not safe yet, in order.
    pending: VecDeque<(CommandId, ResidentCommand)>,
    token: String,
    last: Seq,
    told: Seq,
    beat: Instant,
    next_try: Instant,
    failures: u32,
    over: bool,
    /// What was consented to and not stopped.
    live: Option<Live>,
}

impl Talk {
    /// A conversation that begins like this; it connects when it is first listened to.
    ///
    /// # Errors
    /// When no device key can be made.
    pub fn new(target: Target, opening: Opening) -> Result<Self> {
        Ok(Self {
            target,
            device: Device::new()?,
            open: (command_id(), opening),
            session: None,
            link: None,
            attached: false,
            pending: VecDeque::new(),
            token: String::new(),
            last: 0,
            told: 0,
            beat: Instant::now(),
            next_try: Instant::now(),
            failures: 0,
            over: false,
            live: None,
        })
    }

    /// Session and upload token, once the session is open.
    #[must_use]
    pub fn upload_pass(&self) -> Option<(SessionId, String)> {
        Some((self.session?, self.token.clone()))
    }

    /// Whether what was done under this id is safe (or was refused).
    #[must_use]
    pub fn is_safe(&self, id: CommandId) -> bool {
        self.pending.iter().all(|(kept, _)| *kept != id)
    }

    /// Does something under this id; it is kept until it is safe.
    pub async fn act(&mut self, id: CommandId, command: ResidentCommand) {
        self.pending.push_back((id, command.clone()));
        if self.attached {
            self.tell(&FromResident::Do { id, command }).await;
        }
    }

    /// Agrees to video or audio under this id; it is sent as soon as that is safe, until it is stopped or the session is over.
    pub async fn send_live(&mut self, medium: Medium, id: CommandId, ask: Option<CommandId>) {
        self.live.get_or_insert_with(Live::new).grant(medium, id);
        self.act(id, consent(medium, true, ask)).await;
    }

    /// Whether a medium was agreed to and not stopped.
    #[must_use]
    pub fn sends(&self, medium: Medium) -> bool {
        let live = self.live.as_ref();
        live.is_some_and(|live| live.granted().any(|one| one == medium))
    }

    /// Withdraws every consent to live media.
    pub async fn stop_live(&mut self) {
        if let Some(live) = self.live.take() {
            for medium in live.granted() {
                self.act(command_id(), consent(medium, false, None)).await;
            }
        }
    }

    /// Sends what may be lost, if there is a link.
    pub async fn tell(&mut self, message: &FromResident) {
        if let Some(link) = &mut self.link
            && link.send(message).await.is_err()
        {
            self.broken(None);
        }
    }

    /// Listens until something is heard or the time has come, connecting again where needed.
    pub async fn hear(&mut self, until: Instant) -> Option<Heard> {
        loop {
            if self.over {
                return Some(Heard::Over);
            }
            let Some(link) = &mut self.link else {
                if self.next_try > until {
                    sleep_until(until).await;
                    return None;
                }
                sleep_until(self.next_try).await;
                if let Err(error) = self.connect().await {
                    self.failed(&error);
                }
                continue;
            };
            tokio::select! {
                message = link.receive::<ToResident>() => match message {
                    Ok(message) => if let Some(heard) = self.take(message).await {
                        return Some(heard);
                    },
                    Err(error) => self.failed(&error),
                },
                () = sleep_until(self.beat) => self.keep_alive().await,
                () = sleep_until(until) => return None,
            }
        }
    }

    /// Goes away without a word.
    pub fn vanish(&mut self) {
        self.link = None;
        self.end();
    }

    /// Nothing is said or shown any more.
    fn end(&mut self) {
        self.live = None;
        self.over = true;
    }

    async fn connect(&mut self) -> Result<()> {
        let mut link = self.target.resident(None).await?;
        let welcome = client::greet_as_resident(&mut link, &self.device).await?;
        self.token = welcome.token;
        link.send(&match self.session {
            Some(session) => FromResident::Resume {
                session,
                after: self.last,
            },
            None => FromResident::Open {
                id: self.open.0,
                opening: self.open.1.clone(),
            },
        })
        .await?;
        self.link = Some(link);
        self.beat = Instant::now() + BEAT;
        Ok(())
    }

    async fn take(&mut self, message: ToResident) -> Option<Heard> {
        match message {
            ToResident::Session { session, .. } => {
                self.session = Some(session);
                self.attached = true;
                self.failures = 0;
                self.send_pending().await;
                self.offer_live().await;
            }
            ToResident::Receipt { id, .. } => {
                self.pending.retain(|(kept, _)| *kept != id);
                self.offer_live().await;
            }
            ToResident::MediaAnswer { id, sdp, .. } => {
                if let Some(live) = self.live_by(id) {
                    live.answered(sdp);
                }
            }
            ToResident::Entry {
                seq,
                prev,
                by,
                event,
                ..
            } => return self.entry(seq, prev, &by, event).await,
            ToResident::Error(refusal) => self.refused(&refusal),
            ToResident::Token { token, .. } => self.token = token,
            ToResident::Reconnect { after_ms } => self.broken(Some(after_ms)),
            _ => {}
        }
        None
    }

    fn refused(&mut self, refusal: &ErrorMessage) {
        if let Some(live) = refusal.id.and_then(|id| self.live_by(id)) {
            eprintln!("a made-up video was refused: {:?}", refusal.code);
            live.again_later();
            if refusal.retry != Retry::Later {
                self.live = None;
            }
            return;
        }
        match (refusal.retry, refusal.id) {
            (Retry::Later, _) => {}
            (_, Some(id)) if id != self.open.0 => {
                self.pending.retain(|(kept, _)| *kept != id);
            }
            _ if refusal.code == ErrorCode::WrongOrder => self.broken(None),
            _ => self.end(),
        }
    }

    /// The live media whose last offer this names.
    fn live_by(&mut self, id: CommandId) -> Option<&mut Live> {
        self.live.as_mut().filter(|live| live.offered(id))
    }

    /// Offers live media where that is due: the consent is safe, the link carries the session and nothing runs yet.
    async fn offer_live(&mut self) {
        let gateway = self.target.address();
        let pending = &self.pending;
        let is_safe = |id: CommandId| pending.iter().all(|(kept, _)| *kept != id);
        let Some(live) = self.live.as_mut().filter(|_| self.attached) else {
            return;
        };
        match live.offer(gateway, is_safe) {
            Ok(Some((id, sdp))) => self.tell(&FromResident::MediaOffer { id, sdp }).await,
            Ok(None) => {}
            Err(error) => {
                eprintln!("a made-up video cannot be sent: {error:#}");
                self.live = None;
            }
        }
    }

    async fn entry(&mut self, seq: Seq, prev: Seq, by: &Actor, event: Event) -> Option<Heard> {
        if seq <= self.last {
            return None;
        }
        if prev > self.last
            && let Some(session) = self.session
        {
            let after = self.last;
            self.tell(&FromResident::Resume { session, after }).await;
            return None;
        }
        self.last = seq;
        let staff = matches!(by, Actor::Staff { .. });
        match event {
            Event::Text { .. } if staff => Some(Heard::Text),
            Event::Asked { ask, medium, .. } => Some(Heard::Asked(ask, medium)),
            Event::Closed { .. } | Event::Left { .. } => {
                self.end();
                Some(Heard::Over)
            }
            _ => None,
        }
    }

    async fn send_pending(&mut self) {
        for (id, command) in self.pending.clone() {
            self.tell(&FromResident::Do { id, command }).await;
        }
    }

    async fn keep_alive(&mut self) {
        self.beat = Instant::now() + BEAT;
        if self.attached && !self.pending.is_empty() {
            // The same again under the same ids: whatever was done already is only answered once more.
            self.send_pending().await;
        }
        self.offer_live().await;
        let up_to = self.last;
        if self.told < up_to {
            self.told = up_to;
            self.tell(&FromResident::Delivered { up_to }).await;
            self.tell(&FromResident::Seen { up_to }).await;
        } else {
            self.tell(&FromResident::Ping { n: 0 }).await;
        }
    }

    fn failed(&mut self, error: &anyhow::Error) {
        let ended = [CloseCode::Replaced, CloseCode::Protocol];
        if let Some(closed) = error.downcast_ref::<Closed>()
            && ended.iter().any(|code| code.number() == closed.code)
        {
            self.end();
        }
        if let Some(Refused(refusal)) = error.downcast_ref::<Refused>()
            && refusal.retry == Retry::Never
        {
            self.end();
        }
        self.broken(None);
    }

    /// The link is gone; the next try comes after a random pause that grows with each failure.
    fn broken(&mut self, told_ms: Option<u64>) {
        self.link = None;
        self.attached = false;
        if let Some(live) = &mut self.live {
            live.link_lost();
        }
        let grown = PAUSE.0 * 2u32.saturating_pow(self.failures.min(8));
        let most = told_ms.map_or(grown.min(PAUSE.1), Duration::from_millis);
        self.failures = self.failures.saturating_add(1);
        self.next_try = Instant::now() + most.mul_f64(rand::rng().random_range(0.5..1.0));
    }
}

fn consent(medium: Medium, granted: bool, ask: Option<CommandId>) -> ResidentCommand {
    ResidentCommand::Consent {
        medium,
        granted,
        ask,
    }
}
