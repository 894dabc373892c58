//! Public error and close codes: what went wrong and whether to try again.
//!
//! Owns: the closed list of codes, their numbers, their ranges and their plain sentences. Must not: carry personal data or
//! details of the inside. Used by: every edge; the table in `docs/protocol.md` is compared with it by a test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a client should do after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same again is useless: change it, or tell the person.
    Never,
    /// Do something first (sign in, refresh the token, read what is new), then the same again.
    AfterChange,
    /// The same again, with the same id, after a pause.
    Later,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $retry:ident, $text:literal;)+) => {
        /// Why something was refused. Numbers 1000–1999: this frame; 2000–2999: this command; 3000–3999: who you are;
        /// 4000–4999: the gateway just now.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode { $($(#[$doc])* $name),+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its number.
            #[must_use]
            pub const fn number(self) -> u16 { match self { $(Self::$name => $number),+ } }

            /// As it is written in messages.
            #[must_use]
            pub fn word(self) -> String {
                let written = serde_json::to_value(self).ok();
                let word = written.as_ref().and_then(serde_json::Value::as_str);
                word.unwrap_or_default().to_owned()
            }

            /// Whether to try again.
            #[must_use]
            pub const fn retry(self) -> Retry { match self { $(Self::$name => Retry::$retry),+ } }

            /// A plain English sentence; pages translate the code instead.
            #[must_use]
            pub const fn sentence(self) -> &'static str { match self { $(Self::$name => $text),+ } }
        }
    };
}

