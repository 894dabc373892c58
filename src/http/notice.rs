//! A log line that may come often, told at most once per interval with the number of those left out.
//!
//! Owns: when such a line is due. Must not: write it: the caller's closure does. Called by: `accept`, `gate`, `serve`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time between two lines of one notice: an attack must not fill the disk with its own report.
const INTERVAL: Duration = Duration::from_secs(10);

/// One kind of repeated line.
#[derive(Debug, Default)]
pub(super) struct Notice {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    left_out: u64,
}

impl Notice {
    /// Calls `line` with the number of times left out since the last line, unless that was too short ago.
    pub(super) fn tell(&self, now: Instant, line: impl FnOnce(u64)) {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if state
            .told
            .is_some_and(|told| now.saturating_duration_since(told) < INTERVAL)
        {
            state.left_out += 1;
            return;
        }
        state.told = Some(now);
        let left_out = std::mem::take(&mut state.left_out);
        drop(state);
        line(left_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_counted_and_told_later() {
        let notice = Notice::default();
        let start = Instant::now();
        let mut told = Vec::new();
        for step in [0, 1, 2, 11] {
            notice.tell(start + Duration::from_secs(step), |left_out| {
                told.push(left_out)
            });
        }
        assert_eq!(told, [0, 2]);
    }
}
