//! A staff connection: console, supervisor's page, auditor's page.
//!
//! Owns: the order hello → everything else, and which message calls which part of the node after asking the role table. Must
//! not: let anybody reach another agency, or what their role may not. Called by: `http` after an upgrade on the staff path.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use callbox_domain::access::{
    self, Action, Caller, Target, action_of_staff_command, action_of_staff_message,
};
use callbox_proto::bounds::{FOLLOWS_MAX, REAL_TIME_TEXT_MAX_CHARS};
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::Event;
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{FromStaff, RealTimeText, ToStaff};
use callbox_proto::vocabulary::{Millis, Role, Seq, TransferTarget};

use super::link::{End, Link, Peer, close_of_hello, refuse};
use super::rate::{LIGHT_PARTS, Rate, TooEarly, WHOLE_PARTS};
use super::receiving::Receiving;
use super::{Broken, HEARTBEATS_MISSED_MAX, Transport, check_client};
use crate::node::cell::{Audience, Cell};
use crate::node::cluster::Wanted;
use crate::node::connections::Open;
use crate::node::frame::tell;
use crate::node::outbox::Outbox;
use crate::node::pending::{Pending, Reply, Wish, staff_error};
use crate::node::{Fed, Person};

/// A console's outbox in residents' outboxes: a whole list of 1,500 rows, some 600 KB, must leave room for what follows it.
const STAFF_OUTBOX_FACTOR: usize = 8;

/// Serves one connection until it ends.
pub async fn serve(transport: Arc<Transport>, mut link: Box<Link>) {
    // Boxed apart: the room for a hello is given back before the connection settles down.
    match Box::pin(hello(&transport, &mut link)).await {
        Ok((person, ends_ms)) => Box::pin(run(transport, link, person, ends_ms)).await,
        Err(end) => Box::pin(refuse(link, end)).await,
    }
}

async fn hello(transport: &Transport, link: &mut Link) -> Result<(Person, Millis), End> {
    let first = link.first(transport.limits.first_message).await?;
    let encoding = link.encoding();
    match first.and_then(|frame| check_hello(transport, encoding, &frame)) {
        Ok(known) => Ok(known),
        Err(code) => {
            link.say(&staff_error(None, code)).await?;
            Err(End::Close(close_of_hello(code)))
        }
    }
}

fn check_hello(
    transport: &Transport,
    encoding: Encoding,
    frame: &[u8],
) -> Result<(Person, Millis), ErrorCode> {
    let FromStaff::Hello { client, token } = encoding.decode(frame)? else {
        return Err(ErrorCode::WrongOrder);
    };
    check_client(&client)?;
    person_of(transport, &token)
}

/// Who a token is for, and from when on it counts no more.
fn person_of(transport: &Transport, token: &str) -> Result<(Person, Millis), ErrorCode> {
    let (claimed, ends_ms) = transport.tokens.check_staff_until(token)?;
    let agency = transport
        .node
        .agency(&claimed.agency)
        .ok_or(ErrorCode::NoSuchAgency)?;
    let now = transport
        .accounts
        .stands_for(&claimed)
        .ok_or(ErrorCode::TokenInvalid)?;
    let person = Person {
        agency,
        staff: now.staff,
        name: now.name,
        role: now.role,
    };
    Ok((person, ends_ms))
}

async fn run(transport: Arc<Transport>, mut link: Box<Link>, person: Person, ends_ms: Millis) {
    let node = Arc::clone(&transport.node);
    let outbox = Arc::new(Outbox::new(
        node.random().connection_id(),
        link.encoding(),
        node.limits()
            .outbox_bytes
            .saturating_mul(STAFF_OUTBOX_FACTOR),
        node.clock().monotonic_ms(),
    ));
    let silence_ms = transport.limits.staff_heartbeat_ms * HEARTBEATS_MISSED_MAX;
    node.connections().add(Open {
        outbox: Arc::clone(&outbox),
        silence_ms,
        ends_ms: Some(ends_ms),
        by_link: false,
    });
    let mut peer = Console {
        caller: Caller::Staff {
            role: person.role,
            agency: person.agency.id().clone(),
            staff: person.staff.clone(),
        },
        person,
        outbox: Arc::clone(&outbox),
        transport,
        follows: HashMap::new(),
        watched: HashSet::new(),
        asked_next: false,
        receiving: Receiving::default(),
        broken: Broken::on("staff"),
        rate: Rate::default(),
    };
    peer.welcome();
    node.sign_in(&peer.person, &outbox);
    link.run(&outbox, node.clock(), &mut peer).await;
    node.connections().remove(outbox.connection());
    peer.leave();
}

