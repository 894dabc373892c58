//! A responder's connection: somebody in the field who opened a link.
//!
//! Owns: the order hello → everything else, and that nothing but the one session of the link is read, and nothing written. Must not: let
//! anybody reach another session, or take media from a responder. Called by: `http` after an upgrade on the responders' path.

use std::sync::Arc;

use callbox_domain::access::{self, Action, Caller, action_of_responder_message};
use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::CommandId;
use callbox_proto::message::{ErrorMessage, FromResponder, ToResponder};
use callbox_proto::vocabulary::{Millis, Role, Seq};

use super::link::{End, Link, close_of_hello, refuse};
use super::rate::RateLimit;
use super::receiving::Receiving;
use super::side::{self, Connection, Side, Terms};
use super::{Transport, TransportLimits, check_client};
use crate::auth::ResponderPass;
use crate::node::agency::{Agency, Settings};
use crate::node::cell::{Audience, Cell};
use crate::node::connections::Whom;
use crate::node::frame::tell;

/// Serves one connection until it ends.
pub async fn serve(transport: Arc<Transport>, mut link: Box<Link>) {
    // Boxed apart: the room for a hello is given back before the connection settles down.
    match Box::pin(hello(&transport, &mut link)).await {
        Ok(hello) => Box::pin(run(transport, link, hello)).await,
        Err(end) => Box::pin(refuse(link, end)).await,
    }
}

struct Hello {
    pass: ResponderPass,
    agency: Arc<Agency>,
    cell: Arc<Cell>,
    after: Seq,
    ends_ms: Millis,
}

async fn hello(transport: &Transport, link: &mut Link) -> Result<Hello, End> {
    let first = link.first(transport.limits.first_message).await?;
    let encoding = link.encoding();
    let checked = match first {
        Ok(frame) => check_hello(transport, encoding, &frame).await,
        Err(code) => Err(code),
    };
    match checked {
        Ok(hello) => Ok(hello),
        Err(code) => {
            link.say(&side::error::<Responder>(None, code)).await?;
            Err(End::Close(close_of_hello(code)))
        }
    }
}

async fn check_hello(
    transport: &Transport,
    encoding: Encoding,
    frame: &[u8],
) -> Result<Hello, ErrorCode> {
    let FromResponder::Hello {
        client,
        token,
        after,
    } = encoding.decode(frame)?
    else {
        return Err(ErrorCode::WrongOrder);
    };
    check_client(&client)?;
    let pass = transport.tokens.check_responder(&token)?;
    let node = &transport.node;
    let agency = node.agency(&pass.agency).ok_or(ErrorCode::NoSuchAgency)?;
    let (cell, ends_ms) = node.responder_session(&pass).await?;
    may(&pass, &cell, Action::ResponderHello)?;
    Ok(Hello {
        pass,
        agency,
        cell,
        after,
        ends_ms,
    })
}

/// Asks the role table about the session.
fn may(pass: &ResponderPass, cell: &Cell, action: Action) -> Result<(), ErrorCode> {
    let caller = Caller::Responder {
        agency: pass.agency.clone(),
        session: pass.session,
    };
    access::may(&caller, action, &cell.target()?).map_err(access::Refusal::code)
}

async fn run(transport: Arc<Transport>, mut link: Box<Link>, hello: Hello) {
    let node = Arc::clone(&transport.node);
    let terms = Terms {
        // A phone on the way, as residents have one: its radio may sleep.
        heartbeat_ms: transport.limits.resident_heartbeat_ms,
        outboxes: 1,
        ends_ms: Some(hello.ends_ms),
        whom: Whom::Responder,
        agency: Arc::clone(&hello.agency),
    };
    let connection = Connection::open(transport, link.encoding(), terms);
    let outbox = Arc::clone(&connection.outbox);
    let mut peer = Responder {
        pass: hello.pass,
        cell: hello.cell,
        connection,
        receiving: Receiving::default(),
    };
    let end = match peer.welcome(&hello.agency, hello.ends_ms) {
        Ok(()) => {
            node.follow_by_link(&peer.cell, peer.pass.link, &outbox, hello.after);
            link.run(&outbox, node.clock(), &mut peer).await
        }
        Err(_) => End::Gone,
    };
    peer.connection.close();
    peer.leave();
    Box::pin(link.close(end)).await;
}

