//! Resumable upload of an original (tus 1.0 core), as any tus client does it.
//!
//! Owns: creating, sending in parts and going on where a cut upload stopped. Called by: `life`.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callbox_proto::ids::{CommandId, SessionId};
use reqwest::{Client, Method, Response, StatusCode};

use crate::client::Target;

/// Bytes of one part: a slow radio link's second.
const PART_BYTES: usize = 128 * 1_024;
/// Tries before the photo is given up.
const TRIES: u32 = 6;
/// Longest wait for one request.
const REQUEST: Duration = Duration::from_secs(30);

/// What is uploaded, and by whose token.
#[derive(Debug)]
pub struct Upload {
    /// The session.
    pub session: SessionId,
    /// The photo: the id of the command that announced it.
    pub photo: CommandId,
    /// Token of the resident's welcome.
    pub token: String,
    /// The original.
    pub original: Vec<u8>,
}

/// Uploads an original; a cut goes on where it stopped.
///
/// # Errors
/// When it is refused or still fails after several tries.
pub async fn send(target: &Target, upload: &Upload) -> Result<()> {
    let http = Client::builder().timeout(REQUEST).build()?;
    let mut place = None;
    let mut pause = Duration::from_millis(500);
    for _ in 0..TRIES {
        match attempt(&http, target, upload, &mut place).await {
            Ok(()) => return Ok(()),
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Again) => {}
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    bail!("a photo could not be uploaded in {TRIES} tries")
}

enum Fault {
    /// Trying again is useless.
    Final(anyhow::Error),
    /// The link broke or the gateway is busy.
    Again,
}

impl From<reqwest::Error> for Fault {
    fn from(_: reqwest::Error) -> Self {
        Self::Again
    }
}

async fn attempt(
    http: &Client,
    target: &Target,
    upload: &Upload,
    place: &mut Option<String>,
) -> Result<(), Fault> {
    let request = |method: Method, url: &str| {
        http.request(method, url)
            .bearer_auth(&upload.token)
            .header("Tus-Resumable", "1.0.0")
    };
    let (url, mut offset) = match place {
        Some(url) => {
            let answer = good(request(Method::HEAD, url).send().await?).await?;
            let offset = header(&answer, "Upload-Offset").and_then(|text| text.parse().ok());
            (url.clone(), offset.ok_or(Fault::Again)?)
        }
        None => {
            let metadata = format!(
                "photo {},session {}",
                STANDARD.encode(upload.photo.to_string()),
                STANDARD.encode(upload.session.to_string())
            );
            let create = request(Method::POST, &target.http("/api/v1/uploads"))
                .header("Upload-Length", upload.original.len())
                .header("Upload-Metadata", metadata);
            let answer = good(create.send().await?).await?;
            let location = header(&answer, "Location").context("an upload without a place");
            let location = location.map_err(Fault::Final)?;
            let url = absolute(target, &location);
            *place = Some(url.clone());
            (url, 0)
        }
    };
    while let Some(rest) = upload
        .original
        .get(offset..)
        .filter(|rest| !rest.is_empty())
    {
        let part = rest[..rest.len().min(PART_BYTES)].to_vec();
        let length = part.len();
        let send = request(Method::PATCH, &url)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", offset)
            .body(part);
        good(send.send().await?).await?;
        offset += length;
    }
    Ok(())
}

async fn good(answer: Response) -> Result<Response, Fault> {
    match answer.status() {
        good if good.is_success() => Ok(answer),
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => Err(Fault::Again),
        busy if busy.is_server_error() => Err(Fault::Again),
        refused => {
            let why = answer.text().await.unwrap_or_default();
            Err(Fault::Final(anyhow!(
                "an upload was refused: {refused} {why}"
            )))
        }
    }
}

fn header(answer: &Response, name: &str) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().ok()?.to_owned())
}

fn absolute(target: &Target, location: &str) -> String {
    if location.starts_with('/') {
        target.http(location)
    } else {
        location.to_owned()
    }
}
