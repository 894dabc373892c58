//! The link to one primary: its connections, replaced as a whole.
//!
//! Owns: the connections in use, the deadline of every call, and the word that something is wrong with them. Must not:
//! open connections (that is `tier`), or repeat a call. Called by: `handle`, `writer`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use callbox_proto::ids::AgencyId;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, ServerError, Value};
use tokio::sync::Notify;

use super::connect::Connection;
use super::fault::{self, Remedy};
use super::options::Address;
use crate::backbone::{BackboneError, Guarantee};

/// Which connection a call goes over: a WAIT blocks everything behind it, and large answers hold up small ones.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lane {
    /// Appends, and the WAIT behind them.
    Writes,
    /// Claims, leases, publications.
    Calls,
    /// Records and lists.
    Reads,
}

/// The connections to one server.
pub(super) struct Wire {
    /// Grows with every new set of connections of this process.
    pub(super) number: u64,
    /// Which server.
    pub(super) address: Address,
    pub(super) writes: Connection,
    pub(super) calls: Connection,
    pub(super) reads: Connection,
    pub(super) ears: Connection,
    /// Agencies whose bell this connection hears.
    pub(super) heard: tokio::sync::Mutex<HashSet<AgencyId>>,
}

/// What is known of the server behind a link.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// What its answers are worth.
    pub(super) guarantee: Guarantee,
    /// Why there are no connections, if there are none.
    pub(super) fault: Arc<str>,
}

/// The link to one primary.
pub(super) struct Link {
    wire: ArcSwapOption<Wire>,
    standing: Mutex<Standing>,
    /// The number of the last set of connections that must not be used any more.
    condemned: AtomicU64,
    pub(super) trouble: Notify,
    /// Told, too: in a cluster the keys may be elsewhere.
    look_again: Arc<Notify>,
    call: Duration,
}

impl Link {
    pub(super) fn new(call: Duration, look_again: Arc<Notify>) -> Self {
        Self {
            wire: ArcSwapOption::empty(),
            standing: Mutex::new(Standing {
                guarantee: Guarantee::None,
                fault: "not connected yet".into(),
            }),
            condemned: AtomicU64::new(0),
            trouble: Notify::new(),
            look_again,
            call,
        }
    }

    /// The connections in use.
    pub(super) fn wire(&self) -> Option<Arc<Wire>> {
        self.wire.load_full()
    }

    pub(super) fn connected(&self, wire: Arc<Wire>) {
        self.wire.store(Some(wire));
    }

    pub(super) fn disconnected(&self, fault: &str) {
        self.wire.store(None);
        *self.standing() = Standing {
            guarantee: Guarantee::None,
            fault: fault.into(),
        };
    }

    /// What is known of the server.
    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These connections must not be used any more.
    pub(super) fn condemn(&self, number: u64) {
        self.condemned.fetch_max(number, Ordering::AcqRel);
        self.trouble.notify_one();
        self.look_again.notify_one();
    }

    pub(super) fn is_condemned(&self, number: u64) -> bool {
        self.condemned.load(Ordering::Acquire) >= number
    }

    /// One command.
    pub(super) async fn ask(&self, lane: Lane, command: &Cmd) -> Result<Value, BackboneError> {
        self.ask_where(lane, command).await.map(|(_, value)| value)
    }

    /// One command, and the number of the connections it went over.
    pub(super) async fn ask_where(
        &self,
        lane: Lane,
        command: &Cmd,
    ) -> Result<(u64, Value), BackboneError> {
        let wire = self.usable()?;
        let mut connection = wire.lane(lane);
        let answer = self
            .within(&wire, connection.send_packed_command(command))
            .await?;
        match answer {
            Value::ServerError(error) => Err(self.refused(&wire, &error)),
            value => Ok((wire.number, value)),
        }
    }

    /// Several commands at once; each answer may be a refusal.
    pub(super) async fn ask_all(
        &self,
        lane: Lane,
        commands: &Pipeline,
    ) -> Result<(Arc<Wire>, Vec<Value>), BackboneError> {
        let wire = self.usable()?;
        let mut connection = wire.lane(lane);
        let sent = connection.send_packed_commands(commands, 0, commands.len());
        let answers = self.within(&wire, sent).await?;
        if answers.len() == commands.len() {
            Ok((wire, answers))
        } else {
            self.condemn(wire.number);
            Err(failed("the shared tier answered something else"))
        }
    }

    /// What a refusal means, and what follows for the connections it came over.
    pub(super) fn refused(&self, wire: &Wire, error: &ServerError) -> BackboneError {
        let (error, remedy) = fault::refusal(error);
        if remedy == Remedy::Reconnect {
            self.condemn(wire.number);
        }
        error
    }

    fn usable(&self) -> Result<Arc<Wire>, BackboneError> {
        self.wire().ok_or_else(|| BackboneError::Failed {
            reason: format!(
                "the shared tier is not connected: {}",
                self.standing().fault
            )
            .into(),
        })
    }

    async fn within<T>(
        &self,
        wire: &Wire,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, BackboneError> {
        match tokio::time::timeout(self.call, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.condemn(wire.number);
                Err(failed(&format!("the shared tier is gone: {error}")))
            }
            Err(_) => {
                // Slow or frozen: whoever keeps the link finds out which.
                self.trouble.notify_one();
                Err(self.late())
            }
        }
    }

    /// No answer in time: perhaps done, perhaps not.
    pub(super) fn late(&self) -> BackboneError {
        failed(&format!(
            "the shared tier did not answer within {} ms",
            self.call.as_millis()
        ))
    }
}

impl Wire {
    fn lane(&self, lane: Lane) -> MultiplexedConnection {
        match lane {
            Lane::Writes => self.writes.commands.clone(),
            Lane::Calls => self.calls.commands.clone(),
            Lane::Reads => self.reads.commands.clone(),
        }
    }
}

pub(super) fn failed(reason: &str) -> BackboneError {
    BackboneError::Failed {
        reason: reason.into(),
    }
}
