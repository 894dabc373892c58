//! Who may come in: connections in total, half-open ones, and soft shares per source. Every bound that is reached is
//! counted and told; nothing is dropped in silence.
//!
//! Owns: the places of one listener and the counts behind them. Must not: read or close a connection: whoever holds a [`Slot`] is told to.
//! Called by: `accept` for each newcomer; `serve` and `link` hold its slot.
//!
//! Half-open means: the first whole request has not arrived. Over that bound the *oldest* such connection goes, since
//! an honest one is done within moments. A source over its share is refused only when the node itself is nearly full.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::notice::Notice;
use crate::config::ServerLimits;

/// The bounds of one listener and what is used of them.
#[derive(Debug)]
pub struct Gate {
    listener: &'static str,
    connections: u64,
    pressure: u64,
    half_open: u64,
    per_source: u64,
    state: Mutex<State>,
    full: Notice,
    pressed: Notice,
    source_over: Notice,
    half_open_over: Notice,
}

#[derive(Debug, Default)]
struct State {
    open: u64,
    last_id: u64,
    half_open: BTreeMap<u64, Arc<Notify>>,
    sources: HashMap<Source, u64>,
}

/// Where a connection comes from, as coarse as addresses are handed out: /24 of IPv4, /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    Four([u8; 3]),
    Six([u8; 8]),
}

/// Why a connection is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The node holds as many connections as it may.
    Full,
    /// The node is nearly full, and this source has more than its share.
    SourceOverShare,
}

impl Refusal {
    fn label(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::SourceOverShare => "source_over_share",
        }
    }
}

/// The place of one connection. It is given back when this is dropped.
#[derive(Debug)]
pub struct Slot {
    gate: Arc<Gate>,
    id: u64,
    source: Option<Source>,
    established: AtomicBool,
    evicted: Arc<Notify>,
}

impl Gate {
    /// A gate with nobody inside. `listener` names it in metrics and log lines.
    #[must_use]
    pub fn new(listener: &'static str, limits: &ServerLimits) -> Arc<Self> {
        metrics::gauge!("callbox_http_connections_limit", "listener" => listener)
            .set(limits.connections as f64);
        metrics::gauge!("callbox_http_half_open_limit", "listener" => listener)
            .set(limits.half_open as f64);
        Arc::new(Self {
            listener,
            connections: limits.connections,
            pressure: limits.pressure_connections(),
            half_open: limits.half_open,
            per_source: limits.per_source,
            state: Mutex::default(),
            full: Notice::default(),
            pressed: Notice::default(),
            source_over: Notice::default(),
            half_open_over: Notice::default(),
        })
    }

    /// Takes a place for a connection from `address`.
    ///
    /// # Errors
    /// When the node is full, or nearly full and the source is over its share.
    pub fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Slot, Refusal> {
        let source = Source::of(address);
        let admitted = self.try_admit(source, now);
        match &admitted {
            Ok(_) => {
                metrics::counter!("callbox_http_connections_total", "listener" => self.listener)
                    .increment(1);
            }
            Err(refusal) => self.tell_refusal(*refusal, now),
        }
        admitted
    }

    fn try_admit(self: &Arc<Self>, source: Option<Source>, now: Instant) -> Result<Slot, Refusal> {
        let mut state = self.lock();
        if state.open >= self.connections {
            return Err(Refusal::Full);
        }
        let of_source = source
            .and_then(|source| state.sources.get(&source))
            .copied()
            .unwrap_or(0);
        let over_share = source.is_some() && of_source >= self.per_source;
        let pressed = state.open >= self.pressure;
        if over_share && pressed {
            return Err(Refusal::SourceOverShare);
        }
        let id = state.last_id + 1;
        state.last_id = id;
        state.open += 1;
        if let Some(source) = source {
            *state.sources.entry(source).or_default() += 1;
        }
        let evicted = Arc::new(Notify::new());
        state.half_open.insert(id, Arc::clone(&evicted));
        let oldest = if state.half_open.len() as u64 > self.half_open {
            state.half_open.pop_first()
        } else {
            None
        };
        self.show(&state);
        drop(state);
        self.tell_bounds(over_share, pressed, oldest.is_some(), now);
        if let Some((_, oldest)) = oldest {
            oldest.notify_one();
        }
        Ok(Slot {
            gate: Arc::clone(self),
            id,
            source,
            established: AtomicBool::new(false),
            evicted,
        })
    }

