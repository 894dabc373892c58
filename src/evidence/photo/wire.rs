//! What the gateway and its photo worker say to each other over the worker's standard input and output.
//!
//! Owns: the form of both. Must not: know pictures. Called by: `pipeline`, `worker`.
//!
//! Question: magic, one byte of what is wanted, length of the original (8 bytes, big endian), the original.
//! Answer: magic, one byte of outcome, width and height (4 bytes each), length (8 bytes), the bytes. Both sides check
//! the magic and the lengths; the gateway believes nothing else of what a worker says.

/// First bytes of each question and answer, with the version.
pub(super) const MAGIC: [u8; 4] = *b"CBP1";
/// Bytes of a question before the original.
pub(super) const QUESTION_BYTES: usize = 13;
/// Bytes of an answer before its content.
pub(super) const ANSWER_BYTES: usize = 21;
/// Largest original a worker reads: more than the store takes.
pub(super) const ORIGINAL_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Largest content of an answer: a JPEG of 2,048 × 2,048 pixels is far smaller.
pub(super) const CONTENT_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What is wanted of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The copy.
    Copy,
    /// The claimed metadata, as JSON.
    Claims,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The content is what was wanted.
    Done,
    /// Not one of the kinds that are taken.
    Type,
    /// Cannot be read.
    Unreadable,
    /// Too many pixels.
    TooLarge,
}

/// The fixed part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) content_bytes: u64,
}

impl Wanted {
    pub(super) fn question(self, original_bytes: u64) -> Vec<u8> {
        let wanted = match self {
            Self::Copy => 1,
            Self::Claims => 2,
        };
        let mut question = Vec::with_capacity(QUESTION_BYTES);
        question.extend_from_slice(&MAGIC);
        question.push(wanted);
        question.extend_from_slice(&original_bytes.to_be_bytes());
        question
    }

    /// What is wanted and how long the original is.
    pub(super) fn parse(question: &[u8; QUESTION_BYTES]) -> Option<(Self, u64)> {
        let rest = question.strip_prefix(&MAGIC)?;
        let (wanted, length) = rest.split_first()?;
        let wanted = match wanted {
            1 => Self::Copy,
            2 => Self::Claims,
            _ => return None,
        };
        let length = u64::from_be_bytes(length.try_into().ok()?);
        (length <= ORIGINAL_MAX_BYTES).then_some((wanted, length))
    }
}

impl Answer {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let outcome = match self.outcome {
            Outcome::Done => 0,
            Outcome::Type => 1,
            Outcome::Unreadable => 2,
            Outcome::TooLarge => 3,
        };
        let mut answer = Vec::with_capacity(ANSWER_BYTES);
        answer.extend_from_slice(&MAGIC);
        answer.push(outcome);
        answer.extend_from_slice(&self.width_px.to_be_bytes());
        answer.extend_from_slice(&self.height_px.to_be_bytes());
        answer.extend_from_slice(&self.content_bytes.to_be_bytes());
        answer
    }

    pub(super) fn parse(answer: &[u8; ANSWER_BYTES]) -> Option<Self> {
        let rest = answer.strip_prefix(&MAGIC)?;
        let (outcome, rest) = rest.split_first()?;
        let outcome = match outcome {
            0 => Outcome::Done,
            1 => Outcome::Type,
            2 => Outcome::Unreadable,
            3 => Outcome::TooLarge,
            _ => return None,
        };
        let (width, rest) = rest.split_first_chunk()?;
        let (height, rest) = rest.split_first_chunk()?;
        let content_bytes = u64::from_be_bytes(rest.try_into().ok()?);
        (content_bytes <= CONTENT_MAX_BYTES).then_some(Self {
            outcome,
            width_px: u32::from_be_bytes(*width),
            height_px: u32::from_be_bytes(*height),
            content_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn questions_and_answers_read_back_what_was_written() {
        let question: [u8; QUESTION_BYTES] = Wanted::Claims.question(77).try_into().unwrap();
        assert_eq!(Wanted::parse(&question), Some((Wanted::Claims, 77)));
        let answer = Answer {
            outcome: Outcome::TooLarge,
            width_px: 3,
            height_px: 4,
            content_bytes: 5,
        };
        let bytes: [u8; ANSWER_BYTES] = answer.to_bytes().try_into().unwrap();
        assert_eq!(Answer::parse(&bytes), Some(answer));
    }

    #[test]
    fn lengths_over_the_bounds_are_not_believed() {
        let question: [u8; QUESTION_BYTES] = Wanted::Copy
            .question(ORIGINAL_MAX_BYTES + 1)
            .try_into()
            .unwrap();
        assert_eq!(Wanted::parse(&question), None);
        let answer = Answer {
            outcome: Outcome::Done,
            width_px: 1,
            height_px: 1,
            content_bytes: u64::MAX,
        };
        assert_eq!(Answer::parse(&answer.to_bytes().try_into().unwrap()), None);
    }
}
