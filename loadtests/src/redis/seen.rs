//! Appends as a gateway sends them, seen through MONITOR, so that the limit is taken with the very same function, keys and
//! arguments and nothing of them is written down twice.

use std::ops::Range;
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
/// Where in the arguments of an append each stands: the number that the log must have, the one it has afterwards, the run of its records, how
/// many appends make the run, the epoch of a claim, the command, its place. A row may follow.
const EXPECTED: usize = 0;
const LAST: usize = 1;
const RUN: usize = 2;
const COUNT: usize = 4;
const EPOCH: usize = 5;
const COMMAND: usize = 7;
const PLACE: usize = 8;
/// Arguments of an append before its row.
const OWN_ARGUMENTS: usize = 9;
/// Where in a run the session, its last number, how many records, how many bytes and the first command are.
const RUN_SESSION: Range<usize> = 0..16;
const RUN_LAST: Range<usize> = 16..24;
const RUN_RECORDS: Range<usize> = 24..28;
const RUN_LENGTH: Range<usize> = 28..32;
const RUN_COMMAND: Range<usize> = 32..48;
/// Digits of a session at the end of its key.
const ID_DIGITS: usize = 32;

/// One append as it stands in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The call's words up to the number of keys, which is left out.
    function: Vec<Vec<u8>>,
    shared: Vec<Vec<u8>>,
    /// Keys of the session and of its log.
    own: Vec<Vec<u8>>,
    channel: Vec<u8>,
    /// In the order of the constants above.
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
        let single = arguments.len() >= OWN_ARGUMENTS
            && arguments[COUNT] == b"1"
            && arguments[RUN].len() >= RUN_COMMAND.end;
        (single && append.expected().is_some()).then_some(append)
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

    /// Sequence number that the log must have.
    pub fn expected(&self) -> Option<u64> {
        std::str::from_utf8(&self.arguments[EXPECTED])
            .ok()?
            .parse()
            .ok()
    }

    /// Sequence number that the log has afterwards.
    pub fn last(&self) -> Option<u64> {
        std::str::from_utf8(&self.arguments[LAST])
            .ok()?
            .parse()
            .ok()
    }

    /// The same for another session, and without the claim it was made under.
    pub fn of_session(&self, id: &[u8]) -> Self {
        let mut append = self.clone();
        let key = &self.own[0];
        let old = &key[key.len().saturating_sub(ID_DIGITS)..];
        let words = append.own.iter_mut().chain(&mut append.arguments);
        for word in words {
            while let Some(at) = word.windows(old.len()).position(|part| part == old)
                && old != id
            {
                word[at..at + old.len()].copy_from_slice(id);
            }
        }
        // What `redis-benchmark` chooses is no number yet.
        if let Some(number) = digits(id) {
            append.arguments[RUN][RUN_SESSION].copy_from_slice(&number.to_be_bytes());
        }
        append.arguments[EPOCH].clear();
        append
    }

    /// The next command of this session with its one record: another id, and the number that the log has by now.
    pub fn renew(&mut self, head: u64, command: &str) {
        let last = head + 1;
        for (at, word) in [
            (EXPECTED, head.to_string()),
            (LAST, last.to_string()),
            (COMMAND, format!("c:{command}")),
            (PLACE, format!("{last}-{last}")),
        ] {
            self.arguments[at] = word.into_bytes();
        }
        let run = &mut self.arguments[RUN];
        run[RUN_LAST].copy_from_slice(&last.to_be_bytes());
        if let Some(number) = digits(command.as_bytes()) {
            run[RUN_COMMAND].copy_from_slice(&number.to_be_bytes());
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

    /// Gets the next append of its session into its run. Neither has a row.
    pub fn join(&mut self, next: &Self, count: usize) {
        let more = &next.arguments[RUN][RUN_LENGTH.end..];
        let mut run = std::mem::take(&mut self.arguments[RUN]);
        run.extend_from_slice(more);
        let length = (run.len() - RUN_LENGTH.end) as u32;
        run[RUN_LAST].copy_from_slice(&next.arguments[RUN][RUN_LAST]);
        run[RUN_RECORDS].copy_from_slice(&(count as u32).to_be_bytes());
        run[RUN_LENGTH].copy_from_slice(&length.to_be_bytes());
        self.arguments[RUN] = run;
        self.arguments[LAST].clone_from(&next.arguments[LAST]);
        self.arguments[COUNT] = count.to_string().into_bytes();
        let place = &next.arguments[COMMAND..OWN_ARGUMENTS];
        self.arguments.extend_from_slice(place);
    }

    /// The same with the one record of another one.
    pub fn with_record_of(&self, other: &Self) -> Self {
        let mut append = self.clone();
        append.arguments[RUN].clone_from(&other.arguments[RUN]);
        let command = String::from_utf8_lossy(&self.arguments[COMMAND]);
        let command = command.trim_start_matches("c:").to_owned();
        append.renew(self.expected().unwrap_or_default(), &command);
        append
    }
}

/// An id as the number that it is.
fn digits(id: &[u8]) -> Option<u128> {
    u128::from_str_radix(std::str::from_utf8(id).ok()?, 16).ok()
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

    /// A call with one append of one record.
    pub fn append(expected: &str, record: &[u8]) -> Append {
        let (session, log) = (format!("k:{{a}}:session:{ID}"), format!("k:{{a}}:log:{ID}"));
        let mut words: Vec<&[u8]> = vec![b"FCALL", b"callbox_append_1", b"6"];
        words.extend([&b"index"[..], b"open", b"figures", b"claims"]);
        words.extend([session.as_bytes(), log.as_bytes(), b"bell"]);
        let run = [&[0; 56][..], record].concat();
        let command = format!("c:{ID}");
        words.extend([
            expected.as_bytes(),
            b"4",
            &run,
            b"",
            b"1",
            b"7",
            ID.as_bytes(),
        ]);
        words.extend([command.as_bytes(), b"4-4"]);
        words.extend([&b"index"[..], b"open", b"tally", b"summary", b"crc"]);
        let words: Vec<_> = words.into_iter().map(<[u8]>::to_vec).collect();
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
        let one = append("3", b"payload");
        assert_eq!(one.expected(), Some(3));
        let call = Append::call(&[&one]);
        assert_eq!(Append::of(&call), Some(one.clone()));
        let two = Append::call(&[&one, &append("4", b"other")]);
        assert_eq!(two[2], b"8");
        assert_eq!(two.len(), call.len() + 2 + 14);
        assert_eq!(Append::of(&two), None);
    }

    #[test]
    fn it_is_made_another_sessions_without_its_claim_and_renewed() {
        let id = format!("{:032x}", 5);
        let mut other = append("3", b"payload").of_session(id.as_bytes());
        assert!(other.own.iter().all(|key| key.ends_with(id.as_bytes())));
        assert_eq!(other.arguments[6], id.as_bytes());
        assert_eq!(other.arguments[EPOCH], b"");
        other.renew(41, &format!("{:032x}", 10));
        assert_eq!((other.expected(), other.last()), (Some(41), Some(42)));
        assert_eq!(
            other.arguments[COMMAND],
            format!("c:{:032x}", 10).as_bytes()
        );
        assert_eq!(other.arguments[PLACE], b"42-42");
        let run = &other.arguments[RUN];
        assert_eq!((run[15], run[23], run[47]), (5, 42, 10));
        assert!(run.ends_with(b"payload"));
    }

    #[test]
    fn texts_of_a_session_are_joined_into_one_run() {
        let mut one = append("3", b"first");
        one.arguments.truncate(OWN_ARGUMENTS);
        let mut two = one.clone();
        one.renew(3, ID);
        two.renew(4, ID);
        let alone = one.arguments[RUN].len();
        one.join(&two, 2);
        assert_eq!((one.expected(), one.last()), (Some(3), Some(5)));
        assert_eq!(one.arguments[COUNT], b"2");
        assert_eq!(one.arguments[OWN_ARGUMENTS..], two.arguments[COMMAND..]);
        let run = &one.arguments[RUN];
        assert_eq!(run.len(), 2 * alone - RUN_LENGTH.end);
        assert_eq!((run[23], run[27]), (5, 2));
        assert_eq!(usize::from(run[31]), run.len() - RUN_LENGTH.end);
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
