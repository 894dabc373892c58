//! The task of one room. It alone touches the members; everyone else sends it notices and packets.
//!
//! Owns: the members, who has the floor, and when the room is over. Must not: wait for a peer: what one cannot take now it does not get. Called by:
//! `registry`, which starts it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::gate::Gate;
use super::inbox::{Inbox, Notice, Room};
use super::ingress::Ingress;
use super::member::{Forwarded, Member, Part, Placed};
use super::picture::begins_key_frame;
use super::registry::Registry;
use crate::media::engine::{LegState, PacketIn};
use crate::media::event::{CloseReason, MediaWhat};
use crate::media::kinds::{Kind, PeerId, ViewerRole};

/// How often deadlines of peers are looked at, and lost notices caught up with.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Actor {
    room: Arc<Room>,
    inbox: Inbox,
    registry: Arc<Registry>,
    members: HashMap<PeerId, Member>,
    /// The connection whose media is forwarded.
    publisher: Option<PeerId>,
    /// A newer connection of the publisher, until it stands.
    successor: Option<PeerId>,
    /// Viewers that may talk, in the order they connected. The last one has the floor: two voices cannot be mixed
    /// without decoding them, and who picks up last is who speaks now.
    talkers: Vec<PeerId>,
    gate: Gate,
    streams: u64,
    next_look: Instant,
}

