//! The export pack: one session's log and sealed originals as a zip, with the SHA-256 of each file in a manifest.
//!
//! Owns: the form of the pack, and that it is written as it is sent: never whole in memory or on disk. Must not: know who may have it, or read a
//! log by itself. Called by: `app`, for the export route. `docs/protocol.md` describes the form to whoever reads it.

use std::io::{self, Read, Write};

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

/// Name and version of the form, in the manifest.
const FORM: &str = "callbox-export-1";
/// Bytes handed on at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks on their way to the reader: who reads slowly slows the writing down.
const CHUNKS_MAX: usize = 8;

/// A file of the pack, in the manifest.
#[derive(Debug, Serialize)]
struct FileNote {
    name: String,
    size_bytes: u64,
    sha256: String,
    /// What the log says the hash is, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256_in_log: Option<String>,
}

/// An original that is not in the pack, in the manifest.
#[derive(Debug, Serialize)]
struct Missing {
    photo: String,
    sha256_in_log: String,
    why: &'static str,
}

/// What the manifest says of the pack as a whole.
#[derive(Debug, Serialize)]
pub struct About {
    /// Whose session it is.
    pub agency: String,
    /// Which session.
    pub session: String,
    /// By which request.
    pub request: String,
    /// Who fetched it.
    pub fetched_by: String,
    /// When.
    pub fetched_at_ms: u64,
    /// The last entry of the log that is in the pack.
    pub up_to: u64,
}

#[derive(Serialize)]
struct Manifest<'a> {
    form: &'static str,
    #[serde(flatten)]
    about: &'a About,
    files: &'a [FileNote],
    missing: &'a [Missing],
}

/// A pack that is being written; blocks while the reader is behind.
pub struct Pack {
    zip: ZipWriter<StreamWriter<Sink>>,
    about: About,
    files: Vec<FileNote>,
    missing: Vec<Missing>,
}

/// The pack's bytes as they are made; an error is the end of it.
pub type Chunks = mpsc::Receiver<io::Result<Bytes>>;

/// Begins a pack. The last word of a failed one is [`Pack::fail`], so that nobody takes half of it for the whole.
#[must_use]
pub fn begin(about: About) -> (Pack, Failing, Chunks) {
    let (sender, chunks) = mpsc::channel(CHUNKS_MAX);
    let failing = Failing(sender.clone());
    let pack = Pack {
        zip: ZipWriter::new_stream(Sink {
            sender,
            chunk: BytesMut::with_capacity(CHUNK_BYTES),
        }),
        about,
        files: Vec::new(),
        missing: Vec::new(),
    };
    (pack, failing, chunks)
}

/// The way to tell the reader that the pack does not come whole.
pub struct Failing(mpsc::Sender<io::Result<Bytes>>);

impl Failing {
    /// Ends the answer with an error: the connection breaks, and the download has failed.
    pub fn fail(self, error: io::Error) {
        // A reader that is gone needs no word.
        let _ = self.0.blocking_send(Err(error));
    }
}

impl Pack {
    /// Begins the log; each line is one entry.
    ///
    /// # Errors
    /// When the reader is gone.
    pub fn log(&mut self, mut next: impl FnMut() -> io::Result<Option<Vec<u8>>>) -> io::Result<()> {
        let mut file = self.file("log.jsonl".to_owned(), None)?;
        while let Some(lines) = next()? {
            file.write_all(&lines)?;
        }
        let note = file.done();
        self.files.push(note);
        Ok(())
    }

    /// Adds a sealed original as it is.
    ///
    /// # Errors
    /// When the reader is gone, or the original cannot be read to its end.
    pub fn original(
        &mut self,
        name: String,
        sha256_in_log: String,
        mut bytes: impl Read,
    ) -> io::Result<()> {
        let mut file = self.file(name, Some(sha256_in_log))?;
        io::copy(&mut bytes, &mut file)?;
        let note = file.done();
        self.files.push(note);
        Ok(())
    }

    /// Notes an original that is not here.
    pub fn missing(&mut self, photo: String, sha256_in_log: String, why: &'static str) {
        self.missing.push(Missing {
            photo,
            sha256_in_log,
            why,
        });
    }

    /// Writes the manifest and the end.
    ///
    /// # Errors
    /// When the reader is gone.
    pub fn finish(mut self) -> io::Result<()> {
        let manifest = serde_json::to_vec_pretty(&Manifest {
            form: FORM,
            about: &self.about,
            files: &self.files,
            missing: &self.missing,
        })?;
        self.file("manifest.json".to_owned(), None)?
            .write_all(&manifest)?;
        let mut stream = self.zip.finish().map_err(io::Error::other)?;
        stream.flush()
    }

    fn file(
        &mut self,
        name: String,
        sha256_in_log: Option<String>,
    ) -> io::Result<Hashed<'_, ZipWriter<StreamWriter<Sink>>>> {
        // Photos are compressed already, and what is stored as it is can be taken out by anything.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        self.zip
            .start_file(name.as_str(), options)
            .map_err(io::Error::other)?;
        Ok(Hashed {
            inner: &mut self.zip,
            hash: Sha256::new(),
            size_bytes: 0,
            name,
            sha256_in_log,
        })
    }
}

/// A file of the pack while it is written.
struct Hashed<'a, W> {
    inner: &'a mut W,
    hash: Sha256,
    size_bytes: u64,
    name: String,
    sha256_in_log: Option<String>,
}

impl<W> Hashed<'_, W> {
    fn done(self) -> FileNote {
        FileNote {
            name: self.name,
            size_bytes: self.size_bytes,
            sha256: super::names::ContentHash::of_finished(self.hash).to_string(),
            sha256_in_log: self.sha256_in_log,
        }
    }
}

impl<W: Write> Write for Hashed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.size_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Gathers bytes and hands them to the reader.
pub struct Sink {
    sender: mpsc::Sender<io::Result<Bytes>>,
    chunk: BytesMut,
}

impl Sink {
    fn send(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, BytesMut::with_capacity(CHUNK_BYTES));
        self.sender
            .blocking_send(Ok(chunk.freeze()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK_BYTES - self.chunk.len();
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.chunk.put_slice(taken);
        if self.chunk.len() == CHUNK_BYTES {
            self.send()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}
