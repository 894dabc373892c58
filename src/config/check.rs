//! Rules between values, checked once all sources are read: each refusal says why and what to do.
//!
//! Owns: what fits together. Must not: look at the machine: whether a port is free shows when it is opened. Called by: `load`.

use callbox_proto::ids::{AgencyId, StaffId};

use super::load::Provenance;
use super::words::fault_of_labels;
use super::{Agency, Config, ConfigError, Place, Retention, TlsMode};

/// Smallest read buffer that the HTTP parser works with, in bytes.
const SMALLEST_READ_BUFFER_BYTES: usize = 8 * 1024;

pub(super) fn check(config: &Config, provenance: &Provenance) -> Result<(), ConfigError> {
    let faults = [
        addresses,
        tls,
        connection_limits,
        session_limits,
        shared_tier,
        log,
    ];
    let fault = faults.into_iter().find_map(|rule| rule(config));
    let fault = fault.map(|(key, why)| (key.to_owned(), why));
    match fault.or_else(|| agencies(config)) {
        None => Ok(()),
        Some((key, why)) => Err(refused(provenance, &key, why)),
    }
}

/// A preview of 131,072 bytes as base64, with the message around it.
const SMALLEST_MESSAGE_BYTES: usize = 180_000;
/// Leaves room for the prefix of personal lanes.
const LONGEST_QUEUE_ID: usize = 61;
/// A day.
const LONGEST_REPORT_LINK_S: u64 = 24 * 60 * 60;
/// Pauses between a sound and its repetition. Consoles leave 3 s between any two sounds.
const SOUND_REPEAT_S: std::ops::RangeInclusive<u64> = 3..=600;
/// A hundred years: whoever keeps photos for longer sets no time.
const LONGEST_RETENTION_DAYS: u32 = 36_500;
/// Two lines on a narrow phone are some 80; it stands on every screen.
const BANNER_MAX_CHARS: usize = 300;
/// As long as names of agencies and people.
const LONGEST_NAME: usize = 64;

/// Keys bounded by another one. Where only the other one was set, that is the one to name.
const BOUNDED_BY: [(&str, &str); 6] = [
    ("server.limits.half_open", "server.limits.connections"),
    (
        "server.limits.header_bytes",
        "server.limits.read_buffer_bytes",
    ),
    ("session.outbox_bytes", "session.message_bytes"),
    ("agency.demo.enabled", "server.listen"),
    ("identity.key_file", "backbone.url"),
    ("backbone.wait_ms", "backbone.call_ms"),
];

fn refused(provenance: &Provenance, key: &str, why: String) -> ConfigError {
    let place = provenance.place_of(key);
    let other = BOUNDED_BY
        .iter()
        .find(|(bounded, _)| *bounded == key && place == Place::Default);
    match other {
        None => ConfigError::Refused {
            place,
            key: key.to_owned(),
            why,
        },
        Some((_, bound)) => ConfigError::Refused {
            place: provenance.place_of(bound),
            key: (*bound).to_owned(),
            why: format!("does not go together with {key}, which {why}"),
        },
    }
}

