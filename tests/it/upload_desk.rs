//! A running upload server over loopback HTTP, with an authority that knows two residents and writes down what it
//! is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use callbox::evidence::folder::{Clock, FolderLimits, FolderStore};
use callbox::evidence::names::{AgencyName, Owner, SessionRef};
use callbox::evidence::photo::{PhotoPipeline, PhotoRefusal, WorkerLimits};
use callbox::evidence::store::EvidenceStore;
use callbox::http::uploads::{
    PhotoRef, Refusal, SealedPhoto, UploadAuthority, UploadGrant, UploadLimits, Uploads, router,
};
use reqwest::{Method, RequestBuilder, Response};

pub const AGENCY: &str = "demo.example";
pub const ANNA: &str = "token-of-anna";
pub const BELA: &str = "token-of-bela";
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Writes down what it is told; refuses to while it is away.
#[derive(Default)]
pub struct Sessions {
    pub announced: Mutex<HashMap<(String, String), u64>>,
    pub completed: Mutex<Vec<(String, SealedPhoto)>>,
    pub failed: Mutex<Vec<(String, PhotoRefusal)>>,
    pub away: AtomicBool,
}

#[async_trait]
impl UploadAuthority for Sessions {
    async fn may_upload(&self, bearer: &str, photo: &PhotoRef) -> Result<UploadGrant, Refusal> {
        let session = match bearer {
            ANNA => "session-1",
            BELA => "session-2",
            _ => return Err(Refusal::NotSignedIn),
        };
        let key = (session.to_owned(), photo.photo.to_string());
        match self.announced.lock().unwrap().get(&key) {
            Some(length) if *length == photo.length_bytes => Ok(UploadGrant {
                owner: Owner {
                    agency: AgencyName::parse(AGENCY).unwrap(),
                    session: SessionRef::parse(session).unwrap(),
                    photo: photo.photo.clone(),
                },
            }),
            Some(_) => Err(Refusal::Differs),
            None => Err(Refusal::NotAnnounced),
        }
    }

    async fn completed(&self, grant: &UploadGrant, photo: SealedPhoto) -> Result<(), Refusal> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Refusal::Unavailable);
        }
        let mut completed = self.completed.lock().unwrap();
        if !completed
            .iter()
            .any(|(id, _)| *id == grant.owner.photo.to_string())
        {
            completed.push((grant.owner.photo.to_string(), photo));
        }
        Ok(())
    }

    async fn failed(&self, grant: &UploadGrant, reason: PhotoRefusal) -> Result<(), Refusal> {
        self.failed
            .lock()
            .unwrap()
            .push((grant.owner.photo.to_string(), reason));
        Ok(())
    }
}

/// How a desk differs from the default.
#[derive(Clone)]
pub struct Setup {
    pub store: FolderLimits,
    pub upload: UploadLimits,
    pub worker: PathBuf,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            store: FolderLimits {
                min_free_bytes: 0,
                ..FolderLimits::default()
            },
            upload: UploadLimits::default(),
            worker: env!("CARGO_BIN_EXE_callbox").into(),
        }
    }
}

/// The server, its folder, and a client.
pub struct Desk {
    pub folder: Arc<tempfile::TempDir>,
    pub store: Arc<FolderStore>,
    pub uploads: Uploads,
    pub sessions: Arc<Sessions>,
    pub address: std::net::SocketAddr,
    pub clock_ahead_seconds: Arc<AtomicU64>,
    pub client: reqwest::Client,
    setup: Setup,
    server: tokio::task::JoinHandle<()>,
}

impl Desk {
    pub async fn open() -> Self {
        Self::open_with(Setup::default()).await
    }

