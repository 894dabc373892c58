//! The public port over TLS: handshakes, deadlines, resumption, certificates replaced while it runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use callbox::clock::SystemClock;
use callbox::config::{self, TlsMode, TlsProfile};
use callbox::http::certificates::{Certificates, Reload, provider};
use callbox::http::tickets::Tickets;
use callbox::http::{BindError, Server};
use callbox::shutdown::Lifecycle;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::http_client::{exchange, read_to_close, request, soon};

/// A folder with `cert.pem` and `key.pem`.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new(first: &CertifiedKey<KeyPair>) -> Self {
        let files = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        files.write(first);
        files
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, made: &CertifiedKey<KeyPair>) {
        replace(&self.path("cert.pem"), &made.cert.pem());
        replace(&self.path("key.pem"), &made.signing_key.serialize_pem());
    }

    fn settings(&self) -> config::Server {
        let mut server = config::Server {
            listen: ([127, 0, 0, 1], 0).into(),
            ..config::Server::default()
        };
        server.tls.mode = TlsMode::Files;
        server.tls.cert_file = Some(self.path("cert.pem"));
        server.tls.key_file = Some(self.path("key.pem"));
        server
    }
}

/// As careful operators do: write beside, then rename.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).expect("written");
    std::fs::rename(beside, path).expect("renamed");
}

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate")
}

struct Gateway {
    address: SocketAddr,
    lifecycle: Lifecycle,
    certificates: Arc<Certificates>,
}

impl Gateway {
    fn start(settings: &config::Server) -> Self {
        Self::with_key(settings, &rand::random())
    }

    /// One of the nodes that share a key.
    #[expect(clippy::disallowed_methods, reason = "a route of tests")]
    fn with_key(settings: &config::Server, key: &[u8; 32]) -> Self {
        let tickets = Tickets::new(key, Arc::new(SystemClock::new()));
        let server = Server::bind(settings).expect("bound");
        let lifecycle = Lifecycle::new();
        let address = server.address();
        let certificates = server.certificates().expect("encrypted");
        server.spawn(
            Router::new().route("/", get(|| async { "hello" })),
            tickets,
            &lifecycle,
        );
        Self {
            address,
            lifecycle,
            certificates,
        }
    }

    async fn connect(&self, client: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = soon(TcpStream::connect(self.address)).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        soon(TlsConnector::from(Arc::clone(client)).connect(name, tcp)).await
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.lifecycle.stop();
        self.lifecycle.stop();
    }
}

/// A client that trusts exactly this certificate.
fn client(trusted: &CertificateDer<'static>) -> Arc<ClientConfig> {
    client_of(trusted, rustls::ALL_VERSIONS)
}

