//! Bounds of the wire: how long, how many, how far. A client keeps them so that nothing is refused; the gateway enforces them.
//!
//! Owns: the numbers and their units. Must not: check anything (that is `codec`, `domain` and the transports). Used by: all of
//! them, and by the generated TypeScript and the table in `docs/protocol.md`.

/// One bound, for tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Name of the constant; it ends in the unit where there is one.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// What it limits and why it has this value.
    pub why: &'static str,
}

macro_rules! bounds {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $value:expr;)+) => {
        $($(#[doc = $doc])+ pub const $name: $type = $value;)+

        /// Every bound, in the order of the table in `docs/protocol.md`.
        pub const ALL: &[Bound] = &[$(Bound {
            name: stringify!($name),
            value: $name as f64,
            why: concat!($($doc),+),
        }),+];
    };
}

bounds! {
    /// Bytes in one WebSocket frame to the gateway: a message is sent in one frame, as browsers do.
    FRAME_MAX_BYTES: usize = MESSAGE_MAX_BYTES;
    /// Bytes in one message to the gateway: a photo's preview in base64 and some room.
    MESSAGE_MAX_BYTES: usize = 256 * 1024;
    /// Deepest nesting of a message; ours need 6.
    DEPTH_MAX: usize = crate::codec::DEPTH_MAX;
    /// Elements in one message, keys and values counted.
    ELEMENTS_MAX: usize = crate::codec::ELEMENTS_MAX;
    /// Bytes of the challenge's nonce.
    NONCE_BYTES: usize = 32;
    /// Bytes of a device's public key: an uncompressed P-256 point.
    KEY_BYTES: usize = 65;
    /// Bytes of the hello's signature: r and s.
    SIGNATURE_BYTES: usize = 64;
    /// Characters in the name and version of a client.
    CLIENT_MAX_CHARS: usize = 100;
    /// Characters in one text or note; T.140 and chat lines are far shorter.
    TEXT_MAX_CHARS: usize = 8_000;
    /// Characters in one packet of real-time text.
    REAL_TIME_TEXT_MAX_CHARS: usize = 2_000;
    /// Characters in a reason, a question or the words of a place.
    REASON_MAX_CHARS: usize = 500;
    /// Characters in a contact.
    CONTACT_MAX_CHARS: usize = 200;
    /// Characters in a language tag; BCP 47 asks for at least 35.
    LANGUAGE_MAX_CHARS: usize = 35;
    /// Characters in the name of an agency, a queue or a person.
    NAME_MAX_CHARS: usize = 64;
    /// Times a resident corrects the category of one session: to and fro a few times, and no noise at the desk.
    CATEGORY_CHANGES_MAX: u8 = 10;
    /// Photos announced in one session.
    PHOTOS_MAX: usize = 100;
    /// Bytes in a photo's original.
    PHOTO_MAX_BYTES: u64 = 50 * 1024 * 1024;
    /// Bytes in a photo's preview, so that it travels with the announcement.
    PREVIEW_MAX_BYTES: usize = 128 * 1024;
    /// Pixels on the longer side of a preview.
    PREVIEW_MAX_SIDE_PX: u32 = 1_280;
    /// Characters in a media type.
    MEDIA_TYPE_MAX_CHARS: usize = 100;
    /// Bytes in a session description (SDP). Chromium with camera and microphone sends 6 to 8 KiB.
    SDP_MAX_BYTES: usize = 32 * 1024;
    /// Bytes in one line of an SDP. The longest known, a fingerprint or a candidate with its extensions, is under 300.
    SDP_LINE_MAX_BYTES: usize = 1_024;
    /// Media sections in an SDP. Camera and microphone are two; two more for those that were stopped.
    SDP_SECTIONS_MAX: usize = 4;
    /// Candidate lines in an SDP. They are dropped, since peers always reach the gateway first.
    SDP_CANDIDATES_MAX: usize = 40;
    /// Lines `a=ssrc` and `a=ssrc-group` in an SDP. Two streams with repair and four attributes each need 20.
    SDP_SSRC_LINES_MAX: usize = 64;
    /// Formats (`a=rtpmap`) in one section of an SDP. Chromium offers about 45 for video.
    SDP_FORMATS_MAX: usize = 64;
    /// Metres of uncertainty that still say something.
    UNCERTAINTY_MAX_M: f64 = 100_000.0;
    /// Age in ms of what an outbox may still bring: 7 days.
    AGE_MAX_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
    /// Rules named in one `triaged` event.
    RULES_FIRED_MAX: usize = 16;
    /// Reasons of a session's suspicion: the heaviest ones. They stand in every row of a list.
    SUSPICION_REASONS_MAX: usize = 4;
    /// Sessions that one staff link follows at once; one more is answered `too_fast`: `unfollow` another one first.
    FOLLOWS_MAX: usize = 256;
    /// Links of one person at one gateway, several windows on several monitors; when one more comes, the oldest is closed with 4300.
    CONSOLES_MAX: usize = 16;
    /// People in one `colleagues` message, those who can take a session first; the count beside them says how many more there are.
    COLLEAGUES_MAX: usize = 500;
    /// Rows of each standing in one `sessions` message; the counts beside them are whole.
    LIST_MAX_ROWS: usize = 500;
    /// Rows in one `history` message.
    HISTORY_MAX_ROWS: usize = 100;
    /// Links for responders made in one session, ended ones counted. One is opened by many units; the state of a session holds them all.
    RESPONDER_LINKS_MAX: usize = 10;
    /// Times one link for responders is opened; a reload of the page is no opening. More than the crews of a large incident.
    RESPONDER_OPENINGS_MAX: usize = 50;
    /// Shortest life of a link for responders in ms: less is a mistake of units.
    RESPONDER_LINK_MIN_MS: u64 = 1_000;
    /// Longest life of a link for responders in ms: 12 hours, a long shift.
    RESPONDER_LINK_MAX_MS: u64 = 12 * 60 * 60 * 1_000;
    /// Characters in the name or unit that a responder types, and in the words for whom a link is.
    RESPONDER_NAME_MAX_CHARS: usize = 80;
    /// Holds that stand on one session at once. Each is somebody's reason to keep it; the state of a session holds them all.
    HOLDS_MAX: usize = 16;
    /// Life of a request that takes two persons, in ms: 3 days, so that a colleague of another shift can agree.
    REQUEST_LIFE_MS: u64 = 3 * 24 * 60 * 60 * 1_000;
    /// How long an export that was agreed to can be fetched, in ms: a day.
    EXPORT_LIFE_MS: u64 = 24 * 60 * 60 * 1_000;
    /// Questions of an agency's own. More is a form, and nobody in danger fills in a form.
    FIELDS_MAX: usize = 8;
    /// Characters in a question of an agency's own: a sentence that is read at one look.
    FIELD_LABEL_MAX_CHARS: usize = 120;
    /// Things that can be chosen as the answer to a question: buttons that a small screen has room for.
    FIELD_OPTIONS_MAX: usize = 8;
    /// Characters in what can be chosen.
    FIELD_OPTION_MAX_CHARS: usize = 60;
    /// Characters in an answer in words; an agency may set less.
    FIELD_TEXT_MAX_CHARS: usize = 500;
    /// Largest integer on the wire: 2^53 - 1, the last one JavaScript keeps exactly.
    INTEGER_MAX: u64 = (1 << 53) - 1;
}

/// What the hello's signature covers before the nonce, as ASCII.
pub const HELLO_CONTEXT: &str = "callbox-hello-v1";
