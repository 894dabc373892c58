//! What scenario tests stand on: the program itself on ports and data of its own, residents and staff as clients, and a
//! relay that cuts their links.
//!
//! ```ignore
//! let gateway = Gateway::start().await;
//! let ann = gateway.resident().await;
//! let session = ann.open("Smoke in the kitchen").await;
//! let tina = gateway.console("tina").await;
//! assert_eq!(tina.take_next().await.session, session);
//! ```
//!
//! Everything waits with a deadline and nothing sleeps. Clients keep a record of all that came; a wait looks at what came
//! before it too, and each message is handed out once.

mod console;
mod ids;
mod program;
mod record;
mod relay;
mod resident;
pub mod responder;
mod steady;
mod topology;
mod wire;

pub use console::{Console, SignedIn, entry_in, while_alive};
pub use ids::{Seed, fresh};
pub use program::{Gateway, free_tcp, free_udp};
pub use relay::Relay;
pub use resident::{Device, Entry, Receipt, Resident, opening, place, text};
pub use steady::{SteadyConsole, SteadyResident};
pub use topology::Topology;
pub(crate) use topology::{among_nodes, everywhere};
pub use wire::Wire;

pub use crate::http_client::{PATIENCE, install_tls, soon};