struct Console {
    transport: Arc<Transport>,
    person: Person,
    caller: Caller,
    outbox: Arc<Outbox>,
    follows: HashMap<SessionId, Arc<Cell>>,
    /// Sessions whose watch over this connection is on record; only then may a supervisor follow them.
    watched: HashSet<SessionId>,
    /// A take-next has come over this connection.
    asked_next: bool,
    /// Live connections, so that they end with this one.
    receiving: Receiving,
    broken: Broken,
    rate: Rate,
}

impl Console {
    fn welcome(&self) {
        let node = &self.transport.node;
        let limits = &self.transport.limits;
        let message = ToStaff::Welcome {
            connection: self.outbox.connection(),
            now_ms: node.clock().now_ms(),
            heartbeat_ms: limits.staff_heartbeat_ms,
            agency: self.person.agency.info().clone(),
            staff: self.person.staff.clone(),
            name: self.person.name.clone(),
            role: self.person.role,
            queues: self.person.agency.policy().queues().to_vec(),
            limits: limits.told.clone(),
        };
        tell(&self.outbox, &message);
    }

    fn leave(&mut self) {
        let node = &self.transport.node;
        let connection = self.outbox.connection();
        self.receiving.end(node);
        for cell in self.follows.values() {
            cell.unfollow(connection);
        }
        let frozen = self.outbox.closing() == Some(CloseCode::Silent);
        node.sign_out(&self.person, connection, frozen);
    }

    fn refuse(&self, id: Option<CommandId>, code: ErrorCode) {
        tell(&self.outbox, &staff_error(id, code));
    }

    async fn handle(&mut self, message: FromStaff) -> Result<(), ErrorCode> {
        let action = action_of_staff_message(&message);
        access::may_at_all(&self.caller, action).map_err(access::Refusal::code)?;
        let node = Arc::clone(&self.transport.node);
        match message {
            FromStaff::Hello { .. } => Err(ErrorCode::WrongOrder),
            FromStaff::Renew { token } => self.renew(&token),
            FromStaff::Register { queues } => {
                node.register(&self.person, self.outbox.connection(), queues)
            }
            FromStaff::SetAgentState { state, reason } => {
                node.set_agent_state(&self.person, state, reason);
                Ok(())
            }
            FromStaff::TakeNext { id } => {
                let first = !std::mem::replace(&mut self.asked_next, true);
                Box::pin(node.take_next(&self.person, id, &self.outbox, first)).await;
                Ok(())
            }
            FromStaff::MakeReportLink { id, digest } => {
                let made = Box::pin(node.make_report_link(&self.person, id, digest)).await;
                let reply = Reply::Staff(Arc::clone(&self.outbox));
                match made {
                    Ok((session, done)) => node.answer(session, reply, id, done),
                    Err(refusal) => reply.refused(id, refusal),
                }
                Ok(())
            }
            FromStaff::Do {
                id,
                session,
                command,
            } => Box::pin(self.submit(id, session, command)).await,
            FromStaff::Follow { session, after } => Box::pin(self.follow(session, after)).await,
            FromStaff::Unfollow { session } => {
                self.unfollow(session);
                Ok(())
            }
            // A late word about a session that is no longer followed is nothing to complain about.
            FromStaff::Delivered { session, up_to } => {
                if let Some(cell) = self.follows.get(&session)
                    && self.may(cell, action).is_ok()
                {
                    node.console_has(cell, up_to);
                }
                Ok(())
            }
            FromStaff::RealTimeText { session, typed } => self.typed(session, typed, action),
            FromStaff::MediaOffer {
                id,
                session,
                sdp,
                talk,
            } => self.offer(id, session, sdp, talk, action),
            FromStaff::MediaStop { session } => {
                self.receiving.stop(&self.transport.node, session);
                Ok(())
            }
            FromStaff::ListClosed { id, after } => {
                let (rows, more) = Box::pin(node.history(&self.person, after)).await?;
                tell(&self.outbox, &ToStaff::History { id, rows, more });
                Ok(())
            }
            FromStaff::Drain {
                id,
                node,
                within_s,
                per_s,
            } => {
                self.order(id, node, Wanted::Drain { within_s, per_s });
                Ok(())
            }
            FromStaff::Undrain { id, node } => {
                self.order(id, node, Wanted::Undrain);
                Ok(())
            }
            FromStaff::Tally { alarms, exposed_ms } => {
                node.tally(&self.person, alarms, exposed_ms);
                Ok(())
            }
            FromStaff::Ping { n } => {
                let spread_ms = node.spread_of(true);
                tell(&self.outbox, &ToStaff::Pong { n, spread_ms });
                Ok(())
            }
        }
    }

