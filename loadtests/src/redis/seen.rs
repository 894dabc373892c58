//! Appends as a gateway sends them, seen through MONITOR, so that the limit is taken with the very same function, keys and
//! arguments and nothing of them is written down twice.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::wire::Wire;

/// What the names of append functions hold.
const APPEND: &str = "_append_";
/// How long the last commands may take to be told.
const TELL: Duration = Duration::from_millis(500);

/// Keys of a call that do not belong to one session: index, open sessions, figures, claims.
const SHARED_KEYS: usize = 4;
/// Arguments of one append before its row and its records.
const OWN_ARGUMENTS: usize = 9;
/// Those of a row.
const ROW_ARGUMENTS: usize = 5;
/// What the bell says, how many records, and whether there is a row.
const RING: usize = 6;
const COUNT: usize = 7;
const ROW: usize = 8;
/// Bytes of the session and the command, with which the ring begins.
const RING_IDS: usize = 64;

/// One append as it stands in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The call's words up to the number of keys, which is left out.
    function: Vec<Vec<u8>>,
    shared: Vec<Vec<u8>>,
    /// Keys of the session and of its log.
    own: Vec<Vec<u8>>,
    channel: Vec<u8>,
    /// What the log must have, its last number and place afterwards, the command, the epoch of a claim, the session, what the bell says,
    /// how many records, whether there is a row, the row, and the records.
    arguments: Vec<Vec<u8>>,
}

impl Append {
    /// The append of a call that has only one.
    fn of(words: &[Vec<u8>]) -> Option<Self> {
        let (function, rest) = words.split_at_checked(2)?;
        let has = |at: usize, part: &str| String::from_utf8_lossy(&function[at]).contains(part);
        let (keys, rest) = rest.split_first()?;
        let keys: usize = std::str::from_utf8(keys).ok()?.parse().ok()?;
        if !has(0, "FCALL") || !has(1, APPEND) || keys != SHARED_KEYS + 2 {
            return None;
        }
        let (shared, rest) = rest.split_at_checked(SHARED_KEYS)?;
        let (own, rest) = rest.split_at_checked(2)?;
        let (channel, arguments) = rest.split_first()?;
        let append = Self {
            function: function.to_vec(),
            shared: shared.to_vec(),
            own: own.to_vec(),
            channel: channel.clone(),
            arguments: arguments.to_vec(),
        };
        (arguments.len() > OWN_ARGUMENTS && append.expected().is_some()).then_some(append)
    }

    /// One call for all of these, as long as there is one.
    pub fn call(appends: &[&Self]) -> Vec<Vec<u8>> {
        let Some(first) = appends.first() else {
            return Vec::new();
        };
        let keys = SHARED_KEYS + 2 * appends.len();
        let mut words = first.function.clone();
        words.push(keys.to_string().into_bytes());
        words.extend_from_slice(&first.shared);
        words.extend(appends.iter().flat_map(|append| append.own.iter().cloned()));
        words.push(first.channel.clone());
        words.extend(
            appends
                .iter()
                .flat_map(|append| append.arguments.iter().cloned()),
        );
        words
    }

    /// Where its records begin.
    fn records_at(&self) -> usize {
        let has_row = !self.arguments[ROW].is_empty();
        OWN_ARGUMENTS + if has_row { ROW_ARGUMENTS } else { 0 }
    }

    /// Sequence number that the log must have.
    pub fn expected(&self) -> Option<u64> {
        std::str::from_utf8(&self.arguments[0]).ok()?.parse().ok()
    }

    /// Sequence number that the log has afterwards.
    pub fn last(&self) -> Option<u64> {
        std::str::from_utf8(&self.arguments[1]).ok()?.parse().ok()
    }

    /// The same for another session, and without the claim it was made under.
    pub fn of_session(&self, id: &[u8]) -> Self {
        let old = self.arguments[5].clone();
        let mut append = self.clone();
        let words = append.own.iter_mut().chain(&mut append.arguments);
        for word in words {
            while let Some(at) = word.windows(old.len()).position(|part| part == old)
                && old != id
            {
                word[at..at + old.len()].copy_from_slice(id);
            }
        }
        append.arguments[4].clear();
        append
    }