impl Actor {
    pub(super) fn new(room: Arc<Room>, inbox: Inbox, registry: Arc<Registry>) -> Actor {
        Actor {
            room,
            inbox,
            registry,
            members: HashMap::new(),
            publisher: None,
            successor: None,
            talkers: Vec::new(),
            gate: Gate::default(),
            streams: 0,
            next_look: Instant::now() + LOOK_EVERY,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let wake = self.wake_at();
            tokio::select! {
                biased;
                notice = self.inbox.notices.recv() => match notice {
                    Some(notice) => self.notice(notice),
                    None => return,
                },
                packet = self.inbox.packets.recv() => {
                    if let Some((peer, packet)) = packet {
                        self.packet(peer, &packet);
                    }
                }
                () = tokio::time::sleep_until(wake.into()) => {}
            }
            let now = Instant::now();
            if now >= self.next_look {
                self.next_look = now + LOOK_EVERY;
                self.look(now);
            }
            self.ask_for_key_frame(now);
            if self.members.is_empty()
                && self.inbox.notices.is_empty()
                && self.registry.retire(&self.room)
            {
                return;
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let asking = self
            .key_frame_from()
            .and_then(|_| self.gate.due(Instant::now()));
        asking.map_or(self.next_look, |due| due.min(self.next_look))
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Join { peer, member, done } => {
                self.join(peer, *member);
                let _ = done.send(());
            }
            Notice::Leave { peer, reason, done } => self.leave(peer, reason, Some(done)),
            Notice::State { peer, state } => self.state(peer, state, Instant::now()),
            Notice::Role { peer, role, done } => {
                self.set_role(peer, role);
                let _ = done.send(());
            }
            Notice::KeyFrameWanted => self.gate.want(),
            Notice::Allowed { kind, done } => {
                self.interrupt(kind);
                let _ = done.send(());
            }
            Notice::End { reason, done } => self.end(reason, done),
            Notice::Look => {}
            #[cfg(test)]
            Notice::Fail => panic!("asked to fail"),
        }
    }

    fn join(&mut self, peer: PeerId, member: Member) {
        match &member.part {
            Part::Publisher { codec } => {
                if codec.is_some() {
                    self.room.set_codec(*codec);
                }
                if self.publisher.is_none() {
                    self.publisher = Some(peer);
                    self.gate.reset();
                } else if let Some(older) = self.successor.replace(peer) {
                    self.leave(older, CloseReason::Replaced, None);
                }
            }
            Part::Viewer { role } => self.room.count_viewer(*role, true),
        }
        self.members.insert(peer, member);
    }

    fn set_role(&mut self, peer: PeerId, role: ViewerRole) {
        let Some(member) = self.members.get_mut(&peer) else {
            return;
        };
        if let Part::Viewer { role: before } = &mut member.part
            && *before != role
        {
            self.room.count_viewer(*before, false);
            self.room.count_viewer(role, true);
            *before = role;
            self.talkers.retain(|t| *t != peer);
            if role == ViewerRole::Talk && member.connected() {
                self.talkers.push(peer);
            }
        }
    }

    /// Takes a peer out at once; its connection is closed beside the room.
    fn leave(&mut self, peer: PeerId, reason: CloseReason, done: Option<oneshot::Sender<()>>) {
        let Some(member) = self.members.remove(&peer) else {
            // Gone already: whoever asked has what they wanted.
            tell(done);
            return;
        };
        if let Part::Viewer { role } = member.part {
            self.room.count_viewer(role, false);
        }
        self.talkers.retain(|t| *t != peer);
        if self.successor == Some(peer) {
            self.successor = None;
        }
        if self.publisher == Some(peer) {
            self.publisher = self.successor.take();
            if self.publisher.is_none() {
                self.room.set_codec(None);
            }
            self.gate.reset();
        }
        self.registry.remove_peer(peer);
        let (registry, room) = (Arc::clone(&self.registry), self.room.id);
        self.registry.tasks.spawn(async move {
            member.leg.close().await;
            registry.emit(room, peer, MediaWhat::Closed { reason });
            tell(done);
        });
    }

    fn end(&mut self, reason: CloseReason, done: oneshot::Sender<()>) {
        let peers: Vec<PeerId> = self.members.keys().copied().collect();
        let mut closing = Vec::new();
        for peer in peers {
            let (closed, closes) = oneshot::channel();
            self.leave(peer, reason, Some(closed));
            closing.push(closes);
        }
        self.registry.tasks.spawn(async move {
            for closes in closing {
                let _ = closes.await;
            }
            let _ = done.send(());
        });
    }

    fn state(&mut self, peer: PeerId, state: LegState, now: Instant) {
        let Some(member) = self.members.get_mut(&peer) else {
            return;
        };
        if member.state == state {
            return;
        }
        member.set_state(state, now);
        let talks = member.may_talk();
        let again = member.was_connected();
        match state {
            LegState::Connected => {
                member.note_connected();
                if again && self.publisher == Some(peer) {
                    // What was sent while the path changed is lost, and nobody repairs it.
                    Kind::ALL.into_iter().for_each(|kind| self.interrupt(kind));
                }
                if talks && !self.talkers.contains(&peer) {
                    self.talkers.push(peer);
                }
                if self.successor == Some(peer) {
                    self.succeed();
                }
                self.gate.want();
                self.registry.emit(self.room.id, peer, MediaWhat::Connected);
            }
            LegState::Disconnected => {
                self.registry
                    .emit(self.room.id, peer, MediaWhat::Disconnected);
            }
            LegState::Failed => self.leave(peer, CloseReason::Failed, None),
            LegState::Closed => self.leave(peer, CloseReason::Left, None),
            LegState::Connecting => {}
        }
    }

    /// The publisher's newer connection stands: it takes over and the older one goes.
    fn succeed(&mut self) {
        let older = self.publisher.take();
        self.publisher = self.successor.take();
        self.gate.reset();
        self.interrupt(Kind::Video);
        if let Some(older) = older {
            self.leave(older, CloseReason::Replaced, None);
        }
    }

    /// A kind begins anew for every viewer: pictures with the next key frame, and neither with a hole.
    fn interrupt(&mut self, kind: Kind) {
        // What flows from now on begins anew, and is told so.
        for member in self.members.values_mut().filter(|m| m.is_publisher()) {
            member.flows[kind.index()] = false;
        }
        for member in self.members.values_mut().filter(|m| m.is_viewer()) {
            member.leave_out(kind);
        }
        if kind == Kind::Video {
            self.gate.want();
        }
    }

    fn look(&mut self, now: Instant) {
        let states: Vec<_> = self
            .members
            .iter()
            .map(|(p, m)| (*p, m.leg.state()))
            .collect();
        for (peer, state) in states {
            self.state(peer, state, now);
        }
        let overdue: Vec<_> = self
            .members
            .iter()
            .filter_map(|(p, m)| Some((*p, m.overdue(now)?)))
            .collect();
        for (peer, reason) in overdue {
            self.leave(peer, reason, None);
        }
    }

    /// The publisher to ask for a key frame, if one can come and someone would see it.
    fn key_frame_from(&self) -> Option<&Member> {
        let publisher = self.members.get(&self.publisher?)?;
        let watched = self
            .members
            .values()
            .any(|m| m.is_viewer() && m.connected());
        (publisher.connected() && watched && self.room.allowed().video).then_some(publisher)
    }

    fn ask_for_key_frame(&mut self, now: Instant) {
        if !self.gate.is_due(now) {
            return;
        }
        let Some(publisher) = self.key_frame_from() else {
            return;
        };
        let sent = publisher.leg.request_key_frame();
        self.gate.asked(now, sent);
        if sent {
            self.registry.counters.key_frame_requests.one();
        }
    }

    fn packet(&mut self, peer: PeerId, packet: &PacketIn) {
        let kind = packet.codec.kind();
        let Some(member) = self.members.get(&peer) else {
            return;
        };
        let from_publisher = member.is_publisher();
        let wanted = if from_publisher {
            self.publisher == Some(peer) && self.room.allowed().has(kind)
        } else {
            kind == Kind::Audio && self.talkers.last() == Some(&peer)
        };
        if !wanted {
            self.registry.counters.packets_refused.one();
            return;
        }
        let Some(placed) = self.place(peer, packet, Instant::now()) else {
            self.registry.counters.packets_repeated.one();
            return;
        };
        self.registry.counters.packets_in.one();
        if !from_publisher {
            if let Some(publisher) = self.publisher {
                self.forward(publisher, placed);
            }
            return;
        }
        if kind == Kind::Video {
            self.room.set_codec(Some(packet.codec));
        }
        self.fan_out(placed);
    }

    /// Finds the packet's place and tells what is seen for the first time.
    fn place<'a>(
        &mut self,
        peer: PeerId,
        packet: &'a PacketIn,
        now: Instant,
    ) -> Option<Placed<'a>> {
        let kind = packet.codec.kind();
        let member = self.members.get_mut(&peer)?;
        let ingress = &mut member.ingress[kind.index()];
        let (stream, place) = match ingress {
            Some((stream, ingress)) if ingress.ssrc() == packet.ssrc => {
                let place = ingress.admit(packet.sequence, now)?;
                if kind == Kind::Video && ingress.gave_up(now) {
                    self.gate.want();
                }
                (*stream, place)
            }
            _ => {
                self.streams += 1;
                let begun = Ingress::start(packet.ssrc, packet.sequence);
                let place = begun.first();
                *ingress = Some((self.streams, begun));
                (self.streams, place)
            }
        };
        let key = begins_key_frame(packet.codec, &packet.payload);
        let fresh_key = key && member.last_key_frame != Some(packet.timestamp);
        let first_key = key && member.last_key_frame.is_none();
        if fresh_key {
            member.last_key_frame = Some(packet.timestamp);
            self.registry.counters.key_frames.one();
            self.gate.served();
        }
        if !std::mem::replace(&mut member.flows[kind.index()], true) {
            let what = MediaWhat::FirstPacket { kind };
            self.registry.emit(self.room.id, peer, what);
        }
        if first_key {
            self.registry
                .emit(self.room.id, peer, MediaWhat::FirstKeyFrame);
        }
        Some(Placed {
            stream,
            place,
            begins_key_frame: key,
            packet,
        })
    }

    fn fan_out(&mut self, placed: Placed<'_>) {
        let now = Instant::now();
        let (room, registry) = (self.room.id, &self.registry);
        let (mut sent, mut dropped) = (0, 0);
        for (peer, member) in self.members.iter_mut().filter(|(_, m)| m.is_viewer()) {
            match member.forward(placed, now) {
                Forwarded::Yes => sent += 1,
                Forwarded::Skipped => {}
                Forwarded::Dropped => dropped += 1,
                Forwarded::CannotDecode => registry.emit(room, *peer, MediaWhat::CodecMissing),
            }
        }
        registry.counters.packets_out.add(sent);
        registry.counters.packets_dropped.add(dropped);
        if dropped > 0 && placed.packet.codec.kind() == Kind::Video {
            self.gate.want();
        }
    }

    fn forward(&mut self, to: PeerId, placed: Placed<'_>) {
        let counters = &self.registry.counters;
        match self
            .members
            .get_mut(&to)
            .map(|m| m.forward(placed, Instant::now()))
        {
            Some(Forwarded::Yes) => counters.packets_out.one(),
            Some(Forwarded::Dropped) => counters.packets_dropped.one(),
            _ => {}
        }
    }
}

/// Tells whoever asked that it is done. They may have gone.
fn tell(done: Option<oneshot::Sender<()>>) {
    if let Some(done) = done {
        let _ = done.send(());
    }
}
