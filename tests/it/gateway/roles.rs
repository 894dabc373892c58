//! The table of rights over the wire: every kind of message and every route, for everybody, on one's own session and on
//! another's.

mod messages;
mod routes;
mod sockets;

use callbox_domain::access::{Caller, Target};
use callbox_proto::ids::{ResidentId, SessionId};

pub(super) use messages::{announce, staff_messages};

use super::harness::{Console, Gateway, SignedIn};

/// Everybody of the demo but tom, who owns what is another's.
const STAFF: [&str; 4] = ["tina", "sue", "olga", "ada"];

/// Everybody of [`STAFF`], and a wallboard.
async fn all_staff(gateway: &Gateway) -> Vec<Console> {
    let mut all = vec![gateway.wallboard("sue").await];
    for name in STAFF {
        all.push(gateway.staff(name).await);
    }
    all
}

fn caller(who: &SignedIn) -> Caller {
    Caller::Staff {
        role: who.role,
        agency: "demo.example".parse().unwrap(),
        staff: who.name.parse().unwrap(),
    }
}

fn target(who: &SignedIn, mine: bool) -> Target {
    Target {
        agency: "demo.example".parse().unwrap(),
        owner: Some(if mine { &who.name } else { "tom" }.parse().unwrap()),
        resident: ResidentId::from_u128(1).unwrap(),
        session: example_session(),
    }
}

fn example_session() -> SessionId {
    SessionId::from_u128(7).unwrap()
}