    pub async fn open_with(setup: Setup) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::start(setup, folder, Arc::default()).await
    }

    pub async fn start(
        setup: Setup,
        folder: Arc<tempfile::TempDir>,
        sessions: Arc<Sessions>,
    ) -> Self {
        let clock_ahead_seconds = Arc::new(AtomicU64::new(0));
        let ahead = Arc::clone(&clock_ahead_seconds);
        let clock: Clock =
            Arc::new(move || SystemTime::now() + Duration::from_secs(ahead.load(Ordering::SeqCst)));
        let store = Arc::new(
            FolderStore::open(&folder.path().join("evidence"), setup.store.clone(), clock).unwrap(),
        );
        let photos = Arc::new(PhotoPipeline::new(
            setup.worker.clone(),
            WorkerLimits::default(),
        ));
        let uploads = Uploads::new(
            store.clone(),
            photos,
            sessions.clone(),
            setup.upload.clone(),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = router(uploads.clone());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        crate::http_client::install_tls();
        let client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .build()
            .unwrap();
        Self {
            folder,
            store,
            uploads,
            sessions,
            address,
            clock_ahead_seconds,
            client,
            setup,
            server,
        }
    }

    /// Ends the server and opens the same folder again.
    pub async fn restarted(self) -> Self {
        self.server.abort();
        let (folder, sessions, setup) = (
            self.folder.clone(),
            self.sessions.clone(),
            self.setup.clone(),
        );
        drop(self);
        Self::start(setup, folder, sessions).await
    }

    /// A photo id, announced in Anna's session.
    pub fn announce(&self, length_bytes: usize) -> String {
        let photo = format!("{:032x}", rand::random::<u128>());
        let key = ("session-1".to_owned(), photo.clone());
        self.sessions
            .announced
            .lock()
            .unwrap()
            .insert(key, length_bytes as u64);
        photo
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.client
            .request(Method::from_bytes(method.as_bytes()).unwrap(), url)
            .header("Tus-Resumable", "1.0.0")
            .bearer_auth(ANNA)
    }

    pub fn creation(&self, photo: &str, length_bytes: usize) -> RequestBuilder {
        self.request("POST", "/api/v1/uploads")
            .header("Upload-Length", length_bytes)
            .header(
                "Upload-Metadata",
                format!(
                    "photo {},session {},filename bmFtZQ==",
                    STANDARD.encode(photo),
                    STANDARD.encode("session-1")
                ),
            )
    }

    /// Announces and creates; the path of the upload.
    pub async fn create(&self, length_bytes: usize) -> String {
        let photo = self.announce(length_bytes);
        location(&self.creation(&photo, length_bytes).send().await.unwrap())
    }

    pub fn patch(&self, path: &str, offset_bytes: usize, bytes: &[u8]) -> RequestBuilder {
        self.request("PATCH", path)
            .header("Upload-Offset", offset_bytes)
            .header("Content-Type", "application/offset+octet-stream")
            .body(bytes.to_vec())
    }

    pub async fn send_whole(&self, bytes: &[u8]) -> Response {
        let path = self.create(bytes.len()).await;
        self.patch(&path, 0, bytes).send().await.unwrap()
    }

    pub async fn offset(&self, path: &str) -> u64 {
        number(
            &self.request("HEAD", path).send().await.unwrap(),
            "Upload-Offset",
        )
    }

    pub fn incoming(&self) -> PathBuf {
        self.folder.path().join("evidence/incoming")
    }

    pub fn sealed_path(&self, hash: &str) -> PathBuf {
        self.folder
            .path()
            .join("evidence/sealed")
            .join(AGENCY)
            .join(&hash[..2])
            .join(hash)
    }

    pub fn last_completed(&self) -> SealedPhoto {
        self.sessions
            .completed
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .1
            .clone()
    }

    pub fn agency(&self) -> AgencyName {
        AgencyName::parse(AGENCY).unwrap()
    }

    pub async fn copy_of_last(&self) -> Vec<u8> {
        self.store
            .copy(&self.agency(), &self.last_completed().original)
            .await
            .unwrap()
            .bytes
            .to_vec()
    }
}

pub fn location(response: &Response) -> String {
    assert_eq!(response.status(), 201);
    response.headers()["Location"].to_str().unwrap().to_owned()
}

pub fn number(response: &Response, header: &str) -> u64 {
    assert!(response.status().is_success(), "{}", response.status());
    response.headers()[header]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Status and code of an answer that is a problem.
pub async fn problem(response: Response) -> (u16, String) {
    assert_eq!(
        response.headers()["Content-Type"],
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert!(body["retry"].is_string() && body["message"].is_string());
    (status, body["code"].as_str().unwrap().to_owned())
}

/// Waits until something holds, at most for the deadline.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("not within the deadline: {what}"));
}

pub fn file_length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
