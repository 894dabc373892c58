//! Deletions of photos between the session log and the evidence store.
//!
//! Owns: the order: the entry is in the log for good, then bytes are destroyed, then an entry says so; and when the agency's time for photos is
//! looked at. Must not: decide that photos are deleted (the domain does), or know how files lie. Called by: `app`, which starts it.
//!
//! Everything here can be cut at any point and done again by any node: what is deleted and not destroyed stands first in the index, and
//! destroying twice is destroying once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, SessionId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::photos::preview_name;
use crate::evidence::names::{
    AgencyName, BadName, ContentHash, Owner, PhotoId, SessionRef, UploadId,
};
use crate::evidence::store::{EvidenceStore, Released, StoreError};
use crate::node::Node;
use crate::node::deletions::{NamedPhoto, Walk};

/// How often a node looks for deletions that nobody carries out: whoever decides one does it at once.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How soon it looks again when something could not be destroyed: an entry that is not safe yet, an upload that somebody does not let go of.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How often a cluster looks for photos whose time is over. Times are days: an hour more does not matter, and each look goes through the
/// index of everything that was finished before.
const EXPIRE_EVERY: Duration = Duration::from_secs(60 * 60);
/// Sessions whose photos are deleted by their time in one look: an id and a time of each are kept in memory. More come at once after.
const EXPIRED_MAX: usize = 10_000;
/// After so many the log is told how far it is.
const TOLD_EVERY: usize = 100;

/// Why a deletion is not carried out now. It is tried again with the next look.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the session log: {}", .0.sentence())]
    Log(ErrorCode),
    #[error("the evidence store: {0}")]
    Store(#[from] StoreError),
    #[error("a name: {0}")]
    Name(#[from] BadName),
    #[error("the entry is not safe yet, and nothing is destroyed before")]
    NotSafe,
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::Log(code)
    }
}

/// Carries deletions out.
pub struct Deletions {
    node: Arc<Node>,
    store: Arc<dyn EvidenceStore>,
    agencies: Vec<AgencyId>,
}

