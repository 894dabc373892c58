//! The subscriber's side of the bell.
//!
//! Owns: which channels a connection listens to, and handing what it hears to the bell. Must not: block the connection.
//! Called by: `tier` (a new connection, every tick) and `handle` (a new subscription).

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use callbox_proto::ids::AgencyId;
use redis::{PushInfo, PushKind};

use super::answer::{self, Heard};
use super::connect::Hear;
use super::keys::{Keys, slot};
use super::link::{Link, Wire};
use crate::backbone::BackboneError;
use crate::backbone::bell::{Bell, Listener};

/// Hands what a connection hears to the bell; its end condemns the connections it belongs to.
pub(super) fn hear(bell: Arc<Bell>, keys: Keys, link: Weak<Link>, number: u64) -> Hear {
    Box::new(move |push: PushInfo| match push.kind {
        PushKind::SMessage => {
            let [channel, message] = push.data.as_slice() else {
                return;
            };
            let agency = answer::bytes(channel).and_then(|channel| keys.agency_of_bell(channel));
            let (Some(agency), Some(message)) = (agency, answer::bytes(message)) else {
                return;
            };
            match answer::heard(message) {
                Heard::Appended(rung) => bell.ring(rung.into_iter().map(|rung| (&agency, rung))),
                Heard::Published(payload) => {
                    // Fails only when the bell is closed.
                    let _ = bell.publish(&agency, payload);
                }
                Heard::Missed => bell.missed(&agency),
            }
        }
        // A cluster says it this way when a channel moves to another server.
        PushKind::Disconnection | PushKind::SUnsubscribe => {
            if let Some(link) = link.upgrade() {
                link.condemn(number);
            }
        }
        _ => {}
    })
}

/// Subscribes to an agency's bell and has the server's end of it listened to.
///
/// Without a connection, or without an answer in time, the next tick or the next connection listens, and says that rings were
/// missed.
pub(super) async fn subscribe(
    wire: Option<Arc<Wire>>,
    keys: &Keys,
    bell: &Bell,
    agency: &AgencyId,
    within: Duration,
) -> Result<Listener, BackboneError> {
    let Some(wire) = wire else {
        return bell.subscribe(agency);
    };
    // Under the lock, or a tick would find a subscription that is not listened to and call its rings missed.
    let mut heard = wire.heard.lock().await;
    let listener = bell.subscribe(agency)?;
    let _ = tokio::time::timeout(within, listen(&wire, &mut heard, keys, agency)).await;
    Ok(listener)
}

/// Listens to every agency somebody subscribed to whose keys are here. Who subscribed before hears that rings were missed.
pub(super) async fn listen_to_all(
    wire: &Wire,
    keys: &Keys,
    bell: &Bell,
    is_here: &(dyn Fn(u16) -> bool + Send + Sync),
) {
    let mut heard = wire.heard.lock().await;
    for agency in bell.agencies() {
        if is_here(slot(&keys.agency(&agency).bell()))
            && listen(wire, &mut heard, keys, &agency).await
        {
            bell.missed(&agency);
        }
    }
}

/// Listens to one agency; `false` when it was listened to already or the server did not confirm.
async fn listen(
    wire: &Wire,
    heard: &mut HashSet<AgencyId>,
    keys: &Keys,
    agency: &AgencyId,
) -> bool {
    if heard.contains(agency) {
        return false;
    }
    let mut command = redis::cmd("SSUBSCRIBE");
    command.arg(keys.agency(agency).bell());
    let mut connection = wire.ears.commands.clone();
    let answer = connection.send_packed_command(&command).await;
    let confirmed = answer.is_ok_and(|value| answer::refusal(&value).is_none());
    confirmed && heard.insert(agency.clone())
}
