//! `Debug` that tells the kind and nothing else.
//!
//! Owns: the macro. Must not: print a field: what people wrote, where they are, and what opens doors must not reach a log.
//! Used by: commands, events and messages.

/// Gives an enum its kind's word, and `Debug` that prints no more than that.
macro_rules! debug_kind_only {
    ($name:ident { $($variant:ident),+ $(,)? }) => {
        impl $name {
            /// The kind's name, without anything that it carries.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant { .. } => stringify!($variant)),+ }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}::{}", stringify!($name), self.kind())
            }
        }
    };
}

pub(crate) use debug_kind_only;

#[cfg(test)]
mod tests {
    use crate::command::Opening;
    use crate::event::Event;
    use crate::message::{
        FromResident, FromResponder, FromStaff, ToResident, ToResponder, ToStaff,
    };

    /// Texts that stand in the examples of the protocol, wherever somebody may write one.
    fn printed<T: serde::de::DeserializeOwned + std::fmt::Debug>(side: &str) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(side);
        std::fs::read_dir(folder)
            .unwrap()
            .map(|file| {
                let example = std::fs::read(file.unwrap().path()).unwrap();
                let example: serde_json::Value = serde_json::from_slice(&example).unwrap();
                let message: T = serde_json::from_value(example["json"].clone()).unwrap();
                format!("{message:?}")
            })
            .collect()
    }

    #[test]
    fn debug_of_a_message_is_its_kind_and_no_more() {
        let printed = [
            printed::<FromResident>("from_resident"),
            printed::<ToResident>("to_resident"),
            printed::<FromStaff>("from_staff"),
            printed::<ToStaff>("to_staff"),
            printed::<FromResponder>("from_responder"),
            printed::<ToResponder>("to_responder"),
        ]
        .concat();
        assert!(printed.len() > 20);
        for text in printed {
            let names = text.split("::").all(|name| {
                !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphabetic())
            });
            assert!(names, "{text}");
        }
    }

    #[test]
    fn debug_of_an_event_and_of_an_opening_holds_no_words() {
        let event = Event::Overruled {
            event: Box::new(Event::Text {
                text: "12 Elm Street".to_owned(),
                age_ms: 0,
            }),
        };
        assert_eq!(format!("{event:?}"), "Event::Overruled");
        let opening: Opening = serde_json::from_value(serde_json::json!({
            "category": "other", "language": "en", "contact": "555 0100", "text": "12 Elm Street",
        }))
        .unwrap();
        assert_eq!(format!("{opening:?}"), "Opening");
    }
}
