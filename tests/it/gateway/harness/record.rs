//! What one connection received, in order; each message is handed out once.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::Notify;

use super::soon;

/// The record of one connection.
#[derive(Debug)]
pub struct Record<T> {
    inner: Mutex<Inner<T>>,
    changed: Notify,
}

#[derive(Debug)]
struct Inner<T> {
    messages: Vec<T>,
    taken: Vec<bool>,
    closed: Option<Option<u16>>,
}

impl<T: Clone + Serialize> Record<T> {
    /// Nothing came yet.
    pub fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                messages: Vec::new(),
                taken: Vec::new(),
                closed: None,
            }),
            changed: Notify::new(),
        }
    }

    /// A message came.
    pub fn push(&self, message: T) {
        self.with(|inner| {
            inner.messages.push(message);
            inner.taken.push(false);
        });
        self.changed.notify_waiters();
    }

    /// The connection ended, with this close code if one came.
    pub fn close(&self, code: Option<u16>) {
        self.with(|inner| inner.closed.get_or_insert(code).is_some());
        self.changed.notify_waiters();
    }

    /// Everything that came so far.
    pub fn all(&self) -> Vec<T> {
        self.with(|inner| inner.messages.clone())
    }

    /// How much came so far.
    pub fn len(&self) -> usize {
        self.with(|inner| inner.messages.len())
    }

    /// The close code, once the connection has ended.
    pub fn closed(&self) -> Option<Option<u16>> {
        self.with(|inner| inner.closed)
    }

    /// The first message not yet handed out that is wanted; `None` when the connection ended without one.
    pub async fn wait_or_close<R>(&self, mut wanted: impl FnMut(&T) -> Option<R>) -> Option<R> {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let found = self.with(|inner| {
                    let places = 0..inner.messages.len();
                    for place in places
                        .filter(|place| !inner.taken[*place])
                        .collect::<Vec<_>>()
                    {
                        if let Some(found) = wanted(&inner.messages[place]) {
                            inner.taken[place] = true;
                            return Some(Some(found));
                        }
                    }
                    inner.closed.map(|_| None)
                });
                if let Some(found) = found {
                    return found;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(super::PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => self.give_up(),
        }
    }

    /// Waits until all that came so far together says something.
    pub async fn wait_all<R>(&self, mut says: impl FnMut(&[T]) -> Option<R>) -> R {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = self.with(|inner| says(&inner.messages)) {
                    return found;
                }
                if let Some(code) = self.closed() {
                    panic!("the link ended ({code:?}) before what was waited for");
                }
                changed.await;
            }
        };
        match tokio::time::timeout(super::PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => self.give_up(),
        }
    }

    /// The close code; waits for the end.
    pub async fn wait_closed(&self) -> Option<u16> {
        soon(async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(code) = self.closed() {
                    return code;
                }
                changed.await;
            }
        })
        .await
    }

    fn give_up(&self) -> ! {
        let all = self.all();
        let last = told(&all[all.len().saturating_sub(12)..]);
        panic!(
            "waited in vain; {} came, the last of them:\n{last}",
            all.len()
        );
    }

    fn with<R>(&self, act: impl FnOnce(&mut Inner<T>) -> R) -> R {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Messages with all they hold: their own `Debug` keeps that to itself.
pub fn told<T: Serialize>(messages: &[T]) -> String {
    let line = |message| serde_json::to_string(message).unwrap_or_else(|error| error.to_string());
    messages.iter().map(line).collect::<Vec<_>>().join("\n")
}
