//! The gateway's side of the photo worker: one short-lived process per picture, few at a time, never trusted.
//!
//! Owns: the processes, their number, their time and their end. Must not: read a picture in this process, or believe more of an answer than `wire`
//! checks. Called by: `http::uploads` and `app`, for originals and previews.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;

use super::claimed::ClaimedMetadata;
use super::copy::COPY_MAX_SIDE_PX;
use super::wire::{ANSWER_BYTES, Answer, Outcome, Wanted};
use super::{PhotoRefusal, WORKER_SUBCOMMAND};

/// Read size on the way into a worker.
const PIPE_CHUNK_BYTES: usize = 64 * 1024;
/// How long a worker whose pipes are closed may take to end by itself.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Bounds of the photo workers.
#[derive(Debug, Clone)]
pub struct WorkerLimits {
    /// Workers at one time: each may take a core and some hundred MiB.
    pub max_workers: usize,
    /// Time of one picture, from the start of the process to its end. A phone's photo takes under one second of a core, but workers
    /// step back behind the gateway: on a busy node that second comes slowly. What a picture may cost is bounded by the worker itself.
    pub wall_clock: Duration,
    /// How long a picture waits for a worker before it is kept without a copy.
    pub max_wait: Duration,
}

impl Default for WorkerLimits {
    fn default() -> Self {
        Self {
            max_workers: 2,
            wall_clock: Duration::from_secs(60),
            max_wait: Duration::from_secs(60),
        }
    }
}

