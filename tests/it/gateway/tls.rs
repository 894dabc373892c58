//! The resident's whole way over an encrypted port with a certificate the gateway made itself.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use callbox::http::certificates::provider;
use callbox_proto::codec::Encoding;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::harness::{Device, Gateway, Resident, Wire, soon};
use crate::http_client::{exchange, read_to_close, request};

const SETTINGS: &str =
    "server.tls.mode = \"self-signed\"\nserver.tls.self_signed_names = [\"localhost\"]";

/// Keeps the certificate it is shown, as a person does who accepts it once.
#[derive(Debug, Default)]
struct AcceptOnce(Mutex<Option<CertificateDer<'static>>>);

impl ServerCertVerifier for AcceptOnce {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = Some(end_entity.clone().into_owned());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = provider().signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

async fn connect(
    address: SocketAddr,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = soon(TcpStream::connect(address)).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    soon(TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
}

fn client(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// What somebody trusts who has accepted the gateway's certificate.
async fn accepted(address: SocketAddr) -> RootCertStore {
    let once = Arc::new(AcceptOnce::default());
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&once) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    connect(address, config).await.expect("a handshake");
    let shown = once.0.lock().unwrap().take().expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(shown).expect("a root");
    roots
}

async fn resident(address: SocketAddr, roots: &RootCertStore, device: Device) -> Resident {
    let stream = connect(address, client(roots.clone())).await.expect("tls");
    let url = "wss://localhost/ws/resident";
    let wire = Wire::through(stream, url, Encoding::MessagePack).await;
    let greeted = soon(Resident::greet(wire.expect("upgraded"), device)).await;
    greeted.expect("welcomed")
}

#[tokio::test]
async fn a_resident_reports_and_comes_back_over_an_encrypted_link() {
    let gateway = Gateway::with(SETTINGS).await;
    let roots = accepted(gateway.address()).await;
    let ann = resident(gateway.address(), &roots, Device::new()).await;
    let session = ann.open("Water in the cellar").await;
    let receipt = ann.says("It is rising").await;
    let device = ann.device.clone();
    drop(ann);
    let ann = resident(gateway.address(), &roots, device).await;
    let (head, _) = ann.resume(session, 0).await;
    assert_eq!(head, receipt.last);
    ann.reads("It is rising").await;
}

#[tokio::test]
async fn pages_and_sign_in_answer_over_tls() {
    let gateway = Gateway::with(SETTINGS).await;
    let roots = accepted(gateway.address()).await;
    let stream = connect(gateway.address(), client(roots.clone())).await;
    let get = request("GET", "/api/v1/agency", &[]);
    let answer = exchange(stream.expect("tls"), &get).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("strict-transport-security"),
        None,
        "a browser must still let people past its warning"
    );
    let body = r#"{"agency":"demo.example","name":"tina","passphrase":"demo-tina-911"}"#;
    let length = format!("content-length: {}", body.len());
    let head = request(
        "POST",
        "/api/v1/sign-in",
        &["content-type: application/json", &length],
    );
    let stream = connect(gateway.address(), client(roots)).await;
    let answer = exchange(stream.expect("tls"), &format!("{head}{body}")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_client_that_did_not_accept_the_certificate_does_not_connect() {
    let gateway = Gateway::with(SETTINGS).await;
    let stranger = client(RootCertStore::empty());
    assert!(connect(gateway.address(), stranger).await.is_err());
}

#[tokio::test]
async fn plain_http_on_the_encrypted_port_gets_no_page() {
    let gateway = Gateway::with(SETTINGS).await;
    let mut plain = soon(TcpStream::connect(gateway.address())).await.unwrap();
    let get = request("GET", "/", &[]);
    plain.write_all(get.as_bytes()).await.unwrap();
    assert!(!read_to_close(&mut plain).await.starts_with(b"HTTP"));
}

#[tokio::test]
async fn plain_http_is_refused_beyond_the_loopback_address() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callbox.toml");
    let text = format!(
        "server.listen = \"0.0.0.0:0\"\nagency.demo.enabled = false\nstorage.data_dir = \"{}\"\n",
        folder.path().join("data").display()
    );
    std::fs::write(&file, text).unwrap();
    let program = tokio::process::Command::new(env!("CARGO_BIN_EXE_callbox"))
        .arg("--config")
        .arg(&file)
        .arg("serve")
        .kill_on_drop(true)
        .output();
    let output = soon(program).await.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("loopback") && said.contains("tls"), "{said}");
    assert!(!folder.path().join("data").exists(), "nothing was touched");
}
