//! What goes on from an append that did not come out as decided.
//!
//! Owns: what of one batch is known of this. Must not: write or read. Called by: the implementations, for each batch.

use std::collections::HashMap;

use callbox_proto::ids::SessionId;

use super::{Append, Appended, BackboneError, Seq};

/// The appends of a batch that did not come out as decided: where each would have left its session's log.
#[derive(Debug, Default)]
pub(super) struct Astray(HashMap<SessionId, Seq>);

impl Astray {
    /// Whether this append was decided on what the one before it did not come to.
    pub(super) fn leads_to(&self, append: &Append) -> bool {
        self.0.get(&append.session) == Some(&append.expected)
    }

    /// Notes what became of an append.
    pub(super) fn note(&mut self, append: &Append, outcome: &Result<Appended, BackboneError>) {
        let end = append.expected.saturating_add(append.records.len() as Seq);
        let as_decided = match *outcome {
            Ok(
                Appended::Stored { first, last }
                | Appended::Duplicate { first, last }
                | Appended::Kept { first, last },
            ) => (first, last) == (append.expected.saturating_add(1), end),
            Ok(Appended::Conflict { .. }) | Err(_) => false,
        };
        if !as_decided && end > append.expected {
            self.0.insert(append.session, end);
        } else if !self.0.is_empty() {
            self.0.remove(&append.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use callbox_proto::ids::CommandId;

    use super::*;

    fn append(session: u128, expected: Seq) -> Append {
        Append {
            agency: "demo.example".parse().unwrap(),
            session: SessionId::from_u128(session).unwrap(),
            expected,
            command: CommandId::from_u128(u128::from(expected) + 1).unwrap(),
            records: vec![Bytes::from_static(b"two"), Bytes::from_static(b"records")],
            index: None,
            claim_epoch: None,
        }
    }

    #[test]
    fn what_goes_on_from_a_conflict_is_led_astray_and_others_are_not() {
        let mut astray = Astray::default();
        astray.note(&append(1, 4), &Ok(Appended::Conflict { head: 6 }));
        assert!(astray.leads_to(&append(1, 6)));
        assert!(!astray.leads_to(&append(1, 7)) && !astray.leads_to(&append(2, 6)));
    }

    #[test]
    fn what_was_written_before_at_its_very_place_is_as_decided_and_elsewhere_is_not() {
        let mut astray = Astray::default();
        let outcome = |first| {
            Ok(Appended::Duplicate {
                first,
                last: first + 1,
            })
        };
        astray.note(&append(1, 4), &outcome(5));
        assert!(!astray.leads_to(&append(1, 6)));
        astray.note(&append(1, 4), &outcome(3));
        assert!(astray.leads_to(&append(1, 6)));
        astray.note(&append(1, 4), &Ok(Appended::Stored { first: 5, last: 6 }));
        assert!(!astray.leads_to(&append(1, 6)));
    }
}
