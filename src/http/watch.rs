//! Follows the certificate's files: a change on disk or SIGHUP reads them again.

use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher as _};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::certificates::{Certificates, Reload};

/// Time without further changes before the files are read: certificate and key are written one after the other.
const SETTLE: Duration = Duration::from_millis(200);

/// Follows the files until `stop`. Without a watcher (some file systems have none) SIGHUP still works.
pub(super) async fn follow(
    certificates: Arc<Certificates>,
    mut reloads: watch::Receiver<u64>,
    stop: CancellationToken,
) {
    // One waiting change is enough: a reload reads everything.
    let (changed, mut changes) = mpsc::channel(1);
    let _watcher = match watcher(&certificates, changed.clone()) {
        Ok(watcher) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "the certificate's folder cannot be watched: use SIGHUP after replacing it");
            None
        }
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = changes.recv() => settle(&mut changes).await,
            asked = reloads.changed() => if asked.is_err() { return },
        }
        let certificates = Arc::clone(&certificates);
        // Reads files, so not on the runtime's own threads.
        let _ = tokio::task::spawn_blocking(move || tell(certificates.reload())).await;
    }
}

async fn settle(changes: &mut mpsc::Receiver<()>) {
    while let Ok(Some(())) = tokio::time::timeout(SETTLE, changes.recv()).await {}
}

fn tell(outcome: Result<Reload, super::certificates::CertificateError>) {
    let result = match &outcome {
        Ok(Reload::Unchanged) => return,
        Ok(Reload::Replaced) => {
            tracing::info!("a new certificate is served");
            "replaced"
        }
        Err(error) => {
            tracing::error!(%error, "the new certificate is refused; the old one stays in use");
            "refused"
        }
    };
    metrics::counter!("callbox_tls_reloads_total", "result" => result).increment(1);
}

fn watcher(
    certificates: &Certificates,
    changed: mpsc::Sender<()>,
) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| is_change(event.kind)) {
            // Full means that a change is already waiting.
            let _ = changed.try_send(());
        }
    })?;
    for folder in certificates.folders() {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
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
