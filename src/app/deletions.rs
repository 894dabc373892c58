//! Deletions between the session log and the stores: of photos, and of what was written.
//!
//! Owns: the order: the entry is in the log for good, then bytes are destroyed, then an entry says so; and when the agency's times are
//! looked at. Must not: decide that anything is deleted (the domain does), or know how files or records lie. Called by: `app`, which starts it.
//!
//! Everything here can be cut at any point and done again by any node: what is deleted and not destroyed stands first in the index, and
//! destroying twice is destroying once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use callbox_domain::policy::Material;
use callbox_domain::session::GatewayCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, SessionId};
use tokio::sync::Mutex;
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
/// How often a cluster looks for what is over its time. Times are days: an hour more does not matter, and each look goes through the
/// index of everything that was finished before.
const EXPIRE_EVERY: Duration = Duration::from_secs(60 * 60);
/// Sessions of which something is deleted by its time in one look: an id and a time of each are kept in memory. More come at once after.
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
    /// One session at a time: both ways to it may come upon the same one.
    turn: Mutex<()>,
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
            turn: Mutex::default(),
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
                () = self.node.deleted() => true,
                () = tokio::time::sleep_until(next_look) => false,
            };
            let mut left = Vec::new();
            for agency in &self.agencies {
                left.extend(self.carry_out(agency).await);
            }
            let of = |material| left.iter().filter(|left| **left == material).count();
            metrics::gauge!("callbox_photo_deletions_waiting").set(of(Material::Photos) as f64);
            metrics::gauge!("callbox_word_deletions_waiting").set(of(Material::Words) as f64);
            let now = Instant::now();
            if !told {
                next_look = now + LOOK_EVERY;
            }
            if !left.is_empty() {
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
                for material in Material::ALL {
                    self.expire_when_due(agency, material, &mut next_ms).await;
                }
            }
        }
    }

    /// Carries out what is deleted and not destroyed; answers what is left, once for each session.
    async fn carry_out(&self, agency: &AgencyId) -> Vec<Material> {
        let found = match self.node.to_destroy(agency).await {
            Ok(found) => found,
            Err(code) => {
                tracing::warn!(%agency, ?code, "deletions could not be looked for; tried again");
                return Vec::new();
            }
        };
        let mut left = Vec::new();
        for (session, material) in found {
            if !self.is_destroyed(agency, session, material).await {
                left.push(material);
            }
        }
        left
    }

    /// Destroys it, and tells the log where that did not work.
    async fn is_destroyed(&self, agency: &AgencyId, session: SessionId, what: Material) -> bool {
        let destroyed = self.destroy(agency, session, what).await;
        if let Err(error) = &destroyed {
            let what = what.word();
            tracing::warn!(%agency, %session, what, %error, "what is deleted is not destroyed yet; tried again");
        }
        destroyed.is_ok()
    }

    /// Destroys what is deleted wherever it is, and says so in the session's log.
    async fn destroy(
        &self,
        agency: &AgencyId,
        session: SessionId,
        material: Material,
    ) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        if !self.node.has_to_destroy(session, material).await? {
            return Ok(());
        }
        if !self.node.may_be_destroyed(session, material).await? {
            return Err(Failure::NotSafe);
        }
        match material {
            Material::Photos => self.destroy_photos(agency, session).await,
            Material::Words => self.destroy_words(agency, session).await,
        }
    }

    async fn destroy_words(&self, agency: &AgencyId, session: SessionId) -> Result<(), Failure> {
        let entries = self.node.destroy_words(session).await?;
        let noted = GatewayCommand::WordsDestroyed { entries };
        self.node.note_destroyed(session, noted).await?;
        metrics::counter!("callbox_words_destroyed_total").increment(1);
        tracing::info!(%agency, %session, entries, "deleted words are destroyed");
        Ok(())
    }

    async fn destroy_photos(&self, agency: &AgencyId, session: SessionId) -> Result<(), Failure> {
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
        let noted = GatewayCommand::PhotosDestroyed {
            shared: u32::try_from(shared).unwrap_or(u32::MAX),
        };
        self.node.note_destroyed(session, noted).await?;
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

    /// Deletes what is over its time, once in a while and at one node of a cluster.
    async fn expire_when_due(
        &self,
        agency: &AgencyId,
        material: Material,
        next_ms: &mut HashMap<(AgencyId, Material), u64>,
    ) {
        let keeps_for_ever = self
            .node
            .agency(agency)
            .is_none_or(|known| known.policy().days(material).is_none());
        let now_ms = self.node.clock().monotonic_ms();
        let looked_at = (agency.clone(), material);
        let due = next_ms.get(&looked_at).is_none_or(|next| now_ms >= *next);
        if keeps_for_ever || !due {
            return;
        }
        let every_ms = u64::try_from(EXPIRE_EVERY.as_millis()).unwrap_or(u64::MAX);
        let what = material.word();
        let turn = format!("{what}/{agency}");
        match self.node.takes_turn(&turn, every_ms).await {
            Ok(true) => {}
            // Another one does it. Should that one be lost, somebody takes the turn within the hour.
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%agency, what, %error, "what is over its time could not be looked for; tried again");
                return;
            }
        }
        match self.expire(agency, material).await {
            Ok(true) => {}
            Ok(false) => {
                next_ms.insert(looked_at, now_ms.saturating_add(every_ms));
            }
            Err(error) => {
                tracing::warn!(%agency, what, %error, "what is over its time could not be deleted; tried again")
            }
        }
    }

    /// One look: the oldest first. Answers whether there are more.
    async fn expire(&self, agency: &AgencyId, material: Material) -> Result<bool, Failure> {
        let past = self.node.past(agency, material, EXPIRED_MAX).await?;
        if past.sessions.is_empty() {
            return Ok(false);
        }
        let what = material.word();
        let (mut deleted, mut failed, all) = (0_usize, 0_usize, past.sessions.len());
        for (place, session) in past.sessions.into_iter().enumerate() {
            if self.node.expire(session, material).await? {
                deleted += 1;
                match material {
                    Material::Photos => metrics::counter!("callbox_photos_expired_total"),
                    Material::Words => metrics::counter!("callbox_words_expired_total"),
                }
                .increment(1);
                failed += usize::from(!self.is_destroyed(agency, session, material).await);
            }
            if (place + 1) % TOLD_EVERY == 0 {
                tracing::info!(%agency, what, looked_at = place + 1, of = all, deleted, "what is over its time is deleted");
            }
        }
        if deleted > 0 {
            tracing::info!(%agency, what, sessions = deleted, not_destroyed_yet = failed, more = past.more, "what was over its time was deleted");
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