    /// Another node takes its time with an answer; what else comes over this link must not wait for it.
    fn order(&self, id: CommandId, node_name: String, wanted: Wanted) {
        let (node, outbox) = (Arc::clone(&self.transport.node), Arc::clone(&self.outbox));
        let person = self.person.clone();
        tokio::spawn(async move {
            match node.order(&person, &node_name, wanted).await {
                Ok(()) => tell(&outbox, &ToStaff::Done { id }),
                Err(code) => tell(&outbox, &staff_error(Some(id), code)),
            }
        });
    }

    /// The link lives as long as the fresh token, which must be the same person's in the same role.
    fn renew(&self, token: &str) -> Result<(), ErrorCode> {
        let (person, ends_ms) = person_of(&self.transport, token).map_err(|code| match code {
            // Whoever serves that agency: it is no token of this person.
            ErrorCode::NoSuchAgency => ErrorCode::TokenInvalid,
            code => code,
        })?;
        let own = &self.person;
        let same = (person.agency.id(), &person.staff, person.role)
            == (own.agency.id(), &own.staff, own.role);
        if !same {
            return Err(ErrorCode::TokenInvalid);
        }
        let connections = self.transport.node.connections();
        connections.renew(self.outbox.connection(), ends_ms);
        Ok(())
    }

    /// Asks the role table about one session.
    fn may(&self, cell: &Cell, action: Action) -> Result<(), ErrorCode> {
        let target = {
            let inner = cell.lock();
            let session = inner.session.as_ref().ok_or(ErrorCode::NoSuchSession)?;
            Target {
                agency: session.agency.clone(),
                owner: session.owner.clone(),
                resident: session.resident,
                session: cell.id,
            }
        };
        access::may(&self.caller, action, &target).map_err(access::Refusal::code)
    }

    async fn find(&self, session: SessionId) -> Result<Arc<Cell>, ErrorCode> {
        if let Some(cell) = self.follows.get(&session)
            && !cell.lock().stale
        {
            return Ok(Arc::clone(cell));
        }
        let node = &self.transport.node;
        node.agency_session(&self.person, session).await
    }

    async fn submit(
        &mut self,
        id: CommandId,
        session: SessionId,
        command: StaffCommand,
    ) -> Result<(), ErrorCode> {
        let action = action_of_staff_command(&command);
        access::may_at_all(&self.caller, action).map_err(access::Refusal::code)?;
        // Whether the person may do this to this session is asked where it is decided.
        let cell = self.find(session).await?;
        self.check_target(&command)?;
        let watches = matches!(command, StaffCommand::Watch {});
        let wish = Wish::Staff {
            staff: self.person.staff.clone(),
            role: self.person.role,
            command: Box::new(command),
        };
        if watches {
            self.watch(&cell, id, wish).await;
            return Ok(());
        }
        self.transport.node.submit(
            &cell,
            Pending {
                id,
                wish,
                claim_epoch: None,
                reply: Reply::Staff(Arc::clone(&self.outbox)),
                attempts: 0,
                arrived: 0,
            },
        );
        Ok(())
    }

