//! The media plane with real clients over real UDP.

mod forwarding;
mod hostile;
mod lifecycle;

use std::net::SocketAddr;

use super::testkit::{Client, Plane, SOON, Sending, eventually};
use super::*;

const ROOM: RoomId = RoomId(7);

fn plane() -> Plane {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("address");
    MediaPlane::start(MediaConfig::on(any)).expect("start")
}

/// A resident that publishes sound and pictures.
async fn publish(plane: &Plane, mark: u8) -> (Client, PeerId) {
    let mut resident = Client::resident().await;
    let answer = plane
        .publish(ROOM, &resident.offer, Kinds::BOTH)
        .await
        .expect("published");
    resident.answer(&answer.sdp);
    resident.send(Sending::both(mark));
    (resident, answer.peer)
}

async fn watch(plane: &Plane, role: ViewerRole) -> (Client, PeerId) {
    let mut viewer = Client::viewer(role == ViewerRole::Talk).await;
    let answer = plane
        .watch(ROOM, &viewer.offer, role)
        .await
        .expect("watching");
    viewer.answer(&answer.sdp);
    (viewer, answer.peer)
}

/// Waits for an event about `peer`.
async fn heard(events: &mut MediaEvents, peer: PeerId, what: MediaWhat) {
    let wanted = async {
        loop {
            let event = events.recv().await.expect("an event");
            if event.peer == peer && event.what == what {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, wanted)
        .await
        .unwrap_or_else(|_| panic!("{peer:?} never said {what:?}"));
}
