//! The rights of root: whether this run has them, what to type where it has not, and that they last as long as the run.
//!
//! Owns: the one question and its answer. Must not: ask a person for a passphrase. Called by: `chaos`, and by the first step of `test`.

use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::command::quiet;

/// Words before a command that takes root: nothing, or sudo without a question.
pub type Prefix = &'static [&'static str];

/// What a person types once where a run may not become root.
pub const BY_HAND: &str = "sudo -v";

/// Time between two renewals: sudo forgets after 15 minutes by default, and after 5 where it is set up strictly.
const RENEW: Duration = Duration::from_secs(60);

/// How a run becomes root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// It is.
    Root,
    /// By sudo, without a question.
    Sudo,
    /// Not without a person.
    Neither,
}

impl Privilege {
    /// Asked once in a run. A yes of sudo is kept alive from then on until the program ends, so that what comes an hour later
    /// is not refused.
    pub fn of_this_run() -> Self {
        static FOUND: OnceLock<(Privilege, Option<Sender<()>>)> = OnceLock::new();
        let (found, _kept) = FOUND.get_or_init(|| {
            let found = Self::judged(is_root(), sudo_says_yes);
            (found, (found == Self::Sudo).then(keep_alive))
        });
        *found
    }

    fn judged(is_root: bool, sudo: impl FnOnce() -> bool) -> Self {
        if is_root {
            Self::Root
        } else if sudo() {
            Self::Sudo
        } else {
            Self::Neither
        }
    }

    /// The words before a command, or what to say to who has no rights: what takes them, and what to type.
    pub fn prefix(self, what: &str, by_hand: &str) -> Result<Prefix, String> {
        match self {
            Self::Root => Ok(&[]),
            Self::Sudo => Ok(&["sudo", "-n"]),
            Self::Neither => Err(format!(
                "{what} takes the rights of root. Type this once, then start again:\n\n    {by_hand}\n"
            )),
        }
    }
}

fn is_root() -> bool {
    quiet(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

/// Each yes also begins its time anew.
fn sudo_says_yes() -> bool {
    quiet(Command::new("sudo").args(["-n", "true"])).is_some()
}

/// Renews until what it returns is dropped.
fn keep_alive() -> Sender<()> {
    let (kept, ends) = channel();
    thread::spawn(move || {
        renew_until_dropped(&ends, RENEW, || {
            sudo_says_yes();
        });
    });
    kept
}

fn renew_until_dropped(ends: &Receiver<()>, every: Duration, mut renew: impl FnMut()) {
    while ends.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        renew();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_needs_no_word_and_sudo_two_and_who_has_neither_is_told_what_to_type() {
        let say = |privilege: Privilege| privilege.prefix("Cutting networks", BY_HAND);
        assert_eq!(say(Privilege::Root), Ok(&[] as Prefix));
        assert_eq!(say(Privilege::Sudo), Ok(&["sudo", "-n"] as Prefix));
        let words = say(Privilege::Neither).expect_err("no rights");
        assert_eq!(
            words,
            "Cutting networks takes the rights of root. Type this once, then start again:\n\n    sudo -v\n"
        );
    }

    #[test]
    fn sudo_is_asked_by_who_is_not_root_only() {
        let asked = || panic!("root asks nobody");
        assert_eq!(Privilege::judged(true, asked), Privilege::Root);
        assert_eq!(Privilege::judged(false, || true), Privilege::Sudo);
        assert_eq!(Privilege::judged(false, || false), Privilege::Neither);
    }

    #[test]
    fn the_answer_of_a_run_stays_the_same() {
        assert_eq!(Privilege::of_this_run(), Privilege::of_this_run());
    }

    #[test]
    fn rights_are_renewed_again_and_again_until_the_run_ends() {
        let (kept, ends) = channel();
        let mut kept = Some(kept);
        let mut renewed = 0;
        // Ends by itself only because the third renewal lets go.
        renew_until_dropped(&ends, Duration::from_millis(1), || {
            renewed += 1;
            if renewed == 3 {
                kept.take();
            }
        });
        assert_eq!(renewed, 3);
    }
}
