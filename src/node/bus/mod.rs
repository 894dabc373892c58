//! The node bus: what nodes of one backbone tell each other beside the log.
//!
//! Owns: sending (one task, numbered messages), collecting what is told a few times a second, and hearing (rings and messages
//! of every agency). Must not: be relied on: whatever must be right is in the log or in a lease. Called by: `Node::join`, and by
//! whoever has something to tell.
//!
//! A node alone has no bus: no subscription, no message. A node among others says `hello` every 2 s and tells the rest only once
//! it knows of another node.

mod around;
mod hear;
pub mod message;
mod reconcile;
mod tell;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, PeerId, SessionId};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub use around::Around;
use message::{Body, Envelope, MediaAnswer, NodeRef};
pub(super) use tell::tick;

use super::agency::Agency;
use super::tenure::Tenure;
use super::{Node, StartError, lock};
use crate::backbone::{BackboneError, Ring, Subscription};

/// Messages that wait to be sent. What is over is not sent, and everything is told again.
const POSTS_MAX: usize = 4_096;
/// Rings heard in one go before others have their turn, and publications among them.
const HEARD_MAX: usize = 64;
/// How long a node that starts listens before it serves anybody: others answer within a tick.
const SETTLE: Duration = Duration::from_millis(400);
/// How long a node that goes waits for its good-bye to be sent.
const BYE_PATIENCE: Duration = Duration::from_secs(1);

/// A node's place among others.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The node's name, its own in the whole cluster.
    pub name: String,
    /// What must be the same on all nodes, as fingerprints by what it is; a node that differs is refused.
    pub same: BTreeMap<String, String>,
}

struct Post {
    agency: Arc<Agency>,
    body: Body,
}

/// Questions to other nodes that wait for their answers.
pub struct Questions<T> {
    waiting: Mutex<HashMap<u64, oneshot::Sender<T>>>,
    next: AtomicU64,
}

impl<T> Default for Questions<T> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            next: AtomicU64::new(1),
        }
    }
}

impl<T> Questions<T> {
    /// Names a question, and where its answer comes.
    pub fn ask(&self) -> (u64, oneshot::Receiver<T>) {
        let (sender, answer) = oneshot::channel();
        let question = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.waiting).insert(question, sender);
        (question, answer)
    }

    /// Nobody waits for the answer any more.
    pub fn give_up(&self, question: u64) {
        lock(&self.waiting).remove(&question);
    }

    fn answered(&self, question: u64, answer: T) {
        if let Some(sender) = lock(&self.waiting).remove(&question) {
            // Whoever asked may be gone.
            drop(sender.send(answer));
        }
    }
}

/// What a node among others has beside a node alone.
pub struct Together {
    /// This run of this node.
    pub me: NodeRef,
    same: BTreeMap<String, String>,
    posts: mpsc::Sender<Post>,
    queue: Mutex<Option<mpsc::Receiver<Post>>>,
    /// Wakes the tick: something should be told at once.
    wake: Arc<Notify>,
    said_bye: Notify,
    /// Offers of live media that other nodes were asked to take.
    pub offers: Questions<MediaAnswer>,
    /// Drains that other nodes were asked for; the answer is why not.
    pub drains: Questions<Option<ErrorCode>>,
    /// Connections to live media that other nodes asked for.
    far_viewers: Mutex<HashMap<u64, Vec<(SessionId, PeerId)>>>,
    /// Another run has this node's name.
    namesake: AtomicBool,
    differs: OnceLock<String>,
    /// Held while figures are compared with the index.
    checking: Arc<tokio::sync::Mutex<()>>,
    /// The node's and its people's leases.
    pub tenure: Tenure,
}

impl Together {
    /// Not yet connected to anybody.
    pub fn new(membership: Membership, instance: u64) -> Self {
        let (posts, queue) = mpsc::channel(POSTS_MAX);
        let me = NodeRef {
            name: membership.name.into(),
            instance,
        };
        Self {
            tenure: Tenure::new(&me),
            me,
            same: membership.same,
            posts,
            queue: Mutex::new(Some(queue)),
            wake: Arc::default(),
            said_bye: Notify::new(),
            offers: Questions::default(),
            drains: Questions::default(),
            far_viewers: Mutex::default(),
            namesake: AtomicBool::new(false),
            differs: OnceLock::new(),
            checking: Arc::default(),
        }
    }

    /// Asks for everything that waits to be told to be told now.
    pub fn hurry(&self) {
        self.wake.notify_one();
    }

    /// What is notified when somebody is in a hurry.
    fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Another node has a connection here.
    pub fn has_far_viewer(&self, at: u64, session: SessionId, peer: PeerId) {
        let mut viewers = lock(&self.far_viewers);
        viewers.entry(at).or_default().push((session, peer));
    }

    /// … and no longer.
    pub fn lost_far_viewer(&self, at: u64, peer: PeerId) {
        if let Some(viewers) = lock(&self.far_viewers).get_mut(&at) {
            viewers.retain(|(_, known)| *known != peer);
        }
    }