codes! {
    /// Not a message of this protocol.
    MalformedMessage = 1000, Never, "The message could not be read.";
    /// The `kind` is not known to this version.
    UnknownKind = 1001, Never, "This kind of message is not known here.";
    /// Nested deeper than 32, or more than 4,096 elements.
    TooDeep = 1002, Never, "The message is nested too deeply or has too many parts.";
    /// Over the size of a frame or message.
    TooLong = 1003, Never, "The message is too long.";
    /// A message that may not come at this point, such as a command before `open`.
    WrongOrder = 1004, AfterChange, "This message may not come at this point.";
    /// A text of the wrong kind of frame for the subprotocol.
    WrongFrame = 1005, Never, "Binary and text frames belong to different subprotocols.";
    /// An empty text or reason.
    TextEmpty = 2000, Never, "The text is empty.";
    /// A text over its bound.
    TextTooLong = 2001, Never, "The text is too long: send it in parts.";
    /// Coordinates that are not on the earth, or an uncertainty out of range.
    LocationImpossible = 2002, Never, "The place is impossible.";
    /// An age below 0: a time in the future.
    TimeInFuture = 2003, Never, "The time lies in the future.";
    /// Older than 7 days.
    TooOld = 2004, Never, "It is older than 7 days.";
    /// The session is closed.
    SessionClosed = 2005, Never, "The session is closed.";
    /// No such session, or not yours: both look the same.
    NoSuchSession = 2006, Never, "There is no such session.";
    /// Somebody else owns it.
    AlreadyTaken = 2007, AfterChange, "Somebody else has taken the session.";
    /// Only its owner may do this.
    NotOwner = 2008, AfterChange, "Only the owner of the session may do this.";
    /// Nothing waits in these queues.
    NothingWaits = 2009, Later, "No session waits.";
    /// No such photo in this session.
    NoSuchPhoto = 2010, Never, "There is no such photo.";
    /// More than 100 photos in one session.
    TooManyPhotos = 2011, Never, "No more photos fit in this session.";
    /// Over the size of an original.
    PhotoTooLarge = 2012, Never, "The photo is too large.";
    /// Not JPEG, PNG, WebP or HEIC by content.
    PhotoTypeRefused = 2013, Never, "This type of file is not taken.";
    /// The picture cannot be decoded within the limits.
    PhotoUnreadable = 2014, Never, "The picture cannot be read.";
    /// The preview is too large or not a picture; the announcement stands without it.
    PreviewRefused = 2015, Never, "The preview was refused.";
    /// Upload bytes do not continue where the last ones ended.
    UploadOffset = 2016, AfterChange, "The upload does not continue where it stopped.";
    /// The upload has expired or never existed.
    NoSuchUpload = 2017, AfterChange, "There is no such upload.";
    /// The session description was refused.
    MediaRefused = 2018, Never, "The live connection could not be set up with this description.";
    /// The resident has not granted this medium, or has stopped it.
    NoConsent = 2019, AfterChange, "The resident has not agreed to this.";
    /// Nothing is being sent live.
    NoMedia = 2020, Later, "Nothing is being sent live.";
    /// No such queue or person in this agency.
    NoSuchTarget = 2021, Never, "There is no such queue or person.";
    /// A value out of its documented range.
    OutOfRange = 2022, Never, "A value is out of range.";
    /// This command id was used in another session or for opening another one.
    IdReused = 2023, Never, "This id was used for something else.";
    /// No such node, or one that is gone.
    NoSuchNode = 2024, Never, "There is no such node.";
    /// A drain would leave the residents of an agency without a node.
    NowhereToGo = 2025, AfterChange, "There is no other node that residents could go to.";
    /// No such link for responders: wrong, cut short, or of another session, which all look the same.
    NoSuchLink = 2026, Never, "There is no such link.";
    /// The link for responders is past its end.
    LinkExpired = 2027, Never, "The link has expired: ask for a new one.";
    /// The link for responders was revoked.
    LinkRevoked = 2028, Never, "The link was revoked.";
    /// More than 10 links for responders in one session.
    TooManyLinks = 2029, Never, "No more links fit in this session.";
    /// More than 50 openings of one link for responders.
    TooManyOpenings = 2030, Never, "The link was opened too often: ask for a new one.";
    /// No such hold in this session.
    NoSuchHold = 2031, Never, "There is no such hold.";
    /// More than 16 holds on one session at once.
    TooManyHolds = 2032, Never, "No more holds fit on this session.";
    /// No such request in this session, past its time, answered already, or not for this person to fetch.
    NoSuchRequest = 2033, Never, "There is no such request, or its time is over.";
    /// The same was asked for already, and its time is not over.
    RequestOpen = 2034, Never, "The same has been asked for already.";
    /// Whoever asked cannot agree.
    OwnRequest = 2035, AfterChange, "Somebody else has to agree.";
    /// Only of a session that is closed.
    SessionOpen = 2036, AfterChange, "The session is not closed.";
    /// A hold stands: nothing of the session is destroyed.
    OnHold = 2037, AfterChange, "The session is on hold: nothing of it is destroyed.";
    /// The photos of this session were deleted.
    PhotoDeleted = 2038, Never, "The photos of this session were deleted.";
    /// A link that opens once, and was opened on another device.
    LinkUsed = 2040, Never, "The link was opened already: it opens once, on one device.";
    /// The agency does not ask this, or not any more.
    NoSuchField = 2041, Never, "This question is not asked any more: send the answer as a message.";
    /// The agency does not offer this as an answer, or not any more.
    NoSuchChoice = 2042, Never, "This can no longer be chosen: send the answer as a message.";
    /// The resident has corrected the category 10 times.
    TooManyChanges = 2043, Never, "The category was changed too often: send what is right as a message.";
    /// Missing, unreadable or forged.
    TokenInvalid = 3000, AfterChange, "Sign in again.";
    /// Past its time.
    TokenExpired = 3001, AfterChange, "The sign-in has expired.";
    /// Name or passphrase wrong: which one is not told.
    SignInRefused = 3002, AfterChange, "Name or passphrase is wrong.";
    /// Too many wrong passphrases for this name; wait.
    SignInSlowed = 3003, Later, "Too many tries: wait a moment.";
    /// The device's signature does not match its key or the challenge.
    KeyRefused = 3004, AfterChange, "The device's key was refused.";
    /// Your role may not do this.
    NotAllowed = 3005, Never, "Your role may not do this.";
    /// From a page of another site.
    OriginRefused = 3006, Never, "Requests from this page are not taken.";
    /// A sign-in at the agency's provider took longer than it may: begin again.
    SignInLate = 3007, AfterChange, "The sign-in took too long. Begin again.";
    /// A sign-in at the provider that was begun elsewhere, is over already, or was changed on its way: begin again.
    SignInLost = 3008, AfterChange, "This sign-in was not begun here, or is over already. Begin again.";
    /// The agency's provider did not let this person in.
    ProviderRefused = 3009, AfterChange, "The agency's sign-in service did not let you in.";
    /// What the provider answered cannot be trusted: signature, issuer, audience or nonce are wrong.
    ProviderUntrusted = 3010, AfterChange, "The answer of the agency's sign-in service cannot be trusted. Tell whoever runs the gateway.";
    /// The provider's clock and ours differ too much.
    ClockDiffers = 3011, AfterChange, "The clocks of the gateway and of the sign-in service differ. Tell whoever runs the gateway.";
    /// The provider knows the person, but gives no role that counts here.
    NoRole = 3012, AfterChange, "Your account has no role here. Ask for one at your agency.";
    /// The provider gives the person no name that can be used here.
    NoStaffName = 3013, AfterChange, "Your account has no name that can be used here. Tell whoever runs the gateway.";
    /// The agency has no provider: its people sign in by name and passphrase.
    NoProvider = 3014, Never, "This agency has no sign-in service.";
    /// Write more slowly.
    TooFast = 4000, Later, "Too many messages at once.";
    /// The store does not answer or is full; nothing was acknowledged.
    StoreUnavailable = 4001, Later, "It could not be stored yet. Keep it and try again.";
    /// The node is going down; connect again.
    GoingDown = 4002, Later, "The gateway is restarting.";
    /// No room for another live connection.
    MediaBusy = 4003, Later, "No live connection is free.";
    /// A fault of ours; it was counted.
    Internal = 4004, Later, "Something went wrong on our side. Keep it and try again.";
    /// This node serves no such agency; another node may.
    NoSuchAgency = 4005, Later, "This agency is not served here.";
    /// The agency's provider does not answer.
    ProviderUnavailable = 4006, Later, "The agency's sign-in service does not answer.";
}

