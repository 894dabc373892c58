//! Live media of a session is where its resident is; signalling finds it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use callbox::node::live::{LiveAnswer, LiveMedia, Viewer};
use callbox_domain::session::Media;
use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{PeerId, SessionId};
use callbox_proto::message::ToResident;
use callbox_proto::vocabulary::{Medium, Role, Watchers};

use super::desk::{AtConsole, Cluster, Resident};
use crate::gateway::harness::soon;

/// A media plane that writes down what it is asked for.
#[derive(Default)]
struct Plane {
    asked: Mutex<Vec<String>>,
    watching: Mutex<u32>,
}

impl Plane {
    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    /// Waits until it was asked for this.
    async fn is_asked(&self, what: &str) {
        let asked = async {
            while !self.has(what) {
                tokio::task::yield_now().await;
            }
        };
        soon(asked).await;
    }

    fn has(&self, what: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked == what)
    }
}

#[async_trait]
impl LiveMedia for Plane {
    async fn publish(&self, _: SessionId, offer: &str, _: Media) -> Result<LiveAnswer, ErrorCode> {
        self.note(format!("publish {offer}"));
        Ok(answer())
    }

    async fn watch(
        &self,
        _: SessionId,
        offer: &str,
        viewer: Viewer,
    ) -> Result<LiveAnswer, ErrorCode> {
        self.note(format!("watch {offer} {viewer:?}"));
        *self.watching.lock().unwrap() += 1;
        Ok(answer())
    }

    fn permit(&self, _: SessionId, medium: Medium) {
        self.note(format!("permit {medium:?}"));
    }

    fn revoke(&self, _: SessionId, medium: Medium) {
        self.note(format!("revoke {medium:?}"));
    }

    fn close_peer(&self, peer: PeerId) {
        self.note(format!("close {}", peer.as_u128()));
        *self.watching.lock().unwrap() = 0;
    }

    fn close_telecommunicators(&self, _: SessionId) {
        self.note("close telecommunicators".to_owned());
    }

    fn close_session(&self, _: SessionId) {
        self.note("close session".to_owned());
    }

    fn watchers(&self, _: SessionId) -> Watchers {
        Watchers {
            telecommunicators: *self.watching.lock().unwrap(),
            supervisors: 0,
            responders: 0,
        }
    }
}

fn answer() -> LiveAnswer {
    LiveAnswer {
        sdp: "an answer".to_owned(),
        peer: PeerId::from_u128(5).unwrap(),
    }
}

struct Scene {
    _cluster: Cluster,
    ann: Resident,
    tina: AtConsole,
    east: Arc<Plane>,
    west: Arc<Plane>,
}

/// Ann sends video to the node in the east; Tina's console is in the west.
async fn scene() -> Scene {
    let cluster = Cluster::new();
    let (east, west) = cluster.two().await;
    let planes = [Arc::new(Plane::default()), Arc::new(Plane::default())];
    east.set_media(Arc::clone(&planes[0]) as Arc<dyn LiveMedia>);
    west.set_media(Arc::clone(&planes[1]) as Arc<dyn LiveMedia>);
    let ann = Resident::opens(&east, "I can show it").await;
    let mut tina = AtConsole::tina(&west);
    tina.takes(ann.session()).await;
    tina.follows(ann.session()).await;
    ann.does(consent(true)).await;
    east.publish(&ann.cell, "an offer").await.unwrap();
    east.media_flows(ann.session(), Medium::Video);
    tina.entry(|e| matches!(e, callbox_proto::event::Event::MediaStarted { .. }))
        .await;
    let [east, west] = planes;
    Scene {
        _cluster: cluster,
        ann,
        tina,
        east,
        west,
    }
}

const fn consent(granted: bool) -> ResidentCommand {
    ResidentCommand::Consent {
        medium: Medium::Video,
        granted,
        ask: None,
    }
}

async fn watch(scene: &Scene) -> Result<LiveAnswer, ErrorCode> {
    let cell = scene.tina.cell(scene.ann.session()).await;
    let node = &scene.tina.node;
    let role = Role::Telecommunicator;
    node.watch(&cell, "tina's offer", role, true, true).await
}

async fn watched_by(ann: &mut Resident, wanted: u32) {
    ann.line
        .wait(|m| match m {
            ToResident::Watching(now) => (now.telecommunicators == wanted).then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn an_offer_is_answered_by_the_node_that_has_the_picture() {
    let mut scene = scene().await;
    let answer = watch(&scene).await.unwrap();
    assert_eq!(answer.sdp, "an answer");
    assert!(scene.east.has("watch tina's offer Talk"));
    assert!(!scene.west.has("watch tina's offer Talk"));
    watched_by(&mut scene.ann, 1).await;
    let cell = scene.tina.cell(scene.ann.session()).await;
    scene.tina.node.stop_watching(&cell, answer.peer);
    watched_by(&mut scene.ann, 0).await;
    assert!(scene.east.has("close 5"));
    assert!(!scene.west.has("close 5"));
}

#[tokio::test]
async fn what_staff_do_elsewhere_ends_media_where_it_is() {
    let mut scene = scene().await;
    watch(&scene).await.unwrap();
    scene
        .tina
        .does(scene.ann.session(), StaffCommand::Release {})
        .await;
    scene
        .ann
        .entry(|e| matches!(e, callbox_proto::event::Event::Released { .. }))
        .await;
    scene.east.is_asked("close telecommunicators").await;
}

#[tokio::test]
async fn media_ends_with_its_session_even_when_the_resident_s_link_is_elsewhere() {
    let scene = scene().await;
    let mut there = scene.ann.comes_back(&scene.tina.node, 0).await;
    let mut ann = scene.ann;
    ann.line.closed().await;
    ann.hangs_up();
    there.does(consent(false)).await;
    there
        .entry(|e| matches!(e, callbox_proto::event::Event::MediaEnded { .. }))
        .await;
    scene.east.is_asked("revoke Video").await;
}

#[tokio::test]
async fn a_node_that_does_not_answer_costs_two_seconds_not_more() {
    let scene = scene().await;
    scene.ann.node.stop();
    // Its tasks end; what was asked before it is known to be gone has no answer.
    drop(scene.east);
    let cell = scene.tina.cell(scene.ann.session()).await;
    let node = &scene.tina.node;
    let role = Role::Telecommunicator;
    let offered = node.watch(&cell, "x", role, true, false).await;
    assert!(offered.is_ok() || offered.is_err_and(|code| code == ErrorCode::MediaBusy));
}
