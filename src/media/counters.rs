//! What the media plane counts. Numbers only: no room, no peer, no address.
//!
//! Owns: the counters and their names as metrics. Must not: be asked for a decision. Called by: `plane`, `mux`, the rooms.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident => $metric:literal,)*) => {
        /// Everything counted since the start of the process.
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter,)* }

        /// The counters at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Totals { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            /// The counters now.
            pub(crate) fn totals(&self) -> Totals {
                Totals { $($name: self.$name.get(),)* }
            }

            /// Hands every counter to the metrics facade.
            pub(crate) fn publish(&self) {
                $(metrics::counter!($metric).absolute(self.$name.get());)*
            }
        }
    };
}

counters! {
    /// RTP packets that publishers and talkers sent and that were new.
    packets_in => "callbox_media_packets_in_total",
    /// RTP packets handed to a peer's connection.
    packets_out => "callbox_media_packets_out_total",
    /// RTP packets seen before or older than the window.
    packets_repeated => "callbox_media_packets_repeated_total",
    /// RTP packets not forwarded because the kind is not allowed, or the sender may not send it.
    packets_refused => "callbox_media_packets_refused_total",
    /// RTP packets that a viewer's connection could not take.
    packets_dropped => "callbox_media_packets_dropped_total",
    /// RTP packets and notices that a room could not take.
    inbox_full => "callbox_media_inbox_full_total",
    /// Requests for a key frame sent to publishers.
    key_frame_requests => "callbox_media_key_frame_requests_total",
    /// Key frames that publishers sent.
    key_frames => "callbox_media_key_frames_total",
    /// Offers answered.
    offers_answered => "callbox_media_offers_answered_total",
    /// Offers refused, for any reason.
    offers_refused => "callbox_media_offers_refused_total",
    /// Rooms and joins ended by a fault of our own.
    faults => "callbox_media_faults_total",
    /// Datagrams received.
    datagrams_in => "callbox_media_datagrams_in_total",
    /// STUN requests for a name that nobody registered.
    unknown_ufrag => "callbox_media_datagrams_unknown_ufrag_total",
    /// Datagrams from an address that belongs to nobody.
    unknown_source => "callbox_media_datagrams_unknown_source_total",
    /// Datagrams over a peer's rate, over its queue, or over its number of addresses.
    datagrams_over_limit => "callbox_media_datagrams_over_limit_total",
    /// Datagrams the kernel did not take at once.
    datagrams_not_sent => "callbox_media_datagrams_not_sent_total",
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