    /// Connections inside now, upgraded ones included.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.lock().open
    }

    /// Connections inside now that have not sent a whole request.
    #[must_use]
    pub fn half_open(&self) -> u64 {
        self.lock().half_open.len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, state: &State) {
        metrics::gauge!("callbox_http_connections_open", "listener" => self.listener)
            .set(state.open as f64);
        metrics::gauge!("callbox_http_half_open", "listener" => self.listener)
            .set(state.half_open.len() as f64);
    }

    fn tell_refusal(&self, refusal: Refusal, now: Instant) {
        let (listener, label) = (self.listener, refusal.label());
        metrics::counter!("callbox_http_refused_total", "listener" => listener, "reason" => label)
            .increment(1);
        self.full.tell(now, |left_out| {
            tracing::error!(
                listener,
                reason = label,
                limit = self.connections,
                left_out,
                "connections are refused"
            );
        });
    }

    fn tell_bounds(&self, over_share: bool, pressed: bool, evicted: bool, now: Instant) {
        let listener = self.listener;
        if pressed {
            self.pressed.tell(now, |_| {
                tracing::warn!(
                    listener,
                    from = self.pressure,
                    limit = self.connections,
                    "connections are nearly full"
                );
            });
        }
        if over_share {
            metrics::counter!("callbox_http_source_over_share_total", "listener" => listener)
                .increment(1);
            self.source_over.tell(now, |left_out| {
                tracing::warn!(
                    listener,
                    limit = self.per_source,
                    left_out,
                    "one source is over its share"
                );
            });
        }
        if evicted {
            metrics::counter!("callbox_http_half_open_evicted_total", "listener" => listener)
                .increment(1);
            self.half_open_over.tell(now, |left_out| {
                tracing::warn!(
                    listener,
                    limit = self.half_open,
                    left_out,
                    "half-open bound: the oldest is closed"
                );
            });
        }
    }
}

impl Slot {
    /// The first whole request is here: the connection is no longer half-open.
    pub fn establish(&self) {
        if !self.established.swap(true, Ordering::Relaxed) {
            let mut state = self.gate.lock();
            state.half_open.remove(&self.id);
            self.gate.show(&state);
        }
    }

    /// Completes when the connection must go because it was half-open for longest.
    pub fn evicted(&self) -> impl Future<Output = ()> + Send + 'static {
        let evicted = Arc::clone(&self.evicted);
        async move { evicted.notified().await }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.open = state.open.saturating_sub(1);
        state.half_open.remove(&self.id);
        if let Some(source) = self.source
            && let Some(count) = state.sources.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                state.sources.remove(&source);
            }
        }
        self.gate.show(&state);
    }
}

impl Source {
    /// Loopback has no share: a proxy on this machine may carry everybody.
    fn of(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            address if address.is_loopback() => None,
            IpAddr::V4(four) => {
                let [a, b, c, _] = four.octets();
                Some(Self::Four([a, b, c]))
            }
            IpAddr::V6(six) => {
                let [a, b, c, d, e, f, g, h, ..] = six.octets();
                Some(Self::Six([a, b, c, d, e, f, g, h]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(connections: u64, half_open: u64, per_source: u64) -> Arc<Gate> {
        Gate::new(
            "test",
            &ServerLimits {
                connections,
                half_open,
                per_source,
                ..ServerLimits::default()
            },
        )
    }

    fn admit(gate: &Arc<Gate>, address: &str) -> Result<Slot, Refusal> {
        gate.admit(address.parse().expect("an address"), Instant::now())
    }

    #[test]
    fn a_full_node_refuses_until_somebody_leaves() {
        let gate = gate(2, 2, 2);
        let first = admit(&gate, "127.0.0.1").expect("a place");
        let _second = admit(&gate, "127.0.0.1").expect("a place");
        assert_eq!(admit(&gate, "127.0.0.1").err(), Some(Refusal::Full));
        drop(first);
        assert!(admit(&gate, "127.0.0.1").is_ok());
    }

    #[test]
    fn a_source_over_its_share_is_refused_only_under_pressure() {
        let gate = gate(10, 10, 3);
        let slots: Vec<_> = (0..8)
            .map(|n| admit(&gate, &format!("198.51.100.{n}")).expect("room for all"))
            .collect();
        assert_eq!(
            admit(&gate, "198.51.100.200").err(),
            Some(Refusal::SourceOverShare)
        );
        assert!(
            admit(&gate, "198.51.101.1").is_ok(),
            "another source still comes in"
        );
        assert!(
            admit(&gate, "::ffff:198.51.100.9").is_err(),
            "mapped addresses are the same source"
        );
        drop(slots);
        assert!(admit(&gate, "198.51.100.200").is_ok());
        assert_eq!(
            gate.lock().sources.len(),
            0,
            "nothing is remembered of who left"
        );
    }

    #[test]
    fn addresses_of_one_customer_are_one_source() {
        let of = |text: &str| Source::of(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::1"), None);
    }

    #[tokio::test]
    async fn over_the_half_open_bound_the_oldest_goes() {
        let gate = gate(10, 2, 10);
        let first = admit(&gate, "127.0.0.1").expect("a place");
        let second = admit(&gate, "127.0.0.1").expect("a place");
        first.establish();
        let third = admit(&gate, "127.0.0.1").expect("a place");
        let _fourth = admit(&gate, "127.0.0.1").expect("a place");
        second.evicted().await;
        assert_eq!(gate.half_open(), 2);
        assert!(
            futures_util::FutureExt::now_or_never(first.evicted()).is_none(),
            "established ones stay"
        );
        assert!(
            futures_util::FutureExt::now_or_never(third.evicted()).is_none(),
            "newer ones stay"
        );
    }
}
