//! Takes the bytes of one request into the store.
//!
//! Owns: the task, and how often what came is synced. Must not: judge the bytes: that comes with the last one, in `finish`. Called by: `handlers`.
//!
//! Runs as a task of its own: a connection that is cut ends the body, not the task, so what has arrived is synced and
//! counted. Memory per request is one buffer.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::Uploads;
use super::authority::UploadGrant;
use super::headers::Checksum;
use super::problem::Problem;
use crate::evidence::store::{Phase, StoreError, UploadHandle, UploadState};

/// Bytes gathered before they go to the disk in one step.
const BUFFER_BYTES: usize = 256 * 1024;
/// Bytes written before they are synced in the middle of a request: a power cut costs at most this much.
const SYNC_EVERY_BYTES: u64 = 4 * 1024 * 1024;
/// How much of an unwanted body is read so that the client sees the answer.
const DRAIN_MAX_BYTES: u64 = 1024 * 1024;
/// How long that may take.
const DRAIN_MAX_TIME: Duration = Duration::from_secs(2);

/// The bytes a request brings.
pub(super) struct Piece {
    pub(super) offset_bytes: u64,
    pub(super) announced_bytes: Option<u64>,
    pub(super) checksum: Option<Checksum>,
}

/// How a body ended.
enum End {
    Whole,
    Cut,
    Idle,
    Interrupted,
    TooLong,
}

/// A problem, and the rest of the body if it was not touched.
pub(super) type Refused = (Problem, Option<Body>);

impl Uploads {
    /// Receives in a task of its own, finishes the upload if it is complete, and waits for both.
    pub(super) async fn receive_apart(
        &self,
        handle: Box<dyn UploadHandle>,
        grant: UploadGrant,
        piece: Piece,
        body: Body,
    ) -> Result<UploadState, Refused> {
        let uploads = self.clone();
        let task = tokio::spawn(async move { uploads.receive(handle, grant, piece, body).await });
        task.await.unwrap_or(Err((Problem::StorageFailed, None)))
    }

    async fn receive(
        &self,
        mut handle: Box<dyn UploadHandle>,
        grant: UploadGrant,
        piece: Piece,
        body: Body,
    ) -> Result<UploadState, Refused> {
        let state = handle.state();
        if piece.offset_bytes != state.received_bytes {
            return Err((Problem::OffsetMismatch(state.received_bytes), Some(body)));
        }
        let left_bytes = state.length_bytes - state.received_bytes;
        if piece
            .announced_bytes
            .is_some_and(|announced| announced > left_bytes)
        {
            return Err((Problem::BeyondLength, Some(body)));
        }
        if state.phase == Phase::Receiving {
            self.take(handle.as_mut(), piece, left_bytes, body)
                .await
                .map_err(|problem| (problem, None))?;
        }
        self.finish(handle, &grant)
            .await
            .map_err(|problem| (problem, None))
    }

    async fn take(
        &self,
        handle: &mut dyn UploadHandle,
        piece: Piece,
        left_bytes: u64,
        body: Body,
    ) -> Result<(), Problem> {
        let mut intake = Intake {
            interrupted: handle.interrupted(),
            handle,
            position_bytes: piece.offset_bytes,
            unsynced_bytes: 0,
            left_bytes,
            buffer: Vec::new(),
            checksum: piece.checksum,
            idle: self.limits.idle_timeout,
        };
        let end = intake.run(body.into_data_stream()).await?;
        intake.close(end).await
    }
}

struct Intake<'h> {
    handle: &'h mut dyn UploadHandle,
    interrupted: CancellationToken,
    position_bytes: u64,
    unsynced_bytes: u64,
    left_bytes: u64,
    buffer: Vec<u8>,
    checksum: Option<Checksum>,
    idle: Duration,
}

impl Intake<'_> {
    async fn run(&mut self, mut body: BodyDataStream) -> Result<End, StoreError> {
        loop {
            let next = tokio::select! {
                () = self.interrupted.cancelled() => return Ok(End::Interrupted),
                next = tokio::time::timeout(self.idle, body.next()) => next,
            };
            match next {
                Err(_) => return Ok(End::Idle),
                Ok(None) => return Ok(End::Whole),
                Ok(Some(Err(_))) => return Ok(End::Cut),
                Ok(Some(Ok(chunk))) if chunk.len() as u64 > self.left_bytes => {
                    return Ok(End::TooLong);
                }
                Ok(Some(Ok(chunk))) => self.take(chunk).await?,
            }
        }
    }

    async fn take(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.left_bytes -= chunk.len() as u64;
        if let Some(checksum) = &mut self.checksum {
            checksum.update(&chunk);
        }
        self.buffer.extend_from_slice(&chunk);
        if self.buffer.len() >= BUFFER_BYTES {
            self.write().await?;
        }
        // Bytes that may still turn out to be damaged are not counted before the end.
        if self.unsynced_bytes >= SYNC_EVERY_BYTES && self.checksum.is_none() {
            self.handle.sync().await?;
            self.unsynced_bytes = 0;
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        if !self.buffer.is_empty() {
            let bytes = Bytes::from(std::mem::take(&mut self.buffer));
            self.unsynced_bytes += bytes.len() as u64;
            self.position_bytes = self.handle.append(self.position_bytes, bytes).await?;
        }
        Ok(())
    }

    /// Keeps what has arrived, or forgets it when its checksum is wrong or can no longer be checked.
    async fn close(mut self, end: End) -> Result<(), Problem> {
        let (problem, whole) = match end {
            End::Whole => (None, true),
            End::Cut => (Some(Problem::Idle), false),
            End::Idle => (Some(Problem::Idle), false),
            End::Interrupted => (Some(Problem::InUse), false),
            End::TooLong => (Some(Problem::BeyondLength), false),
        };
        if let Some(checksum) = self.checksum.take()
            && !(whole && checksum.matches())
        {
            self.handle.rollback().await?;
            return Err(problem.unwrap_or(Problem::Checksum));
        }
        self.write().await?;
        self.handle.sync().await?;
        problem.map_or(Ok(()), Err)
    }
}

/// Reads a little of a body that nobody wants.
pub(super) async fn drain(body: Body) {
    let mut stream = body.into_data_stream();
    let reading = async {
        let mut read_bytes = 0_u64;
        while let Some(Ok(chunk)) = stream.next().await {
            read_bytes += chunk.len() as u64;
            if read_bytes > DRAIN_MAX_BYTES {
                break;
            }
        }
    };
    // Whether it ended or ran out of time makes no difference.
    let _ = tokio::time::timeout(DRAIN_MAX_TIME, reading).await;
}
