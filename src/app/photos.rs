//! Photos between the upload protocol, the evidence store and the sessions.
//!
//! Owns: who may bring which photo, what the log learns of it, previews, and reading photos back. Must not: speak HTTP or
//! decode. Called by: `http::uploads` (as its authority), `http::api` (as its shelf), `transport` (previews).

use std::sync::Arc;

use async_trait::async_trait;
use axum::response::Response;
use callbox_domain::policy::Material;
use callbox_domain::session::{GatewayCommand, PhotoState};
use callbox_proto::bytes::Bytes;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use callbox_proto::vocabulary::Standing;
use sha2::{Digest, Sha256};

use crate::auth::tokens::Tokens;
use crate::evidence::names::{AgencyName, ContentHash, Owner, SessionRef};
use crate::evidence::photo::{PhotoError, PhotoKind, PhotoPipeline, PhotoRefusal};
use crate::evidence::store::{EvidenceStore, NewCopy, StoreError};
use crate::http::api::{PhotoForm, PhotoShelf};
use crate::http::uploads::{
    CopyState, PhotoRef, Refusal, SealedPhoto, UploadAuthority, UploadGrant, serve_copy,
    serve_original,
};
use crate::node::Node;
use crate::node::cell::Cell;
use crate::node::pending::Wish;
use crate::transport::Previews;

/// Photos of one node.
pub struct Photos {
    node: Arc<Node>,
    tokens: Arc<Tokens>,
    store: Arc<dyn EvidenceStore>,
    pipeline: Arc<PhotoPipeline>,
}

impl Photos {
    /// Joins them.
    #[must_use]
    pub fn new(
        node: Arc<Node>,
        tokens: Arc<Tokens>,
        store: Arc<dyn EvidenceStore>,
        pipeline: Arc<PhotoPipeline>,
    ) -> Arc<Self> {
        Arc::new(Self {
            node,
            tokens,
            store,
            pipeline,
        })
    }

    /// Adds a fact of the gateway to the session of a grant, under an id that follows from the photo: twice is once.
    async fn note(
        &self,
        owner: &Owner,
        purpose: &str,
        command: impl FnOnce(CommandId) -> GatewayCommand,
    ) -> Result<(), Refusal> {
        let photo: CommandId = parse(owner.photo.as_str())?;
        let session: SessionId = parse(owner.session.as_str())?;
        let cell = self
            .node
            .session(session)
            .await
            .map_err(|_| Refusal::Unavailable)?;
        let wish = Wish::Gateway(Box::new(command(photo)));
        let told = self.node.ask(&cell, derived(purpose, photo), wish).await;
        told.map_err(|_| Refusal::Unavailable)?;
        if !photos_are_deleted(&cell) {
            return Ok(());
        }
        // Decided is not in the log for good: nothing is destroyed before. The ticket waits for whoever carries the deletion out.
        match self.node.may_be_destroyed(session, Material::Photos).await {
            Ok(true) => Err(Refusal::Deleted),
            _ => Err(Refusal::Unavailable),
        }
    }

    /// Re-encodes and keeps a preview. What comes back is what the session learns of it, if anything.
    async fn keep_preview(
        &self,
        agency: &AgencyId,
        photo: CommandId,
        preview: Bytes,
    ) -> Option<GatewayCommand> {
        let agency = AgencyName::parse(agency.as_str()).ok()?;
        let length = preview.0.len() as u64;
        let copy = match self.pipeline.make_copy(preview.0.as_slice(), length).await {
            Ok(copy) => copy,
            Err(PhotoError::Refused(_)) => return Some(GatewayCommand::PreviewRefused { photo }),
            Err(error) => {
                // The original still comes; nothing is lost but the early look.
                tracing::warn!(%error, "a preview could not be made");
                return None;
            }
        };
        let copy = NewCopy {
            bytes: copy.jpeg,
            width_px: copy.width_px,
            height_px: copy.height_px,
            media_type: "image/jpeg",
        };
        let kept = self
            .store
            .keep_copy(&agency, &preview_name(photo), copy)
            .await;
        if let Err(error) = kept {
            tracing::error!(%error, "a preview could not be kept");
            return None;
        }
        Some(GatewayCommand::PreviewKept { photo })
    }

