//! Clients of a simulation: residents and consoles that speak to a node directly, where a socket would be in between, and
//! write down what they were promised and shown.

mod console;
mod resident;

use std::sync::Arc;
use std::time::Duration;

use callbox::node::cell::{Audience, Cell};
use callbox::node::connections::{Open, Whom};
use callbox::node::outbox::Outbox;
use callbox::node::pending::{Pending, Reply, Wish};
use callbox::node::{Fed, Node};
use callbox_loadtests::record::{Fact, Line};
use callbox_proto::codec::Encoding;
use callbox_proto::ids::CommandId;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

pub use console::Console;
pub use resident::Resident;

/// How long a client waits for an answer before it gives the link up.
const STEP: Duration = Duration::from_secs(3);
/// Bytes waiting for one client: little, so that falling behind happens.
const OUTBOX_BYTES: usize = 4_096;

/// What all clients of a history share.
#[derive(Debug, Default)]
pub struct Diary {
    pub lines: Vec<Line>,
}

impl Diary {
    fn note(&mut self, who: &str, fact: Fact) {
        self.lines.push(Line {
            who: who.to_owned(),
            at_ms: 0,
            fact,
        });
    }
}

/// What a client's link hangs on: its node, and the sessions that it is shown.
struct Reading {
    node: Arc<Node>,
    outbox: Arc<Outbox>,
    audience: Audience,
    cells: Vec<Arc<Cell>>,
}

/// A client, as its link is read.
trait Reader {
    type Message: DeserializeOwned;

    /// `None` without a link.
    fn reading(&self) -> Option<Reading>;

    async fn hear(&mut self, message: Self::Message, diary: &mut Diary);

    fn disconnect(&mut self);
}

/// Reads what came, and is fed from the log when it has fallen behind.
async fn listen<R: Reader>(reader: &mut R, diary: &mut Diary) {
    while let Some(Reading { outbox, .. }) = reader.reading() {
        let batch = outbox.take(0);
        outbox.written();
        for frame in &batch.frames {
            let message = Encoding::MessagePack.decode_from_gateway(frame).unwrap();
            reader.hear(message, diary).await;
        }
        if batch.close.is_some() {
            return reader.disconnect();
        }
        if !outbox.take_behind() {
            return;
        }
        // Anew: what was heard may have begun another session, or ended the link.
        let Some(link) = reader.reading() else { return };
        for cell in &link.cells {
            let feeding = link.node.feed(cell, &outbox, &link.audience);
            match timeout(STEP, feeding).await {
                // It goes on once what waits is read.
                Ok(Ok(Fed::Busy)) => outbox.mark_behind(),
                Ok(Ok(Fed::Live | Fed::Gone)) => {}
                Ok(Err(_)) | Err(_) => return reader.disconnect(),
            }
        }
    }
}

fn outbox(node: &Node) -> Arc<Outbox> {
    let outbox = Arc::new(Outbox::new(
        node.random().connection_id(),
        Encoding::MessagePack,
        OUTBOX_BYTES,
        node.clock().monotonic_ms(),
    ));
    let agency = node.agency_ids().iter().find_map(|id| node.agency(id));
    node.connections().add(Open {
        outbox: Arc::clone(&outbox),
        whom: Whom::Resident,
        agency: agency.unwrap(),
        // Settings change in no history.
        edition: None,
        silence_ms: u64::MAX / 2,
        ends_ms: None,
    });
    outbox
}

fn pending(id: CommandId, wish: Wish, reply: Reply) -> Pending {
    Pending {
        id,
        wish,
        claim_epoch: None,
        reply,
        attempts: 0,
        arrived: 0,
    }
}
