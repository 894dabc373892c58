//! Clients as the protocol asks for them: an outbox that is sent again after every break, entries checked for holes, and no
//! rest until everything is safe.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use callbox_proto::codec::Encoding;
use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::error::{CloseCode, Retry};
use callbox_proto::event::Event;
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{ErrorMessage, FromResident, FromStaff, ToResident, ToStaff};
use callbox_proto::vocabulary::{Rung, Seq};

use super::wire::{Wire, WireClosed};
use super::{Console, Device, Entry, Receipt, Resident, SignedIn, console, fresh, resident, soon};

/// Commands without an answer at once: a client sends a few ahead, not everything it has.
const WINDOW: usize = 24;

/// What both kinds keep.
#[derive(Debug)]
struct Outbox<C> {
    waiting: VecDeque<(CommandId, C)>,
    /// How many of the first ones were sent on this link.
    sent: usize,
    /// Those of them that were refused for now.
    refused: Vec<CommandId>,
    receipts: BTreeMap<CommandId, Receipt>,
}

impl<C: Clone> Outbox<C> {
    const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            sent: 0,
            refused: Vec::new(),
            receipts: BTreeMap::new(),
        }
    }

    fn unsent(&mut self) -> Vec<(CommandId, C)> {
        let until = self.waiting.len().min(WINDOW);
        let refused = std::mem::take(&mut self.refused);
        let sent = self.waiting.iter().take(self.sent);
        let again = sent.filter(|(id, _)| refused.contains(id));
        let first = self.waiting.range(self.sent.min(until)..until);
        let unsent = again.chain(first).cloned().collect();
        self.sent = self.sent.max(until);
        unsent
    }

    /// On a new link nothing was sent.
    fn relinked(&mut self) {
        self.sent = 0;
        self.refused.clear();
    }

    fn receipt(&mut self, receipt: Receipt) {
        // Where the shared tier is slow for a moment the node has it written down, and says "safe" later.
        if receipt.rung == Rung::Stored {
            return;
        }
        let before = self.receipts.insert(receipt.id, receipt);
        assert!(
            before.is_none_or(|before| before == receipt),
            "another receipt for the same id"
        );
        if let Some(place) = self.waiting.iter().position(|(id, _)| *id == receipt.id) {
            self.waiting.remove(place);
            self.sent = self.sent.saturating_sub(1);
        }
    }

    fn error(&mut self, error: &ErrorMessage) {
        let known = self.waiting.iter().any(|(id, _)| Some(*id) == error.id);
        assert!(!known || error.retry == Retry::Later, "refused: {error:?}");
        self.refused.extend(error.id);
    }
}

/// A resident whose client never gives up.
#[derive(Debug)]
pub struct SteadyResident {
    address: SocketAddr,
    device: Device,
    encoding: Encoding,
    open: (CommandId, Opening),
    outbox: Outbox<ResidentCommand>,
    pub session: Option<SessionId>,
    pub entries: Vec<Entry>,
    /// Links that broke.
    pub breaks: u64,
}

impl SteadyResident {
    /// A resident with an opening that was not sent yet.
    pub fn new(address: SocketAddr, opening: Opening, encoding: Encoding) -> Self {
        Self {
            address,
            device: Device::new(),
            encoding,
            open: (fresh(), opening),
            outbox: Outbox::new(),
            session: None,
            entries: Vec::new(),
            breaks: 0,
        }
    }

    /// Puts a text into the outbox.
    pub fn says(&mut self, words: &str) -> CommandId {
        let id = fresh();
        self.outbox.waiting.push_back((id, resident::text(words)));
        id
    }

    /// Connects to another node from now on.
    pub const fn moves_to(&mut self, address: SocketAddr) {
        self.address = address;
    }

    /// Whether the gateway has said of everything that it is safe.
    pub fn all_safe(&self) -> bool {
        self.session.is_some() && self.outbox.waiting.is_empty()
    }

    /// The receipts so far.
    pub const fn receipts(&self) -> &BTreeMap<CommandId, Receipt> {
        &self.outbox.receipts
    }

    /// The texts read so far, in order.
    pub fn texts(&self) -> Vec<String> {
        texts(&self.entries)
    }

    /// Works, through any number of breaks, until `done`.
    pub async fn until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let connecting =
                Resident::try_connect(self.address, self.device.clone(), self.encoding);
            if let Some(link) = soon(connecting).await {
                let end = self.work(&link.wire, &done).await;
                match end {
                    Ok(()) => return,
                    Err(WireClosed(code)) => {
                        assert_ne!(code, Some(CloseCode::Protocol.number()), "closed for good");
                    }
                }
            }
            self.breaks += 1;
            tokio::task::yield_now().await;
        }
    }

    async fn work(
        &mut self,
        wire: &Wire<FromResident, ToResident>,
        done: &impl Fn(&Self) -> bool,
    ) -> Result<(), WireClosed> {
        self.outbox.relinked();
        match self.session {
            Some(session) => wire.send(&FromResident::Resume {
                session,
                after: self.last(),
            }),
            None => wire.send(&FromResident::Open {
                id: self.open.0,
                opening: self.open.1.clone(),
            }),
        }
        let mut bound = false;
        while !done(self) {
            if bound {
                for (id, command) in self.outbox.unsent() {
                    wire.send(&FromResident::Do { id, command });
                }
            }
            let message = wire.wait_or_close(|m| Some(m.clone())).await?;
            match &message {
                ToResident::Session { session, .. } => {
                    let known = self.session.get_or_insert(*session);
                    assert_eq!(known, session, "one opening, one session");
                    bound = true;
                }
                ToResident::Receipt {
                    id,
                    rung,
                    first,
                    last,
                } => self.outbox.receipt(Receipt {
                    id: *id,
                    rung: *rung,
                    first: *first,
                    last: *last,
                }),
                ToResident::Error(error) => self.outbox.error(error),
                other => {
                    if let Some(entry) = resident::entry_in(other)
                        && !take(&mut self.entries, entry)
                        && let Some(session) = self.session
                    {
                        let after = self.last();
                        wire.send(&FromResident::Resume { session, after });
                    }
                }
            }
        }
        Ok(())
    }

    fn last(&self) -> Seq {
        self.entries.last().map_or(0, |entry| entry.seq)
    }
}

