//! The little of Redis' protocol that measuring needs: commands out, flat answers in.

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1_024;

/// One connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
    at: usize,
}

impl Wire {
    /// Connects on loopback.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
            at: 0,
        })
    }

    /// Sends one command and answers what came back.
    ///
    /// # Errors
    /// When Redis refuses it or the connection breaks.
    pub async fn ask(&mut self, command: &[&[u8]]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        encode(command, &mut bytes);
        self.write(&bytes).await?;
        self.answer().await
    }

    /// Writes encoded commands.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn write(&mut self, commands: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(commands).await?)
    }

    /// The next flat answer: a word, a number or a string. Those in a list come one by one.
    ///
    /// # Errors
    /// When Redis refuses, or the connection breaks.
    pub async fn answer(&mut self) -> Result<Vec<u8>> {
        loop {
            while let Some(end) = list(&self.unread[self.at..]) {
                self.at += end;
            }
            if let Some((answer, used)) = answer(&self.unread[self.at..])? {
                self.at += used;
                return Ok(answer);
            }
            self.unread.drain(..self.at);
            self.at = 0;
            let before = self.unread.len();
            self.unread.resize(before + READ_BYTES, 0);
            let read = self.stream.read(&mut self.unread[before..]).await?;
            self.unread.truncate(before + read);
            if read == 0 {
                bail!("Redis closed the connection");
            }
        }
    }
}

/// Appends a command as Redis reads it.
pub fn encode(command: &[impl AsRef<[u8]>], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("*{}\r\n", command.len()).as_bytes());
    for argument in command {
        let argument = argument.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// The bytes with which a list begins, where one does.
fn list(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    bytes.starts_with(b"*").then_some(end + 2)
}

/// The first whole answer and its bytes.
fn answer(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
        return Ok(None);
    };
    let (kind, line) = bytes[..end].split_first().context("an empty answer")?;
    let body = end + 2;
    match kind {
        b'+' | b':' => Ok(Some((line.to_vec(), body))),
        b'-' => bail!("Redis refuses: {}", String::from_utf8_lossy(line)),
        b'$' => {
            let length: i64 = std::str::from_utf8(line)?.parse()?;
            let Ok(length) = usize::try_from(length) else {
                return Ok(Some((Vec::new(), body)));
            };
            let whole = body + length + 2;
            let content = bytes.get(body..body + length).map(<[u8]>::to_vec);
            Ok(content
                .filter(|_| bytes.len() >= whole)
                .map(|content| (content, whole)))
        }
        other => bail!("an answer of kind {} is not understood", char::from(*other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_strings() {
        let mut bytes = Vec::new();
        encode(&["SET", "k", ""], &mut bytes);
        assert_eq!(bytes, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
    }

    #[test]
    fn answers_are_read_when_they_are_whole() {
        assert_eq!(answer(b"$6\r\nstored").unwrap(), None);
        let whole = answer(b"$6\r\nstored\r\n+OK\r\n").unwrap();
        assert_eq!(whole, Some((b"stored".to_vec(), 12)));
        assert_eq!(answer(b"+OK\r\n").unwrap(), Some((b"OK".to_vec(), 5)));
        assert!(answer(b"-OOM no memory\r\n").is_err());
        assert_eq!(answer(b"$-1\r\n").unwrap(), Some((Vec::new(), 5)));
    }
}
