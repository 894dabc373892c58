//! The door to the media plane.
//!
//! Owns: who is let in and how long that may take; every public function of the plane. Must not: know sessions, people or consent: its caller says
//! by the function it calls what is allowed. Called by: `app`, as the node's port to media.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::MediaConfig;
use super::counters::{Counters, Totals};
use super::engine::{Accept, Accepted, Engine, EngineError, Plan, WebrtcEngine};
use super::error::MediaError;
use super::event::{CloseReason, MediaEvents};
use super::kinds::{Answer, Kind, Kinds, PeerId, RoomId, ViewerCount, ViewerRole};
use super::mux::Mux;
use super::room::{Member, Notice, Part, PeerEntry, Registry, Reservation, RoomSink};
use super::sdp::{Offer, answer};

/// Offers handled at a time. Each costs about 5 ms of CPU; the rest wait in line.
const JOINS_AT_A_TIME: usize = 16;
/// How long an offer waits in line before the node says that it is busy.
const JOIN_LINE: Duration = Duration::from_secs(2);
/// How long reading one offer may take. A full one takes under a millisecond.
const READ_WITHIN: Duration = Duration::from_millis(250);
/// How long the engine may take for one offer, on a machine that is busy with others.
const ACCEPT_WITHIN: Duration = Duration::from_secs(5);
/// How long a shutdown waits for peers to be told.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(5);
/// How often counters are handed to the metrics facade.
const METRICS_EVERY: Duration = Duration::from_secs(1);
/// The media of one node.
pub struct MediaPlane {
    config: MediaConfig,
    mux: Mux,
    engine: Arc<dyn Engine>,
    registry: Arc<Registry>,
    joins: Arc<Semaphore>,
    stop: CancellationToken,
    closing: CancellationToken,
    tasks: TaskTracker,
}

/// Numbers of the media plane at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Rooms with someone in them.
    pub rooms: usize,
    /// Peer connections, publishers and viewers together.
    pub peers: usize,
    /// Viewers in all rooms.
    pub viewers: ViewerCount,
    /// User fragments the sockets know: one per peer, two after an ICE restart.
    pub registered: usize,
    /// Counted since the start.
    pub totals: Totals,
}

impl std::fmt::Debug for MediaPlane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MediaPlane({:?})", self.snapshot())
    }
}

impl MediaPlane {
    /// Opens the sockets and begins to serve. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`MediaError::Config`] for a configuration that cannot work, [`MediaError::Socket`] if a socket cannot be bound.
    pub fn start(config: MediaConfig) -> Result<Arc<MediaPlane>, MediaError> {
        config.check()?;
        let counters = Arc::new(Counters::default());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let mux = Mux::open(&config, &counters, &stop, &tasks)?;
        let plane = Arc::new(MediaPlane {
            config,
            mux,
            engine: Arc::new(WebrtcEngine),
            registry: Registry::new(counters, tasks.clone()),
            joins: Arc::new(Semaphore::new(JOINS_AT_A_TIME)),
            closing: CancellationToken::new(),
            stop,
            tasks,
        });
        plane.report_metrics();
        Ok(plane)
    }

    /// The addresses that answers name, best first.
    #[must_use]
    pub fn candidates(&self) -> &[SocketAddr] {
        self.mux.candidates()
    }

    /// Takes the resident's offer. `allowed` are the kinds the resident agreed to; the others are answered as inactive
    /// and dropped if they come all the same. A second publisher in a room replaces the first as soon as it connects;
    /// viewers stay. A further offer of the connection that publishes already goes on with it, as
    /// [`Self::renegotiate`] does, with `allowed` from now on. The offer needs no candidates.
    ///
    /// # Errors
    /// See [`MediaError`]; [`MediaError::advice`] says what the client may do.
    pub async fn publish(
        &self,
        room: RoomId,
        offer: &str,
        allowed: Kinds,
    ) -> Result<Answer, MediaError> {
        let outcome = self.try_publish(room, offer, allowed).await;
        self.count(&outcome);
        outcome
    }

