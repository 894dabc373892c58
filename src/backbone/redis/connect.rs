//! Opens connections.
//!
//! Owns: how a connection is set up: no delay, TLS, RESP3, sign-in, a deadline. Must not: decide which server. Called by:
//! `shard`, `topology`.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, RedisConnectionInfo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::fault::OpenError;
use super::options::{Address, Options};

/// How long a connection may take to open, TLS and sign-in included.
const OPEN: Duration = Duration::from_millis(1_500);
/// Commands that wait for the socket of one connection. More wait in the calls themselves, under their deadline.
const WAITING_MAX: usize = 1_024;

/// What is done with messages that no call asked for.
pub(super) type Hear = Box<dyn Fn(PushInfo) + Send + Sync>;

/// A connection; when it is dropped nothing of it stays, whatever its server still owes.
pub(super) struct Connection {
    /// Its sending end, to be cloned.
    pub(super) commands: MultiplexedConnection,
    _driver: AbortOnDropHandle<()>,
}

/// Opens connections to the servers of one tier.
pub(super) struct Dialer {
    options: Options,
    tls: Option<TlsConnector>,
}

impl Dialer {
    /// Prepares what all connections have in common.
    ///
    /// # Errors
    /// When the authority's file holds no certificate.
    pub(super) fn new(options: Options) -> Result<Self, OpenError> {
        let tls = options.url.tls.then(|| connector(&options));
        Ok(Self {
            tls: tls.transpose()?,
            options,
        })
    }

    /// Opens a connection for commands.
    pub(super) async fn open(&self, address: &Address) -> Result<Connection, OpenError> {
        self.connect(address, true, None).await
    }

    /// Opens one without signing in.
    pub(super) async fn open_nameless(&self, address: &Address) -> Result<Connection, OpenError> {
        self.connect(address, false, None).await
    }

    /// Opens one that may subscribe.
    pub(super) async fn listen(
        &self,
        address: &Address,
        hear: Hear,
    ) -> Result<Connection, OpenError> {
        self.connect(address, true, Some(hear)).await
    }

    async fn connect(
        &self,
        address: &Address,
        sign_in: bool,
        hear: Option<Hear>,
    ) -> Result<Connection, OpenError> {
        let unreachable =
            |error: std::io::Error| OpenError::unreachable(address, error.to_string());
        let opening = async {
            let stream = TcpStream::connect((address.host.as_str(), address.port));
            let stream = stream.await.map_err(unreachable)?;
            // Small answers must not wait for more: without this a real network costs half the throughput.
            stream.set_nodelay(true).map_err(unreachable)?;
            match &self.tls {
                None => self.set_up(address, stream, sign_in, hear).await,
                Some(tls) => {
                    let name = ServerName::try_from(address.host.clone())
                        .map_err(|error| OpenError::unfit(address, error.to_string()))?;
                    let stream = tls.connect(name, stream).await.map_err(unreachable)?;
                    self.set_up(address, stream, sign_in, hear).await
                }
            }
        };
        match tokio::time::timeout(OPEN, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(OpenError::unreachable(address, "no answer within 1.5 s")),
        }
    }

    async fn set_up(
        &self,
        address: &Address,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        sign_in: bool,
        hear: Option<Hear>,
    ) -> Result<Connection, OpenError> {
        let mut redis = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_skip_set_lib_name();
        if let Some(password) = self.options.password.as_ref().filter(|_| sign_in) {
            redis = redis.set_password(password.expose_secret());
            if let Some(username) = &self.options.username {
                redis = redis.set_username(username);
            }
        }
        let mut config = AsyncConnectionConfig::new()
            // Every call has a deadline of its own.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WAITING_MAX);
        if let Some(hear) = hear {
            config = config.set_push_sender(move |push| -> Result<(), ()> {
                hear(push);
                Ok(())
            });
        }
        let opened = MultiplexedConnection::new_with_config(&redis, stream, config).await;
        let (commands, driver) = opened.map_err(|error| OpenError::of(address, &error))?;
        Ok(Connection {
            commands,
            _driver: AbortOnDropHandle::new(tokio::spawn(driver)),
        })
    }
}

fn connector(options: &Options) -> Result<TlsConnector, OpenError> {
    let unfit = |reason: String| OpenError::unfit(&"the configured address", reason);
    let mut roots = RootCertStore::empty();
    match &options.ca_pem {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate
                    .map_err(|error| unfit(format!("backbone.ca_file is no PEM: {error}")))?;
                roots
                    .add(certificate)
                    .map_err(|error| unfit(format!("backbone.ca_file: {error}")))?;
            }
            if roots.is_empty() {
                return Err(unfit("backbone.ca_file holds no certificate".to_owned()));
            }
        }
        None => {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
