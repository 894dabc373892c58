//! A resident's connection.
//!
//! Owns: the order hello → open or resume → everything else, and which message calls which part of the node. Must not: let a
//! resident reach any session but their own. Called by: `http` after an upgrade on the residents' path.

use std::sync::Arc;

use callbox_domain::access::{
    Caller, action_of_resident_command, action_of_resident_message, may_at_all,
};
use callbox_proto::bounds::REAL_TIME_TEXT_MAX_CHARS;
use callbox_proto::bytes::Bytes;
use callbox_proto::codec::Encoding;
use callbox_proto::command::{Opening, ResidentCommand};
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::{AgencyId, CommandId, ResidentId, SessionId};
use callbox_proto::message::{ErrorMessage, FromResident, RealTimeText, ToResident};
use callbox_proto::vocabulary::Seq;

use super::link::{End, Link, close_of_hello, refuse};
use super::rate::{LIGHT_PARTS, RateLimit, WHOLE_PARTS};
use super::side::{self, Connection, Side, Terms};
use super::{Transport, TransportLimits, check_client};
use crate::auth::device;
use crate::auth::secret::digest_of;
use crate::node::Node;
use crate::node::agency::{Agency, Settings};
use crate::node::cell::{Audience, Cell};
use crate::node::connections::Whom;
use crate::node::frame::tell;
use crate::node::pending::{Done, Pending, Reply, Wish, resident_error};

/// Serves one connection until it ends. Whoever names no agency reaches `agency`.
pub async fn serve(transport: Arc<Transport>, mut link: Box<Link>, agency: AgencyId) {
    // Boxed apart: the room for a hello is given back before the connection settles down.
    match Box::pin(hello(&transport, &mut link, agency)).await {
        Ok(welcome) => Box::pin(run(transport, link, welcome)).await,
        Err(end) => Box::pin(refuse(link, end)).await,
    }
}

struct Hello {
    resident: ResidentId,
    agency: Arc<Agency>,
}

async fn hello(transport: &Transport, link: &mut Link, agency: AgencyId) -> Result<Hello, End> {
    let node = &transport.node;
    let nonce = node.random().nonce();
    let challenge = ToResident::Challenge {
        nonce: Bytes(nonce.to_vec()),
        now_ms: node.clock().now_ms(),
    };
    link.say(&challenge).await?;
    let first = link.first(transport.limits.first_message).await?;
    let encoding = link.encoding();
    match first.and_then(|frame| check_hello(transport, encoding, &frame, &nonce, agency)) {
        Ok(hello) => Ok(hello),
        Err(code) => {
            link.say(&resident_error(None, code)).await?;
            Err(End::Close(close_of_hello(code)))
        }
    }
}

fn check_hello(
    transport: &Transport,
    encoding: Encoding,
    frame: &[u8],
    nonce: &[u8],
    meant: AgencyId,
) -> Result<Hello, ErrorCode> {
    let FromResident::Hello {
        client,
        key,
        signature,
        agency,
    } = encoding.decode(frame)?
    else {
        return Err(ErrorCode::WrongOrder);
    };
    check_client(&client)?;
    let resident = device::resident(nonce, &key.0, &signature.0)?;
    let agency = transport
        .node
        .agency(&agency.unwrap_or(meant))
        .ok_or(ErrorCode::NoSuchAgency)?;
    Ok(Hello { resident, agency })
}

async fn run(transport: Arc<Transport>, mut link: Box<Link>, hello: Hello) {
    let node = Arc::clone(&transport.node);
    let terms = Terms {
        heartbeat_ms: transport.limits.resident_heartbeat_ms,
        outboxes: 1,
        ends_ms: None,
        whom: Whom::Resident,
        agency: Arc::clone(&hello.agency),
    };
    let connection = Connection::open(transport, link.encoding(), terms);
    let outbox = Arc::clone(&connection.outbox);
    let mut peer = Resident {
        agency: hello.agency.id().clone(),
        resident: hello.resident,
        connection,
        cell: None,
    };
    let end = match peer.welcome(&hello.agency) {
        Ok(()) => link.run(&outbox, node.clock(), &mut peer).await,
        Err(_) => End::Gone,
    };
    peer.connection.close();
    if let Some(cell) = peer.cell.take() {
        node.detach_resident(&cell, outbox.connection());
    }
    Box::pin(link.close(end)).await;
}

struct Resident {
    connection: Connection,
    agency: AgencyId,
    resident: ResidentId,
    cell: Option<Arc<Cell>>,
}