type Fault = Option<(&'static str, String)>;

fn addresses(config: &Config) -> Fault {
    let (server, admin) = (&config.server, &config.admin);
    if !server.listen.ip().is_loopback() && server.tls.mode == TlsMode::Off {
        return Some((
            "server.listen",
            format!(
                "{} is not a loopback address and TLS is off, so reports would travel in the clear. Set server.tls.mode \
                 to \"files\" (certificate and key) or \"self-signed\", or listen on 127.0.0.1",
                server.listen
            ),
        ));
    }
    if server.listen.ip().is_unspecified()
        && server.tls.mode == TlsMode::Files
        && server.public_origin.is_none()
    {
        return Some((
            "server.public_origin",
            format!(
                "is needed when listening on {}: pages and the check of their origin must know the name that browsers \
                 use, such as https://report.example",
                server.listen
            ),
        ));
    }
    let media = &config.media;
    let offered = (media.public_addresses.iter())
        .any(|address| !address.is_unspecified() && address.is_ipv4() == media.listen.is_ipv4());
    if media.listen.ip().is_unspecified() && !offered {
        return Some((
            "media.listen",
            format!(
                "{} is no address that phones can send to: listen on an address of this node, or say in \
                 media.public_addresses which one they use",
                media.listen
            ),
        ));
    }
    if !admin.listen.ip().is_loopback() && !admin.allow_remote {
        return Some((
            "admin.listen",
            format!(
                "{} is not a loopback address, and this port has no sign-in. Set admin.allow_remote = true where a \
                 network rule protects it, or listen on 127.0.0.1",
                admin.listen
            ),
        ));
    }
    if server.listen == admin.listen && server.listen.port() != 0 {
        return Some((
            "admin.listen",
            format!("{} is already server.listen", admin.listen),
        ));
    }
    None
}

fn tls(config: &Config) -> Fault {
    let tls = &config.server.tls;
    match tls.mode {
        TlsMode::Off => None,
        TlsMode::Files if tls.cert_file.is_none() => Some((
            "server.tls.cert_file",
            "mode \"files\" needs the certificate's file".to_owned(),
        )),
        TlsMode::Files if tls.key_file.is_none() => Some((
            "server.tls.key_file",
            "mode \"files\" needs the private key's file".to_owned(),
        )),
        TlsMode::Files => None,
        TlsMode::SelfSigned if tls.self_signed_names.is_empty() => Some((
            "server.tls.self_signed_names",
            "mode \"self-signed\" needs the names to put into the certificate".to_owned(),
        )),
        TlsMode::SelfSigned => None,
    }
}

fn connection_limits(config: &Config) -> Fault {
    let limits = &config.server.limits;
    let positive = [
        ("server.limits.connections", limits.connections),
        ("server.limits.half_open", limits.half_open),
        ("server.limits.per_source", limits.per_source),
        (
            "server.limits.tls_handshakes_per_s",
            limits.tls_handshakes_per_s.into(),
        ),
        (
            "server.limits.tls_handshake_burst",
            limits.tls_handshake_burst.into(),
        ),
        ("server.limits.handshake_s", limits.handshake_s),
        ("server.limits.header_s", limits.header_s),
        ("server.limits.headers", limits.headers as u64),
        ("server.limits.write_stall_s", limits.write_stall_s),
        ("server.limits.request_s", limits.request_s),
        ("server.limits.body_bytes", limits.body_bytes as u64),
        ("server.limits.backlog", limits.backlog.into()),
    ];
    if let Some(fault) = first_zero(&positive) {
        return Some(fault);
    }
    if limits.half_open > limits.connections {
        return Some((
            "server.limits.half_open",
            "is above server.limits.connections".to_owned(),
        ));
    }
    if !(1..=100).contains(&limits.pressure_percent) {
        return Some((
            "server.limits.pressure_percent",
            "must be from 1 to 100".to_owned(),
        ));
    }
    if limits.read_buffer_bytes < SMALLEST_READ_BUFFER_BYTES {
        return Some((
            "server.limits.read_buffer_bytes",
            format!("must be at least {SMALLEST_READ_BUFFER_BYTES} bytes"),
        ));
    }
    if !(1024..=limits.read_buffer_bytes).contains(&limits.header_bytes) {
        return Some((
            "server.limits.header_bytes",
            "must be from 1024 bytes to server.limits.read_buffer_bytes".to_owned(),
        ));
    }
    None
}

fn session_limits(config: &Config) -> Fault {
    let session = &config.session;
    let positive = [
        (
            "session.resident_messages_burst",
            session.resident_messages_burst.into(),
        ),
        (
            "session.console_messages_burst",
            session.console_messages_burst.into(),
        ),
        ("session.returns_per_s", session.returns_per_s),
        ("session.slow_reader_s", session.slow_reader_s),
        ("session.first_frame_s", session.first_frame_s),
        ("session.heartbeat_s", session.heartbeat_s),
        ("session.resident_heartbeat_s", session.resident_heartbeat_s),
        (
            "session.resident_read_buffer_bytes",
            session.resident_read_buffer_bytes as u64,
        ),
        (
            "session.console_read_buffer_bytes",
            session.console_read_buffer_bytes as u64,
        ),
        ("identity.staff_token_min", config.identity.staff_token_min),
        (
            "identity.upload_token_min",
            config.identity.upload_token_min,
        ),
        (
            "media.socket_buffer_mib",
            config.media.socket_buffer_mib as u64,
        ),
    ];
    if let Some(fault) = first_zero(&positive) {
        return Some(fault);
    }
    if session.message_bytes < SMALLEST_MESSAGE_BYTES {
        return Some((
            "session.message_bytes",
            format!(
                "must be at least {SMALLEST_MESSAGE_BYTES} bytes: the largest preview in base64"
            ),
        ));
    }
    if session.outbox_bytes < session.message_bytes {
        return Some((
            "session.outbox_bytes",
            "is below session.message_bytes: the largest message would never leave".to_owned(),
        ));
    }
    None
}

fn shared_tier(config: &Config) -> Fault {
    let backbone = &config.backbone;
    let plain = |text: &str| {
        let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(plain)
    };
    let named = "must be 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'";
    if !plain(&backbone.prefix) {
        return Some(("backbone.prefix", named.to_owned()));
    }
    if !config.node.name.is_empty() && !plain(&config.node.name) {
        return Some(("node.name", named.to_owned()));
    }
    let positive = [
        ("backbone.wait_ms", backbone.wait_ms),
        ("backbone.call_ms", backbone.call_ms),
    ];
    if let Some(fault) = first_zero(&positive) {
        return Some(fault);
    }
    if backbone.wait_ms >= backbone.call_ms {
        return Some((
            "backbone.wait_ms",
            "must be below backbone.call_ms: the answer would come too late".to_owned(),
        ));
    }
    if !backbone.is_shared() {
        return None;
    }
    if config.identity.key_file.is_none() {
        return Some((
            "identity.key_file",
            "is needed with backbone.url: tokens made by one node must be good at every other one, so all of them need \
             the same key file. Make one with: head -c 32 /dev/urandom > identity.key"
                .to_owned(),
        ));
    }
    if backbone.username.is_some() && backbone.password_file.is_none() {
        return Some((
            "backbone.password_file",
            "is needed with backbone.username".to_owned(),
        ));
    }
    if backbone.ca_file.is_some() && !backbone.url.starts_with("rediss") {
        return Some((
            "backbone.ca_file",
            "is for encrypted connections only: write rediss instead of redis in backbone.url"
                .to_owned(),
        ));
    }
    None
}

/// Every agency by itself, then what no two may share. Keys are relative to the agency, so that the list says which one.
fn agencies(config: &Config) -> Option<(String, String)> {
    let mut seen: Vec<&Agency> = Vec::new();
    for (number, agency) in config.all_agencies().enumerate() {
        let fault = people(agency, config)
            .or_else(|| agency.map.fault())
            .or_else(|| agency.sign_in.as_ref()?.fault())
            .or_else(|| shared(agency, &seen, config));
        let fault = fault.map(|(key, why)| (key.to_owned(), why));
        let fault = fault.or_else(|| super::fields::fault(&agency.fields));
        if let Some((key, why)) = fault {
            let key = match number.checked_sub(1) {
                None => format!("agency.{key}"),
                Some(place) => format!("agencies[{place}].{key}"),
            };
            return Some((key, why));
        }
        seen.push(agency);
    }
    None
}

/// What another agency has already.
fn shared(agency: &Agency, others: &[&Agency], config: &Config) -> Fault {
    if others.iter().any(|other| other.id == agency.id) {
        return Some((
            "id",
            format!("{} is the id of another agency already", agency.id),
        ));
    }
    // People tell agencies apart by their names, on every page.
    if others.iter().any(|other| other.name == agency.name) {
        return Some((
            "name",
            format!("{} is the name of another agency already", agency.name),
        ));
    }
    let origin = agency.public_origin.as_ref()?;
    let taken = others
        .iter()
        .any(|other| other.public_origin.as_ref() == Some(origin));
    // The first one's may be that of the whole gateway: there it is reached anyway.
    let of_the_gateway = !others.is_empty() && config.server.public_origin.as_ref() == Some(origin);
    (taken || of_the_gateway).then(|| {
        (
            "public_origin",
            format!("{origin} leads to another agency already"),
        )
    })
}

fn people(agency: &Agency, config: &Config) -> Fault {
    let demo = &agency.demo;
    if agency.id.parse::<AgencyId>().is_err() {
        return Some((
            "id",
            "must be a domain name of 1 to 64 characters out of a-z, 0-9, '.', '_' and '-', such as demo.example".to_owned(),
        ));
    }
    if (demo.users.iter()).any(|user| user.name.parse::<StaffId>().is_err()) {
        return Some((
            "demo.users",
            "a name is 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'".to_owned(),
        ));
    }
    if let Some(fault) = queues(agency) {
        return Some(fault);
    }
    if !(1..=LONGEST_REPORT_LINK_S).contains(&agency.report_link_s) {
        return Some((
            "report_link_s",
            "must be from 1 to 86,400: a link that lives for longer is found by others".to_owned(),
        ));
    }
    if !(agency.sound_repeat_s.iter()).all(|pause| SOUND_REPEAT_S.contains(pause)) {
        return Some((
            "sound_repeat_s",
            "must be from 3 to 600 for each priority: what repeats without a pause is switched off, and what repeats never is missed"
                .to_owned(),
        ));
    }
    let Retention {
        photos_days,
        words_days,
    } = agency.retention;
    for (what, setting, days) in [
        ("photos", "retention.photos_days", photos_days),
        ("words", "retention.words_days", words_days),
    ] {
        if days.is_some_and(|days| !(1..=LONGEST_RETENTION_DAYS).contains(&days)) {
            let why = format!(
                "must be from 1 to 36,500 days, or be left out: then {what} are kept for ever"
            );
            return Some((setting, why));
        }
    }
    if agency.area.is_some_and(|area| !area.is_possible()) {
        return Some((
            "area",
            "needs a middle on the earth (latitude, longitude) and a radius_km above 0 and up to 10,000".to_owned(),
        ));
    }
    if let Some(why) = fault_of_labels(agency.banner.labels(), BANNER_MAX_CHARS) {
        return Some(("banner", why));
    }
    if !(agency.exit_url.starts_with("https://") || agency.exit_url.starts_with("http://")) {
        return Some(("exit_url", "must be an http or https address".to_owned()));
    }
    if demo.enabled && !demo.allow_remote && !config.server.listen.ip().is_loopback() {
        return Some((
            "demo.enabled",
            format!(
                "would let the demo's people in: their passphrases are public and {} is not a loopback address. Set demo.enabled = false for \
                 this agency, or demo.allow_remote = true for a trial with made-up reports",
                config.server.listen
            ),
        ));
    }
    let mut names: Vec<&str> = demo.users.iter().map(|user| user.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return Some(("demo.users", "two people have the same name".to_owned()));
    }
    None
}

fn queues(agency: &Agency) -> Fault {
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    for queue in &agency.queues {
        let named = (1..=LONGEST_QUEUE_ID).contains(&queue.id.len()) && queue.id.bytes().all(plain);
        if !named || queue.id.starts_with("to.") {
            return Some((
                "queues",
                "an id is 1 to 61 characters out of a-z, 0-9, '.', '_' and '-', and does not begin with 'to.'"
                    .to_owned(),
            ));
        }
        if queue.targets_s.contains(&0) || !(1..=100).contains(&queue.target_share_percent) {
            return Some((
                "queues",
                "needs targets_s above 0 and target_share_percent from 1 to 100".to_owned(),
            ));
        }
    }
    let mut ids: Vec<&str> = agency
        .queues
        .iter()
        .map(|queue| queue.id.as_str())
        .collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Some(("queues", "two queues have the same id".to_owned()));
    }
    if !ids.contains(&agency.default_queue.as_str()) {
        return Some((
            "default_queue",
            "is not the id of one of the agency's queues".to_owned(),
        ));
    }
    None
}

fn log(config: &Config) -> Fault {
    crate::logging::check_filter(&config.log.filter)
        .err()
        .map(|why| ("log.filter", why))
}

fn first_zero(values: &[(&'static str, u64)]) -> Fault {
    values
        .iter()
        .find(|(_, value)| *value == 0)
        .map(|(key, _)| (*key, "must be above 0".to_owned()))
}