struct Responder {
    connection: Connection,
    pass: ResponderPass,
    cell: Arc<Cell>,
    receiving: Receiving,
}

impl Responder {
    fn welcome(&self, agency: &Agency, ends_ms: Millis) -> Result<(), ErrorCode> {
        let node = &self.connection.transport.node;
        let inner = self.cell.lock();
        let session = inner.session.as_ref().ok_or(ErrorCode::NoSuchSession)?;
        let (category, language) = (session.category, session.language.to_string());
        let (silent, test, opened_ms) = (session.silent, session.test, session.entered_ms);
        drop(inner);
        let welcome = |settings: &Settings| ToResponder::Welcome {
            connection: self.connection.outbox.connection(),
            now_ms: node.clock().now_ms(),
            heartbeat_ms: self.connection.transport.limits.resident_heartbeat_ms,
            agency: settings.info.clone(),
            session: self.cell.id,
            category,
            language,
            opened_ms,
            silent,
            test,
            ends_ms,
        };
        self.connection.welcome(agency, welcome);
        Ok(())
    }

    fn leave(&self) {
        self.receiving.end(&self.connection.transport.node);
        self.cell.unfollow(self.connection.outbox.connection());
    }

    /// The media plane takes its time with an offer; entries must not wait for it.
    fn offer(&self, id: CommandId, sdp: String) -> Result<(), ErrorCode> {
        let node = Arc::clone(&self.connection.transport.node);
        {
            let inner = self.cell.lock();
            let session = inner.session.as_ref().ok_or(ErrorCode::NoSuchSession)?;
            session.responder_link(self.pass.link, node.clock().now_ms())?;
        }
        let (outbox, cell) = (Arc::clone(&self.connection.outbox), Arc::clone(&self.cell));
        let receiving = self.receiving.clone();
        tokio::spawn(async move {
            let answer = match node.watch(&cell, &sdp, Role::Responder, false, false).await {
                Ok(answer) => answer,
                Err(code) => return tell(&outbox, &side::error::<Self>(Some(id), code)),
            };
            if receiving.answered(&node, &cell, answer.peer) {
                let (sdp, peer) = (answer.sdp, answer.peer);
                tell(&outbox, &ToResponder::MediaAnswer { id, sdp, peer });
            }
        });
        Ok(())
    }
}

impl Side for Responder {
    const WORD: &'static str = "responder";
    type Says = FromResponder;
    type Hears = ToResponder;

    fn id(message: &FromResponder) -> Option<CommandId> {
        message.id()
    }

    fn limit(limits: &TransportLimits) -> &RateLimit {
        &limits.resident_rate
    }

    fn error(error: ErrorMessage) -> ToResponder {
        ToResponder::Error(error)
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    async fn handle(&mut self, message: FromResponder) -> Result<(), ErrorCode> {
        let action = action_of_responder_message(&message);
        may(&self.pass, &self.cell, action)?;
        match message {
            FromResponder::Hello { .. } => Err(ErrorCode::WrongOrder),
            FromResponder::MediaOffer { id, sdp } => self.offer(id, sdp),
            FromResponder::MediaStop {} => {
                self.receiving
                    .stop(&self.connection.transport.node, self.cell.id);
                Ok(())
            }
            FromResponder::Ping { n } => {
                let spread_ms = self.connection.transport.node.spread_of(true);
                tell(&self.connection.outbox, &ToResponder::Pong { n, spread_ms });
                Ok(())
            }
        }
    }

    async fn feed(&mut self) -> Result<(), CloseCode> {
        let audience = Audience::Responder {
            link: self.pass.link,
        };
        let outbox = &self.connection.outbox;
        let node = &self.connection.transport.node;
        let fed = node.feed(&self.cell, outbox, &audience).await;
        side::fed::<Self>(outbox, fed).map(|_| ())
    }
}