/// Why the gateway closes a WebSocket. 4000–4099: connect again at once; 4100–4199: connect again after the pause that was
/// told (or 1–5 s at random); 4200–4299: do something first; 4300–4399: do not connect again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The reader fell too far behind for too long; resume.
    TooSlow = 4000,
    /// Nothing was heard for three heartbeats; resume.
    Silent = 4001,
    /// The node is draining.
    GoingDown = 4100,
    /// Too many messages for too long, in spite of `too_fast`.
    TooFast = 4102,
    /// This node does not serve the agency; another node may.
    NotServed = 4103,
    /// The token is no longer valid.
    SignInAgain = 4200,
    /// No first message within the deadline.
    NoHello = 4201,
    /// A newer connection of the same client took over.
    Replaced = 4300,
    /// The protocol was broken: wrong subprotocol, frame over its bound, too many errors.
    Protocol = 4301,
    /// The link for responders has ended: the last `error` says how.
    LinkEnded = 4302,
}

impl CloseCode {
    /// Every code.
    pub const ALL: &[Self] = &[
        Self::TooSlow,
        Self::Silent,
        Self::GoingDown,
        Self::TooFast,
        Self::NotServed,
        Self::SignInAgain,
        Self::NoHello,
        Self::Replaced,
        Self::Protocol,
        Self::LinkEnded,
    ];

    /// The number of the close frame.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The reason text of the close frame.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooSlow => "too slow",
            Self::Silent => "silent",
            Self::GoingDown => "going down",
            Self::TooFast => "too fast",
            Self::NotServed => "not served",
            Self::SignInAgain => "sign in again",
            Self::NoHello => "no hello",
            Self::Replaced => "replaced",
            Self::Protocol => "protocol",
            Self::LinkEnded => "link ended",
        }
    }
}
