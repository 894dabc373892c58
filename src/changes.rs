//! Files that may be replaced while the gateway runs: waits until one changed on disk, or an operator asks (SIGHUP).
//!
//! Owns: the watcher, and which refusal of a file is told. Must not: read the files, or know what is in them. Called by: `http`
//! (certificates), `app` (rules of triage, configuration).

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{mpsc, watch};

/// Time without further changes before the files are read: files that belong together are written one after the other.
const SETTLE: Duration = Duration::from_millis(200);

/// The files are read after this long whatever changes beside them: a log that is written in the same folder never settles. Another
/// change reads them again.
const SETTLE_AT_MOST: Duration = Duration::from_secs(2);

/// Why files are read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Something changed in their folders: perhaps these files, perhaps what lies beside them.
    Change,
    /// An operator asks, and wants an answer.
    Asked,
}

/// The last refusal of a file, so that the same one is told once, and again to an operator who asks: a log in the same folder has
/// the file read, and would have it refused, for ever.
#[derive(Debug, Default)]
pub struct Refusals(Option<String>);

impl Refusals {
    /// Remembers what came of a reading, the words of a refusal or none; answers whether these are other words than before.
    pub fn are_news(&mut self, refusal: Option<String>) -> bool {
        let news = refusal.is_some() && refusal != self.0;
        self.0 = refusal;
        news
    }
}

/// Changes of some files.
#[derive(Debug)]
pub struct Changes {
    changed: mpsc::Receiver<()>,
    reloads: watch::Receiver<u64>,
    // Kept so that the channel stays open where the system watches nothing.
    _sender: mpsc::Sender<()>,
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// Watches these folders. Where the system cannot (some file systems have no watcher), `reloads` still works, and that
    /// is told once; `what` names the files in the log.
    #[must_use]
    pub fn of(what: &str, folders: &[PathBuf], reloads: watch::Receiver<u64>) -> Self {
        // One waiting change is enough: a reload reads everything.
        let (sender, changed) = mpsc::channel(1);
        let watcher = match watcher(folders, sender.clone()) {
            Ok(watcher) => Some(watcher),
            Err(error) => {
                tracing::warn!(%error, what, "the folder cannot be watched: use SIGHUP after replacing a file");
                None
            }
        };
        Self {
            changed,
            reloads,
            _sender: sender,
            _watcher: watcher,
        }
    }

    /// Waits for the next change. `None` when nobody can ask any more.
    pub async fn next(&mut self) -> Option<Cause> {
        tokio::select! {
            _ = self.changed.recv() => {
                let settled = async {
                    while let Ok(Some(())) = tokio::time::timeout(SETTLE, self.changed.recv()).await {}
                };
                let _either = tokio::time::timeout(SETTLE_AT_MOST, settled).await;
                // Whoever asked meanwhile is answered by the same reading.
                let asked = self.reloads.borrow_and_update().has_changed();
                Some(if asked { Cause::Asked } else { Cause::Change })
            }
            asked = self.reloads.changed() => asked.ok().map(|()| Cause::Asked),
        }
    }
}

/// The folder to watch for a file: renames and links replace the file itself.
#[must_use]
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn watcher(folders: &[PathBuf], changed: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| is_change(event.kind)) {
            // Full means that a change is already waiting.
            let _ = changed.try_send(());
        }
    })?;
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Reading the files is an event too; following it would read them for ever.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
