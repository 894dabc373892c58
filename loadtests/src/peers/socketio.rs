//! Socket.IO 4 over WebSocket alone: Engine.IO 4 frames as text.

use anyhow::{Context as _, Result, bail};
use tokio_tungstenite::tungstenite::Message;

use super::seat::Speech;
use super::{Dialect, Heard, read};

/// Where its WebSockets are.
const PATH: &str = "/socket.io/?EIO=4&transport=websocket";
/// Begins an event for a console.
const EVENT: &str = "42[\"text\",\"";

/// Its words.
struct Words {
    console: usize,
}

/// Opens a resident's link; its texts go to this console.
///
/// # Errors
/// When it is refused.
pub async fn resident(port: u16, console: usize) -> Result<Speech> {
    enter(port, "40".to_owned(), console).await
}

/// Opens a console's link; it joins its room on the way.
///
/// # Errors
/// When it is refused.
pub async fn console(port: u16, index: usize) -> Result<Speech> {
    let auth = format!("40{{\"console\":\"{index}\"}}");
    enter(port, auth, index).await
}

async fn enter(port: u16, connect: String, console: usize) -> Result<Speech> {
    let mut speech = Speech::open(port, PATH, Words { console }).await?;
    let opened = speech.frame().await?.into_text()?;
    if !opened.starts_with("0{") {
        bail!("Engine.IO did not open");
    }
    speech.send(Message::text(connect)).await?;
    let connected = speech.frame().await?.into_text()?;
    if !connected.starts_with("40{") {
        bail!("Socket.IO refused the connection");
    }
    Ok(speech)
}

impl Dialect for Words {
    fn say(&mut self, number: u32, text: &str) -> Message {
        let console = self.console;
        Message::text(format!("42{number}[\"text\",\"{console}\",\"{text}\"]"))
    }

    fn hear(&mut self, frame: &Message, heard: &mut Vec<Heard>) -> Result<Option<Message>> {
        let Message::Text(text) = frame else {
            return Ok(None);
        };
        if text.as_str() == "2" {
            return Ok(Some(Message::text("3")));
        }
        if let Some(rest) = text.strip_prefix("43") {
            let number = rest.split('[').next().unwrap_or_default();
            heard.push(Heard::Taken(number.parse()?));
        } else if let Some(rest) = text.strip_prefix(EVENT) {
            let said = read(rest.as_bytes()).context("a text of nobody")?;
            heard.push(Heard::Text(said));
        } else if text.starts_with("41") || text.starts_with("44") {
            bail!("Socket.IO ended the connection");
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Said, write};
    use super::*;

    #[test]
    fn pings_are_answered_and_acknowledgements_and_texts_understood() {
        let said = Said {
            sent_us: 9,
            resident: 1,
            number: 2,
        };
        let text = format!("42[\"text\",\"{}\",\"1-0\"]", write(said, 60));
        let mut words = Words { console: 3 };
        let mut heard = Vec::new();
        let answer = words.hear(&Message::text("2"), &mut heard).unwrap();
        assert_eq!(answer, Some(Message::text("3")));
        for frame in ["4317[]", &text] {
            words.hear(&Message::text(frame), &mut heard).unwrap();
        }
        assert_eq!(heard, [Heard::Taken(17), Heard::Text(said)]);
    }
}