    /// A watch is on record before its session may be followed.
    async fn watch(&mut self, cell: &Arc<Cell>, id: CommandId, wish: Wish) {
        let node = &self.transport.node;
        let reply = Reply::Staff(Arc::clone(&self.outbox));
        let done = match node.ask(cell, id, wish).await {
            Ok(done) => done,
            Err(refusal) => return reply.refused(id, refusal),
        };
        // An id that was used before is answered with what it did then, which need not be a watch.
        match node.event_of(cell, id).await {
            Ok(Some(Event::Watched { staff, .. })) if staff == self.person.staff => {
                self.watched.insert(cell.id);
                node.answer(cell.id, reply, id, done);
            }
            Ok(_) => reply.refused(id, ErrorCode::IdReused.into()),
            Err(code) => reply.refused(id, code.into()),
        }
    }

    /// A session is handed to somebody who can take it, or it would wait for nobody.
    fn check_target(&self, command: &StaffCommand) -> Result<(), ErrorCode> {
        let StaffCommand::Transfer {
            target: TransferTarget::Person { staff },
            ..
        } = command
        else {
            return Ok(());
        };
        let accounts = &self.transport.accounts;
        let person = accounts.still(self.person.agency.id(), staff);
        let takes = |role| access::allowed(role, Action::TakeNext) != access::Access::Never;
        // Whoever comes from a provider has no account: they are known while they are signed in.
        let known = person.is_some_and(|person| takes(person.role))
            || self.person.agency.role_now(staff).is_some_and(takes);
        if known {
            Ok(())
        } else {
            Err(ErrorCode::NoSuchTarget)
        }
    }

    async fn follow(&mut self, session: SessionId, after: Seq) -> Result<(), ErrorCode> {
        let cell = self.find(session).await?;
        self.may(&cell, Action::Follow)?;
        let owns = {
            let inner = cell.lock();
            let state = inner.session.as_ref();
            state.is_some_and(|s| s.is_owned_by(&self.person.staff))
        };
        if self.person.role == Role::Supervisor && !owns && !self.watched.contains(&session) {
            return Err(ErrorCode::WrongOrder);
        }
        if self.follows.len() >= FOLLOWS_MAX && !self.follows.contains_key(&session) {
            return Err(ErrorCode::TooFast);
        }
        self.follows.insert(session, Arc::clone(&cell));
        let node = &self.transport.node;
        node.follow_as(&self.person, &cell, &self.outbox, after);
        Ok(())
    }

    fn unfollow(&mut self, session: SessionId) {
        self.receiving.stop(&self.transport.node, session);
        self.watched.remove(&session);
        if let Some(cell) = self.follows.remove(&session) {
            cell.unfollow(self.outbox.connection());
        }
    }

    fn typed(
        &self,
        session: SessionId,
        typed: RealTimeText,
        action: Action,
    ) -> Result<(), ErrorCode> {
        if typed.text.chars().count() > REAL_TIME_TEXT_MAX_CHARS {
            return Err(ErrorCode::TextTooLong);
        }
        let cell = self.follows.get(&session).ok_or(ErrorCode::WrongOrder)?;
        self.may(cell, action)?;
        self.transport.node.staff_types(&self.person, cell, typed);
        Ok(())
    }

