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

/// One call of a function, cut into its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call(pub Vec<Vec<u8>>);

impl Call {
    /// Number of keys.
    fn keys(&self) -> Option<usize> {
        std::str::from_utf8(self.0.get(2)?).ok()?.parse().ok()
    }

    /// Where the first argument after the keys stands: the sequence number that the log must have.
    pub fn expected_at(&self) -> Option<usize> {
        Some(3 + self.keys()?)
    }

    /// Sequence number that the log must have.
    pub fn expected(&self) -> Option<u64> {
        let digits = self.0.get(self.expected_at()?)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// The session: the last 32 digits of the first key.
    pub fn session(&self) -> Option<&[u8]> {
        let key = self.0.get(3)?;
        let id = &key[key.len().checked_sub(32)?..];
        id.iter().all(u8::is_ascii_hexdigit).then_some(id)
    }
}

/// The appends that the limit repeats.
#[derive(Debug, Clone)]
pub struct Appends {
    /// What begins a session's log.
    pub opening: Call,
    /// A text in a session that is owned and followed.
    pub text: Call,
}

/// Watches what is sent to a server.
#[derive(Debug)]
pub struct Watch {
    stop: oneshot::Sender<()>,
    watching: JoinHandle<Vec<Call>>,
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
            let mut calls = Vec::new();
            // The nodes never fall silent: they tell each other that they live.
            let enough = async {
                let _told = stopped.await;
                tokio::time::sleep(TELL).await;
            };
            let mut enough = std::pin::pin!(enough);
            loop {
                tokio::select! {
                    line = wire.answer() => match line {
                        Ok(line) => calls.extend(call(&line).filter(is_append)),
                        Err(_) => return calls,
                    },
                    () = &mut enough => return calls,
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
        let calls = self.watching.await?;
        let of = |opening: bool| {
            let mut latest = calls.iter().rev();
            latest.find(|call| (call.expected() == Some(0)) == opening)
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

fn is_append(call: &Call) -> bool {
    let word = |at: usize, what: &str| {
        let found = call.0.get(at).map(|word| String::from_utf8_lossy(word));
        found.is_some_and(|word| word.contains(what))
    };
    word(0, "FCALL") && word(1, APPEND) && call.expected().is_some() && call.session().is_some()
}

/// Reads a line of MONITOR: a time, where it came from, and the arguments in quotes.
fn call(line: &[u8]) -> Option<Call> {
    let begins = line.windows(2).position(|two| two == b"] ")? + 2;
    let mut rest = line.get(begins..)?;
    let mut arguments = Vec::new();
    while let Some(quoted) = rest.strip_prefix(b"\"") {
        let (argument, used) = unquote(quoted)?;
        arguments.push(argument);
        rest = quoted.get(used..)?;
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    Some(Call(arguments))
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
mod tests {
    use super::*;

    #[test]
    fn a_line_of_monitor_is_read_back_to_its_bytes() {
        let line = br#"1790000000.1 [0 127.0.0.1:5] "FCALL" "x_append_1" "1" "k:0123456789abcdef0123456789abcdef" "0" "a\"b\\c\x00\n" """#;
        let call = call(line).unwrap();
        assert_eq!(call.0[5], b"a\"b\\c\x00\n");
        assert_eq!(call.0[6], b"");
        assert_eq!((call.expected(), call.expected_at()), (Some(0), Some(4)));
        assert_eq!(
            call.session(),
            Some(&b"0123456789abcdef0123456789abcdef"[..])
        );
        assert!(is_append(&call));
    }

    #[test]
    fn other_commands_are_not_appends_and_broken_lines_are_nothing() {
        let ping = call(br#"1.0 [0 x:1] "PING""#).unwrap();
        assert!(!is_append(&ping));
        for broken in [&b""[..], b"1.0 [0 x:1] \"cut", b"1.0 [0 x:1] \"\\x0"] {
            assert!(call(broken).is_none_or(|call| call.0.is_empty()));
        }
    }
}