    /// The next command of this session with its one record: another id, and the number that the log has by now.
    pub fn renew(&mut self, head: u64, command: &str) {
        let last = head + 1;
        let rest =
            String::from_utf8_lossy(self.arguments[RING].get(RING_IDS..).unwrap_or_default());
        let session = String::from_utf8_lossy(&self.arguments[5]);
        let said = rest
            .split_once(' ')
            .map(|(_, said)| format!("{session}{command}{last} {said}"));
        let ring = said.unwrap_or_default();
        for (at, word) in [
            (0, head.to_string()),
            (1, last.to_string()),
            (2, format!("{last}-{last}")),
            (3, command.to_owned()),
            (RING, ring),
            (self.records_at(), format!("{last}-0")),
        ] {
            self.arguments[at] = word.into_bytes();
        }
    }

    /// Has only arguments that a program can be started with: others become as many letters.
    pub fn print_only(&mut self) {
        for argument in &mut self.arguments {
            if !argument.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                argument.fill(b'x');
            }
        }
    }

    /// The same with the one record of another one.
    pub fn with_record_of(&self, other: &Self) -> Self {
        let mut append = self.clone();
        append.arguments.truncate(self.records_at());
        append
            .arguments
            .extend_from_slice(&other.arguments[other.records_at()..]);
        for at in [RING, COUNT] {
            append.arguments[at].clone_from(&other.arguments[at]);
        }
        let command = String::from_utf8_lossy(&self.arguments[3]).into_owned();
        append.renew(self.expected().unwrap_or_default(), &command);
        append
    }
}

/// The appends that the limit repeats.
#[derive(Debug, Clone)]
pub struct Appends {
    /// What begins a session's log.
    pub opening: Append,
    /// A text in a session that is owned and followed.
    pub text: Append,
}

/// Watches what is sent to a server.
#[derive(Debug)]
pub struct Watch {
    stop: oneshot::Sender<()>,
    watching: JoinHandle<Vec<Append>>,
}

impl Watch {
    /// From now on.
    ///
    /// # Errors
    /// When the server does not allow it.
    pub async fn begin(port: u16) -> Result<Self> {
        let mut wire = Wire::open(port).await?;
        wire.ask(&[b"MONITOR"]).await?;
        let (stop, stopped) = oneshot::channel();
        let watching = async move {
            let mut appends = Vec::new();
            // The nodes never fall silent: they tell each other that they live.
            let enough = async {
                let _told = stopped.await;
                tokio::time::sleep(TELL).await;
            };
            let mut enough = std::pin::pin!(enough);
            loop {
                tokio::select! {
                    line = wire.answer() => match line {
                        Ok(line) => appends.extend(words(&line).and_then(|words| Append::of(&words))),
                        Err(_) => return appends,
                    },
                    () = &mut enough => return appends,
                }
            }
        };
        let watching = tokio::spawn(watching);
        Ok(Self { stop, watching })
    }

    /// What was seen; call it after the last command was answered.
    ///
    /// # Errors
    /// When neither a session was opened nor a text appended meanwhile.
    pub async fn end(self) -> Result<Appends> {
        // Where the watching has ended by itself, there is nobody to be told.
        let _ = self.stop.send(());
        let appends = self.watching.await?;
        let of = |opening: bool| {
            let mut latest = appends.iter().rev();
            latest.find(|append| (append.expected() == Some(0)) == opening)
        };
        Ok(Appends {
            opening: of(true)
                .context("no session was seen being opened")?
                .clone(),
            text: of(false)
                .context("no text was seen being appended")?
                .clone(),
        })
    }
}

/// Reads a line of MONITOR: a time, where it came from, and the arguments in quotes.
fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let begins = line.windows(2).position(|two| two == b"] ")? + 2;
    let mut rest = line.get(begins..)?;
    let mut arguments = Vec::new();
    while let Some(quoted) = rest.strip_prefix(b"\"") {
        let (argument, used) = unquote(quoted)?;
        arguments.push(argument);
        rest = quoted.get(used..)?;
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    Some(arguments)
}

