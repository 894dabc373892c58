//! Follows the certificate's files: a change on disk or SIGHUP reads them again.
//!
//! Owns: when to read again, and what is said of it. Must not: read certificates: [`super::certificates`] does. Called by: `server`.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::certificates::{CertificateError, Certificates, Reload};
use crate::changes::Changes;

/// Follows the files until `stop`.
pub(super) async fn follow(
    certificates: Arc<Certificates>,
    reloads: watch::Receiver<u64>,
    stop: CancellationToken,
) {
    let mut changes = Changes::of("certificate", &certificates.folders(), reloads);
    while let Some(Some(_)) = stop.run_until_cancelled(changes.next()).await {
        let certificates = Arc::clone(&certificates);
        // Reads files, so not on the runtime's own threads.
        let _ = tokio::task::spawn_blocking(move || tell(certificates.reload())).await;
    }
}

fn tell(outcome: Result<Reload, CertificateError>) {
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
