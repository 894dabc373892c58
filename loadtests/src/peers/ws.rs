//! The hand-written server on `ws` and ioredis: small JSON objects.

use anyhow::{Context as _, Result, bail};
use tokio_tungstenite::tungstenite::Message;

use super::seat::Speech;
use super::{Dialect, Heard, read};

/// Begins what a console receives after the room's name.
const TEXT: &[u8] = b"\"text\":\"";

/// Its words.
struct Words;

/// Opens a resident's link; its texts go to this console.
///
/// # Errors
/// When it is refused.
pub async fn resident(port: u16, index: usize, console: usize) -> Result<Speech> {
    let path = format!("/resident/{index}?console={console}");
    Speech::open(port, &path, Words).await
}

/// Opens a console's link and waits until its stream is read.
///
/// # Errors
/// When it is refused.
pub async fn console(port: u16, index: usize) -> Result<Speech> {
    let mut speech = Speech::open(port, &format!("/console/{index}"), Words).await?;
    let frame = speech.frame().await?;
    if !frame.into_data().starts_with(b"{\"open\":") {
        bail!("the console was not opened");
    }
    Ok(speech)
}

impl Dialect for Words {
    fn say(&mut self, number: u32, text: &str) -> Message {
        Message::text(format!("{{\"id\":{number},\"text\":\"{text}\"}}"))
    }

    fn hear(&mut self, frame: &Message, heard: &mut Vec<Heard>) -> Result<Option<Message>> {
        let Message::Text(text) = frame else {
            return Ok(None);
        };
        if let Some(rest) = text.strip_prefix("{\"ack\":") {
            heard.push(Heard::Taken(rest.trim_end_matches('}').parse()?));
        } else if let Some(rest) = text.strip_prefix("{\"failed\":") {
            let number = rest.split(',').next().unwrap_or_default();
            heard.push(Heard::Refused(number.parse()?));
        } else {
            let bytes = text.as_bytes();
            let mut places = bytes.windows(TEXT.len());
            let at = places.position(|place| place == TEXT);
            let said = at.and_then(|at| read(&bytes[at + TEXT.len()..]));
            heard.push(Heard::Text(said.context("a text of nobody")?));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Said, write};
    use super::*;

    #[test]
    fn acknowledgements_and_texts_are_understood() {
        let said = Said {
            sent_us: 9,
            resident: 1,
            number: 2,
        };
        let text = format!("{{\"room\":\"1\",\"text\":\"{}\"}}", write(said, 60));
        let mut heard = Vec::new();
        for frame in ["{\"ack\":7}", "{\"failed\":8,\"why\":\"OOM\"}", &text] {
            Words.hear(&Message::text(frame), &mut heard).unwrap();
        }
        let all = [Heard::Taken(7), Heard::Refused(8), Heard::Text(said)];
        assert_eq!(heard, all);
    }
}
