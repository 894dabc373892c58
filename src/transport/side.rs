//! What the sides of the protocol share: how a connection begins, and how what it says is read, counted and refused.
//!
//! Owns: the connection's own count of messages that come too early and of frames that are no messages, and what is answered to both.
//! Must not: know what a message means: each side does. Called by: `resident`, `staff`, `responder`; `link` drives it as a [`Peer`].

use std::future::Future;
use std::sync::Arc;

use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::CommandId;
use callbox_proto::message::ErrorMessage;
use callbox_proto::vocabulary::Millis;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::link::Peer;
use super::rate::{Rate, RateLimit, TooEarly, WHOLE_PARTS};
use super::{BROKEN_FRAMES_MAX, HEARTBEATS_MISSED_MAX, Transport, TransportLimits};
use crate::backbone::BackboneError;
use crate::node::Fed;
use crate::node::agency::{Agency, Settings};
use crate::node::connections::{Open, Whom};
use crate::node::frame::tell;
use crate::node::outbox::Outbox;

/// How long a connection may be there, and how much may wait for it.
pub(super) struct Terms {
    /// Its client sends something at least this often, in ms.
    pub(super) heartbeat_ms: u64,
    /// What may wait for it, in residents' outboxes.
    pub(super) outboxes: usize,
    /// When what it was opened with ends, by the wall clock.
    pub(super) ends_ms: Option<Millis>,
    /// Which side it is on.
    pub(super) whom: Whom,
    /// Whose settings it goes by.
    pub(super) agency: Arc<Agency>,
}

/// One open connection, whichever side it is of.
pub(super) struct Connection {
    pub(super) transport: Arc<Transport>,
    pub(super) outbox: Arc<Outbox>,
    rate: Rate,
    broken_frames: u32,
}

impl Connection {
    /// Opens it: from now on it is looked after, until [`Self::close`].
    pub(super) fn open(transport: Arc<Transport>, encoding: Encoding, terms: Terms) -> Self {
        let node = &transport.node;
        let outbox = Arc::new(Outbox::new(
            node.random().connection_id(),
            encoding,
            node.limits().outbox_bytes.saturating_mul(terms.outboxes),
            node.clock().monotonic_ms(),
        ));
        node.connections().add(Open {
            outbox: Arc::clone(&outbox),
            silence_ms: terms.heartbeat_ms * HEARTBEATS_MISSED_MAX,
            ends_ms: terms.ends_ms,
            whom: terms.whom,
            agency: terms.agency,
            edition: None,
        });
        Self {
            transport,
            outbox,
            rate: Rate::default(),
            broken_frames: 0,
        }
    }

    /// Says the welcome, made of what the agency goes by now. What changes from then on is told by itself, and never before it.
    pub(super) fn welcome<M: Serialize>(
        &self,
        agency: &Agency,
        message: impl FnOnce(&Settings) -> M,
    ) {
        let edition = agency.edition();
        tell(&self.outbox, &message(&agency.settings()));
        let connections = self.transport.node.connections();
        connections.welcomed(self.outbox.connection(), edition);
    }

    /// It is gone.
    pub(super) fn close(&self) {
        let connections = self.transport.node.connections();
        connections.remove(self.outbox.connection());
    }
}

/// One side of the protocol.
pub(super) trait Side: Send {
    /// As metrics and logs call it.
    const WORD: &'static str;
    /// The messages that it says.
    type Says: DeserializeOwned + Send + Sync;
    /// The messages that it hears.
    type Hears: Serialize;

    /// The id that an answer names.
    fn id(message: &Self::Says) -> Option<CommandId>;

    /// What a message counts, in parts.
    fn parts(_: &Self::Says) -> u64 {
        WHOLE_PARTS
    }

    /// Whether it is typing, of which packets may be left out.
    fn is_typing(_: &Self::Says) -> bool {
        false
    }

    /// How fast it may send.
    fn limit(limits: &TransportLimits) -> &RateLimit;

    /// An error as it hears it.
    fn error(error: ErrorMessage) -> Self::Hears;

