//! A resident's client: a device key and one connection.

use std::net::SocketAddr;
use std::sync::Arc;

use callbox_proto::bytes::Bytes;
use callbox_proto::codec::Encoding;
use callbox_proto::command::{Opening, ResidentCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{ErrorMessage, FromResident, ToResident};
use callbox_proto::vocabulary::{
    Category, DeviceCan, Location, LocationMethod, Rung, Seq, Standing,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::wire::{Wire, WireClosed};
use super::{fresh, soon};

/// Where residents connect.
const PATH: &str = "/ws/resident";

/// A device with its key: the same device is the same resident.
#[derive(Debug, Clone)]
pub struct Device(Arc<EcdsaKeyPair>);

impl Device {
    /// A new phone.
    pub fn new() -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        Self(Arc::new(pair.expect("a key")))
    }

    /// The answer to a challenge.
    pub fn hello(&self, nonce: &[u8]) -> FromResident {
        self.hello_to(nonce, None)
    }

    /// The same, for an agency that is named.
    pub fn hello_to(&self, nonce: &[u8], agency: Option<&str>) -> FromResident {
        let signed = [b"callbox-hello-v1", nonce].concat();
        let signature = self.0.sign(&SystemRandom::new(), &signed).expect("signed");
        FromResident::Hello {
            client: "scenario tests".to_owned(),
            key: Bytes(self.0.public_key().as_ref().to_vec()),
            signature: Bytes(signature.as_ref().to_vec()),
            agency: agency.map(|id| id.parse().expect("an agency")),
        }
    }
}

/// A command is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    pub id: CommandId,
    pub rung: Rung,
    pub first: Seq,
    pub last: Seq,
}

/// An entry as it came, to a resident (`prev` is the visible one before) or to staff (`prev` is `seq - 1`).
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: Seq,
    pub prev: Seq,
    pub by: Actor,
    pub command: CommandId,
    pub event: Event,
}

/// A place as a device tells it.
pub fn place() -> Location {
    Location {
        latitude: 40.0,
        longitude: -75.0,
        uncertainty_m: 20.0,
        method: LocationMethod::Gnss,
        age_ms: 0,
        words: None,
    }
}

/// How a session may begin; categories and words decide the priority (`other` without telling words is 3).
pub fn opening(category: Category, words: &str) -> Opening {
    Opening {
        category,
        language: "en".to_owned(),
        silent: false,
        device: DeviceCan::default(),
        contact: None,
        text: (!words.is_empty()).then(|| words.to_owned()),
        location: None,
        test: false,
    }
}

/// A resident's text.
pub fn text(words: &str) -> ResidentCommand {
    ResidentCommand::Text {
        text: words.to_owned(),
        age_ms: 0,
    }
}

/// A resident on one connection, welcomed.
#[derive(Debug)]
pub struct Resident {
    pub device: Device,
    pub wire: Wire<FromResident, ToResident>,
    /// For uploads over HTTP.
    pub token: String,
}

impl Resident {
    /// Connects and says hello.
    pub async fn connect(address: SocketAddr, device: Device, encoding: Encoding) -> Self {
        soon(Self::try_connect(address, device, encoding))
            .await
            .expect("welcomed")
    }

    /// Connects and says hello; `None` when the link broke meanwhile.
    pub async fn try_connect(
        address: SocketAddr,
        device: Device,
        encoding: Encoding,
    ) -> Option<Self> {
        let wire = Wire::try_connect(address, PATH, encoding).await?;
        Self::greet(wire, device).await
    }

    /// Connects and says hello to an agency that is named.
    pub async fn at(address: SocketAddr, device: Device, agency: &str) -> Self {
        let wire = Wire::connect(address, PATH, Encoding::MessagePack).await;
        let greeting = Self::greet_at(wire, device, Some(agency));
        soon(greeting).await.expect("welcomed")
    }

    /// Says hello on an upgraded link; `None` when it broke meanwhile.
    pub async fn greet(wire: Wire<FromResident, ToResident>, device: Device) -> Option<Self> {
        Self::greet_at(wire, device, None).await
    }

    /// The same, to an agency that is named.
    pub async fn greet_at(
        wire: Wire<FromResident, ToResident>,
        device: Device,
        agency: Option<&str>,
    ) -> Option<Self> {
        let nonce = wire
            .wait_or_close(|m| match m {
                ToResident::Challenge { nonce, .. } => Some(nonce.0.clone()),
                _ => None,
            })
            .await
            .ok()?;
        wire.send(&device.hello_to(&nonce, agency));
        let token = wire
            .wait_or_close(|m| match m {
                ToResident::Welcome { token, .. } => Some(token.clone()),
                _ => None,
            })
            .await
            .ok()?;
        Some(Self {
            device,
            wire,
            token,
        })
    }

