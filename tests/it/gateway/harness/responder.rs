//! A responder as a client: the link that leads to a session, and the connection that follows it.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{ErrorMessage, FromResponder, ToResponder};
use callbox_proto::vocabulary::Seq;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Console, Gateway, Wire, fresh, soon};
use crate::gateway::photos::sha256;

/// A link as its maker has it.
pub struct Link {
    pub id: CommandId,
    pub session: SessionId,
    pub secret: String,
}

/// Whoever may makes a link.
pub async fn makes(who: &Console, session: SessionId, life_ms: u64) -> Link {
    let link = Link {
        id: fresh(),
        session,
        secret: secret(),
    };
    who.submit(link.id, session, making(&link.secret, life_ms));
    who.answer(link.id).await.expect("made");
    link
}

pub fn making(secret: &str, life_ms: u64) -> StaffCommand {
    StaffCommand::MakeResponderLink {
        digest: sha256(secret.as_bytes()),
        life_ms,
        note: "Engine 4".to_owned(),
    }
}

pub fn secret() -> String {
    let bytes = [
        fresh().as_u128().to_be_bytes(),
        fresh().as_u128().to_be_bytes(),
    ]
    .concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Opens a link at a node, under an id: a token, or status and code.
pub async fn opens_as(
    at: SocketAddr,
    link: &Link,
    id: CommandId,
    name: &str,
) -> Result<String, (StatusCode, String)> {
    let body = json!({ "id": id, "session": link.session, "secret": link.secret, "name": name });
    let url = format!("http://{at}/api/v1/responder-links/open");
    let asking = reqwest::Client::new().post(url).json(&body).send();
    let answer = soon(asking).await.expect("answered");
    let status = answer.status();
    let body: Value = soon(answer.json()).await.expect("JSON");
    match status.is_success() {
        true => Ok(body["token"].as_str().expect("a token").to_owned()),
        false => Err((status, body["code"].as_str().expect("a code").to_owned())),
    }
}

pub async fn opens(gateway: &Gateway, link: &Link) -> Result<String, (StatusCode, String)> {
    opens_as(gateway.here(), link, fresh(), "Engine 4").await
}

/// A connection that said hello.
pub struct Responder {
    pub wire: Wire<FromResponder, ToResponder>,
}

impl Responder {
    /// Comes in where residents do: where there are several nodes, another one than the console's.
    pub async fn hello(gateway: &Gateway, token: &str, after: Seq) -> Self {
        let wire = Wire::connect(gateway.here(), "/ws/responder", Encoding::Json).await;
        wire.send(&FromResponder::Hello {
            client: "scenario tests".to_owned(),
            token: token.to_owned(),
            after,
        });
        Self { wire }
    }

    pub async fn welcomed(gateway: &Gateway, token: &str, after: Seq) -> Self {
        let this = Self::hello(gateway, token, after).await;
        this.wire
            .wait(|m| matches!(m, ToResponder::Welcome { .. }).then_some(()))
            .await;
        this
    }

    pub async fn reads(&self, words: &str) -> Seq {
        self.wire
            .wait(|m| match m {
                ToResponder::Entry {
                    seq,
                    event: Event::Text { text, .. },
                    ..
                } if text == words => Some(*seq),
                _ => None,
            })
            .await
    }

    /// How it ended: the last error, and the close.
    pub async fn ended(&self) -> (ErrorCode, Option<u16>) {
        self.wire
            .ended(|m| match m {
                ToResponder::Error(error) if error.id.is_none() => Some(error.code),
                _ => None,
            })
            .await
    }

    pub async fn offers(&self, sdp: &str) -> Result<String, ErrorMessage> {
        let (wanted, sdp) = (fresh(), sdp.to_owned());
        self.wire
            .send(&FromResponder::MediaOffer { id: wanted, sdp });
        self.wire
            .wait(|m| match m {
                ToResponder::MediaAnswer { id, sdp, .. } if *id == wanted => Some(Ok(sdp.clone())),
                ToResponder::Error(error) if error.id == Some(wanted) => Some(Err(error.clone())),
                _ => None,
            })
            .await
    }

    pub async fn quiet(&self) {
        let n = fresh().as_u128() as u64 >> 12;
        self.wire.send(&FromResponder::Ping { n });
        self.wire
            .wait(|m| matches!(m, ToResponder::Pong { n: back, .. } if *back == n).then_some(()))
            .await;
    }
}