/// A console that never gives up on the sessions it has taken.
#[derive(Debug)]
pub struct SteadyConsole {
    address: SocketAddr,
    who: SignedIn,
    encoding: Encoding,
    outbox: Outbox<(SessionId, StaffCommand)>,
    pub follows: BTreeMap<SessionId, Vec<Entry>>,
    /// Links that broke.
    pub breaks: u64,
}

impl SteadyConsole {
    /// A person who has not connected yet.
    pub const fn new(address: SocketAddr, who: SignedIn, encoding: Encoding) -> Self {
        Self {
            address,
            who,
            encoding,
            outbox: Outbox::new(),
            follows: BTreeMap::new(),
            breaks: 0,
        }
    }

    /// Puts a command into the outbox.
    pub fn does(&mut self, session: SessionId, command: StaffCommand) -> CommandId {
        let id = fresh();
        self.outbox.waiting.push_back((id, (session, command)));
        id
    }

    /// Puts a text into the outbox.
    pub fn says(&mut self, session: SessionId, words: &str) -> CommandId {
        let text = words.to_owned();
        self.does(session, StaffCommand::Text { text })
    }

    /// Whether the gateway has said of everything that it is safe.
    pub fn all_safe(&self) -> bool {
        self.outbox.waiting.is_empty()
    }

    /// The receipts so far.
    pub const fn receipts(&self) -> &BTreeMap<CommandId, Receipt> {
        &self.outbox.receipts
    }

    /// The texts read so far in a session, in order.
    pub fn texts(&self, session: SessionId) -> Vec<String> {
        texts(self.follows.get(&session).map_or(&[], Vec::as_slice))
    }

    /// Works, through any number of breaks, until `done`.
    pub async fn until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let connecting = Console::try_connect(self.address, &self.who, self.encoding);
            if let Some(link) = soon(connecting).await {
                link.ready_for_everything();
                match self.work(&link.wire, &done).await {
                    Ok(()) => return,
                    Err(WireClosed(code)) => {
                        assert_ne!(code, Some(CloseCode::Protocol.number()), "closed for good");
                    }
                }
            }
            self.breaks += 1;
            tokio::task::yield_now().await;
        }
    }

    async fn work(
        &mut self,
        wire: &Wire<FromStaff, ToStaff>,
        done: &impl Fn(&Self) -> bool,
    ) -> Result<(), WireClosed> {
        self.outbox.relinked();
        for session in self.follows.keys() {
            self.follow(wire, *session);
        }
        while !done(self) {
            for (id, (session, command)) in self.outbox.unsent() {
                wire.send(&FromStaff::Do {
                    id,
                    session,
                    command,
                });
            }
            let message = wire.wait_or_close(|m| Some(m.clone())).await?;
            match &message {
                ToStaff::Receipt { id, session, .. } => {
                    let receipt = console::answer_in(&message, *id).and_then(Result::ok);
                    self.outbox.receipt(receipt.expect("a receipt").1);
                    if !self.follows.contains_key(session) {
                        self.follows.insert(*session, Vec::new());
                        self.follow(wire, *session);
                    }
                }
                ToStaff::Error(error) => self.outbox.error(error),
                other => {
                    if let Some((session, entry)) = console::entry_in(other)
                        && !take(self.follows.entry(session).or_default(), entry)
                    {
                        self.follow(wire, session);
                    }
                }
            }
        }
        Ok(())
    }

    fn follow(&self, wire: &Wire<FromStaff, ToStaff>, session: SessionId) {
        let entries = self.follows.get(&session);
        let after = entries.and_then(|e| e.last()).map_or(0, |entry| entry.seq);
        wire.send(&FromStaff::Follow { session, after });
    }
}

/// Takes an entry by the rule of the protocol; `false` says that there is a hole before it.
fn take(entries: &mut Vec<Entry>, entry: Entry) -> bool {
    let last = entries.last().map_or(0, |last| last.seq);
    if entry.prev == last {
        entries.push(entry);
    } else if entry.seq <= last {
        let known = entries.iter().find(|known| known.seq == entry.seq);
        assert_eq!(known, Some(&entry), "an entry changed");
    } else {
        return false;
    }
    true
}

fn texts(entries: &[Entry]) -> Vec<String> {
    let text = |entry: &Entry| match &entry.event {
        Event::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    entries.iter().filter_map(text).collect()
}
