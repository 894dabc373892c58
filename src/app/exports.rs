//! Exports between the sessions, the evidence store and the route that fetches them.
//!
//! Owns: what is in a pack, and the order: the entry first, then the first byte. Must not: decide who may (the node does), or know the form of
//! a pack. Called by: `http::api`, as its desk for exports.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::response::Response;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use callbox_proto::vocabulary::Seq;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::io::SyncIoBridge;

use crate::evidence::names::{AgencyName, ContentHash};
use crate::evidence::pack::{self, About, Pack};
use crate::evidence::photo::PhotoKind;
use crate::evidence::store::{EvidenceStore, StoreError};
use crate::http::api::{ExportDesk, Fetch};
use crate::http::uploads::serve_pack;
use crate::node::Node;

/// Packs a node writes at once: each reads the disk as fast as its reader takes it. One more is asked to come later.
const PACKS_MAX: usize = 4;

/// Exports of one node.
pub struct Exports {
    node: Arc<Node>,
    store: Arc<dyn EvidenceStore>,
    room: Arc<Semaphore>,
}

/// One line of the log in a pack.
#[derive(Serialize)]
struct Line<'a> {
    seq: Seq,
    command: CommandId,
    #[serde(flatten)]
    entry: &'a Stored,
}

/// Why an original of deleted photos is not in a pack, though another session may keep the same content.
const DELETED: &str = "it was deleted, as the log says";

/// What the log names.
#[derive(Default)]
struct Named {
    sealed: Vec<Sealed>,
    deleted: bool,
}

/// A sealed original that the log names.
struct Sealed {
    photo: CommandId,
    sha256: String,
    media_type: String,
}

impl Exports {
    /// Joins them.
    #[must_use]
    pub fn new(node: Arc<Node>, store: Arc<dyn EvidenceStore>) -> Arc<Self> {
        Arc::new(Self {
            node,
            store,
            room: Arc::new(Semaphore::new(PACKS_MAX)),
        })
    }
}

#[async_trait]
impl ExportDesk for Exports {
    async fn fetch(&self, fetch: Fetch) -> Result<Response, ErrorCode> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| ErrorCode::TooFast)?;
        let cell = &fetch.cell;
        let noted = self
            .node
            .note_export(cell, &fetch.staff, fetch.role, fetch.request);
        let up_to = noted.await?;
        let session = cell.id;
        tracing::info!(agency = %fetch.agency, %session, request = %fetch.request, "a session is exported");
        let about = About {
            agency: fetch.agency.to_string(),
            session: session.to_string(),
            request: fetch.request.to_string(),
            fetched_by: fetch.staff.to_string(),
            fetched_at_ms: self.node.clock().now_ms(),
            up_to,
        };
        let (pack, failing, chunks) = pack::begin(about);
        let work = Work {
            node: Arc::clone(&self.node),
            store: Arc::clone(&self.store),
            agency: fetch.agency,
            session,
            up_to,
            runtime: Handle::current(),
            _room: room,
        };
        tokio::task::spawn_blocking(move || {
            if let Err(error) = work.write(pack) {
                tracing::warn!(%session, %error, "an export was not sent to its end");
                failing.fail(error);
            }
        });
        let body = futures_util::stream::unfold(chunks, |mut chunks| async move {
            chunks.recv().await.map(|chunk| (chunk, chunks))
        });
        Ok(serve_pack(Body::from_stream(body), session))
    }
}

/// The writing of one pack, on a thread that may block.
struct Work {
    node: Arc<Node>,
    store: Arc<dyn EvidenceStore>,
    agency: AgencyId,
    session: SessionId,
    up_to: Seq,
    runtime: Handle,
    _room: OwnedSemaphorePermit,
}

impl Work {
    fn write(&self, mut pack: Pack) -> io::Result<()> {
        let mut named = Named::default();
        let mut after = 0;
        pack.log(|| self.lines(&mut after, &mut named))?;
        for original in named.sealed {
            match named.deleted {
                true => pack.missing(original.photo.to_string(), original.sha256, DELETED),
                false => self.original(&mut pack, &original)?,
            }
        }
        pack.finish()
    }

    /// The next lines of the log; none after the entry that says that it is exported.
    fn lines(&self, after: &mut Seq, named: &mut Named) -> io::Result<Option<Vec<u8>>> {
        if *after >= self.up_to {
            return Ok(None);
        }
        let page = self.node.log_page(self.session, *after);
        let page = self.runtime.block_on(page);
        let page = page.map_err(|code| io::Error::other(code.sentence()))?;
        let mut lines = Vec::new();
        for line in page.iter().filter(|line| line.seq <= self.up_to) {
            serde_json::to_writer(
                &mut lines,
                &Line {
                    seq: line.seq,
                    command: line.command,
                    entry: &line.entry,
                },
            )?;
            lines.push(b'\n');
            match &line.entry.event {
                Event::PhotoStored {
                    photo,
                    sha256,
                    media_type,
                    ..
                } => named.sealed.push(Sealed {
                    photo: *photo,
                    sha256: sha256.clone(),
                    media_type: media_type.clone(),
                }),
                Event::PhotosDeleted { .. } => named.deleted = true,
                _ => {}
            }
        }
        let last = page.last().map(|line| line.seq);
        *after = last.ok_or_else(|| io::Error::other("the log ends before its last entry"))?;
        Ok(Some(lines))
    }

    fn original(&self, pack: &mut Pack, sealed: &Sealed) -> io::Result<()> {
        let photo = sealed.photo.to_string();
        let in_log = sealed.sha256.clone();
        let opened = AgencyName::parse(self.agency.as_str())
            .and_then(|agency| Ok((agency, ContentHash::parse(&sealed.sha256)?)));
        let Ok((agency, hash)) = opened else {
            pack.missing(photo, in_log, "its name in the log is none");
            return Ok(());
        };
        let original = match self.runtime.block_on(self.store.original(&agency, &hash)) {
            Ok(original) => original,
            Err(StoreError::NotFound) => {
                pack.missing(photo, in_log, "it is not in the evidence store");
                return Ok(());
            }
            Err(error) => return Err(io::Error::other(error.to_string())),
        };
        let kind = PhotoKind::of_media_type(&sealed.media_type);
        let extension = kind.map_or("bin", PhotoKind::extension);
        let name = format!("photos/{photo}.{extension}");
        let bytes = SyncIoBridge::new_with_handle(original.reader, self.runtime.clone());
        pack.original(name, in_log, bytes)
    }
}