/// Reads up to the closing quote; answers the bytes and how many were read with the quote.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut bytes, mut at) = (Vec::new(), 0);
    loop {
        match *text.get(at)? {
            b'"' => return Some((bytes, at + 1)),
            b'\\' => {
                let escape = *text.get(at + 1)?;
                if escape == b'x' {
                    let digits = std::str::from_utf8(text.get(at + 2..at + 4)?).ok()?;
                    bytes.push(u8::from_str_radix(digits, 16).ok()?);
                    at += 4;
                    continue;
                }
                bytes.push(match escape {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'a' => 7,
                    b'b' => 8,
                    other => other,
                });
                at += 2;
            }
            plain => {
                bytes.push(plain);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub const ID: &str = "0123456789abcdef0123456789abcdef";

    /// A call with one append.
    pub fn append(expected: &str, records: &[&str]) -> Append {
        let (session, log) = (format!("k:{{a}}:session:{ID}"), format!("k:{{a}}:log:{ID}"));
        let mut words = vec!["FCALL", "callbox_append_1", "6"];
        words.extend(["index", "open", "figures", "claims", &session, &log, "bell"]);
        let count = (records.len() / 2).to_string();
        let ring = format!("{ID}{ID}4 1 00000000{} ", records[0].len());
        words.extend([expected, "4", "4-4", ID, "7", ID, &ring, &count, "row"]);
        words.extend(["index", "open", "tally", "summary", "crc"]);
        words.extend(
            records
                .chunks(2)
                .flat_map(|record| ["4-0", record[0], record[1]]),
        );
        let words: Vec<_> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        Append::of(&words).unwrap()
    }

    #[test]
    fn a_line_of_monitor_is_read_back_to_its_bytes() {
        let line = br#"1790000000.1 [0 127.0.0.1:5] "FCALL" "x_append_1" "a\"b\\c\x00\n" """#;
        let words = words(line).unwrap();
        assert_eq!(words[2], b"a\"b\\c\x00\n");
        assert_eq!(words[3], b"");
    }

    #[test]
    fn a_call_is_cut_into_its_append_and_put_together_again() {
        let one = append("3", &["payload", "crc"]);
        assert_eq!(one.expected(), Some(3));
        let call = Append::call(&[&one]);
        assert_eq!(Append::of(&call), Some(one.clone()));
        let two = Append::call(&[&one, &append("4", &["other", "crc"])]);
        assert_eq!(two[2], b"8");
        assert_eq!(two.len(), call.len() + 2 + 17);
        assert_eq!(Append::of(&two), None);
    }

    #[test]
    fn it_is_made_another_sessions_without_its_claim_and_renewed() {
        let id = format!("{:032x}", 5);
        let mut other = append("3", &["payload", "crc"]).of_session(id.as_bytes());
        assert!(other.own.iter().all(|key| key.ends_with(id.as_bytes())));
        assert_eq!(
            (&other.arguments[4][..], &other.arguments[5][..]),
            (&b""[..], id.as_bytes())
        );
        let command = format!("{:032x}", 10);
        other.renew(41, &command);
        assert_eq!(other.expected(), Some(41));
        assert_eq!(other.arguments[2], b"42-42");
        let ring = format!("{id}{command}42 1 000000007 ");
        assert_eq!(other.arguments[RING], ring.into_bytes());
        assert_eq!(other.arguments[14], b"42-0");
    }

    #[test]
    fn other_commands_are_not_appends_and_broken_lines_are_nothing() {
        let ping = words(br#"1.0 [0 x:1] "PING""#).unwrap();
        assert_eq!(Append::of(&ping), None);
        for broken in [&b""[..], b"1.0 [0 x:1] \"cut", b"1.0 [0 x:1] \"\\x0"] {
            assert!(words(broken).is_none_or(|words| words.is_empty()));
        }
    }
}