    async fn try_publish(
        &self,
        room: RoomId,
        offer: &str,
        allowed: Kinds,
    ) -> Result<Answer, MediaError> {
        let (_permit, offer) = self.receive(offer).await?;
        if let Some(peer) = self.registry.same_peer(room, true, &offer.connection) {
            if let Some(room) = self.registry.room(room) {
                room.allow(allowed);
            }
            return self.go_on(peer, &offer).await;
        }
        let plan = Plan {
            receive: allowed,
            send: Kinds::NONE.with(Kind::Audio, true),
            every_video_codec: false,
        };
        if plan.within(&offer).receive == Kinds::NONE {
            return Err(MediaError::NothingAllowed);
        }
        let reservation = self.registry.reserve(room, None)?;
        let codec = offer
            .section(Kind::Video)
            .and_then(|s| s.codecs.first().copied());
        // Before the engine is asked: a withdrawal that comes meanwhile must not be overwritten afterwards.
        reservation.0.allow(allowed);
        self.join(offer, plan, Part::Publisher { codec }, reservation)
            .await
    }

    /// Takes the offer of a console or a supervisor. The room need not have a publisher yet. With [`ViewerRole::Talk`]
    /// the viewer's sound is forwarded to the resident; of several talkers the one that came last is heard. A further
    /// offer of a connection that watches already goes on with it, in the role given now.
    ///
    /// # Errors
    /// [`MediaError::CodecMissing`] if the viewer cannot decode the publisher's picture, and see [`MediaError`].
    pub async fn watch(
        &self,
        room: RoomId,
        offer: &str,
        role: ViewerRole,
    ) -> Result<Answer, MediaError> {
        let outcome = self.try_watch(room, offer, role).await;
        self.count(&outcome);
        outcome
    }

    async fn try_watch(
        &self,
        room: RoomId,
        offer: &str,
        role: ViewerRole,
    ) -> Result<Answer, MediaError> {
        let (_permit, offer) = self.receive(offer).await?;
        let plan = viewer_plan(role);
        if let Some(peer) = self.registry.same_peer(room, false, &offer.connection) {
            if let Some(room) = self.registry.room(room) {
                room.ask(|done| Notice::Role { peer, role, done }).await;
            }
            self.registry.set_plan(peer, plan);
            return self.go_on(peer, &offer).await;
        }
        if plan.within(&offer).send == Kinds::NONE {
            return Err(MediaError::NothingAllowed);
        }
        let most = self.config.max_viewers_per_room;
        let reservation = self.registry.reserve(room, Some(most))?;
        if let (Some(publisher), Some(video)) = (reservation.0.codec(), offer.section(Kind::Video))
            && !video.codecs.contains(&publisher)
        {
            return Err(MediaError::CodecMissing { publisher });
        }
        self.join(offer, plan, Part::Viewer { role }, reservation)
            .await
    }

    /// Takes a further offer of a peer that is here: a camera after the microphone, a viewer that begins to talk, an
    /// ICE restart after a change of network. Kinds the resident agreed to since are named with [`Self::permit`] first.
    ///
    /// # Errors
    /// [`MediaError::NoSuchPeer`] if the peer is gone, and see [`MediaError`].
    pub async fn renegotiate(&self, peer: PeerId, offer: &str) -> Result<Answer, MediaError> {
        let outcome = self.try_renegotiate(peer, offer).await;
        self.count(&outcome);
        outcome
    }

    async fn try_renegotiate(&self, peer: PeerId, offer: &str) -> Result<Answer, MediaError> {
        let (_permit, offer) = self.receive(offer).await?;
        self.go_on(peer, &offer).await
    }

    /// Answers a further offer of `peer`.
    async fn go_on(&self, peer: PeerId, offer: &Offer) -> Result<Answer, MediaError> {
        let entry = self.registry.peer(peer).ok_or(MediaError::NoSuchPeer)?;
        let mut plan = entry.plan;
        if entry.publisher {
            plan.receive = entry.room.allowed();
        }
        let plan = plan.within(offer);
        let (leg, theirs) = (Arc::clone(&entry.leg), offer.clone());
        let raw = self
            .guarded(async move { leg.renegotiate(&theirs, plan).await })
            .await?;
        if let (true, Some(video)) = (entry.publisher, offer.section(Kind::Video)) {
            entry.room.set_codec(video.codecs.first().copied());
        }
        let sdp = answer::finish(&raw, offer, &|s| plan.direction(s), self.mux.candidates());
        Ok(Answer { sdp, peer })
    }

    /// Closes one peer: ordered by the call, answered when its connection is gone.
    ///
    /// # Errors
    /// [`MediaError::NoSuchPeer`] if it is not here.
    pub fn close_peer(
        &self,
        peer: PeerId,
    ) -> impl Future<Output = Result<(), MediaError>> + Send + use<> {
        let reason = CloseReason::Asked;
        let entry = self.registry.peer(peer).ok_or(MediaError::NoSuchPeer);
        let leave = move |done| Notice::Leave { peer, reason, done };
        let left = entry.map(|entry| entry.room.order(leave));
        async move {
            left?.await;
            Ok(())
        }
    }

