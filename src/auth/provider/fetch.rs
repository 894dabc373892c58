//! Asking a provider over HTTP, with bounds.
//!
//! Owns: deadlines, the size of an answer, and that TLS is asked for. Must not: follow a redirect (what a provider answers could lead
//! this gateway anywhere), or tell what was said. Called by: the modules beside it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use thiserror::Error;

/// A connection with its handshake.
const CONNECT: Duration = Duration::from_secs(3);
/// One question with its whole answer. A person waits for up to four of them.
const ANSWER: Duration = Duration::from_secs(5);
/// An answer, in bytes: documents, keys and tokens have some thousand, tokens with hundreds of groups some ten thousand.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The client cannot be made: the authority's file.
    #[error("ca_file holds no certificate that can be used")]
    Client,
    /// No connection, no answer in time, or no HTTP.
    #[error("no answer: {0}")]
    Silent(String),
    /// More than is taken.
    #[error("the answer is longer than {ANSWER_MAX_BYTES} bytes")]
    TooLong,
}

/// A client for one provider.
pub struct Fetch(Client);

impl Fetch {
    /// For a provider on this machine, or for one over TLS whose certificate the system or this authority vouches for.
    pub fn new(local: bool, ca_pem: Option<&[u8]>) -> Result<Self, FetchError> {
        let mut client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .https_only(!local)
            .user_agent("callbox");
        if local {
            client = client.no_proxy();
        }
        if let Some(pem) = ca_pem {
            let authorities = Certificate::from_pem_bundle(pem).map_err(|_| FetchError::Client)?;
            if authorities.is_empty() {
                return Err(FetchError::Client);
            }
            client = client.tls_certs_merge(authorities);
        }
        client.build().map(Self).map_err(|_| FetchError::Client)
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let silent = |error: reqwest::Error| FetchError::Silent(causes(&error.without_url()));
        let request = reqwest::Request::try_from(request).map_err(silent)?;
        let mut answer = self.0.execute(request).await.map_err(silent)?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(silent)? {
            if body.len() + part.len() > ANSWER_MAX_BYTES {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&part);
        }
        let mut whole = http::Response::new(body);
        *whole.status_mut() = answer.status();
        *whole.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(whole)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

/// An error with what is behind it: "error sending request" alone says nothing.
fn causes(error: &reqwest::Error) -> String {
    let mut told = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        told = format!("{told}: {cause}");
        next = cause.source();
    }
    told
}