    /// Tells the session what became of a preview; twice is once. If it cannot be written now, the copy of the original shows the
    /// photo a little later.
    async fn note_preview(
        &self,
        session: SessionId,
        photo: CommandId,
        command: GatewayCommand,
    ) -> Option<Arc<Cell>> {
        if matches!(command, GatewayCommand::PreviewRefused { .. }) {
            tracing::info!(%session, "a preview was refused");
            metrics::counter!("callbox_previews_refused_total").increment(1);
        }
        let cell = self.node.session(session).await.ok()?;
        let wish = Wish::Gateway(Box::new(command));
        let told = self.node.ask(&cell, derived("preview", photo), wish).await;
        drop(told);
        Some(cell)
    }

    /// A preview that was kept while its session's photos were deleted goes, too.
    async fn after_preview(&self, agency: &AgencyId, photo: CommandId, cell: &Cell) {
        let Ok(agency) = AgencyName::parse(agency.as_str()) else {
            return;
        };
        let deleted = photos_are_deleted(cell)
            && matches!(
                self.node.may_be_destroyed(cell.id, Material::Photos).await,
                Ok(true)
            );
        if deleted && let Err(error) = self.store.destroy_copy(&agency, &preview_name(photo)).await
        {
            tracing::error!(session = %cell.id, %error, "the preview of a deleted photo could not be destroyed");
        }
    }

    /// Why a photo was refused before: a client that asks again hears the same.
    async fn refused_before(&self, cell: &Cell, photo: CommandId) -> Refusal {
        let found = self.node.event_of(cell, derived("refused", photo)).await;
        let code = match found {
            Ok(Some(Event::PhotoRefused { code, .. })) => code,
            Ok(_) => ErrorCode::PhotoUnreadable,
            Err(_) => return Refusal::Unavailable,
        };
        Refusal::Photo(match code {
            ErrorCode::PhotoTypeRefused => PhotoRefusal::Type,
            ErrorCode::PhotoTooLarge => PhotoRefusal::TooLarge,
            _ => PhotoRefusal::Unreadable,
        })
    }

    async fn sealed_event(&self, cell: &Cell, photo: CommandId) -> Result<Event, ErrorCode> {
        let command = derived("sealed", photo);
        self.node
            .event_of(cell, command)
            .await?
            .ok_or(ErrorCode::NoSuchPhoto)
    }
}

/// The command id of what the gateway says of a photo.
fn derived(purpose: &str, photo: CommandId) -> CommandId {
    let mut hash = Sha256::new();
    hash.update(b"callbox-photo-v1");
    hash.update(purpose.as_bytes());
    hash.update(photo.as_u128().to_be_bytes());
    CommandId::from_sha256(hash.finalize().into())
}

/// Whether the photos of a session in memory are deleted.
fn photos_are_deleted(cell: &Cell) -> bool {
    let inner = cell.lock();
    let session = inner.session.as_ref();
    session.is_some_and(|session| session.custody.is_deleted(Material::Photos))
}

/// Under which name a preview stands among the copies.
pub(super) fn preview_name(photo: CommandId) -> ContentHash {
    ContentHash::of(format!("callbox-preview-v1 {photo}").as_bytes())
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::NotAnnounced)
}

#[async_trait]
impl UploadAuthority for Photos {
    async fn may_upload(&self, bearer: &str, photo: &PhotoRef) -> Result<UploadGrant, Refusal> {
        let resident = self
            .tokens
            .check_upload(bearer)
            .map_err(|code| match code {
                ErrorCode::TokenExpired => Refusal::TokenExpired,
                _ => Refusal::NotSignedIn,
            })?;
        let id: CommandId = parse(photo.photo.as_str())?;
        let session: SessionId = parse(photo.session.as_str())?;
        let cell = self
            .node
            .own_session(resident, session)
            .await
            .map_err(|code| match code {
                ErrorCode::NoSuchSession => Refusal::NotAnnounced,
                _ => Refusal::Unavailable,
            })?;
        let (known, standing, deleted, agency) = {
            let inner = cell.lock();
            let state = inner.session.as_ref().ok_or(Refusal::NotAnnounced)?;
            let known = state.photo(id).copied().ok_or(Refusal::NotAnnounced)?;
            let deleted = state.custody.is_deleted(Material::Photos);
            (known, state.standing, deleted, state.agency.clone())
        };
        // What becomes of the photo could not be told to the session here.
        if self.node.agency(&agency).is_none() {
            return Err(Refusal::Unavailable);
        }
        match known.state {
            _ if known.size_bytes != photo.length_bytes => return Err(Refusal::Differs),
            _ if deleted => return Err(Refusal::SessionOver),
            PhotoState::Announced if standing == Standing::Closed => {
                return Err(Refusal::SessionOver);
            }
            PhotoState::Refused => return Err(self.refused_before(&cell, id).await),
            PhotoState::Announced | PhotoState::Copied | PhotoState::Kept => {}
        }
        let agency = AgencyName::parse(agency.as_str()).map_err(|_| Refusal::Unavailable)?;
        let session =
            SessionRef::parse(photo.session.as_str()).map_err(|_| Refusal::NotAnnounced)?;
        Ok(UploadGrant {
            owner: Owner {
                agency,
                session,
                photo: photo.photo.clone(),
            },
        })
    }