    /// The resident stopped `kind`, or withdrew consent to it. From this call on no packet of that kind is let in, whatever the
    /// resident's device does; with the answer none is under way any more. A room that is not there has nothing to stop.
    ///
    /// Calls for one room act in their order, whether their answers are awaited or not.
    pub fn revoke(&self, room: RoomId, kind: Kind) -> impl Future<Output = ()> + Send + use<> {
        self.set_allowed(room, kind, false)
    }

    /// The resident agreed to `kind` (again), ordered by the call as [`Self::revoke`] is. If its media still flows, viewers see it
    /// from the next key frame on.
    pub fn permit(&self, room: RoomId, kind: Kind) -> impl Future<Output = ()> + Send + use<> {
        self.set_allowed(room, kind, true)
    }

    fn set_allowed(
        &self,
        room: RoomId,
        kind: Kind,
        on: bool,
    ) -> impl Future<Output = ()> + Send + use<> {
        let ordered = self.registry.room(room).map(|room| {
            room.allow_kind(kind, on);
            room.order(move |done| Notice::Allowed { kind, done })
        });
        async move {
            if let Some(ordered) = ordered {
                ordered.await;
            }
        }
    }

    /// Closes everyone who is in a room at the time of the call; answered when their connections are gone.
    pub fn close_room(&self, room: RoomId) -> impl Future<Output = ()> + Send + use<> {
        let reason = CloseReason::Asked;
        let end = move |done| Notice::End { reason, done };
        let ordered = self.registry.room(room).map(|room| room.order(end));
        async move {
            if let Some(ordered) = ordered {
                ordered.await;
            }
        }
    }

    /// How many watch a room, so that the resident can see it.
    #[must_use]
    pub fn viewer_count(&self, room: RoomId) -> ViewerCount {
        self.registry
            .room(room)
            .map(|r| r.viewers())
            .unwrap_or_default()
    }

    /// A stream of what happens from now on. Bounded: who reads too slowly is told how much was missed.
    #[must_use]
    pub fn events(&self) -> MediaEvents {
        MediaEvents(self.registry.events.subscribe())
    }

