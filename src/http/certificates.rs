//! The certificate of the public port: read, checked, swapped while connections go on.
//!
//! Owns: the pair that is served now, and how TLS is set up with it. Must not: watch for changes (that is `watch`), or serve. Called by:
//! `server`; `watch` for each reload.
//!
//! A reload that fails keeps the certificate in use and says why. Keys are never logged.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::sync::watch;

use crate::changes::folder_of;
use crate::config::{Tls, TlsMode, TlsProfile};

/// Why there is no certificate to serve with.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file is missing or is not PEM of the expected kind.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The certificate's file holds none.
    #[error("{}: holds no certificate", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key cannot be used, most often because they do not belong together.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The self-signed certificate could not be made.
    #[error("the self-signed certificate could not be made: {0}")]
    SelfSigned(#[from] rcgen::Error),
    /// Mode `off`, or files that are not named; a checked configuration never gets here.
    #[error("no certificate is configured")]
    NotConfigured,
}

/// The certificate in use, and where the next one comes from.
#[derive(Debug)]
pub struct Certificates {
    current: ArcSwap<CertifiedKey>,
    source: Source,
    seen: Mutex<[u8; 32]>,
    generation: watch::Sender<u64>,
}

#[derive(Debug)]
enum Source {
    Files { cert: PathBuf, key: PathBuf },
    SelfSigned,
}

/// What a reload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// A new certificate is served from now on.
    Replaced,
    /// The files hold what was read last time.
    Unchanged,
}

impl Certificates {
    /// Reads or makes the first certificate.
    ///
    /// # Errors
    /// When there is none to serve with: the gateway then refuses to start.
    pub fn open(tls: &Tls) -> Result<Arc<Self>, CertificateError> {
        let (key, source, seen) = match (tls.mode, &tls.cert_file, &tls.key_file) {
            (TlsMode::Files, Some(cert), Some(key)) => {
                let seen = fingerprint(cert, key);
                let source = Source::Files {
                    cert: cert.clone(),
                    key: key.clone(),
                };
                (read(cert, key)?, source, seen)
            }
            (TlsMode::SelfSigned, ..) => (
                self_signed(&tls.self_signed_names)?,
                Source::SelfSigned,
                [0; 32],
            ),
            _ => return Err(CertificateError::NotConfigured),
        };
        Ok(Arc::new(Self {
            current: ArcSwap::from_pointee(key),
            source,
            seen: Mutex::new(seen),
            generation: watch::Sender::new(0),
        }))
    }

    /// Reads the files again if they have changed since the last attempt, good or bad.
    ///
    /// # Errors
    /// When the new files cannot be used; the certificate in use stays.
    pub fn reload(&self) -> Result<Reload, CertificateError> {
        let Source::Files { cert, key } = &self.source else {
            return Ok(Reload::Unchanged);
        };
        let found = fingerprint(cert, key);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == found {
                return Ok(Reload::Unchanged);
            }
            *seen = found;
        }
        self.current.store(Arc::new(read(cert, key)?));
        self.generation.send_modify(|generation| *generation += 1);
        Ok(Reload::Replaced)
    }

    /// Changes each time another certificate is served.
    #[must_use]
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// The folders to watch. Folders, because files are replaced by renaming and by switching links.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let Source::Files { cert, key } = &self.source else {
            return Vec::new();
        };
        let mut folders: Vec<_> = [cert, key]
            .into_iter()
            .map(|file| folder_of(file))
            .collect();
        folders.dedup();
        folders
    }

    /// The TLS settings of the public port, which serve whatever certificate is current.
    ///
    /// # Errors
    /// When the provider lacks a protocol version, which `ring` does not.
    pub fn server_config(
        self: &Arc<Self>,
        profile: TlsProfile,
    ) -> Result<ServerConfig, CertificateError> {
        let versions: &[&rustls::SupportedProtocolVersion] = match profile {
            TlsProfile::Intermediate => &[&rustls::version::TLS13, &rustls::version::TLS12],
            TlsProfile::Modern => &[&rustls::version::TLS13],
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Nothing is kept here per client, so a storm of returning clients costs no memory; `serve` adds tickets.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

/// The cryptography of this process. `main` and tests install it first, because two providers are in the tree.
#[must_use]
pub fn provider() -> CryptoProvider {
    ring::default_provider()
}

fn read(cert: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let fault = |path: &Path, source| CertificateError::File {
        path: path.to_owned(),
        source,
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| fault(cert, source))?;
    if chain.is_empty() {
        return Err(CertificateError::Empty {
            path: cert.to_owned(),
        });
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|source| fault(key, source))?;
    Ok(CertifiedKey::from_der(chain, key, &provider())?)
}

fn self_signed(names: &[String]) -> Result<CertifiedKey, CertificateError> {
    let made = rcgen::generate_simple_self_signed(names.to_vec())?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    Ok(CertifiedKey::from_der(
        vec![made.cert.der().clone()],
        key,
        &provider(),
    )?)
}

/// Hash over both files; missing ones count as empty.
fn fingerprint(cert: &Path, key: &Path) -> [u8; 32] {
    let mut hash = Sha256::new();
    for path in [cert, key] {
        let bytes = std::fs::read(path).unwrap_or_default();
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(&bytes);
    }
    hash.finalize().into()
}
