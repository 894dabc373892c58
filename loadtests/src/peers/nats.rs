//! NATS JetStream over WebSocket: two servers in a cluster, one stream on files, a push consumer per console.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::process::{Process, Site, free_port};
use super::seat::Speech;
use super::{Dialect, Heard, read};

/// Longest wait until the cluster has a leader and takes the stream.
const CLUSTER: Duration = Duration::from_secs(60);
/// Pause between two tries.
const AGAIN: Duration = Duration::from_millis(500);

/// Starts both servers and makes the stream; its leader is where residents connect.
///
/// # Errors
/// When a server or the cluster does not come up.
pub async fn start() -> Result<(Vec<Process>, (u16, u16))> {
    let cluster = [free_port()?, free_port()?];
    let mut processes = Vec::new();
    for (name, own, other) in [("a", cluster[0], cluster[1]), ("b", cluster[1], cluster[0])] {
        let variables = [
            ("NAME", name.to_owned()),
            ("CLIENT_PORT", free_port()?.to_string()),
            ("CLUSTER_PORT", own.to_string()),
            ("ROUTE", format!("nats-route://127.0.0.1:{other}")),
        ];
        let site = Site::of("nats")?;
        processes.push(Process::start(site, &variables).await?);
    }
    let ports = (processes[0].port, processes[1].port);
    make_stream(ports.0).await?;
    Ok((processes, ports))
}

