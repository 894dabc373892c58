//! The log: where lines go, in which form, and which targets are held back.
//!
//! Owns the process-wide subscriber. Must not be asked to log personal data: lines carry ids and units. Called once
//! by `main`, before anything can fail.

use std::any::Any;
use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;

use thiserror::Error;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt};

use crate::config::{Log, LogFormat};

/// Targets of the media libraries that warn at every browser's handshake; they are held at `error`, and can be named
/// in `log.filter` to hear them.
const NOISY_TARGETS: [&str; 14] = [
    "webrtc",
    "rtc",
    "rtc_datachannel",
    "rtc_dtls",
    "rtc_ice",
    "rtc_interceptor",
    "rtc_mdns",
    "rtc_rtcp",
    "rtc_rtp",
    "rtc_sctp",
    "rtc_sdp",
    "rtc_shared",
    "rtc_srtp",
    "rtc_stun",
];

/// Why the log cannot start.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// The filter is not one; a checked configuration never gets here.
    #[error("log.filter: {0}")]
    Filter(String),
    /// Another subscriber is already installed in this process.
    #[error("the log has already been started")]
    AlreadyStarted,
}

/// Starts the log. Lines go to standard error, because standard output belongs to what a command was asked for.
///
/// # Errors
/// When the filter is malformed or a subscriber is installed already.
pub fn start(log: &Log) -> Result<(), LoggingError> {
    let filter = filter(&log.filter).map_err(LoggingError::Filter)?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let on_terminal = std::io::stderr().is_terminal();
    let lines = if writes_json(log.format, on_terminal) {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.with_ansi(on_terminal).boxed()
    };
    Registry::default()
        .with(lines)
        .with(filter)
        .with(filter_fn(quotes_nobody))
        .try_init()
        .map_err(|_| LoggingError::AlreadyStarted)?;
    std::panic::set_hook(Box::new(tell_panic));
    Ok(())
}

/// Whether a line may be written whatever the filter says. Below `info`, libraries print what they carry: frames with all
/// that people write, tokens, the passwords of session descriptions. Only this program's own lines are known not to.
fn quotes_nobody(line: &Metadata<'_>) -> bool {
    *line.level() <= Level::INFO || line.target().split("::").next() == Some("callbox")
}

/// One line per panic, in the form of all others, with its place and its message.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    metrics::counter!("callbox_panics_total").increment(1);
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(
        place,
        message_of_code = static_message(panic.payload()),
        "panic"
    );
}

/// A message that stands in the source code. A formatted one may quote what somebody wrote, so it is left out.
fn static_message(payload: &(dyn Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("(left out: it may quote input)")
}

fn writes_json(format: LogFormat, on_terminal: bool) -> bool {
    match format {
        LogFormat::Auto => !on_terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    }
}

/// Says why a filter would not be understood.
pub(crate) fn check_filter(text: &str) -> Result<(), String> {
    filter(text).map(|_| ())
}

/// The filter with the noisy targets in front, so that what is named later wins.
fn filter(text: &str) -> Result<EnvFilter, String> {
    let quiet: Vec<String> = NOISY_TARGETS
        .iter()
        .filter(|target| !names(text, target))
        .map(|target| format!("{target}=error"))
        .collect();
    EnvFilter::builder()
        .parse(format!("{},{text}", quiet.join(",")))
        .map_err(|error| error.to_string())
}

fn names(text: &str, target: &str) -> bool {
    text.split(',').any(|directive| {
        directive
            .split('=')
            .next()
            .is_some_and(|named| named.trim() == target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_libraries_are_held_at_error_unless_named() {
        let quiet = filter("info").expect("a filter").to_string();
        assert!(quiet.contains("rtc_ice=error"), "{quiet}");
        let loud = filter("info,rtc_ice=debug").expect("a filter").to_string();
        assert!(
            loud.contains("rtc_ice=debug") && !loud.contains("rtc_ice=error"),
            "{loud}"
        );
    }

    #[test]
    fn a_malformed_filter_is_refused_with_words() {
        assert!(check_filter("callbox=shouting").is_err());
        assert!(check_filter("warn,callbox::http=debug").is_ok());
    }

    #[test]
    fn a_panic_tells_what_the_code_says_and_not_what_somebody_wrote() {
        assert_eq!(
            static_message(&"the queue is never empty here"),
            "the queue is never empty here"
        );
        let quoting = format!("cannot parse {:?}", "12 Elm Street");
        assert!(!static_message(&quoting).contains("Elm"));
    }

    #[test]
    fn the_form_follows_the_terminal_only_when_nobody_chose_one() {
        assert!(writes_json(LogFormat::Auto, false) && !writes_json(LogFormat::Auto, true));
        assert!(writes_json(LogFormat::Json, true) && !writes_json(LogFormat::Human, false));
    }
}
