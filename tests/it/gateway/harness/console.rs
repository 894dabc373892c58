//! A staff client: a signed-in person and one connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use callbox_domain::access::{Access, Action, allowed};
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::event::Event;
use callbox_proto::ids::{CommandId, QueueId, SessionId};
use callbox_proto::message::{Board, ErrorMessage, FromStaff, SessionRow, ToStaff};
use callbox_proto::vocabulary::{AgentState, Role, Seq, Standing};

use super::wire::{Wire, WireClosed};
use super::{Entry, Receipt, fresh, soon};

/// Where staff connect.
const PATH: &str = "/ws/staff";
/// Between two words of a console that is alive; the shortest heartbeat is a second.
const BEAT: Duration = Duration::from_millis(250);
/// The demo's agency.
const AGENCY: &str = "demo.example";

/// Somebody of the demo with a token.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub name: String,
    pub token: String,
    pub role: Role,
}

impl SignedIn {
    /// Signs in over HTTP with the demo's passphrase.
    pub async fn sign_in(address: SocketAddr, name: &str) -> Self {
        let passphrase = format!("demo-{name}-911");
        let signed_in = Self::try_sign_in(address, AGENCY, name, &passphrase).await;
        signed_in.expect("signed in")
    }

    /// Signs in to an agency, or the code of the refusal.
    pub async fn try_sign_in(
        address: SocketAddr,
        agency: &str,
        name: &str,
        passphrase: &str,
    ) -> Result<Self, String> {
        let body = serde_json::json!({
            "agency": agency, "name": name, "passphrase": passphrase,
        });
        let url = format!("http://{address}/api/v1/sign-in");
        let asking = reqwest::Client::new().post(url).json(&body).send();
        let answer = soon(asking).await.expect("answered");
        let taken = answer.status().is_success();
        let answer: serde_json::Value = soon(answer.json()).await.expect("JSON");
        if !taken {
            return Err(answer["code"].as_str().expect("a code").to_owned());
        }
        assert_eq!(answer["agency"], agency);
        Ok(Self {
            name: name.to_owned(),
            token: answer["token"].as_str().expect("a token").to_owned(),
            role: serde_json::from_value(answer["role"].clone()).expect("a role"),
        })
    }
}

impl SignedIn {
    /// Trades a token for a wallboard's, or the code of the refusal.
    pub async fn opens_wallboard(&self, address: SocketAddr) -> Result<Self, String> {
        self.trade(address, "wallboard").await
    }

    /// Trades a token for a fresh one, or the code of the refusal.
    pub async fn refreshes(&self, address: SocketAddr) -> Result<Self, String> {
        self.trade(address, "refresh").await
    }

    async fn trade(&self, address: SocketAddr, what: &str) -> Result<Self, String> {
        let url = format!("http://{address}/api/v1/sign-in/{what}");
        let asking = reqwest::Client::new()
            .post(url)
            .bearer_auth(&self.token)
            .send();
        let answer = soon(asking).await.expect("answered");
        let taken = answer.status().is_success();
        let answer: serde_json::Value = soon(answer.json()).await.expect("JSON");
        if !taken {
            return Err(answer["code"].as_str().expect("a code").to_owned());
        }
        Ok(Self {
            name: answer["staff"].as_str().expect("a name").to_owned(),
            token: answer["token"].as_str().expect("a token").to_owned(),
            role: serde_json::from_value(answer["role"].clone()).expect("a role"),
        })
    }
}

/// A followed session as it began.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    pub row: SessionRow,
    pub head: Seq,
    pub after: Seq,
}

/// A person on one connection, welcomed.
#[derive(Debug)]
pub struct Console {
    pub who: SignedIn,
    pub wire: Wire<FromStaff, ToStaff>,
    /// The agency's queues, from the welcome.
    pub queues: Vec<QueueId>,
}

impl Console {
    /// Connects and says hello.
    pub async fn connect(address: SocketAddr, who: &SignedIn, encoding: Encoding) -> Self {
        soon(Self::try_connect(address, who, encoding))
            .await
            .expect("welcomed")
    }

    /// Connects and says hello; `None` when the link broke meanwhile.
    pub async fn try_connect(
        address: SocketAddr,
        who: &SignedIn,
        encoding: Encoding,
    ) -> Option<Self> {
        let wire = Wire::try_connect(address, PATH, encoding).await?;
        wire.send(&FromStaff::Hello {
            client: "scenario tests".to_owned(),
            token: who.token.clone(),
        });
        let queues = wire
            .wait_or_close(|m| match m {
                ToStaff::Welcome { queues, .. } => {
                    Some(queues.iter().map(|info| info.queue.clone()).collect())
                }
                _ => None,
            })
            .await
            .ok()?;
        Some(Self {
            who: who.clone(),
            wire,
            queues,
        })
    }