async fn make_stream(port: u16) -> Result<()> {
    let stream = json!({
        "name": "TEXTS", "subjects": ["texts.>"], "storage": "file", "retention": "limits", "discard": "old",
        "num_replicas": 1, "placement": { "tags": ["a"] }, "max_msgs": -1, "max_bytes": -1, "max_age": 0,
        "max_consumers": -1,
    });
    let begun = Instant::now();
    loop {
        let mut speech = enter(port, "make", 0).await?;
        let request = ask(&mut speech, "$JS.API.STREAM.CREATE.TEXTS", &stream);
        let asked = tokio::time::timeout(Duration::from_secs(2), request).await;
        match asked {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) if begun.elapsed() > CLUSTER => return Err(error),
            Err(_) if begun.elapsed() > CLUSTER => bail!("the cluster has no leader"),
            _ => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// Opens a resident's link; its texts go to this console.
///
/// # Errors
/// When it is refused.
pub async fn resident(port: u16, index: usize, console: usize) -> Result<Speech> {
    let mut speech = enter(port, &format!("r{index}"), console).await?;
    let answers = format!("SUB _INBOX.r{index}.* 1\r\nPING\r\n");
    speech.send(Message::binary(answers)).await?;
    pong(&mut speech).await?;
    Ok(speech)
}

/// Opens a console's link with a push consumer of its own, as the client libraries make an ordered one: without
/// acknowledgements, with flow control.
///
/// # Errors
/// When it is refused.
pub async fn console(port: u16, index: usize) -> Result<Speech> {
    let mut speech = enter(port, &format!("c{index}"), index).await?;
    let deliver = format!("SUB deliver.{index} 2\r\nPING\r\n");
    speech.send(Message::binary(deliver)).await?;
    pong(&mut speech).await?;
    let consumer = json!({
        "stream_name": "TEXTS",
        "config": {
            "deliver_subject": format!("deliver.{index}"), "filter_subject": format!("texts.{index}.>"),
            "deliver_policy": "all", "ack_policy": "none", "replay_policy": "instant", "max_deliver": 1,
            "flow_control": true, "idle_heartbeat": 5_000_000_000_u64, "mem_storage": true, "num_replicas": 1,
        },
    });
    ask(&mut speech, "$JS.API.CONSUMER.CREATE.TEXTS", &consumer).await?;
    Ok(speech)
}

async fn enter(port: u16, inbox: &str, console: usize) -> Result<Speech> {
    let words = Words {
        inbox: inbox.to_owned(),
        console,
        unread: Vec::new(),
    };
    let mut speech = Speech::open(port, "/", words).await?;
    let options = json!({
        "verbose": false, "pedantic": false, "headers": true, "no_responders": true, "lang": "rust", "version": "0", "protocol": 1,
    });
    let connect = format!("CONNECT {options}\r\nPING\r\n");
    speech.send(Message::binary(connect)).await?;
    pong(&mut speech).await?;
    Ok(speech)
}

async fn pong(speech: &mut Speech) -> Result<()> {
    loop {
        let frame = speech.frame().await?.into_data();
        let text = String::from_utf8_lossy(&frame);
        if text.contains("-ERR") {
            bail!("NATS refused: {text}");
        }
        if text.contains("PONG\r\n") {
            return Ok(());
        }
    }
}

/// Asks the JetStream API and waits until it has agreed.
async fn ask(speech: &mut Speech, subject: &str, what: &Value) -> Result<()> {
    let body = what.to_string();
    let request = format!(
        "SUB _INBOX.ask 9\r\nPUB {subject} _INBOX.ask {}\r\n{body}\r\n",
        body.len()
    );
    speech.send(Message::binary(request)).await?;
    loop {
        let frame = speech.frame().await?.into_data();
        let text = String::from_utf8_lossy(&frame);
        if text.contains("\"error\"") || text.contains("-ERR") || text.contains(" 503") {
            bail!("JetStream refused {subject}: {text}");
        }
        if text.contains("_INBOX.ask") {
            speech.send(Message::binary("UNSUB 9\r\n")).await?;
            return Ok(());
        }
    }
}

/// Its words: lines and payloads, cut into frames anywhere.
struct Words {
    inbox: String,
    console: usize,
    unread: Vec<u8>,
}

impl Dialect for Words {
    fn say(&mut self, number: u32, text: &str) -> Message {
        let Self { inbox, console, .. } = self;
        let bytes = text.len();
        let publish =
            format!("PUB texts.{console}.{inbox} _INBOX.{inbox}.{number} {bytes}\r\n{text}\r\n");
        Message::binary(publish)
    }

    fn hear(&mut self, frame: &Message, heard: &mut Vec<Heard>) -> Result<Option<Message>> {
        let Message::Binary(bytes) = frame else {
            return Ok(None);
        };
        self.unread.extend_from_slice(bytes);
        let (mut at, mut answer) = (0, Vec::new());
        while let Some((used, part)) = part(&self.unread[at..])? {
            take(&part, heard, &mut answer)?;
            at += used;
        }
        self.unread.drain(..at);
        Ok((!answer.is_empty()).then(|| Message::binary(answer)))
    }
}

/// One message of the protocol.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Ping,
    Other,
    Delivered {
        subject: &'a str,
        reply: Option<&'a str>,
        headers: &'a str,
        payload: &'a [u8],
    },
}

/// The first whole message and its bytes.
fn part(bytes: &[u8]) -> Result<Option<(usize, Part<'_>)>> {
    let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
        return Ok(None);
    };
    let line = std::str::from_utf8(&bytes[..end]).context("a line that is no text")?;
    let mut words = line.split_ascii_whitespace();
    let (kind, rest): (&str, Vec<&str>) = (words.next().unwrap_or_default(), words.collect());
    let (subject, reply, head, whole) = match (kind, rest.as_slice()) {
        ("PING", _) => return Ok(Some((end + 2, Part::Ping))),
        ("-ERR", _) => bail!("NATS says {line}"),
        ("MSG", [subject, _, whole]) => (*subject, None, "0", *whole),
        ("MSG", [subject, _, reply, whole]) => (*subject, Some(*reply), "0", *whole),
        ("HMSG", [subject, _, head, whole]) => (*subject, None, *head, *whole),
        ("HMSG", [subject, _, reply, head, whole]) => (*subject, Some(*reply), *head, *whole),
        _ => return Ok(Some((end + 2, Part::Other))),
    };
    let (head, whole): (usize, usize) = (head.parse()?, whole.parse()?);
    let body = end + 2;
    let Some(content) = bytes.get(body..body + whole) else {
        return Ok(None);
    };
    if bytes.len() < body + whole + 2 {
        return Ok(None);
    }
    let (headers, payload) = content.split_at_checked(head).context("a cut header")?;
    let delivered = Part::Delivered {
        subject,
        reply,
        headers: std::str::from_utf8(headers).context("headers that are no text")?,
        payload,
    };
    Ok(Some((body + whole + 2, delivered)))
}