    /// The numbers now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let rooms = self.registry.rooms();
        let viewers = rooms.iter().map(|r| r.viewers());
        Snapshot {
            rooms: rooms.len(),
            peers: self.registry.peers(),
            viewers: viewers.fold(ViewerCount::default(), |sum, v| ViewerCount {
                talk: sum.talk + v.talk,
                listen: sum.listen + v.listen,
            }),
            registered: self.mux.registered(),
            totals: self.registry.counters.totals(),
        }
    }

    /// Closes every peer and the sockets. New offers are refused from the first moment on.
    pub async fn shutdown(&self) {
        self.closing.cancel();
        let rooms = self.registry.rooms();
        let reason = CloseReason::Shutdown;
        let everyone = async {
            for room in rooms {
                room.ask(|done| Notice::End { reason, done }).await;
            }
        };
        let told = timeout(SHUTDOWN_WITHIN, everyone).await.is_ok();
        self.stop.cancel();
        self.tasks.close();
        if !told || timeout(SHUTDOWN_WITHIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("the media plane did not close every peer in time");
        }
    }

    /// Waits in line, then reads the offer off the async threads.
    async fn receive(&self, offer: &str) -> Result<(OwnedSemaphorePermit, Offer), MediaError> {
        if self.closing.is_cancelled() {
            return Err(MediaError::Closing);
        }
        if offer.len() > callbox_proto::bounds::SDP_MAX_BYTES {
            // Not worth a copy.
            Offer::read(offer)?;
        }
        let line = timeout(JOIN_LINE, Arc::clone(&self.joins).acquire_owned()).await;
        let permit = line
            .map_err(|_| MediaError::Busy)?
            .map_err(|_| MediaError::Closing)?;
        let text = offer.to_owned();
        let reading = tokio::task::spawn_blocking(move || {
            let offer = Offer::read(&text)?;
            // The engine's own parser gets its first look here too, where it blocks nobody.
            webrtc::peer_connection::RTCSessionDescription::offer(offer.text.clone())
                .map_err(|_| MediaError::Unusable)?;
            Ok(offer)
        });
        match timeout(READ_WITHIN, reading).await {
            Ok(Ok(offer)) => offer.map(|offer| (permit, offer)),
            Ok(Err(_)) => {
                self.registry.counters.faults.one();
                Err(MediaError::Unusable)
            }
            Err(_) => Err(MediaError::TooSlow),
        }
    }

    async fn join(
        &self,
        offer: Offer,
        plan: Plan,
        part: Part,
        reservation: Reservation,
    ) -> Result<Answer, MediaError> {
        if self.registry.peers() >= self.config.max_peers {
            return Err(MediaError::Busy);
        }
        let room = Arc::clone(&reservation.0);
        let peer = self.registry.new_peer();
        let accepted = self.accept(&offer, plan, peer, &reservation).await?;
        let within = plan.within(&offer);
        let sdp = answer::finish(
            &accepted.answer,
            &offer,
            &|s| within.direction(s),
            self.mux.candidates(),
        );
        let leg = accepted.leg;
        let entry = PeerEntry {
            room: Arc::clone(&room),
            leg: Arc::clone(&leg),
            plan,
            publisher: matches!(part, Part::Publisher { .. }),
            connection: offer.connection.as_str().into(),
        };
        self.registry.add_peer(peer, entry);
        let member = Box::new(Member::new(Arc::clone(&leg), part));
        if !room.ask(|done| Notice::Join { peer, member, done }).await {
            self.registry.remove_peer(peer);
            leg.close().await;
            return Err(MediaError::Busy);
        }
        Ok(Answer { sdp, peer })
    }

    async fn accept(
        &self,
        offer: &Offer,
        plan: Plan,
        peer: PeerId,
        reservation: &Reservation,
    ) -> Result<Accepted, MediaError> {
        let port = self.mux.port();
        let accept = Accept {
            offer: offer.clone(),
            plan: plan.within(offer),
            port: Arc::clone(&port),
            sink: Arc::new(RoomSink {
                room: Arc::clone(&reservation.0),
                peer,
                counters: Arc::clone(&self.registry.counters),
            }),
        };
        let engine = Arc::clone(&self.engine);
        let outcome = self
            .guarded(async move { engine.accept(accept).await })
            .await;
        if outcome.is_err() {
            // Ends whatever was begun: a connection without a port stops by itself.
            port.close();
        }
        outcome
    }

    /// Runs engine code where neither a panic nor a stall of it can hurt the caller.
    async fn guarded<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, EngineError>> + Send + 'static,
    ) -> Result<T, MediaError> {
        let task = self.tasks.spawn(work);
        let abort = task.abort_handle();
        match timeout(ACCEPT_WITHIN, task).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(e))) => {
                tracing::debug!(error = %e, "the media engine refused an offer");
                Err(MediaError::Unusable)
            }
            Ok(Err(_)) => {
                self.registry.counters.faults.one();
                tracing::error!("the media engine failed on an offer");
                Err(MediaError::Unusable)
            }
            Err(_) => {
                abort.abort();
                Err(MediaError::TooSlow)
            }
        }
    }

    fn count(&self, outcome: &Result<Answer, MediaError>) {
        let counters = &self.registry.counters;
        match outcome {
            Ok(_) => counters.offers_answered.one(),
            Err(_) => counters.offers_refused.one(),
        }
    }

    fn report_metrics(self: &Arc<Self>) {
        let (plane, stop) = (Arc::downgrade(self), self.stop.clone());
        self.tasks.spawn(stop.run_until_cancelled_owned(async move {
            let mut every = tokio::time::interval(METRICS_EVERY);
            loop {
                every.tick().await;
                let Some(plane) = plane.upgrade() else {
                    return;
                };
                plane.publish_metrics();
            }
        }));
    }

    fn publish_metrics(&self) {
        #[allow(clippy::cast_precision_loss)] // counts of sockets and rooms are far below 2^52
        fn gauge(name: &'static str, value: usize) {
            metrics::gauge!(name).set(value as f64);
        }
        let now = self.snapshot();
        gauge("callbox_media_rooms", now.rooms);
        gauge("callbox_media_peers", now.peers);
        gauge("callbox_media_viewers_talk", now.viewers.talk);
        gauge("callbox_media_viewers_listen", now.viewers.listen);
        self.registry.counters.publish();
    }
}

impl Drop for MediaPlane {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn viewer_plan(role: ViewerRole) -> Plan {
    Plan {
        receive: Kinds::NONE.with(Kind::Audio, role == ViewerRole::Talk),
        send: Kinds::BOTH,
        every_video_codec: true,
    }
}

#[cfg(test)]
impl MediaPlane {
    /// Makes the task of a room fail.
    pub(crate) fn break_room(&self, room: RoomId) {
        if let Some(room) = self.registry.room(room) {
            room.tell(Notice::Fail);
        }
    }
}
