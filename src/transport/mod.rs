//! Transport: WebSockets of residents, staff and responders.
//!
//! Owns: the life of one connection: first message within its deadline, then frames in, frames out, until it ends. Must not:
//! decide, store, or know other connections. Called by: `http` after an upgrade.
//!
//! One connection is one task. It reads a frame, checks it against the role table, hands it to the node and goes on; what the
//! node has to say waits in the connection's outbox, which the same task writes out. Nothing here is acknowledged: receipts come
//! from the node when the log has the command.

mod arrived;
mod link;
mod rate;
mod receiving;
mod resident;
mod responder;
mod side;
mod staff;

use std::sync::Arc;
use std::time::Duration;

use callbox_proto::bounds::CLIENT_MAX_CHARS;
use callbox_proto::bytes::Bytes;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use callbox_proto::message::Limits;

pub use arrived::Arrived;
pub use link::Link;
pub use rate::RateLimit;
pub use resident::serve as serve_resident;
pub use responder::serve as serve_responder;
pub use staff::serve as serve_staff;

use crate::auth::SignIn;
use crate::auth::tokens::Tokens;
use crate::node::Node;

/// Deadlines and bounds of connections.
#[derive(Debug, Clone)]
pub struct TransportLimits {
    /// How long a connection may take to its first whole message.
    pub first_message: Duration,
    /// A resident's client sends something at least this often, in ms.
    pub resident_heartbeat_ms: u64,
    /// A staff client sends something at least this often, in ms; a frozen one is noticed within three of these.
    pub staff_heartbeat_ms: u64,
    /// Life of an upload token, in ms.
    pub upload_token_ms: u64,
    /// How fast a resident's connection may send.
    pub resident_rate: RateLimit,
    /// How fast a staff connection may send.
    pub staff_rate: RateLimit,
    /// Told to clients in `welcome`.
    pub told: Limits,
}

/// Heartbeats a connection may miss before it counts as lost.
pub const HEARTBEATS_MISSED_MAX: u64 = 3;
/// Frames that are no messages (codes 1000–1999) before a connection is closed: a broken client would go on for ever.
pub const BROKEN_FRAMES_MAX: u32 = 64;

/// Refuses a hello whose client has a longer name than [`CLIENT_MAX_CHARS`].
fn check_client(client: &str) -> Result<(), ErrorCode> {
    if client.chars().count() > CLIENT_MAX_CHARS {
        return Err(ErrorCode::TooLong);
    }
    Ok(())
}

/// Takes previews to be re-encoded and kept; answers by a note in the session.
pub trait Previews: Send + Sync + 'static {
    /// A preview came along with an announced photo.
    fn keep(&self, agency: AgencyId, session: SessionId, photo: CommandId, preview: Bytes);

    /// A preview came along that is over its bound: the session is told.
    fn refuse(&self, session: SessionId, photo: CommandId);
}

/// What every connection needs.
pub struct Transport {
    /// The node.
    pub node: Arc<Node>,
    /// Tokens.
    pub tokens: Arc<Tokens>,
    /// Accounts, asked again at each hello.
    pub accounts: Arc<dyn SignIn>,
    /// Deadlines and bounds.
    pub limits: TransportLimits,
    /// Where previews go.
    pub previews: Arc<dyn Previews>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}