fn take(part: &Part<'_>, heard: &mut Vec<Heard>, answer: &mut Vec<u8>) -> Result<()> {
    match part {
        Part::Other => {}
        Part::Ping => answer.extend_from_slice(b"PONG\r\n"),
        Part::Delivered {
            subject,
            reply,
            headers,
            payload,
        } => {
            if let Some(number) = subject
                .strip_prefix("_INBOX.r")
                .and_then(|rest| rest.rsplit_once('.'))
            {
                let number = number.1.parse()?;
                let stored = headers.is_empty() && !contains(payload, b"\"error\"");
                heard.push(if stored {
                    Heard::Taken(number)
                } else {
                    Heard::Refused(number)
                });
            } else if headers.starts_with("NATS/1.0 100") {
                // Flow control: the consumer goes on once this is answered; a stalled one says so in its heartbeat.
                let stalled = headers
                    .lines()
                    .find_map(|line| line.strip_prefix("Nats-Consumer-Stalled: "));
                if let Some(to) = reply.or(stalled) {
                    answer.extend_from_slice(format!("PUB {to} 0\r\n\r\n").as_bytes());
                }
            } else if let Some(said) = read(payload) {
                heard.push(Heard::Text(said));
            }
        }
    }
    Ok(())
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|part| part == what)
}

#[cfg(test)]
mod tests {
    use super::super::{Said, write};
    use super::*;

    fn words() -> Words {
        Words {
            inbox: "r7".to_owned(),
            console: 3,
            unread: Vec::new(),
        }
    }

    #[test]
    fn messages_are_understood_wherever_frames_are_cut() {
        let said = Said {
            sent_us: 5,
            resident: 7,
            number: 9,
        };
        let text = write(said, 40);
        let stream = format!(
            "INFO {{}}\r\nPING\r\nMSG _INBOX.r7.12 1 8\r\n{{\"seq\":1\r\nMSG _INBOX.r7.13 1 10\r\n{{\"error\":1}}\r\nMSG deliver.3 2 40\r\n{text}\r\n"
        )
        .replace("1 8\r\n{\"seq\":1\r\n", "1 9\r\n{\"seq\":1}\r\n")
        .replace("1 10\r\n{\"error\":1}", "1 11\r\n{\"error\":1}");
        for step in [1, 2, 7, stream.len()] {
            let (mut words, mut heard, mut answers) = (words(), Vec::new(), Vec::new());
            for cut in stream.as_bytes().chunks(step) {
                let frame = Message::binary(cut.to_vec());
                answers.extend(words.hear(&frame, &mut heard).unwrap());
            }
            let all = [Heard::Taken(12), Heard::Refused(13), Heard::Text(said)];
            assert_eq!(heard, all, "{step}");
            assert_eq!(answers, [Message::binary("PONG\r\n")], "{step}");
        }
    }

    #[test]
    fn flow_control_is_answered() {
        let head = "NATS/1.0 100 FlowControl Request\r\n\r\n";
        let bytes = head.len();
        let frame = format!("HMSG deliver.3 2 $JS.FC.x {bytes} {bytes}\r\n{head}\r\n");
        let answer = words().hear(&Message::binary(frame), &mut Vec::new());
        let expected = Message::binary("PUB $JS.FC.x 0\r\n\r\n");
        assert_eq!(answer.unwrap(), Some(expected));
    }
}
