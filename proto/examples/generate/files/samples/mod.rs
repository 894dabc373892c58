//! One sample or more of every message, command and event, made up: the fictional city of the demo, nobody's data.
//!
//! Owns: the values. Must not: encode them. Used by: golden fixtures, and the tests over them. A new variant without a sample
//! does not compile.

mod commands;
mod events;
mod http;
mod resident;
mod responder;
mod staff;

use callbox_proto::bytes::Bytes;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::message::{
    FromResident, FromResponder, FromStaff, ToResident, ToResponder, ToStaff,
};
use callbox_proto::vocabulary::{Location, LocationMethod, Role};

use super::Failure;

pub use http::Body;

/// A value and the name of its fixture.
pub type Named<T> = (String, T);

/// Names and values of an enum, by variant; the match makes the compiler ask for every variant.
macro_rules! samples {
    ($type:ident { $($variant:ident => [$($name:literal = $value:expr),+ $(,)?]),+ $(,)? }) => {{
        let variant = |value: &$type| match value { $($type::$variant { .. } => stringify!($variant)),+ };
        vec![$($({
            let value = $value;
            if variant(&value) != stringify!($variant) {
                return Err(concat!("the sample ", $name, " is another variant").into());
            }
            ($name.to_owned(), value)
        }),+),+]
    }};
}
pub(super) use samples;

/// Every sample.
pub struct Samples {
    /// What residents send.
    pub from_resident: Vec<Named<FromResident>>,
    /// What residents receive.
    pub to_resident: Vec<Named<ToResident>>,
    /// What staff send.
    pub from_staff: Vec<Named<FromStaff>>,
    /// What staff receive.
    pub to_staff: Vec<Named<ToStaff>>,
    /// What responders send.
    pub from_responder: Vec<Named<FromResponder>>,
    /// What responders receive.
    pub to_responder: Vec<Named<ToResponder>>,
    /// What a log holds.
    pub stored: Vec<Named<Stored>>,
    /// Bodies over HTTP.
    pub http: Vec<Body>,
}

/// Makes them.
pub fn all() -> Result<Samples, Failure> {
    let events = events::all()?;
    let mut samples = Samples {
        from_resident: resident::sent()?,
        to_resident: resident::received()?,
        from_staff: staff::sent()?,
        to_staff: staff::received()?,
        from_responder: responder::sent()?,
        to_responder: responder::received()?,
        stored: Vec::new(),
        http: http::all()?,
    };
    for (name, command) in commands::resident()? {
        let id = id(0xc0)?;
        samples
            .from_resident
            .push((format!("do.{name}"), FromResident::Do { id, command }));
    }
    for (name, command) in commands::staff()? {
        let (id, session) = (id(0xc1)?, id(0x5e)?);
        let message = FromStaff::Do {
            id,
            session,
            command,
        };
        samples.from_staff.push((format!("do.{name}"), message));
    }
    for (place, (name, by, event)) in events.into_iter().enumerate() {
        let seq = place as u64 + 1;
        let at_ms = NOW_MS + 250 * place as u64;
        let (command, session) = (id(0xc00 + u128::from(seq))?, id(0x5e)?);
        if let Some(event) = event.for_resident() {
            let (prev, by) = (seq - 1, by.for_resident());
            let entry = ToResident::Entry {
                seq,
                prev,
                at_ms,
                by,
                command,
                event,
                kept: false,
            };
            samples.to_resident.push((format!("entry.{name}"), entry));
        }
        if let Some(event) = event.for_responder() {
            let entry = ToResponder::Entry {
                seq,
                prev: seq - 1,
                at_ms,
                by: by.for_resident(),
                event,
                kept: false,
            };
            samples.to_responder.push((format!("entry.{name}"), entry));
        }
        let entry = ToStaff::Entry {
            session,
            seq,
            at_ms,
            by: by.clone(),
            command,
            event: event.clone(),
            kept: false,
        };
        samples.to_staff.push((format!("entry.{name}"), entry));
        samples.stored.push((
            name,
            Stored {
                at_ms,
                by,
                event,
                resident_prev: seq - 1,
                destroyed: false,
            },
        ));
    }
    Ok(samples)
}

/// The gateway's clock in the samples.
pub(super) const NOW_MS: u64 = 1_790_000_000_000;

/// An id that is easy to recognise.
pub(super) fn id<T: std::str::FromStr>(number: u128) -> Result<T, Failure>
where
    T::Err: std::error::Error + 'static,
{
    Ok(format!("{:032x}", 0xca11_b0c5 << 96 | number).parse()?)
}

/// A name.
pub(super) fn name<T: std::str::FromStr>(text: &str) -> Result<T, Failure>
where
    T::Err: std::error::Error + 'static,
{
    Ok(text.parse()?)
}

pub(super) fn hex(text: &str) -> Result<Bytes, Failure> {
    let digits = |place: usize| text.get(place..place + 2).ok_or("an odd number of digits");
    let byte = |place| -> Result<u8, Failure> { Ok(u8::from_str_radix(digits(place)?, 16)?) };
    (0..text.len())
        .step_by(2)
        .map(byte)
        .collect::<Result<_, _>>()
        .map(Bytes)
}

pub(super) fn place(words: Option<&str>) -> Location {
    Location {
        latitude: 40.7128,
        longitude: -73.25,
        uncertainty_m: 12.5,
        method: LocationMethod::Gnss,
        age_ms: 1_200,
        words: words.map(str::to_owned),
    }
}

pub(super) fn tina() -> Result<Actor, Failure> {
    Ok(Actor::staff(Role::Telecommunicator, name("tina")?))
}

/// An event's name, actor and value.
pub(super) type Told = (String, Actor, Event);
