//! Section `session`: bounds and deadlines of one connection that carries a session or a console.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds and deadlines of one socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    /// Bytes of one WebSocket frame. Default 64 KiB: a photo's preview travels in several.
    pub frame_bytes: usize,
    /// Bytes of one message on a resident's link. Default 256 KiB: the largest preview. Each link can cost this much
    /// memory at worst.
    pub message_bytes: usize,
    /// Bytes waiting for one slow reader. Default 256 KiB; over it the outbox is dropped and the reader is fed from
    /// the log.
    pub outbox_bytes: usize,
    /// Seconds that a reader may stay behind before its link is closed. Default 10; it resumes without loss.
    pub slow_reader_s: u64,
    /// Seconds from the upgrade to the first frame. Default 5: links that say nothing hold no place.
    pub first_frame_s: u64,
    /// Seconds between heartbeats. Default 2: a frozen console is noticed within `lease_s`.
    pub heartbeat_s: u64,
    /// Seconds without a sign of life after which a link counts as lost. Default 6: three heartbeats, so that two may
    /// be lost. A console's sessions are offered to others then.
    pub lease_s: u64,
    /// Seconds that a resident's session waits for its client to come back before it counts as abandoned.
    /// Default 120: a lift, a tunnel, a change of network.
    pub resume_grace_s: u64,
    /// Seconds that an offer stays with one console before it goes to the next. Default 15: the trade's target for
    /// an answer is 15 s in 90 %.
    pub ring_no_answer_s: u64,
    /// Read buffer of a resident's socket in bytes. Default 2,048. It is most of what an idle session costs; smaller
    /// makes more system calls per message.
    pub resident_read_buffer_bytes: usize,
    /// Read buffer of a staff socket in bytes. Default 8,192: few of them, and much traffic.
    pub console_read_buffer_bytes: usize,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            frame_bytes: 64 * 1024,
            message_bytes: 256 * 1024,
            outbox_bytes: 256 * 1024,
            slow_reader_s: 10,
            first_frame_s: 5,
            heartbeat_s: 2,
            lease_s: 6,
            resume_grace_s: 120,
            ring_no_answer_s: 15,
            resident_read_buffer_bytes: 2_048,
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

    /// Time between heartbeats.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_s)
    }

    /// Silence after which a link counts as lost.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_s)
    }

    /// How long a session waits for its client.
    #[must_use]
    pub fn resume_grace(&self) -> Duration {
        Duration::from_secs(self.resume_grace_s)
    }

    /// How long an offer stays with one console.
    #[must_use]
    pub fn ring_no_answer(&self) -> Duration {
        Duration::from_secs(self.ring_no_answer_s)
    }
}
