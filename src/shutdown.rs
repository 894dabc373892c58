//! How a gateway stops: the first signal drains it, the second or the deadline ends it.
//!
//! Owns the two tokens, the tracker of tasks and the signals. Must not know what the tasks do. Made by `main`,
//! handed by `app` to everything that runs for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of one gateway. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    reloads: Arc<watch::Sender<u64>>,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task came to its own end.
    Completely,
    /// The deadline passed, and what was still open was cut.
    AtDeadline,
    /// A second signal asked not to wait.
    AtSecondSignal,
}

impl Lifecycle {
    /// A life that has not been asked to stop.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the drain begins: take nothing new, finish what is open, tell clients where to go.
    #[must_use]
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when waiting is over: leave at once.
    #[must_use]
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Where tasks are started that a drain waits for.
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Whether the drain has begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Changes each time an operator asks for files to be read again (SIGHUP).
    #[must_use]
    pub fn reloads(&self) -> watch::Receiver<u64> {
        self.reloads.subscribe()
    }

    /// Asks for files to be read again.
    pub fn reload(&self) {
        self.reloads.send_modify(|count| *count += 1);
    }

    /// One step on: the first call begins the drain, the second ends it.
    pub fn stop(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        } else {
            self.soft.cancel();
        }
    }

    /// Waits for the drain to begin and then for every task, at most `deadline`.
    pub async fn drained(&self, deadline: Duration) -> Drained {
        self.soft.cancelled().await;
        self.tasks.close();
        let outcome = tokio::select! {
            biased;
            // First: what ends all tasks at once is told as what it was, even where all have left by now.
            () = self.hard.cancelled() => Drained::AtSecondSignal,
            () = self.tasks.wait() => Drained::Completely,
            () = tokio::time::sleep(deadline) => Drained::AtDeadline,
        };
        self.hard.cancel();
        outcome
    }

    /// Follows SIGTERM and SIGINT (stop), and SIGHUP (read files again).
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn follow_signals(&self) -> std::io::Result<()> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let hang_up = signal(SignalKind::hangup())?;
        tokio::spawn(self.clone().on_signals(terminate, interrupt, hang_up));
        Ok(())
    }

    async fn on_signals(self, mut terminate: Signal, mut interrupt: Signal, mut hang_up: Signal) {
        while !self.hard.is_cancelled() {
            tokio::select! {
                _ = terminate.recv() => self.stop_by("SIGTERM"),
                _ = interrupt.recv() => self.stop_by("SIGINT"),
                _ = hang_up.recv() => {
                    tracing::info!("SIGHUP: reading files again");
                    self.reload();
                }
                () = self.hard.cancelled() => {}
            }
        }
    }

    fn stop_by(&self, name: &str) {
        if self.is_draining() {
            tracing::warn!("second {name}: stopping at once");
        } else {
            tracing::info!("{name}: draining; once more stops at once");
        }
        self.stop();
    }
}

/// Words to the service manager. Without one, nothing happens.
pub mod service_manager {
    use super::Lifecycle;

    /// Tells that the gateway takes sessions.
    pub fn ready() {
        tell(&[sd_notify::NotifyState::Ready]);
    }

    /// Tells that the drain has begun.
    pub fn stopping() {
        tell(&[sd_notify::NotifyState::Stopping]);
    }

    /// Tells twice per watchdog interval that the runtime still turns, so that a hung process is restarted.
    pub fn keep_watchdog(lifecycle: &Lifecycle) {
        let Some(interval) = sd_notify::watchdog_enabled() else {
            return;
        };
        let hard = lifecycle.hard().clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval / 2);
            while hard.run_until_cancelled(ticks.tick()).await.is_some() {
                tell(&[sd_notify::NotifyState::Watchdog]);
            }
        });
    }

    fn tell(states: &[sd_notify::NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(states) {
            tracing::warn!(%error, "the service manager could not be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn a_drain_ends_when_the_last_task_ends() {
        let life = Lifecycle::new();
        let soft = life.soft().clone();
        life.tasks().spawn(async move { soft.cancelled().await });
        life.stop();
        assert_eq!(life.drained(LONG).await, Drained::Completely);
        assert!(life.hard().is_cancelled());
    }

    #[tokio::test]
    async fn a_second_stop_does_not_wait() {
        let life = Lifecycle::new();
        let hard = life.hard().clone();
        life.tasks().spawn(async move { hard.cancelled().await });
        life.stop();
        assert!(life.is_draining() && !life.hard().is_cancelled());
        life.stop();
        assert_eq!(life.drained(LONG).await, Drained::AtSecondSignal);
    }

    #[tokio::test]
    async fn a_second_stop_is_told_even_where_all_tasks_have_left_since() {
        let life = Lifecycle::new();
        life.stop();
        life.stop();
        assert_eq!(life.drained(LONG).await, Drained::AtSecondSignal);
    }

    #[tokio::test]
    async fn the_deadline_cuts_what_is_still_open() {
        let life = Lifecycle::new();
        let hard = life.hard().clone();
        life.tasks().spawn(async move { hard.cancelled().await });
        life.stop();
        assert_eq!(
            life.drained(Duration::from_millis(1)).await,
            Drained::AtDeadline
        );
    }

    #[tokio::test]
    async fn signals_reload_then_drain_then_stop() {
        use rustix::process::{Signal, getpid, kill_process};
        let life = Lifecycle::new();
        let mut reloads = life.reloads();
        life.follow_signals().expect("handlers");
        kill_process(getpid(), Signal::HUP).expect("sent");
        reloads.changed().await.expect("heard");
        assert!(!life.is_draining());
        kill_process(getpid(), Signal::TERM).expect("sent");
        life.soft().cancelled().await;
        assert!(!life.hard().is_cancelled());
        kill_process(getpid(), Signal::INT).expect("sent");
        life.hard().cancelled().await;
    }
}