impl Resident {
    fn welcome(&self, agency: &Agency) -> Result<(), ErrorCode> {
        let node = &self.connection.transport.node;
        let limits = &self.connection.transport.limits;
        let now_ms = node.clock().now_ms();
        let tokens = &self.connection.transport.tokens;
        let issued = tokens.upload(self.resident, now_ms, limits.upload_token_ms)?;
        let welcome = |settings: &Settings| ToResident::Welcome {
            connection: self.connection.outbox.connection(),
            now_ms,
            heartbeat_ms: limits.resident_heartbeat_ms,
            agency: settings.info.clone(),
            token: issued.token,
            token_expires_ms: issued.expires_ms,
            limits: limits.told.clone(),
        };
        self.connection.welcome(agency, welcome);
        Ok(())
    }

    fn session(&self) -> Result<&Arc<Cell>, ErrorCode> {
        self.cell.as_ref().ok_or(ErrorCode::WrongOrder)
    }

    fn caller(&self) -> Caller {
        Caller::Resident {
            agency: self.agency.clone(),
            resident: self.resident,
        }
    }

    async fn open(&mut self, id: CommandId, opening: Opening) -> Result<(), ErrorCode> {
        let node = Arc::clone(&self.connection.transport.node);
        self.may_begin(Node::session_of_opening(self.resident, id))?;
        let (cell, done) = node
            .open(self.agency.clone(), self.resident, id, opening)
            .await?;
        self.has_begun(&cell, id, done);
        Ok(())
    }

    async fn open_by_link(
        &mut self,
        id: CommandId,
        session: SessionId,
        secret: &str,
        opening: Opening,
    ) -> Result<(), ErrorCode> {
        let node = Arc::clone(&self.connection.transport.node);
        self.may_begin(session)?;
        let said = (digest_of(secret)?, opening);
        let opened = node.open_by_link(&self.agency, self.resident, id, session, said);
        let (cell, done) = opened.await?;
        self.has_begun(&cell, id, done);
        Ok(())
    }

    /// Whether this connection may begin that session: one at a time, and the same again.
    fn may_begin(&self, session: SessionId) -> Result<(), ErrorCode> {
        let other = self.cell.as_ref().filter(|cell| cell.id != session);
        match other {
            Some(cell) if !cell.lock().is_closed() => Err(ErrorCode::WrongOrder),
            _ => Ok(()),
        }
    }

    fn has_begun(&mut self, cell: &Arc<Cell>, id: CommandId, done: Done) {
        self.bind(cell, 0);
        let reply = Reply::Resident(Arc::clone(&self.connection.outbox));
        self.connection
            .transport
            .node
            .answer(cell.id, reply, id, done);
    }

    async fn resume(&mut self, session: SessionId, after: Seq) -> Result<(), ErrorCode> {
        let node = Arc::clone(&self.connection.transport.node);
        let cell = node.own_session(self.resident, session).await?;
        // The same phone reports to another agency: here that report is not.
        if !cell.lock().is_of(&self.agency) {
            return Err(ErrorCode::NoSuchSession);
        }
        self.bind(&cell, after);
        Ok(())
    }

    fn bind(&mut self, cell: &Arc<Cell>, after: Seq) {
        let node = &self.connection.transport.node;
        let before = self.cell.replace(Arc::clone(cell));
        if let Some(before) = before.filter(|before| before.id != cell.id) {
            node.detach_resident(&before, self.connection.outbox.connection());
        }
        node.attach_resident(cell, &self.connection.outbox, after);
    }

