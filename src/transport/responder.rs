//! A responder's connection: somebody in the field who opened a link.
//!
//! Owns: the order hello → everything else, and that nothing but the one session of the link is read, and nothing written. Must not: let
//! anybody reach another session, or take media from a responder. Called by: `http` after an upgrade on the responders' path.

use std::sync::Arc;

use callbox_domain::access::{self, Action, Caller, Target, action_of_responder_message};
use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::CommandId;
use callbox_proto::message::{ErrorMessage, FromResponder, ToResponder};
use callbox_proto::vocabulary::{Millis, Role, Seq};

use super::link::{End, Link, Peer, close_of_hello, refuse};
use super::rate::{Rate, TooEarly, WHOLE_PARTS};
use super::receiving::Receiving;
use super::{Broken, HEARTBEATS_MISSED_MAX, Transport, check_client};
use crate::auth::ResponderPass;
use crate::node::Fed;
use crate::node::cell::{Audience, Cell};
use crate::node::connections::Open;
use crate::node::frame::tell;
use crate::node::outbox::Outbox;

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
            link.say(&error(None, code)).await?;
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
    node.agency(&pass.agency).ok_or(ErrorCode::NoSuchAgency)?;
    let (cell, ends_ms) = node.responder_session(&pass).await?;
    may(&pass, &cell, Action::ResponderHello)?;
    Ok(Hello {
        pass,
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
    access::may(&caller, action, &target).map_err(access::Refusal::code)
}

fn error(id: Option<CommandId>, code: ErrorCode) -> ToResponder {
    ToResponder::Error(ErrorMessage::new(id, code))
}

async fn run(transport: Arc<Transport>, mut link: Box<Link>, hello: Hello) {
    let node = Arc::clone(&transport.node);
    let outbox = Arc::new(Outbox::new(
        node.random().connection_id(),
        link.encoding(),
        node.limits().outbox_bytes,
        node.clock().monotonic_ms(),
    ));
    node.connections().add(Open {
        outbox: Arc::clone(&outbox),
        // A phone on the way, as residents have one: its radio may sleep.
        silence_ms: transport.limits.resident_heartbeat_ms * HEARTBEATS_MISSED_MAX,
        ends_ms: Some(hello.ends_ms),
        by_link: true,
    });
    let mut peer = Responder {
        pass: hello.pass,
        cell: hello.cell,
        outbox: Arc::clone(&outbox),
        transport,
        receiving: Receiving::default(),
        broken: Broken::on("responder"),
        rate: Rate::default(),
    };
    if peer.welcome(hello.ends_ms).is_ok() {
        node.follow_by_link(&peer.cell, peer.pass.link, &outbox, hello.after);
        link.run(&outbox, node.clock(), &mut peer).await;
    }
    node.connections().remove(outbox.connection());
    peer.leave();
}

struct Responder {
    transport: Arc<Transport>,
    pass: ResponderPass,
    cell: Arc<Cell>,
    outbox: Arc<Outbox>,
    receiving: Receiving,
    broken: Broken,
    rate: Rate,
}

impl Responder {
    fn welcome(&self, ends_ms: Millis) -> Result<(), ErrorCode> {
        let node = &self.transport.node;
        let agency = node.agency(&self.pass.agency);
        let agency = agency.ok_or(ErrorCode::NoSuchAgency)?;
        let inner = self.cell.lock();
        let session = inner.session.as_ref().ok_or(ErrorCode::NoSuchSession)?;
        let welcome = ToResponder::Welcome {
            connection: self.outbox.connection(),
            now_ms: node.clock().now_ms(),
            heartbeat_ms: self.transport.limits.resident_heartbeat_ms,
            agency: agency.info().clone(),
            session: self.cell.id,
            category: session.category,
            language: session.language.to_string(),
            opened_ms: session.entered_ms,
            silent: session.silent,
            test: session.test,
            ends_ms,
        };
        drop(inner);
        tell(&self.outbox, &welcome);
        Ok(())
    }

    fn leave(&self) {
        self.receiving.end(&self.transport.node);
        self.cell.unfollow(self.outbox.connection());
    }

    fn refuse(&self, id: Option<CommandId>, code: ErrorCode) {
        tell(&self.outbox, &error(id, code));
    }

    fn handle(&self, message: FromResponder) -> Result<(), ErrorCode> {
        let action = action_of_responder_message(&message);
        may(&self.pass, &self.cell, action)?;
        match message {
            FromResponder::Hello { .. } => Err(ErrorCode::WrongOrder),
            FromResponder::MediaOffer { id, sdp } => self.offer(id, sdp),
            FromResponder::MediaStop {} => {
                self.receiving.stop(&self.transport.node, self.cell.id);
                Ok(())
            }
            FromResponder::Ping { n } => {
                let spread_ms = self.transport.node.spread_of(true);
                tell(&self.outbox, &ToResponder::Pong { n, spread_ms });
                Ok(())
            }
        }
    }

    /// The media plane takes its time with an offer; entries must not wait for it.
    fn offer(&self, id: CommandId, sdp: String) -> Result<(), ErrorCode> {
        let node = Arc::clone(&self.transport.node);
        {
            let inner = self.cell.lock();
            let session = inner.session.as_ref().ok_or(ErrorCode::NoSuchSession)?;
            session.responder_link(self.pass.link, node.clock().now_ms())?;
        }
        let (outbox, cell) = (Arc::clone(&self.outbox), Arc::clone(&self.cell));
        let receiving = self.receiving.clone();
        tokio::spawn(async move {
            let answer = match node.watch(&cell, &sdp, Role::Responder, false, false).await {
                Ok(answer) => answer,
                Err(code) => return tell(&outbox, &error(Some(id), code)),
            };
            if receiving.answered(&node, &cell, answer.peer) {
                let (sdp, peer) = (answer.sdp, answer.peer);
                tell(&outbox, &ToResponder::MediaAnswer { id, sdp, peer });
            }
        });
        Ok(())
    }

    async fn tell_too_early(&self, too_early: &TooEarly, id: Option<CommandId>) {
        metrics::counter!("callbox_messages_refused_total", "side" => "responder").increment(1);
        if let Some(error) = too_early.error(id) {
            tell(&self.outbox, &ToResponder::Error(error));
        }
        too_early.slow_down().await;
    }

    /// Counts a message; one that comes too early is answered here and not carried out.
    async fn is_in_time(&mut self, message: &FromResponder) -> Result<bool, CloseCode> {
        let now_ms = self.transport.node.clock().monotonic_ms();
        let limit = &self.transport.limits.resident_rate;
        let refused = self.rate.refusal(limit, WHOLE_PARTS, false, now_ms)?;
        let Some(too_early) = refused else {
            return Ok(true);
        };
        self.tell_too_early(&too_early, message.id()).await;
        Ok(false)
    }
}

impl Peer for Responder {
    async fn on_frame(&mut self, frame: &[u8]) -> Result<(), CloseCode> {
        match self.outbox.encoding().decode(frame) {
            Ok(message) => {
                let id = FromResponder::id(&message);
                if self.is_in_time(&message).await?
                    && let Err(code) = self.handle(message)
                {
                    self.refuse(id, code);
                }
                Ok(())
            }
            Err(code) => self.on_broken(Some(frame), code),
        }
    }

    async fn feed(&mut self) -> Result<(), CloseCode> {
        let audience = Audience::Responder {
            link: self.pass.link,
        };
        let node = &self.transport.node;
        match node.feed(&self.cell, &self.outbox, &audience).await {
            Ok(Fed::Busy) => self.outbox.mark_behind(),
            Ok(Fed::Live | Fed::Gone) => {}
            Err(error) => {
                tracing::error!(%error, "a responder could not be fed from the log");
                self.refuse(None, ErrorCode::StoreUnavailable);
                return Err(CloseCode::GoingDown);
            }
        }
        Ok(())
    }

    async fn on_control(&mut self) -> Result<(), CloseCode> {
        let now_ms = self.transport.node.clock().monotonic_ms();
        let limit = &self.transport.limits.resident_rate;
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
