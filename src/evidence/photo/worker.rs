//! The worker process: limits first, then questions from standard input until it ends.
//!
//! Owns: the limits that the process gives itself before its first question. Called by: `main`, when the program is started as a worker.
//!
//! It opens no files, no sockets, starts nothing, and logs nothing: its only way out is its standard output.

use std::io::{self, Read, Write};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use super::PhotoRefusal;
use super::claimed;
use super::copy;
use super::kind::PhotoKind;
use super::wire::{Answer, Outcome, QUESTION_BYTES, Wanted};

/// Address space of the worker: the decoded picture, what a progressive JPEG needs beside it (twice as much again), the original,
/// and the program.
const ADDRESS_SPACE_MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// Processor time; a phone's photo takes under one second.
const CPU_MAX_SECONDS: u64 = 20;
/// Open files: the three standard ones and nothing else.
const OPEN_FILES_MAX: u64 = 3;
/// Lower priority than the gateway: text must not wait for a picture.
const NICENESS: i32 = 10;

/// Runs the worker; the program calls it when its first argument is [`super::WORKER_SUBCOMMAND`], before
/// anything else (no runtime, no logging, no configuration).
pub fn worker_main() -> ExitCode {
    // What goes wrong is told by the answer or by the exit status; a stranger's picture writes no log lines.
    std::panic::set_hook(Box::new(|_| ()));
    if limit_self().is_err() {
        return ExitCode::from(2);
    }
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    }
}

fn limit_self() -> io::Result<()> {
    // A failure to step back is no danger.
    let _ = nice(NICENESS);
    for (resource, limit) in [
        (Resource::As, ADDRESS_SPACE_MAX_BYTES),
        (Resource::Cpu, CPU_MAX_SECONDS),
        (Resource::Nofile, OPEN_FILES_MAX),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ] {
        setrlimit(
            resource,
            Rlimit {
                current: Some(limit),
                maximum: Some(limit),
            },
        )?;
    }
    Ok(())
}

fn serve(questions: &mut impl Read, answers: &mut impl Write) -> io::Result<()> {
    while let Some((wanted, original)) = next_question(questions)? {
        let (answer, content) = answer(wanted, &original);
        drop(original);
        answers.write_all(&answer.to_bytes())?;
        answers.write_all(&content)?;
        answers.flush()?;
    }
    Ok(())
}

fn next_question(questions: &mut impl Read) -> io::Result<Option<(Wanted, Vec<u8>)>> {
    let mut question = [0_u8; QUESTION_BYTES];
    match questions.read_exact(&mut question) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (wanted, length) = Wanted::parse(&question).ok_or(io::ErrorKind::InvalidData)?;
    let mut original = Vec::new();
    questions.by_ref().take(length).read_to_end(&mut original)?;
    if original.len() as u64 == length {
        Ok(Some((wanted, original)))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn answer(wanted: Wanted, original: &[u8]) -> (Answer, Vec<u8>) {
    // A decoder that panics has found a picture it cannot read.
    let made = std::panic::catch_unwind(AssertUnwindSafe(|| make(wanted, original)))
        .unwrap_or(Err(PhotoRefusal::Unreadable));
    let (outcome, width_px, height_px, content) = match made {
        Ok((width_px, height_px, content)) => (Outcome::Done, width_px, height_px, content),
        Err(PhotoRefusal::Type) => (Outcome::Type, 0, 0, Vec::new()),
        Err(PhotoRefusal::Unreadable) => (Outcome::Unreadable, 0, 0, Vec::new()),
        Err(PhotoRefusal::TooLarge) => (Outcome::TooLarge, 0, 0, Vec::new()),
    };
    (
        Answer {
            outcome,
            width_px,
            height_px,
            content_bytes: content.len() as u64,
        },
        content,
    )
}

fn make(wanted: Wanted, original: &[u8]) -> Result<(u32, u32, Vec<u8>), PhotoRefusal> {
    let kind = PhotoKind::of(original).ok_or(PhotoRefusal::Type)?;
    match wanted {
        Wanted::Copy => {
            copy::make(original, kind).map(|copy| (copy.width_px, copy.height_px, copy.jpeg))
        }
        Wanted::Claims => {
            let json = serde_json::to_vec(&claimed::read(original))
                .map_err(|_| PhotoRefusal::Unreadable)?;
            Ok((0, 0, json))
        }
    }
}
