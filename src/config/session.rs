//! Section `session`: bounds and deadlines of one connection that carries a session or a console.
//!
//! Owns: its keys and defaults. Must not: enforce them. Read by: `app`, for the transport and the node.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds and deadlines of one socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// Bytes of one message, which browsers send as one frame. Default 256 KiB: the largest preview, in base64, fits. Each
    /// link can cost this much memory at worst.
    pub message_bytes: usize,
    /// Bytes waiting for one slow reader. Default 256 KiB; over it the outbox is dropped and the reader is fed from
    /// the log.
    pub outbox_bytes: usize,
    /// Messages per second that a resident's link may send in the long run. Default 200: people type ten times a second at most, and an outbox
    /// of an hour is sent in seconds. Over it a message is answered `too_fast` and sent again by its client; text as it is typed is
    /// left out first, from half of the burst on. 0: no bound.
    pub resident_messages_per_s: u32,
    /// Messages at once before that rate counts. Default 400.
    pub resident_messages_burst: u32,
    /// The same for a console's link. Default 1,000; a `delivered` counts a sixteenth.
    pub console_messages_per_s: u32,
    /// Messages at once before that rate counts. Default 2,000.
    pub console_messages_burst: u32,
    /// Seconds that a reader may stay behind before its link is closed. Default 10; it resumes without loss.
    pub slow_reader_s: u64,
    /// Seconds from the upgrade to the first frame. Default 5: links that say nothing hold no place.
    pub first_frame_s: u64,
    /// Seconds between heartbeats of a console. Default 2; after three missed ones it counts as lost, and its sessions are
    /// offered to others.
    pub heartbeat_s: u64,
    /// Seconds between heartbeats of a resident's client. Default 20: a phone's radio may sleep meanwhile.
    pub resident_heartbeat_s: u64,
    /// Seconds that a resident's session waits for its client to come back before it counts as abandoned.
    /// Default 120: a lift, a tunnel, a change of network.
    pub resume_grace_s: u64,
    /// Milliseconds that sessions wait for their owner's console after its last window is gone. Default 1,500: a page that
    /// is loaded again keeps its sessions, and else they are offered to others within 2 s.
    pub console_grace_ms: u64,
    /// The same after a restart of the node. Default 20: consoles connect again with a pause.
    pub restart_grace_s: u64,
    /// Residents' clients that come back per second, at most, when a node with many of them is lost: they are told how far to
    /// spread, except those with priority 1. Default 700: 18,000 within half a minute, at some 1.5 ms of processor time each.
    pub returns_per_s: u64,
    /// Read buffer of a resident's socket in bytes. Default 1,024: most messages fit, and half of it saves 1.5 KiB of each idle
    /// session against 2,048. Smaller makes more system calls per message.
    pub resident_read_buffer_bytes: usize,
    /// Read buffer of a staff socket in bytes. Default 8,192: few of them, and much traffic.
    pub console_read_buffer_bytes: usize,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            message_bytes: 256 * 1024,
            outbox_bytes: 256 * 1024,
            resident_messages_per_s: 200,
            resident_messages_burst: 400,
            console_messages_per_s: 1_000,
            console_messages_burst: 2_000,
            slow_reader_s: 10,
            first_frame_s: 5,
            heartbeat_s: 2,
            resident_heartbeat_s: 20,
            resume_grace_s: 120,
            console_grace_ms: 1_500,
            restart_grace_s: 20,
            returns_per_s: 700,
            resident_read_buffer_bytes: 1_024,
            console_read_buffer_bytes: 8_192,
        }
    }
}

impl Session {
    /// How long a reader may stay behind.
    #[must_use]
    pub fn slow_reader(&self) -> Duration {
        Duration::from_secs(self.slow_reader_s)
    }

    /// Deadline of the first frame.
    #[must_use]
    pub fn first_frame(&self) -> Duration {
        Duration::from_secs(self.first_frame_s)
    }

    /// How long a session waits for its client.
    #[must_use]
    pub fn resume_grace(&self) -> Duration {
        Duration::from_secs(self.resume_grace_s)
    }
}