    /// Opens a session with these words.
    pub async fn open(&self, words: &str) -> SessionId {
        self.open_with(fresh(), &opening(Category::Other, words))
            .await
            .0
    }

    /// Opens a session; the answer to the same id again is the same.
    pub async fn open_with(&self, id: CommandId, opening: &Opening) -> (SessionId, Receipt) {
        let opening = opening.clone();
        self.wire.send(&FromResident::Open { id, opening });
        let session = self.session().await.0;
        (session, self.answer(id).await.expect("opened"))
    }

    /// Goes on with a session: where it stands.
    pub async fn resume(&self, session: SessionId, after: Seq) -> (Seq, Standing) {
        self.wire.send(&FromResident::Resume { session, after });
        let (found, head, standing) = self.session().await;
        assert_eq!(found, session);
        (head, standing)
    }

    async fn session(&self) -> (SessionId, Seq, Standing) {
        self.wire
            .wait(|m| match m {
                ToResident::Session {
                    session,
                    head,
                    standing,
                    ..
                } => Some((*session, *head, *standing)),
                _ => None,
            })
            .await
    }

    /// Sends a command without waiting for its answer.
    pub fn submit(&self, id: CommandId, command: ResidentCommand) {
        self.wire.send(&FromResident::Do { id, command });
    }

    /// The one answer to a command.
    pub async fn answer(&self, id: CommandId) -> Result<Receipt, ErrorMessage> {
        self.wire.wait(|m| answer_in(m, id)).await
    }

    /// The one answer to a command, or that the link is gone.
    pub async fn answer_or_close(
        &self,
        id: CommandId,
    ) -> Result<Result<Receipt, ErrorMessage>, WireClosed> {
        self.wire.wait_or_close(|m| answer_in(m, id)).await
    }

    /// Does something that is granted.
    pub async fn does(&self, command: ResidentCommand) -> Receipt {
        let id = fresh();
        self.submit(id, command);
        self.answer(id).await.expect("done")
    }

    /// Does something that is refused.
    pub async fn is_refused(&self, command: ResidentCommand) -> ErrorCode {
        let id = fresh();
        self.submit(id, command);
        self.answer(id).await.expect_err("refused").code
    }

    /// Writes.
    pub async fn says(&self, words: &str) -> Receipt {
        self.does(text(words)).await
    }

    /// The first entry whose event is wanted.
    pub async fn entry(&self, wanted: impl Fn(&Event) -> bool) -> Entry {
        self.wire
            .wait(|m| entry_in(m).filter(|entry| wanted(&entry.event)))
            .await
    }

    /// Waits for this text.
    pub async fn reads(&self, words: &str) -> Entry {
        self.entry(|event| matches!(event, Event::Text { text, .. } if text == words))
            .await
    }

    /// All entries so far, as they came.
    pub fn entries(&self) -> Vec<Entry> {
        self.wire
            .record()
            .all()
            .iter()
            .filter_map(entry_in)
            .collect()
    }

    /// All texts so far, of both sides, as they came.
    pub fn texts(&self) -> Vec<String> {
        let text = |entry: Entry| match entry.event {
            Event::Text { text, .. } => Some(text),
            _ => None,
        };
        self.entries().into_iter().filter_map(text).collect()
    }

    /// Waits until everything that was under way to this connection is here.
    pub async fn quiet(&self) {
        let n = fresh().as_u128() as u64 >> 12;
        self.wire.send(&FromResident::Ping { n });
        self.wire
            .wait(|m| matches!(m, ToResident::Pong { n: back, .. } if *back == n).then_some(()))
            .await;
    }
}

/// The answer to this command, if this is it.
pub fn answer_in(message: &ToResident, wanted: CommandId) -> Option<Result<Receipt, ErrorMessage>> {
    match message {
        ToResident::Receipt {
            id,
            rung,
            first,
            last,
        } if *id == wanted => Some(Ok(Receipt {
            id: *id,
            rung: *rung,
            first: *first,
            last: *last,
        })),
        ToResident::Error(error) if error.id == Some(wanted) => Some(Err(error.clone())),
        _ => None,
    }
}

/// The entry, if this is one.
pub fn entry_in(message: &ToResident) -> Option<Entry> {
    match message {
        ToResident::Entry {
            seq,
            prev,
            by,
            command,
            event,
            ..
        } => Some(Entry {
            seq: *seq,
            prev: *prev,
            by: by.clone(),
            command: *command,
            event: event.clone(),
        }),
        _ => None,
    }
}