/// Why a worker gave no answer. Says nothing about the picture: it may be kept and tried again.
#[derive(Debug, thiserror::Error)]
pub enum WorkerFailure {
    /// All workers were busy for too long.
    #[error("all photo workers are busy")]
    Busy,
    /// The process could not be started.
    #[error("the photo worker could not be started: {0}")]
    Start(std::io::ErrorKind),
    /// The original could not be read.
    #[error("the original could not be read: {0}")]
    Original(std::io::ErrorKind),
    /// It took too long and was killed.
    #[error("the photo worker took too long")]
    TimedOut,
    /// It ended without an answer.
    #[error("the photo worker ended without an answer ({0})")]
    Died(ExitStatus),
    /// It answered something that is not an answer.
    #[error("the photo worker gave a wrong answer")]
    BadAnswer,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The picture is refused.
    #[error(transparent)]
    Refused(#[from] PhotoRefusal),
    /// The worker failed.
    #[error(transparent)]
    Worker(#[from] WorkerFailure),
}

/// A copy, fresh from the worker: a JPEG without metadata.
#[derive(Debug, Clone)]
pub struct PhotoCopy {
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// The JPEG.
    pub jpeg: Bytes,
}

/// Makes copies and reads claims, each in a process of its own.
pub struct PhotoPipeline {
    program: PathBuf,
    limits: WorkerLimits,
    permits: Semaphore,
}

impl PhotoPipeline {
    /// A pipeline whose worker is this program.
    pub fn of_this_program(limits: WorkerLimits) -> std::io::Result<Self> {
        // On Linux this stays the running program when an upgrade has replaced the file.
        let running = PathBuf::from("/proc/self/exe");
        let program = if running.exists() {
            running
        } else {
            std::env::current_exe()?
        };
        Ok(Self::new(program, limits))
    }

    /// A pipeline whose worker is `program`, called with [`WORKER_SUBCOMMAND`].
    pub fn new(program: PathBuf, limits: WorkerLimits) -> Self {
        let permits = Semaphore::new(limits.max_workers.max(1));
        Self {
            program,
            limits,
            permits,
        }
    }

    /// Makes the copy of a picture of `length_bytes`.
    pub async fn make_copy(
        &self,
        original: impl AsyncRead + Send + Unpin,
        length_bytes: u64,
    ) -> Result<PhotoCopy, PhotoError> {
        let (answer, content) = self.ask(Wanted::Copy, original, length_bytes).await?;
        let side = 1..=COPY_MAX_SIDE_PX;
        // The one thing that goes on to a browser is checked here again.
        let is_jpeg = content.starts_with(&[0xFF, 0xD8, 0xFF]);
        if side.contains(&answer.width_px) && side.contains(&answer.height_px) && is_jpeg {
            Ok(PhotoCopy {
                width_px: answer.width_px,
                height_px: answer.height_px,
                jpeg: content.into(),
            })
        } else {
            Err(WorkerFailure::BadAnswer.into())
        }
    }

    /// Reads what an original claims about place and time. Only for who may see it, and never as a fact.
    pub async fn claimed_metadata(
        &self,
        original: impl AsyncRead + Send + Unpin,
        length_bytes: u64,
    ) -> Result<ClaimedMetadata, PhotoError> {
        let (_, content) = self.ask(Wanted::Claims, original, length_bytes).await?;
        serde_json::from_slice(&content).map_err(|_| WorkerFailure::BadAnswer.into())
    }

    async fn ask(
        &self,
        wanted: Wanted,
        original: impl AsyncRead + Send + Unpin,
        length_bytes: u64,
    ) -> Result<(Answer, Vec<u8>), PhotoError> {
        let _permit = tokio::time::timeout(self.limits.max_wait, self.permits.acquire())
            .await
            .map_err(|_| WorkerFailure::Busy)?
            .map_err(|_| WorkerFailure::Busy)?;
        let mut worker = self
            .start()
            .map_err(|error| WorkerFailure::Start(error.kind()))?;
        let talk = talk(&mut worker, wanted, original, length_bytes);
        let answered = match tokio::time::timeout(self.limits.wall_clock, talk).await {
            Ok(answered) => answered,
            Err(_) => Err(Silence::TooLong),
        };
        let (answer, content) = match answered {
            Ok(answered) => {
                end(&mut worker).await;
                answered
            }
            Err(silence) => return Err(silence.explained(&mut worker).await.into()),
        };
        match answer.outcome {
            Outcome::Done => Ok((answer, content)),
            Outcome::Type => Err(PhotoRefusal::Type.into()),
            Outcome::Unreadable => Err(PhotoRefusal::Unreadable.into()),
            Outcome::TooLarge => Err(PhotoRefusal::TooLarge.into()),
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        Command::new(&self.program)
            .arg(WORKER_SUBCOMMAND)
            // Nothing of ours is in its reach: no secrets in the environment, no folder, no log.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Why the worker's answer did not come.
enum Silence {
    TooLong,
    Original(std::io::ErrorKind),
    Ended,
    Wrong,
}

impl Silence {
    async fn explained(self, worker: &mut Child) -> WorkerFailure {
        let failure = match self {
            Self::TooLong => WorkerFailure::TimedOut,
            Self::Original(kind) => WorkerFailure::Original(kind),
            Self::Wrong => WorkerFailure::BadAnswer,
            // Its pipes are closed: it is ending, and its status says why.
            Self::Ended => match tokio::time::timeout(LAST_WORDS, worker.wait()).await {
                Ok(Ok(status)) => WorkerFailure::Died(status),
                _ => WorkerFailure::BadAnswer,
            },
        };
        end(worker).await;
        failure
    }
}

/// One picture, one process: whatever it is doing, it is over, and it is waited for so that no zombie stays.
async fn end(worker: &mut Child) {
    if matches!(worker.try_wait(), Ok(Some(_))) {
        return;
    }
    if let Err(error) = worker.kill().await {
        tracing::error!(%error, "a photo worker could not be ended");
    }
}

async fn talk(
    worker: &mut Child,
    wanted: Wanted,
    original: impl AsyncRead + Send + Unpin,
    length_bytes: u64,
) -> Result<(Answer, Vec<u8>), Silence> {
    let questions = worker.stdin.take().ok_or(Silence::Wrong)?;
    let answers = worker.stdout.take().ok_or(Silence::Wrong)?;
    send(questions, wanted, original, length_bytes).await?;
    receive(answers).await
}

async fn send(
    mut questions: ChildStdin,
    wanted: Wanted,
    original: impl AsyncRead + Send + Unpin,
    length_bytes: u64,
) -> Result<(), Silence> {
    questions
        .write_all(&wanted.question(length_bytes))
        .await
        .map_err(|_| Silence::Ended)?;
    let mut original = original.take(length_bytes);
    let mut chunk = vec![0_u8; PIPE_CHUNK_BYTES];
    loop {
        let read = original
            .read(&mut chunk)
            .await
            .map_err(|error| Silence::Original(error.kind()))?;
        match chunk.get(..read) {
            Some(filled) if !filled.is_empty() => questions
                .write_all(filled)
                .await
                .map_err(|_| Silence::Ended)?,
            // Dropping the pipe tells the worker that there is nothing more.
            _ => return Ok(()),
        }
    }
}

async fn receive(mut answers: ChildStdout) -> Result<(Answer, Vec<u8>), Silence> {
    let mut head = [0_u8; ANSWER_BYTES];
    answers
        .read_exact(&mut head)
        .await
        .map_err(|_| Silence::Ended)?;
    let answer = Answer::parse(&head).ok_or(Silence::Wrong)?;
    let mut content = Vec::new();
    answers
        .take(answer.content_bytes)
        .read_to_end(&mut content)
        .await
        .map_err(|_| Silence::Ended)?;
    if content.len() as u64 == answer.content_bytes {
        Ok((answer, content))
    } else {
        Err(Silence::Ended)
    }
}