    async fn completed(&self, grant: &UploadGrant, photo: SealedPhoto) -> Result<(), Refusal> {
        let sealed = |id| GatewayCommand::PhotoSealed {
            photo: id,
            sha256: photo.original.to_string(),
            size_bytes: photo.bytes,
            media_type: photo.kind.media_type().to_owned(),
            copy: matches!(photo.copy, CopyState::Made(_)),
        };
        self.note(&grant.owner, "sealed", sealed).await
    }

    async fn failed(&self, grant: &UploadGrant, reason: PhotoRefusal) -> Result<(), Refusal> {
        let code = match reason {
            PhotoRefusal::Type => ErrorCode::PhotoTypeRefused,
            PhotoRefusal::Unreadable => ErrorCode::PhotoUnreadable,
            PhotoRefusal::TooLarge => ErrorCode::PhotoTooLarge,
        };
        let refused = |id| GatewayCommand::PhotoRefused { photo: id, code };
        self.note(&grant.owner, "refused", refused).await
    }
}

/// The handle that connections hold: previews are made beside them.
pub struct PreviewDesk(pub Arc<Photos>);

impl Previews for PreviewDesk {
    fn keep(&self, agency: AgencyId, session: SessionId, photo: CommandId, preview: Bytes) {
        let photos = Arc::clone(&self.0);
        tokio::spawn(async move {
            if let Some(command) = photos.keep_preview(&agency, photo, preview).await
                && let Some(cell) = photos.note_preview(session, photo, command).await
            {
                photos.after_preview(&agency, photo, &cell).await;
            }
        });
    }

    fn refuse(&self, session: SessionId, photo: CommandId) {
        let photos = Arc::clone(&self.0);
        let command = GatewayCommand::PreviewRefused { photo };
        tokio::spawn(async move { photos.note_preview(session, photo, command).await.map(drop) });
    }
}

#[async_trait]
impl PhotoShelf for Photos {
    async fn photo(
        &self,
        agency: &AgencyId,
        session: SessionId,
        photo: CommandId,
        form: PhotoForm,
    ) -> Result<Response, ErrorCode> {
        let agency = AgencyName::parse(agency.as_str()).map_err(|_| ErrorCode::NoSuchPhoto)?;
        let cell = self.node.session(session).await?;
        let known = {
            let inner = cell.lock();
            inner.session.as_ref().and_then(|s| s.photo(photo).copied())
        };
        let known = known.ok_or(ErrorCode::NoSuchPhoto)?;
        if photos_are_deleted(&cell) {
            return Err(ErrorCode::PhotoDeleted);
        }
        if form == PhotoForm::Preview {
            if !known.preview {
                return Err(ErrorCode::NoSuchPhoto);
            }
            let copy = self.store.copy(&agency, &preview_name(photo)).await;
            return copy.map(serve_copy).map_err(|e| code(&e));
        }
        let Event::PhotoStored {
            sha256, media_type, ..
        } = self.sealed_event(&cell, photo).await?
        else {
            return Err(ErrorCode::NoSuchPhoto);
        };
        let hash = ContentHash::parse(&sha256).map_err(|_| ErrorCode::NoSuchPhoto)?;
        if form == PhotoForm::Copy {
            let copy = self.store.copy(&agency, &hash).await;
            return copy.map(serve_copy).map_err(|e| code(&e));
        }
        let kind = PhotoKind::of_media_type(&media_type).ok_or(ErrorCode::NoSuchPhoto)?;
        let original = self.store.original(&agency, &hash).await;
        original
            .map(|original| serve_original(original, kind))
            .map_err(|e| code(&e))
    }
}

fn code(error: &StoreError) -> ErrorCode {
    match error {
        StoreError::NotFound => ErrorCode::NoSuchPhoto,
        error => {
            tracing::error!(%error, "a photo could not be read");
            ErrorCode::StoreUnavailable
        }
    }
}
