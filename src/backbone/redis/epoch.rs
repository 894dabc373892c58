//! The mark of the shared tier: a random word it was given once. Another word means another tier, or one that lost all.
//!
//! Owns: the word this node knows, in memory and in a file. Must not: speak to a server. Called by: `shard`, at every connect.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::backbone::Guarantee;

#[derive(Debug, Default)]
struct Known {
    word: Option<String>,
    differs: bool,
}

/// What this node knows of the tier it belongs to.
#[derive(Debug)]
pub(super) struct Epoch {
    file: Option<PathBuf>,
    known: Mutex<Known>,
}

impl Epoch {
    /// With a file, the word is known over restarts of this node, too.
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        let read = |file: &PathBuf| std::fs::read_to_string(file).ok();
        let word = file.as_ref().and_then(read);
        let word = word.map(|text| text.trim().to_owned());
        Self {
            known: Mutex::new(Known {
                word: word.filter(|word| !word.is_empty()),
                differs: false,
            }),
            file,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tier has this word.
    pub(super) fn found(&self, word: &str) {
        let mut known = self.known();
        match &known.word {
            Some(before) => {
                let differs = before != word;
                if differs && !known.differs {
                    tracing::error!(
                        "the shared tier has come back without what it held, or is another one: what was safe before is not in it"
                    );
                }
                known.differs = differs;
            }
            None => {
                known.word = Some(word.to_owned());
                drop(known);
                self.keep(word);
            }
        }
    }

    fn keep(&self, word: &str) {
        if let Some(file) = &self.file
            && let Err(error) = std::fs::write(file, word)
        {
            tracing::warn!(%error, file = %file.display(), "the mark of the shared tier is not kept; after a restart of this node an empty tier goes unnoticed");
        }
    }

    /// What receipts are worth where the tier is not the one this node knows.
    pub(super) fn fault(&self) -> Option<Guarantee> {
        let differs = self.known().differs;
        differs.then(|| Guarantee::Weaker {
            reason: match &self.file {
                Some(file) => format!(
                    "the shared tier has come back without what it held, or is another one. Restore it; or, to go on with it as it is, \
                     remove {} and restart this node",
                    file.display()
                ),
                None => "the shared tier has come back without what it held, or is another one".to_owned(),
            }
            .into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_word_is_a_fault_until_the_first_one_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tier.epoch");
        let epoch = Epoch::new(Some(file.clone()));
        epoch.found("one");
        assert_eq!(epoch.fault(), None);
        epoch.found("two");
        assert!(epoch.fault().unwrap().to_string().contains("tier.epoch"));
        epoch.found("one");
        assert_eq!(epoch.fault(), None);
        let after_restart = Epoch::new(Some(file));
        after_restart.found("two");
        assert!(after_restart.fault().is_some());
    }
}
