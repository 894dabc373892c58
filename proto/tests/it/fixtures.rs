//! Golden fixtures decode to the samples and encode back, in both encodings.

use std::fmt::Debug;

use callbox_proto::codec::Encoding;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::files::samples::{self, Named};
use crate::{Failure, Outcome, fixture};

fn round_trip<T>(folder: &str, samples: &[Named<T>]) -> Outcome
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    for (name, sample) in samples {
        let (json, msgpack) = fixture(folder, name)?;
        let decoded = |encoding: Encoding, frame: &[u8]| -> Result<T, Failure> {
            let refused = |code| format!("{folder}/{name}: {code:?}").into();
            encoding.decode(frame).map_err(refused)
        };
        let text = json.to_string();
        assert_eq!(
            &decoded(Encoding::Json, text.as_bytes())?,
            sample,
            "{folder}/{name}"
        );
        assert_eq!(
            &decoded(Encoding::MessagePack, &msgpack)?,
            sample,
            "{folder}/{name}"
        );
        assert_eq!(
            Encoding::MessagePack.encode(sample),
            Ok(msgpack),
            "{folder}/{name}"
        );
        let encoded = Encoding::Json
            .encode(sample)
            .map_err(|code| code.sentence())?;
        assert_eq!(
            serde_json::from_slice::<Value>(&encoded)?,
            json,
            "{folder}/{name}"
        );
    }
    Ok(())
}

#[test]
fn every_fixture_decodes_to_its_sample_and_encodes_back() -> Outcome {
    let samples = samples::all()?;
    round_trip("from_resident", &samples.from_resident)?;
    round_trip("to_resident", &samples.to_resident)?;
    round_trip("from_staff", &samples.from_staff)?;
    round_trip("to_staff", &samples.to_staff)?;
    round_trip("from_responder", &samples.from_responder)?;
    round_trip("to_responder", &samples.to_responder)?;
    round_trip("stored", &samples.stored)
}

#[test]
fn what_only_staff_may_see_has_no_fixture_for_residents() -> Outcome {
    let samples = samples::all()?;
    for (name, entry) in &samples.stored {
        let seen = samples
            .to_resident
            .iter()
            .any(|(other, _)| *other == format!("entry.{name}"));
        assert_eq!(seen, entry.event.visible_to_resident(), "{name}");
    }
    for (name, _) in &samples.to_resident {
        let (json, _) = fixture("to_resident", name)?;
        assert_eq!(json["by"].get("staff"), None, "{name} names a person");
    }
    Ok(())
}

#[test]
fn every_message_fits_the_bounds_of_the_codec() -> Outcome {
    for (name, message) in &samples::all()?.to_staff {
        let frame = Encoding::Json
            .encode(message)
            .map_err(|code| code.sentence())?;
        assert!(
            frame.len() < callbox_proto::bounds::MESSAGE_MAX_BYTES,
            "{name}"
        );
    }
    Ok(())
}