/// One that speaks these versions.
fn client_of(
    trusted: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a root");
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

#[tokio::test]
async fn a_client_is_served_over_http_1_1_and_resumes_when_it_comes_back() {
    let made = certificate();
    let gateway = Gateway::start(&Files::new(&made).settings());
    let client = client(made.cert.der());
    let first = gateway.connect(&client).await.expect("connected");
    assert_eq!(first.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(
        first.get_ref().1.handshake_kind(),
        Some(HandshakeKind::Full)
    );
    assert_eq!(
        exchange(first, &request("GET", "/", &[])).await.text(),
        "hello"
    );
    let second = gateway.connect(&client).await.expect("connected");
    assert_eq!(
        second.get_ref().1.handshake_kind(),
        Some(HandshakeKind::Resumed)
    );
}

/// How a client's next connection began, once it has read what came with an answer: the ticket is among it.
async fn kind(gateway: &Gateway, client: &Arc<ClientConfig>) -> Option<HandshakeKind> {
    let stream = gateway.connect(client).await.expect("connected");
    let kind = stream.get_ref().1.handshake_kind();
    let answer = exchange(stream, &request("GET", "/", &[])).await;
    assert_eq!(answer.text(), "hello");
    kind
}

#[tokio::test]
async fn a_client_resumes_at_any_node_with_the_same_key_and_after_a_restart() {
    let made = certificate();
    let files = Files::new(&made);
    let client = client(made.cert.der());
    let one = Gateway::with_key(&files.settings(), &[7; 32]);
    let two = Gateway::with_key(&files.settings(), &[7; 32]);
    let stranger = Gateway::with_key(&files.settings(), &[8; 32]);
    assert_eq!(kind(&one, &client).await, Some(HandshakeKind::Full));
    assert_eq!(kind(&two, &client).await, Some(HandshakeKind::Resumed));
    drop((one, two));
    let again = Gateway::with_key(&files.settings(), &[7; 32]);
    assert_eq!(kind(&again, &client).await, Some(HandshakeKind::Resumed));
    assert_eq!(kind(&stranger, &client).await, Some(HandshakeKind::Full));
}

#[tokio::test]
async fn a_client_of_tls_1_2_makes_a_full_handshake_each_time() {
    let made = certificate();
    let files = Files::new(&made);
    let mut settings = files.settings();
    settings.tls.profile = TlsProfile::Intermediate;
    let gateway = Gateway::start(&settings);
    let client = client_of(made.cert.der(), &[&rustls::version::TLS12]);
    for _ in 0..3 {
        assert_eq!(kind(&gateway, &client).await, Some(HandshakeKind::Full));
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_is_closed_at_the_deadline() {
    let mut settings = Files::new(&certificate()).settings();
    settings.limits.handshake_s = 1;
    settings.limits.header_s = 3600;
    let files = Files::new(&certificate());
    settings.tls.cert_file = Some(files.path("cert.pem"));
    settings.tls.key_file = Some(files.path("key.pem"));
    let gateway = Gateway::start(&settings);
    let mut stalled = soon(TcpStream::connect(gateway.address))
        .await
        .expect("connected");
    stalled.write_all(&[0x16, 0x03, 0x01]).await.expect("sent");
    assert!(read_to_close(&mut stalled).await.is_empty());
}

#[tokio::test]
async fn who_never_begins_a_handshake_takes_nobody_s_turn() {
    let made = certificate();
    let files = Files::new(&made);
    let mut settings = files.settings();
    settings.limits.tls_handshakes_per_s = 1;
    settings.limits.tls_handshake_burst = 1;
    let gateway = Gateway::start(&settings);
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(
            soon(TcpStream::connect(gateway.address))
                .await
                .expect("connected"),
        );
    }
    gateway
        .connect(&client(made.cert.der()))
        .await
        .expect("served at once");
}

#[tokio::test]
async fn plain_http_on_the_encrypted_port_ends_the_connection_only() {
    let made = certificate();
    let gateway = Gateway::start(&Files::new(&made).settings());
    let mut plain = soon(TcpStream::connect(gateway.address))
        .await
        .expect("connected");
    plain
        .write_all(request("GET", "/", &[]).as_bytes())
        .await
        .expect("sent");
    assert!(!read_to_close(&mut plain).await.starts_with(b"HTTP"));
    assert!(gateway.connect(&client(made.cert.der())).await.is_ok());
}

#[tokio::test]
async fn a_replaced_certificate_is_picked_up_by_itself() {
    let (old, new) = (certificate(), certificate());
    let files = Files::new(&old);
    let gateway = Gateway::start(&files.settings());
    gateway
        .connect(&client(old.cert.der()))
        .await
        .expect("the old one is served");
    let mut generation = gateway.certificates.generation();
    // Written again until it is seen, because the watcher may start after the first write.
    soon(async {
        loop {
            files.write(&new);
            let tick =
                tokio::time::timeout(std::time::Duration::from_millis(500), generation.changed());
            if tick.await.is_ok() {
                return;
            }
        }
    })
    .await;
    gateway
        .connect(&client(new.cert.der()))
        .await
        .expect("the new one is served");
    assert!(gateway.connect(&client(old.cert.der())).await.is_err());
}

#[tokio::test]
async fn a_signal_reads_the_certificate_again() {
    let (old, new) = (certificate(), certificate());
    let files = Files::new(&old);
    let gateway = Gateway::start(&files.settings());
    let mut generation = gateway.certificates.generation();
    files.write(&new);
    gateway.lifecycle.reload();
    soon(generation.changed()).await.expect("reloaded");
    gateway
        .connect(&client(new.cert.der()))
        .await
        .expect("the new one is served");
}

#[tokio::test]
async fn a_bad_certificate_keeps_the_old_one_and_says_why() {
    let (old, other) = (certificate(), certificate());
    let files = Files::new(&old);
    let certificates = Certificates::open(&files.settings().tls).expect("opened");
    let config = certificates
        .server_config(TlsProfile::Modern)
        .expect("settings");
    replace(&files.path("cert.pem"), &other.cert.pem());
    let error = certificates
        .reload()
        .expect_err("the key belongs to another certificate")
        .to_string();
    assert!(error.contains("cannot be used"), "{error}");
    replace(&files.path("cert.pem"), "not a certificate");
    let error = certificates.reload().expect_err("not PEM").to_string();
    assert!(error.contains("cert.pem: holds no certificate"), "{error}");
    std::fs::remove_file(files.path("key.pem")).expect("removed");
    replace(&files.path("cert.pem"), &old.cert.pem());
    let error = certificates.reload().expect_err("no key").to_string();
    assert!(error.contains("key.pem"), "{error}");
    assert!(
        served(config).await == *old.cert.der(),
        "the old one is still served"
    );
    files.write(&other);
    assert_eq!(certificates.reload().expect("good again"), Reload::Replaced);
    assert_eq!(certificates.reload().expect("the same"), Reload::Unchanged);
}

/// The certificate that a server with these settings shows.
async fn served(config: rustls::ServerConfig) -> CertificateDer<'static> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(far));
    let verifier = danger::AnyCertificate::default();
    let seen = Arc::clone(&verifier.seen);
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let _stream = soon(TlsConnector::from(Arc::new(config)).connect(name, near))
        .await
        .expect("connected");
    soon(server).await.expect("joined").expect("accepted");
    let shown = seen.lock().expect("seen").take();
    shown.expect("a certificate")
}

#[tokio::test]
async fn a_self_signed_certificate_is_made_only_when_asked_for_by_name() {
    let mut settings = config::Server {
        listen: ([127, 0, 0, 1], 0).into(),
        ..config::Server::default()
    };
    assert!(
        Server::bind(&settings)
            .expect("plain")
            .certificates()
            .is_none()
    );
    settings.tls.mode = TlsMode::SelfSigned;
    settings.tls.self_signed_names = vec!["gateway.example".to_owned()];
    let server = Server::bind(&settings).expect("bound");
    let shown = served(
        server
            .certificates()
            .expect("made")
            .server_config(TlsProfile::Modern)
            .expect("settings"),
    )
    .await;
    assert!(shown.windows(15).any(|name| name == b"gateway.example"));
    settings.tls.mode = TlsMode::Files;
    let error = Server::bind(&settings).err();
    assert!(
        matches!(error, Some(BindError::Certificate(_))),
        "never instead of a missing file"
    );
}

/// Looks at a certificate without judging it.
mod danger {
    use std::sync::{Arc, Mutex};

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};
    use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

    #[derive(Debug, Default)]
    pub struct AnyCertificate {
        pub seen: Arc<Mutex<Option<CertificateDer<'static>>>>,
    }

    impl ServerCertVerifier for AnyCertificate {
        fn verify_server_cert(
            &self,
            leaf: &CertificateDer<'_>,
            _chain: &[CertificateDer<'_>],
            _name: &ServerName<'_>,
            _ocsp: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            *self.seen.lock().expect("seen") = Some(leaf.clone().into_owned());
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _leaf: &CertificateDer<'_>,
            _signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _message: &[u8],
            _leaf: &CertificateDer<'_>,
            _signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            super::provider()
                .signature_verification_algorithms
                .supported_schemes()
        }
    }
}