    /// Whether the role may take sessions.
    pub fn may_take(&self) -> bool {
        allowed(self.who.role, Action::Take) != Access::Never
    }

    /// Registers for every queue and is available.
    pub fn ready_for_everything(&self) {
        let queues = self.queues.clone();
        self.wire.send(&FromStaff::Register { queues });
        self.wire.send(&FromStaff::SetAgentState {
            state: AgentState::Available,
            reason: None,
        });
    }

    /// Takes the next session.
    pub async fn take_next(&self) -> SessionId {
        self.try_take_next(fresh())
            .await
            .expect("something waits")
            .0
    }

    /// Takes the next session, if one waits.
    pub async fn try_take_next(&self, id: CommandId) -> Result<(SessionId, Receipt), ErrorMessage> {
        self.wire.send(&FromStaff::TakeNext { id });
        self.answer(id).await
    }

    /// Sends a command without waiting for its answer.
    pub fn submit(&self, id: CommandId, session: SessionId, command: StaffCommand) {
        self.wire.send(&FromStaff::Do {
            id,
            session,
            command,
        });
    }

    /// The one answer to a command.
    pub async fn answer(&self, id: CommandId) -> Result<(SessionId, Receipt), ErrorMessage> {
        self.wire.wait(|m| answer_in(m, id)).await
    }

    /// The error that answers a request, or `None` when it was answered otherwise.
    pub async fn answer_or_error(&self, id: CommandId) -> Option<ErrorMessage> {
        self.wire
            .wait(|m| match m {
                ToStaff::MediaAnswer { id: of, .. } | ToStaff::History { id: of, .. }
                    if *of == id =>
                {
                    Some(None)
                }
                other => answer_in(other, id).map(Result::err),
            })
            .await
    }

    /// Does something that is granted.
    pub async fn does(&self, session: SessionId, command: StaffCommand) -> Receipt {
        let id = fresh();
        self.submit(id, session, command);
        let (answered, receipt) = self.answer(id).await.expect("done");
        assert_eq!(answered, session);
        receipt
    }

    /// Does something that is refused.
    pub async fn is_refused(&self, session: SessionId, command: StaffCommand) -> ErrorMessage {
        let id = fresh();
        self.submit(id, session, command);
        self.answer(id).await.expect_err("refused")
    }

    /// Takes this session.
    pub async fn takes(&self, session: SessionId) -> Receipt {
        self.does(session, StaffCommand::Take {}).await
    }

    /// Writes to the resident.
    pub async fn says(&self, session: SessionId, words: &str) -> Receipt {
        let text = words.to_owned();
        self.does(session, StaffCommand::Text { text }).await
    }

    /// Follows a session from after a place.
    pub async fn follows(&self, session: SessionId, after: Seq) -> Followed {
        self.wire.send(&FromStaff::Follow { session, after });
        self.wire
            .wait(|m| match m {
                ToStaff::Session { row, head, after } if row.session == session => Some(Followed {
                    row: row.clone(),
                    head: *head,
                    after: *after,
                }),
                _ => None,
            })
            .await
    }

    /// The next error without an id.
    pub async fn complaint(&self) -> ErrorMessage {
        self.wire
            .wait(|m| match m {
                ToStaff::Error(error) if error.id.is_none() => Some(error.clone()),
                _ => None,
            })
            .await
    }

    /// The first entry of a followed session whose event is wanted.
    pub async fn entry(&self, session: SessionId, wanted: impl Fn(&Event) -> bool) -> Entry {
        self.wire
            .wait(|m| match entry_in(m) {
                Some((of, entry)) if of == session && wanted(&entry.event) => Some(entry),
                _ => None,
            })
            .await
    }

    /// Waits for this text in a followed session.
    pub async fn reads(&self, session: SessionId, words: &str) -> Entry {
        let wanted = |event: &Event| matches!(event, Event::Text { text, .. } if text == words);
        self.entry(session, wanted).await
    }

    /// All entries of a session so far, as they came.
    pub fn entries(&self, session: SessionId) -> Vec<Entry> {
        let all = self.wire.record().all();
        let of_session = all
            .iter()
            .filter_map(entry_in)
            .filter(|(of, _)| *of == session);
        of_session.map(|(_, entry)| entry).collect()
    }

    /// Waits until the list has such a row.
    pub async fn row(
        &self,
        session: SessionId,
        wanted: impl Fn(&SessionRow) -> bool,
    ) -> SessionRow {
        self.wire
            .record()
            .wait_all(|all| list(all).remove(&session).filter(|row| wanted(row)))
            .await
    }