    /// The connections of a node that is gone.
    pub fn take_far_viewers(&self, at: u64) -> Vec<(SessionId, PeerId)> {
        lock(&self.far_viewers).remove(&at).unwrap_or_default()
    }
}

impl Node {
    /// Puts a message on its way. One that finds no room is lost: then everything is told again.
    pub(super) fn post(&self, agency: &Arc<Agency>, body: Body) {
        let Some(together) = &self.together else {
            return;
        };
        let post = Post {
            agency: Arc::clone(agency),
            body,
        };
        if together.posts.try_send(post).is_err() {
            metrics::counter!("callbox_bus_messages_lost_total").increment(1);
            agency.around.tell_everything();
        }
    }

    /// Starts listening and speaking, and waits for others to answer.
    ///
    /// # Errors
    /// The backbone's; or that this node cannot be one of those that are there.
    pub(super) async fn meet_others(self: &Arc<Self>) -> Result<(), StartError> {
        let Some(together) = &self.together else {
            return Ok(());
        };
        for agency in self.agencies.values() {
            let bell = self.backbone.subscribe(agency.id()).await?;
            let weak = Arc::downgrade(self);
            let stop = self.stop.clone();
            self.tasks
                .spawn(listen(weak, stop, Arc::clone(agency), bell));
        }
        if let Some(queue) = lock(&together.queue).take() {
            self.tasks.spawn(speak(Arc::downgrade(self), queue));
        }
        let held = match self.take_node_lease().await {
            Ok(held) => held,
            Err(error) => {
                // The lease is taken with the first renewal that is answered; a namesake that lives is heard below.
                tracing::warn!(%error, "this node's lease could not be taken yet");
                true
            }
        };
        for agency in self.agencies.values() {
            self.tell_hello(agency);
            self.post(agency, Body::WhoIsThere { only: None });
        }
        tokio::time::sleep(SETTLE).await;
        let name = || together.me.name.to_string();
        if together.namesake.load(Ordering::Relaxed) {
            return Err(StartError::NameTaken { name: name() });
        }
        if let Some(what) = together.differs.get() {
            return Err(StartError::Differs { what: what.clone() });
        }
        if !held {
            tracing::warn!(
                node = name(),
                "an earlier run of this node still has its lease; taken when it lapses"
            );
        }
        Ok(())
    }

    /// Says good-bye, so that nobody waits for silence.
    pub(super) async fn tell_bye(&self) {
        for agency in self.agencies.values() {
            self.post(agency, Body::Bye {});
        }
        if let Some(together) = &self.together {
            // Until it is on its way; whoever does not hear it notices the silence.
            tokio::time::timeout(BYE_PATIENCE, together.said_bye.notified())
                .await
                .ok();
        }
    }
}

/// Sends what is posted, numbered for each agency, until the node goes.
async fn speak(node: Weak<Node>, mut queue: mpsc::Receiver<Post>) {
    let mut numbers: HashMap<AgencyId, u64> = HashMap::new();
    while let Some(Post { agency, body }) = queue.recv().await {
        let Some(node) = node.upgrade() else { return };
        let Some(together) = &node.together else {
            return;
        };
        let bye = matches!(body, Body::Bye {});
        let n = numbers.entry(agency.id().clone()).or_default();
        for body in tell::pieces(body) {
            *n += 1;
            let envelope = Envelope::new(together.me.clone(), *n, body);
            let Some(bytes) = envelope.encode() else {
                tracing::error!("a message to other nodes is too long and was not sent");
                continue;
            };
            metrics::counter!("callbox_bus_messages_total").increment(1);
            if let Err(error) = node.backbone.publish(agency.id(), bytes).await {
                tracing::warn!(%error, "a message to other nodes was not sent; all is told again");
                metrics::counter!("callbox_bus_messages_lost_total").increment(1);
                agency.around.tell_everything();
            }
        }
        if bye {
            together.said_bye.notify_one();
        }
    }
}

/// Hears one agency's bell until the node goes or the backbone closes.
async fn listen(
    node: Weak<Node>,
    stop: CancellationToken,
    agency: Arc<Agency>,
    mut bell: Box<dyn Subscription>,
) {
    while let Some(Some(first)) = stop.run_until_cancelled(bell.next()).await {
        let Some(node) = node.upgrade() else { return };
        hear(&node, &agency, first);
        for ring in std::iter::from_fn(|| bell.at_hand()).take(HEARD_MAX) {
            hear(&node, &agency, ring);
        }
    }
}

fn hear(node: &Arc<Node>, agency: &Arc<Agency>, ring: Ring) {
    match ring {
        Ring::Appended {
            session,
            head,
            records,
        } => {
            node.log_has_grown(session, head, &records);
            agency.around.ring();
        }
        Ring::Published(bytes) => node.hear(agency, &bytes),
        Ring::Confirmed { .. } | Ring::Rewound { .. } => node.heard_of_kept(&ring),
        Ring::Missed => {
            node.heard_of_kept(&ring);
            node.rings_were_missed(agency);
        }
    }
}

impl From<BackboneError> for StartError {
    fn from(error: BackboneError) -> Self {
        Self::Backbone(error)
    }
}