    /// Its connection.
    fn connection(&self) -> &Connection;

    /// Its connection, to count in.
    fn connection_mut(&mut self) -> &mut Connection;

    /// Carries a message out that came in time.
    fn handle(&mut self, message: Self::Says)
    -> impl Future<Output = Result<(), ErrorCode>> + Send;

    /// Feeds the logs it follows and has not caught up with.
    fn feed(&mut self) -> impl Future<Output = Result<(), CloseCode>> + Send;
}

/// A plain code as a message of a side.
pub(super) fn error<S: Side>(id: Option<CommandId>, code: ErrorCode) -> S::Hears {
    S::error(ErrorMessage::new(id, code))
}

/// Refuses something that came over this connection.
pub(super) fn refuse<S: Side>(outbox: &Outbox, id: Option<CommandId>, code: ErrorCode) {
    tell(outbox, &error::<S>(id, code));
}

/// What follows from feeding one log: `false` where the connection has enough for now, and goes on later.
pub(super) fn fed<S: Side>(
    outbox: &Outbox,
    fed: Result<Fed, BackboneError>,
) -> Result<bool, CloseCode> {
    match fed {
        Ok(Fed::Busy) => {
            outbox.mark_behind();
            Ok(false)
        }
        Ok(Fed::Live | Fed::Gone) => Ok(true),
        Err(error) => {
            tracing::error!(side = S::WORD, %error, "a connection could not be fed from the log");
            refuse::<S>(outbox, None, ErrorCode::StoreUnavailable);
            Err(CloseCode::GoingDown)
        }
    }
}

/// Tells that something came too early, and waits where it is time for that.
async fn tell_too_early<S: Side>(outbox: &Outbox, too_early: TooEarly, id: Option<CommandId>) {
    metrics::counter!("callbox_messages_refused_total", "side" => S::WORD).increment(1);
    if let Some(error) = too_early.error(id) {
        tell(outbox, &S::error(error));
    }
    too_early.slow_down().await;
}

impl<S: Side> Peer for S {
    async fn on_frame(&mut self, frame: &[u8]) -> Result<(), CloseCode> {
        let own = self.connection_mut();
        let message: S::Says = match own.outbox.encoding().decode(frame) {
            Ok(message) => message,
            Err(code) => return self.on_broken(Some(frame), code),
        };
        let id = S::id(&message);
        let now_ms = own.transport.node.clock().monotonic_ms();
        let limit = S::limit(&own.transport.limits);
        let (parts, types) = (S::parts(&message), S::is_typing(&message));
        // One that comes too early is answered here and not carried out.
        if let Some(too_early) = own.rate.refusal(limit, parts, types, now_ms)? {
            tell_too_early::<S>(&own.outbox, too_early, id).await;
        } else if let Err(code) = self.handle(message).await {
            refuse::<S>(&self.connection().outbox, id, code);
        }
        Ok(())
    }

    async fn feed(&mut self) -> Result<(), CloseCode> {
        Side::feed(self).await
    }

    async fn on_control(&mut self) -> Result<(), CloseCode> {
        let own = self.connection_mut();
        let now_ms = own.transport.node.clock().monotonic_ms();
        let limit = S::limit(&own.transport.limits);
        if let Some(too_early) = own.rate.refusal_of_control(limit, now_ms)? {
            tell_too_early::<S>(&own.outbox, too_early, None).await;
        }
        Ok(())
    }

    fn on_broken(&mut self, frame: Option<&[u8]>, code: ErrorCode) -> Result<(), CloseCode> {
        let own = self.connection_mut();
        let id = frame.and_then(|frame| own.outbox.encoding().peek_id(frame));
        refuse::<S>(&own.outbox, id, code);
        metrics::counter!("callbox_broken_frames_total", "side" => S::WORD).increment(1);
        own.broken_frames += 1;
        if own.broken_frames > BROKEN_FRAMES_MAX {
            return Err(CloseCode::Protocol);
        }
        Ok(())
    }
}