    /// Waits until the list shows the session standing so.
    pub async fn stands(&self, session: SessionId, standing: Standing) -> SessionRow {
        self.row(session, |row| row.standing == standing).await
    }

    /// Waits until the list no longer has the session.
    pub async fn gone(&self, session: SessionId) {
        let without = |all: &[ToStaff]| (!list(all).contains_key(&session)).then_some(());
        self.wire.record().wait_all(without).await;
    }

    /// Waits until the latest board is such a one.
    pub async fn board(&self, wanted: impl Fn(&Board) -> bool) -> Board {
        let latest = |all: &[ToStaff]| {
            let told = all.iter().rev().find_map(|message| match message {
                ToStaff::Board(board) => Some(board),
                _ => None,
            });
            told.filter(|board| wanted(board)).cloned()
        };
        self.wire.record().wait_all(latest).await
    }

    /// Waits until the list says so of the node: cut off from the others, or not.
    pub async fn told_of_island(&self, island: bool) {
        let latest = |all: &[ToStaff]| {
            let told = all.iter().rev().find_map(|message| match message {
                ToStaff::Sessions { island, .. } | ToStaff::SessionsChanged { island, .. } => {
                    Some(*island)
                }
                _ => None,
            });
            (told == Some(island)).then_some(())
        };
        self.wire.record().wait_all(latest).await;
    }

    /// The list now.
    pub fn list(&self) -> BTreeMap<SessionId, SessionRow> {
        list(&self.wire.record().all())
    }

    /// Waits until everything that was under way to this connection is here.
    pub async fn quiet(&self) {
        let n = fresh().as_u128() as u64 >> 12;
        self.wire.send(&FromStaff::Ping { n });
        self.wire
            .wait(|m| matches!(m, ToStaff::Pong { n: back, .. } if *back == n).then_some(()))
            .await;
    }

    /// The one answer to a command, or that the link is gone.
    pub async fn answer_or_close(
        &self,
        id: CommandId,
    ) -> Result<Result<(SessionId, Receipt), ErrorMessage>, WireClosed> {
        self.wire.wait_or_close(|m| answer_in(m, id)).await
    }
}

/// Lets these consoles be heard as pages are, well within a heartbeat, while something else goes on.
pub async fn while_alive<T>(consoles: &[&Console], other: impl Future<Output = T>) -> T {
    let beats = async {
        let mut beat = tokio::time::interval(BEAT);
        loop {
            beat.tick().await;
            for console in consoles {
                console.wire.send(&FromStaff::Ping { n: 0 });
            }
        }
    };
    tokio::select! {
        () = beats => unreachable!("they go on"),
        done = other => done,
    }
}

/// The answer to this command, if this is it.
pub fn answer_in(
    message: &ToStaff,
    wanted: CommandId,
) -> Option<Result<(SessionId, Receipt), ErrorMessage>> {
    match message {
        ToStaff::Receipt {
            id,
            session,
            rung,
            first,
            last,
        } if *id == wanted => Some(Ok((
            *session,
            Receipt {
                id: *id,
                rung: *rung,
                first: *first,
                last: *last,
            },
        ))),
        ToStaff::Error(error) if error.id == Some(wanted) => Some(Err(error.clone())),
        _ => None,
    }
}

/// The entry and its session, if this is one.
pub fn entry_in(message: &ToStaff) -> Option<(SessionId, Entry)> {
    match message {
        ToStaff::Entry {
            session,
            seq,
            by,
            command,
            event,
            ..
        } => Some((
            *session,
            Entry {
                seq: *seq,
                prev: seq - 1,
                by: by.clone(),
                command: *command,
                event: event.clone(),
            },
        )),
        _ => None,
    }
}

/// The list as a console keeps it: changes are applied to the version they build on, else a whole list is awaited.
fn list(all: &[ToStaff]) -> BTreeMap<SessionId, SessionRow> {
    let (mut known, mut rows) = (None, BTreeMap::new());
    for message in all {
        match message {
            ToStaff::Sessions {
                version,
                rows: whole,
                ..
            } => {
                known = Some(*version);
                rows = whole.iter().map(|row| (row.session, row.clone())).collect();
            }
            ToStaff::SessionsChanged {
                prev,
                version,
                changed,
                gone,
                ..
            } if known == Some(*prev) => {
                known = Some(*version);
                rows.extend(changed.iter().map(|row| (row.session, row.clone())));
                rows.retain(|session, _| !gone.contains(session));
            }
            _ => {}
        }
    }
    rows
}
