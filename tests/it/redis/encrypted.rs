//! A server with an encrypted port beside the plain one.

use std::path::PathBuf;

use tempfile::TempDir;

use super::server::free_port;
use super::{RedisServer, ServerOptions};

/// A server whose certificate, for `localhost`, nobody but the test trusts.
pub struct Encrypted {
    pub server: RedisServer,
    port: u16,
    folder: TempDir,
}

impl Encrypted {
    pub fn start(options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (cert, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let port = free_port();
        let options = options
            .with(&format!("tls-port {port}"))
            .with(&format!("tls-cert-file {}", cert.display()))
            .with(&format!("tls-key-file {}", key.display()))
            .with(&format!("tls-ca-cert-file {}", cert.display()))
            .with("tls-auth-clients no");
        let server = RedisServer::start(options);
        Self {
            server,
            port,
            folder,
        }
    }

    /// As `backbone.url`.
    pub fn url(&self) -> String {
        format!("rediss://localhost:{}", self.port)
    }

    /// As `backbone.ca_file`.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }
}