    /// The media plane takes its time with an offer; text must not wait for it.
    fn offer(
        &self,
        id: CommandId,
        session: SessionId,
        sdp: String,
        talk: bool,
        action: Action,
    ) -> Result<(), ErrorCode> {
        let cell = self.follows.get(&session).ok_or(ErrorCode::WrongOrder)?;
        self.may(cell, action)?;
        let owns = {
            let inner = cell.lock();
            let state = inner.session.as_ref();
            state.is_some_and(|s| s.is_owned_by(&self.person.staff))
        };
        let (node, outbox) = (Arc::clone(&self.transport.node), Arc::clone(&self.outbox));
        let (cell, role) = (Arc::clone(cell), self.person.role);
        let receiving = self.receiving.clone();
        tokio::spawn(async move {
            match node.watch(&cell, &sdp, role, owns, talk).await {
                Ok(answer) => {
                    if receiving.answered(&node, &cell, answer.peer) {
                        let (sdp, peer) = (answer.sdp, answer.peer);
                        let answer = ToStaff::MediaAnswer {
                            id,
                            session,
                            sdp,
                            peer,
                        };
                        tell(&outbox, &answer);
                    }
                }
                Err(code) => tell(&outbox, &staff_error(Some(id), code)),
            }
        });
        Ok(())
    }

    /// Counts a message; one that comes too early is answered here and not carried out.
    async fn is_in_time(&mut self, message: &FromStaff) -> Result<bool, CloseCode> {
        let parts = match message {
            FromStaff::Delivered { .. } => LIGHT_PARTS,
            _ => WHOLE_PARTS,
        };
        let types = matches!(message, FromStaff::RealTimeText { .. });
        let now_ms = self.transport.node.clock().monotonic_ms();
        let limit = &self.transport.limits.staff_rate;
        let Some(too_early) = self.rate.refusal(limit, parts, types, now_ms)? else {
            return Ok(true);
        };
        self.tell_too_early(&too_early, FromStaff::id(message))
            .await;
        Ok(false)
    }

    async fn tell_too_early(&self, too_early: &TooEarly, id: Option<CommandId>) {
        metrics::counter!("callbox_messages_refused_total", "side" => "staff").increment(1);
        if let Some(error) = too_early.error(id) {
            tell(&self.outbox, &ToStaff::Error(error));
        }
        too_early.slow_down().await;
    }
}

impl Peer for Console {
    async fn on_frame(&mut self, frame: &[u8]) -> Result<(), CloseCode> {
        match self.outbox.encoding().decode(frame) {
            Ok(message) => {
                let id = FromStaff::id(&message);
                if self.is_in_time(&message).await?
                    && let Err(code) = self.handle(message).await
                {
                    self.refuse(id, code);
                }
                Ok(())
            }
            Err(code) => self.on_broken(Some(frame), code),
        }
    }

    async fn feed(&mut self) -> Result<(), CloseCode> {
        let audience = Audience::Staff {
            staff: self.person.staff.clone(),
            role: self.person.role,
        };
        let node = Arc::clone(&self.transport.node);
        for cell in self.follows.values() {
            match node.feed(cell, &self.outbox, &audience).await {
                Ok(Fed::Busy) => {
                    self.outbox.mark_behind();
                    return Ok(());
                }
                Ok(Fed::Live | Fed::Gone) => {}
                Err(error) => {
                    tracing::error!(%error, "a console could not be fed from the log");
                    self.refuse(None, ErrorCode::StoreUnavailable);
                    return Err(CloseCode::GoingDown);
                }
            }
        }
        Ok(())
    }

    async fn on_control(&mut self) -> Result<(), CloseCode> {
        let now_ms = self.transport.node.clock().monotonic_ms();
        let limit = &self.transport.limits.staff_rate;
        if let Some(too_early) = self.rate.refusal_of_control(limit, now_ms)? {
            self.tell_too_early(&too_early, None).await;
        }
        Ok(())
    }

    fn on_broken(&mut self, frame: Option<&[u8]>, code: ErrorCode) -> Result<(), CloseCode> {
        let id = frame.and_then(|frame| self.outbox.encoding().peek_id(frame));
        self.refuse(id, code);
        self.broken.count()
    }
}