    fn submit(&self, id: CommandId, command: ResidentCommand) -> Result<(), ErrorCode> {
        let action = action_of_resident_command(&command);
        may_at_all(&self.caller(), action).map_err(|refusal| refusal.code())?;
        let cell = self.session()?;
        let preview = match &command {
            ResidentCommand::AnnouncePhoto {
                preview: Some(preview),
                ..
            } => Some(preview.clone()),
            _ => None,
        };
        let over = preview
            .as_ref()
            .is_some_and(|p| p.0.len() > callbox_domain::session::PREVIEW_MAX_BYTES);
        self.connection.transport.node.submit(
            cell,
            Pending {
                id,
                wish: Wish::Resident(Box::new(command)),
                claim_epoch: None,
                reply: Reply::Resident(Arc::clone(&self.connection.outbox)),
                attempts: 0,
                arrived: 0,
            },
        );
        match preview {
            // The announcement stands and has its own answer, so this one names no command.
            Some(_) if over => {
                self.connection.transport.previews.refuse(cell.id, id);
                side::refuse::<Self>(&self.connection.outbox, None, ErrorCode::PreviewRefused);
                Ok(())
            }
            Some(preview) => {
                let previews = &self.connection.transport.previews;
                previews.keep(self.agency.clone(), cell.id, id, preview);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn typed(&self, typed: RealTimeText) -> Result<(), ErrorCode> {
        if typed.text.chars().count() > REAL_TIME_TEXT_MAX_CHARS {
            return Err(ErrorCode::TextTooLong);
        }
        self.connection
            .transport
            .node
            .resident_types(self.session()?, &typed);
        Ok(())
    }

    fn has(&self, delivered: Seq, seen: Seq) -> Result<(), ErrorCode> {
        let cell = self.session()?;
        self.connection
            .transport
            .node
            .resident_has(cell, delivered, seen);
        Ok(())
    }

    /// The media plane takes its time with an offer; text must not wait for it.
    fn offer(&self, id: CommandId, sdp: String) -> Result<(), ErrorCode> {
        let cell = Arc::clone(self.session()?);
        let (node, outbox) = (
            Arc::clone(&self.connection.transport.node),
            Arc::clone(&self.connection.outbox),
        );
        tokio::spawn(async move {
            match node.publish(&cell, &sdp).await {
                Ok(answer) => tell(
                    &outbox,
                    &ToResident::MediaAnswer {
                        id,
                        sdp: answer.sdp,
                        peer: answer.peer,
                    },
                ),
                Err(code) => tell(&outbox, &resident_error(Some(id), code)),
            }
        });
        Ok(())
    }

    fn refresh_token(&self) -> Result<(), ErrorCode> {
        let now_ms = self.connection.transport.node.clock().now_ms();
        let life_ms = self.connection.transport.limits.upload_token_ms;
        let issued = self
            .connection
            .transport
            .tokens
            .upload(self.resident, now_ms, life_ms)?;
        tell(
            &self.connection.outbox,
            &ToResident::Token {
                token: issued.token,
                token_expires_ms: issued.expires_ms,
            },
        );
        Ok(())
    }
}

impl Side for Resident {
    const WORD: &'static str = "resident";
    type Says = FromResident;
    type Hears = ToResident;

    fn id(message: &FromResident) -> Option<CommandId> {
        message.id()
    }

    fn parts(message: &FromResident) -> u64 {
        match message {
            FromResident::Delivered { .. } | FromResident::Seen { .. } => LIGHT_PARTS,
            _ => WHOLE_PARTS,
        }
    }

    fn is_typing(message: &FromResident) -> bool {
        matches!(message, FromResident::RealTimeText(_))
    }

    fn limit(limits: &TransportLimits) -> &RateLimit {
        &limits.resident_rate
    }

    fn error(error: ErrorMessage) -> ToResident {
        ToResident::Error(error)
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    async fn handle(&mut self, message: FromResident) -> Result<(), ErrorCode> {
        let action = action_of_resident_message(&message);
        may_at_all(&self.caller(), action).map_err(|refusal| refusal.code())?;
        match message {
            FromResident::Hello { .. } => Err(ErrorCode::WrongOrder),
            FromResident::Open { id, opening } => Box::pin(self.open(id, opening)).await,
            FromResident::OpenByLink {
                id,
                session,
                secret,
                opening,
            } => Box::pin(self.open_by_link(id, session, &secret, opening)).await,
            FromResident::Resume { session, after } => Box::pin(self.resume(session, after)).await,
            FromResident::Do { id, command } => self.submit(id, command),
            FromResident::RealTimeText(typed) => self.typed(typed),
            FromResident::MediaOffer { id, sdp } => self.offer(id, sdp),
            FromResident::Delivered { up_to } => self.has(up_to, 0),
            FromResident::Seen { up_to } => self.has(up_to, up_to),
            FromResident::RefreshToken {} => self.refresh_token(),
            FromResident::Ping { n } => {
                let urgent = self.cell.as_ref().is_some_and(|cell| cell.is_urgent());
                let spread_ms = self.connection.transport.node.spread_of(urgent);
                tell(&self.connection.outbox, &ToResident::Pong { n, spread_ms });
                Ok(())
            }
        }
    }

    async fn feed(&mut self) -> Result<(), CloseCode> {
        let Some(cell) = &self.cell else {
            return Ok(());
        };
        let outbox = &self.connection.outbox;
        let fed = self
            .connection
            .transport
            .node
            .feed(cell, outbox, &Audience::Resident);
        side::fed::<Self>(outbox, fed.await).map(|_| ())
    }
}
