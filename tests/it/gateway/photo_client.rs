//! A resident's photo client: announce on the socket, then bring the original by tus; and how staff read it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callbox_proto::bytes::Bytes;
use callbox_proto::command::ResidentCommand;
use callbox_proto::ids::{CommandId, SessionId};
use reqwest::{Method, RequestBuilder, Response};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::harness::{Gateway, Resident, fresh, soon};

/// Announces a JPEG; its id is the command's id.
pub async fn announce(ann: &Resident, size_bytes: usize, preview: Option<Vec<u8>>) -> CommandId {
    announce_as(ann, "image/jpeg", size_bytes, preview).await
}

/// Announces a photo of this type.
pub async fn announce_as(
    ann: &Resident,
    media_type: &str,
    size_bytes: usize,
    preview: Option<Vec<u8>>,
) -> CommandId {
    let id = fresh();
    let command = ResidentCommand::AnnouncePhoto {
        media_type: media_type.to_owned(),
        size_bytes: size_bytes as u64,
        preview: preview.map(Bytes),
        age_ms: 0,
    };
    ann.submit(id, command);
    ann.answer(id).await.expect("announced");
    id
}

/// Somebody with a token and an HTTP client.
#[derive(Debug)]
pub struct Uploader {
    base: String,
    /// Where staff read.
    desk: String,
    address: std::net::SocketAddr,
    token: String,
    client: reqwest::Client,
}

impl Uploader {
    pub fn new(gateway: &Gateway, token: &str) -> Self {
        Self {
            base: gateway.url(""),
            desk: format!("http://{}", gateway.desk()),
            address: gateway.address(),
            token: token.to_owned(),
            client: reqwest::Client::new(),
        }
    }

    /// The same client with another token.
    pub fn showing(&self, token: &str) -> Self {
        Self {
            base: self.base.clone(),
            desk: self.desk.clone(),
            address: self.address,
            token: token.to_owned(),
            client: self.client.clone(),
        }
    }

    /// A request that speaks tus and shows the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base))
            .header("tus-resumable", "1.0.0")
            .bearer_auth(&self.token)
    }

    pub async fn create(&self, session: SessionId, photo: CommandId, bytes: usize) -> Response {
        self.creates_with(session, photo, bytes, "").await
    }

    /// As clients do that tell the file's name, which nobody asked for.
    pub async fn creates_named(
        &self,
        session: SessionId,
        photo: CommandId,
        bytes: usize,
        name: &str,
    ) -> Response {
        let further = format!(",filename {}", STANDARD.encode(name));
        self.creates_with(session, photo, bytes, &further).await
    }

    async fn creates_with(
        &self,
        session: SessionId,
        photo: CommandId,
        bytes: usize,
        further: &str,
    ) -> Response {
        let metadata = format!(
            "photo {},session {}{further}",
            STANDARD.encode(photo.to_string()),
            STANDARD.encode(session.to_string())
        );
        let creation = self
            .request(Method::POST, "/api/v1/uploads")
            .header("upload-length", bytes)
            .header("upload-metadata", metadata);
        soon(creation.send()).await.expect("answered")
    }

    /// Creates the upload: its path.
    pub async fn created(&self, session: SessionId, photo: CommandId, bytes: usize) -> String {
        let response = self.create(session, photo, bytes).await;
        assert_eq!(response.status(), 201);
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    pub async fn patch(&self, path: &str, offset: usize, bytes: &[u8]) -> Response {
        let patch = self
            .request(Method::PATCH, path)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(bytes.to_vec());
        soon(patch.send()).await.expect("answered")
    }

    /// How many bytes have arrived.
    pub async fn offset(&self, path: &str) -> usize {
        let head = soon(self.request(Method::HEAD, path).send());
        let response = head.await.expect("answered");
        assert_eq!(response.status(), 200);
        let offset = response.headers()["upload-offset"].to_str().unwrap();
        offset.parse().unwrap()
    }

    /// Goes on after a cut, from where the gateway has it. Until it has noticed the cut it says that the upload is in use, and to come again.
    pub async fn goes_on(&self, path: &str, bytes: &[u8]) -> Response {
        let goes_on = async {
            loop {
                let offset = self.offset(path).await;
                let response = self.patch(path, offset, &bytes[offset..]).await;
                if response.status() != 423 {
                    return response;
                }
            }
        };
        soon(goes_on).await
    }

    /// Brings everything in one go.
    pub async fn brings(&self, session: SessionId, photo: CommandId, bytes: &[u8]) -> Response {
        let path = self.created(session, photo, bytes.len()).await;
        self.patch(&path, 0, bytes).await
    }

    /// Begins a request for all that is left and stops in the middle of it; the connection is still open.
    pub async fn begins(&self, path: &str, offset: usize, rest: usize, bytes: &[u8]) -> TcpStream {
        let mut stream = soon(TcpStream::connect(self.address)).await.unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\ntus-resumable: 1.0.0\r\n\
             upload-offset: {offset}\r\ncontent-type: application/offset+octet-stream\r\n\
             content-length: {rest}\r\n\r\n",
            self.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
        stream
    }

    /// Reads a photo as staff do.
    pub async fn reads(&self, session: SessionId, photo: CommandId, form: &str) -> Response {
        let url = format!(
            "{}/api/v1/sessions/{session}/photos/{photo}/{form}",
            self.desk
        );
        let get = self.client.get(url).bearer_auth(&self.token);
        soon(get.send()).await.expect("answered")
    }

    /// Reads a photo that can be shown.
    pub async fn sees(&self, session: SessionId, photo: CommandId, form: &str) -> Vec<u8> {
        let response = self.reads(session, photo, form).await;
        assert_eq!(response.status(), 200, "{form}");
        soon(response.bytes()).await.expect("a body").to_vec()
    }

    /// Status and code of a photo that is not shown.
    pub async fn is_refused(
        &self,
        session: SessionId,
        photo: CommandId,
        form: &str,
    ) -> (u16, String) {
        problem(self.reads(session, photo, form).await).await
    }
}

/// Status and code of a refusal.
pub async fn problem(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"].clone();
    assert_eq!(kind, "application/problem+json");
    let body: serde_json::Value = soon(response.json()).await.expect("JSON");
    (status, body["code"].as_str().expect("a code").to_owned())
}