impl Deletions {
    /// Joins them and begins; ends with the token.
    pub fn start(node: &Arc<Node>, store: Arc<dyn EvidenceStore>, stop: CancellationToken) {
        let mut agencies: Vec<_> = node.agency_ids().into_iter().collect();
        agencies.sort_unstable();
        let deletions = Self {
            node: Arc::clone(node),
            store,
            agencies,
        };
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = deletions.run() => {}
            }
        });
    }

    /// Side by side: whoever agrees to a deletion does not wait for ten thousand whose time is over.
    async fn run(&self) {
        tokio::join!(self.carry_all_out(), self.expire_all());
    }

    async fn carry_all_out(&self) {
        let mut next_look = Instant::now();
        loop {
            let told = tokio::select! {
                () = self.node.photos_deleted() => true,
                () = tokio::time::sleep_until(next_look) => false,
            };
            let mut waiting = 0;
            for agency in &self.agencies {
                waiting += self.carry_out(agency).await;
            }
            metrics::gauge!("callbox_photo_deletions_waiting").set(waiting as f64);
            let now = Instant::now();
            if !told {
                next_look = now + LOOK_EVERY;
            }
            if waiting > 0 {
                next_look = next_look.min(now + AGAIN_AFTER);
            }
        }
    }

    async fn expire_all(&self) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut next_ms = HashMap::new();
        loop {
            tick.tick().await;
            for agency in &self.agencies {
                self.expire_when_due(agency, &mut next_ms).await;
            }
        }
    }

    /// Carries out what is deleted and not destroyed; answers how many sessions are left.
    async fn carry_out(&self, agency: &AgencyId) -> usize {
        let found = match self.node.photos_to_destroy(agency).await {
            Ok(found) => found,
            Err(code) => {
                tracing::warn!(%agency, ?code, "deletions could not be looked for; tried again");
                return 0;
            }
        };
        let mut left = 0;
        for session in found {
            if let Err(error) = self.destroy(agency, session).await {
                tracing::warn!(%agency, %session, %error, "deleted photos are not destroyed yet; tried again");
                left += 1;
            }
        }
        left
    }

    /// Destroys what a session's photos have left anywhere, and says so in its log.
    async fn destroy(&self, agency: &AgencyId, session: SessionId) -> Result<(), Failure> {
        if !self.node.photos_may_be_destroyed(session).await? {
            return Err(Failure::NotSafe);
        }
        let name = AgencyName::parse(agency.as_str())?;
        self.know_owners(agency, &name).await?;
        let named = self.node.named_photos(session).await?;
        // Photos of this session with the same content count once.
        let mut originals = HashMap::new();
        for photo in &named.photos {
            self.store
                .destroy_copy(&name, &preview_name(photo.photo))
                .await?;
            let upload = upload_of(&name, session, photo)?;
            self.store.forget(&upload).await?;
            if let Some(hash) = original_of(photo)? {
                let released = self.store.release(&name, &hash, &upload).await?;
                originals.insert(hash, released);
            }
        }
        let shared = originals.values();
        let shared = shared.filter(|what| **what == Released::Shared).count();
        let destroyed = originals.len() - shared;
        self.node
            .note_photos_destroyed(session, u32::try_from(shared).unwrap_or(u32::MAX))
            .await?;
        metrics::counter!("callbox_photos_destroyed_total").increment(destroyed as u64);
        tracing::info!(%agency, %session, photos = named.photos.len(), destroyed, shared, "deleted photos are destroyed");
        Ok(())
    }

    /// Sees to it that every original of the agency says whose it is: those that an older version sealed do not. Once in the life of a
    /// store, before its first deletion.
    async fn know_owners(&self, agency: &AgencyId, name: &AgencyName) -> Result<(), Failure> {
        if self.store.owners_are_known(name).await? {
            return Ok(());
        }
        tracing::info!(%agency, "before photos are destroyed for the first time, every photo is noted with its original");
        let (mut noted, mut walk) = (0_u64, Some(Walk::default()));
        while let Some(from) = walk {
            let (sessions, next) = self.node.sessions_with_photos(agency, from).await?;
            for session in sessions {
                for photo in self.node.named_photos(session).await?.photos {
                    if let Some(hash) = original_of(&photo)? {
                        let upload = upload_of(name, session, &photo)?;
                        self.store.own(name, &hash, &upload).await?;
                        noted += 1;
                    }
                }
            }
            walk = next;
        }
        self.store.note_owners_known(name).await?;
        tracing::info!(%agency, photos = noted, "every photo is noted with its original");
        Ok(())
    }

    /// Deletes photos whose time is over, once in a while and at one node of a cluster.
    async fn expire_when_due(&self, agency: &AgencyId, next_ms: &mut HashMap<AgencyId, u64>) {
        let keeps_for_ever = self
            .node
            .agency(agency)
            .is_none_or(|known| known.policy().photos_days().is_none());
        let now_ms = self.node.clock().monotonic_ms();
        let due = next_ms.get(agency).is_none_or(|next| now_ms >= *next);
        if keeps_for_ever || !due {
            return;
        }
        let every_ms = u64::try_from(EXPIRE_EVERY.as_millis()).unwrap_or(u64::MAX);
        let turn = format!("photos/{agency}");
        match self.node.takes_turn(&turn, every_ms).await {
            Ok(true) => {}
            // Another one does it. Should that one be lost, somebody takes the turn within the hour.
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%agency, %error, "photos whose time is over could not be looked for; tried again");
                return;
            }
        }
        match self.expire(agency).await {
            Ok(true) => {}
            Ok(false) => {
                next_ms.insert(agency.clone(), now_ms.saturating_add(every_ms));
            }
            Err(error) => {
                tracing::warn!(%agency, %error, "photos whose time is over could not be deleted; tried again")
            }
        }
    }

    /// One look: the oldest first. Answers whether there are more.
    async fn expire(&self, agency: &AgencyId) -> Result<bool, Failure> {
        let past = self.node.photos_past(agency, EXPIRED_MAX).await?;
        if past.sessions.is_empty() {
            return Ok(false);
        }
        let (mut deleted, mut failed, all) = (0_usize, 0_usize, past.sessions.len());
        for (place, session) in past.sessions.into_iter().enumerate() {
            if self.node.expire_photos(session).await? {
                deleted += 1;
                metrics::counter!("callbox_photos_expired_total").increment(1);
                if let Err(error) = self.destroy(agency, session).await {
                    tracing::warn!(%agency, %session, %error, "deleted photos are not destroyed yet; tried again");
                    failed += 1;
                }
            }
            if (place + 1) % TOLD_EVERY == 0 {
                tracing::info!(%agency, looked_at = place + 1, of = all, deleted, "photos whose time is over are deleted");
            }
        }
        if deleted > 0 {
            tracing::info!(%agency, sessions = deleted, not_destroyed_yet = failed, more = past.more, "photos whose time was over were deleted");
        }
        // Without any progress the next look would find the same.
        Ok(past.more && deleted > 0)
    }
}

fn original_of(photo: &NamedPhoto) -> Result<Option<ContentHash>, BadName> {
    photo.sha256.as_deref().map(ContentHash::parse).transpose()
}

/// The upload that brought a photo.
fn upload_of(
    agency: &AgencyName,
    session: SessionId,
    photo: &NamedPhoto,
) -> Result<UploadId, BadName> {
    Ok(UploadId::of(&Owner {
        agency: agency.clone(),
        session: SessionRef::parse(&session.to_string())?,
        photo: PhotoId::parse(&photo.photo.to_string())?,
    }))
}
