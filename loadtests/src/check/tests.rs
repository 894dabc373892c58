//! The judgement judged: what each rule finds, and what it lets pass.

use callbox_proto::vocabulary::Standing;

use super::*;

fn session() -> SessionId {
    SessionId::from_u128(7).unwrap()
}

fn id(n: u128) -> CommandId {
    CommandId::from_u128(n).unwrap()
}

fn line(fact: Fact) -> Line {
    Line {
        who: "r1".to_owned(),
        at_ms: 0,
        fact,
    }
}

fn sent(n: u128) -> Line {
    line(Fact::Sent {
        id: id(n),
        session: Some(session()),
        text: Some(format!("text {n}")),
    })
}

fn receipt(n: u128, rung: Rung, first: Seq) -> Line {
    line(Fact::Receipt {
        id: id(n),
        session: Some(session()),
        rung,
        first,
    })
}

fn shown_at(seq: Seq, n: u128, kept: bool) -> Line {
    line(Fact::Shown {
        link: 1,
        session: session(),
        seq,
        prev: seq - 1,
        command: id(n),
        kept,
    })
}

fn begun(after: Seq) -> Line {
    line(Fact::Begun {
        link: 1,
        session: session(),
        after,
    })
}

fn log(entries: &[u128]) -> Logs {
    let entries = (1..).zip(entries).map(|(seq, n)| Logged {
        seq,
        command: id(*n),
        kind: Kind::Text(format!("text {n}")),
        to_resident: true,
    });
    Logs::from([(session(), entries.collect())])
}

#[test]
fn a_run_in_which_every_promise_was_kept_is_clean() {
    let lines = [
        begun(0),
        sent(1),
        receipt(1, Rung::Safe, 1),
        shown_at(1, 1, false),
        sent(2),
        receipt(2, Rung::Stored, 2),
        shown_at(2, 2, true),
        receipt(2, Rung::Safe, 2),
    ];
    let verdict = judge(&lines, &log(&[1, 2]));
    assert!(verdict.is_clean(), "{:?}", verdict.findings());
    assert_eq!(
        (verdict.safe, verdict.stored_only, verdict.shown),
        (2, 0, 2)
    );
}

#[test]
fn a_safe_command_that_is_nowhere_is_lost_and_so_is_a_stored_one() {
    for rung in [Rung::Safe, Rung::Stored] {
        let verdict = judge(&[sent(1), receipt(1, rung, 1)], &Logs::new());
        assert_eq!(verdict.lost.len(), 1, "{rung:?}");
    }
    assert!(
        judge(&[sent(1)], &Logs::new()).is_clean(),
        "promised nothing"
    );
}

#[test]
fn a_command_that_stands_twice_is_doubled() {
    let lines = [sent(1), sent(2)];
    assert_eq!(judge(&lines, &log(&[1, 2, 1])).doubled.len(), 1);
    assert_eq!(
        judge(&lines, &log(&[1, 1, 2])).doubled.len(),
        0,
        "one command, two entries"
    );
}

#[test]
fn a_take_next_that_got_two_sessions_is_counted_apart() {
    for kind in [Kind::Taken(None), Kind::TakenInVain] {
        let taken = vec![Logged {
            seq: 1,
            command: id(1),
            kind,
            to_resident: true,
        }];
        let other = SessionId::from_u128(8).unwrap();
        let logs = Logs::from([(session(), taken.clone()), (other, taken)]);
        let verdict = judge(&[], &logs);
        assert!(verdict.is_clean(), "{:?}", verdict.findings());
        assert_eq!(verdict.taken_twice, 1);
    }
}

#[test]
fn a_rewind_takes_away_what_was_shown_and_nothing_else() {
    let rewound = |after| {
        line(Fact::Rewound {
            link: 1,
            session: session(),
            after,
        })
    };
    let lines = [begun(0), sent(1), sent(2), shown_at(1, 1, false)];
    let further = [&lines[..], &[rewound(5), shown_at(2, 2, false)]].concat();
    assert!(judge(&further, &log(&[1, 2])).gaps.is_empty());
    let back = [&lines[..], &[rewound(0), shown_at(1, 1, false)]].concat();
    assert!(judge(&back, &log(&[1, 2])).gaps.is_empty());
}

#[test]
fn what_nobody_sent_or_said_otherwise_is_invented() {
    assert_eq!(judge(&[], &log(&[1])).invented.len(), 1);
    let mut other = sent(1);
    if let Fact::Sent { text, .. } = &mut other.fact {
        *text = Some("something else".to_owned());
    }
    assert_eq!(judge(&[other], &log(&[1])).invented.len(), 1);
}

#[test]
fn a_text_sent_after_a_safe_one_stands_after_it() {
    let lines = [sent(1), receipt(1, Rung::Safe, 2), sent(2)];
    assert_eq!(judge(&lines, &log(&[2, 1])).disordered.len(), 1);
    let unknown = [sent(1), sent(2)];
    assert!(judge(&unknown, &log(&[2, 1])).disordered.is_empty());
}

#[test]
fn a_hole_in_what_is_shown_is_a_gap_unless_it_was_told() {
    let lines = [begun(0), sent(1), sent(2), sent(3), shown_at(1, 1, false)];
    let hole = [&lines[..], &[shown_at(3, 3, false)]].concat();
    assert_eq!(judge(&hole, &log(&[1, 2, 3])).gaps.len(), 1);
    let told = [&lines[..], &[begun(2), shown_at(3, 3, false)]].concat();
    assert!(judge(&told, &log(&[1, 2, 3])).gaps.is_empty());
    let again = [&lines[..], &[shown_at(1, 1, false)]].concat();
    assert_eq!(judge(&again, &log(&[1, 2, 3])).gaps.len(), 1, "shown twice");
}

#[test]
fn only_what_is_kept_may_move() {
    let lines = [begun(0), sent(1), sent(2)];
    let kept = [&lines[..], &[shown_at(1, 2, true)]].concat();
    assert!(judge(&kept, &log(&[1, 2])).moved.is_empty());
    let for_good = [&lines[..], &[shown_at(1, 2, false)]].concat();
    assert_eq!(judge(&for_good, &log(&[1, 2])).moved.len(), 1);
    let promised = [&lines[..], &[receipt(2, Rung::Safe, 1)]].concat();
    assert_eq!(judge(&promised, &log(&[1, 2])).moved.len(), 1);
}

#[test]
fn a_session_is_taken_only_while_nobody_else_owns_it() {
    let entry = |seq, kind| Logged {
        seq,
        command: id(u128::from(seq)),
        kind,
        to_resident: true,
    };
    let taken = |by: &str| Kind::Taken(Some(by.parse().unwrap()));
    let judged = |kinds: Vec<Kind>| {
        let log = (1..).zip(kinds).map(|(seq, kind)| entry(seq, kind));
        judge(&[], &Logs::from([(session(), log.collect())]))
    };
    assert_eq!(judged(vec![taken("tina"), taken("tom")]).owners.len(), 1);
    assert!(judged(vec![taken("tina"), Kind::Freed, taken("tom")]).is_clean());
    assert!(
        judged(vec![taken("tina"), taken("tina")]).is_clean(),
        "it has one owner"
    );
}

/// A log of entries of these kinds; notes among staff are not for residents.
fn log_of(kinds: &[Kind]) -> Vec<Logged> {
    let log = (1..).zip(kinds).map(|(seq, kind)| Logged {
        seq,
        command: id(u128::from(seq)),
        kind: kind.clone(),
        to_resident: *kind != Kind::Other,
    });
    log.collect()
}

fn taken(by: &str) -> Kind {
    Kind::Taken(Some(by.parse().unwrap()))
}

#[test]
fn any_command_with_a_receipt_is_looked_for_also_one_without_words() {
    let released = line(Fact::Sent {
        id: id(3),
        session: Some(session()),
        text: None,
    });
    let lines = [released, receipt(3, Rung::Safe, 3)];
    assert_eq!(judge(&lines, &log(&[1, 2])).lost.len(), 1);
    let lines = [receipt(3, Rung::Safe, 3)];
    assert_eq!(judge(&lines, &Logs::new()).lost.len(), 1, "not noted");
}

#[test]
fn whoever_stays_and_is_shown_nothing_any_more_has_a_gap() {
    let stays = |staff: Option<&str>| {
        line(Fact::Stays {
            link: 1,
            session: session(),
            staff: staff.map(|name| name.parse().unwrap()),
        })
    };
    let found = |kinds: &[Kind], shown: Seq, staff| {
        let kinds: Vec<_> = [&[Kind::Other], kinds].concat();
        let logs = Logs::from([(session(), log_of(&kinds))]);
        let shown = (1..=shown).map(|seq| shown_at(seq, u128::from(seq), false));
        let lines: Vec<_> = [begun(0)].into_iter().chain(shown).collect();
        judge(&[&lines[..], &[stays(staff)]].concat(), &logs).gaps
    };
    let other = || Kind::Other;
    assert_eq!(found(&[taken("tina")], 1, None).len(), 1, "a resident");
    assert!(found(&[taken("tina")], 2, None).is_empty());
    let noted = [taken("tina"), other()];
    assert!(found(&noted, 2, None).is_empty(), "not for residents");
    assert_eq!(found(&noted, 2, Some("tina")).len(), 1, "the owner");
    assert!(found(&noted, 3, Some("tina")).is_empty());
    let lost = [taken("tina"), Kind::Freed, taken("tom"), other()];
    assert_eq!(found(&lost, 2, Some("tina")).len(), 1, "is not told so");
    assert!(
        found(&lost, 3, Some("tina")).is_empty(),
        "told, and no more"
    );
    assert!(found(&lost, 0, Some("tess")).is_empty(), "never theirs");
}

#[test]
fn who_stays_on_a_link_that_never_began_has_a_gap() {
    let stays = line(Fact::Stays {
        link: 2,
        session: session(),
        staff: None,
    });
    assert_eq!(judge(&[begun(1), stays], &log(&[])).gaps.len(), 1);
}

#[test]
fn a_session_has_one_owner_or_waits_by_its_log_and_by_the_lists() {
    let row = |standing, owner: Option<&str>| Row {
        session: session(),
        stand: Stand {
            standing,
            owner: owner.map(|name| name.parse().unwrap()),
        },
    };
    let found = |kinds: &[Kind], rows: &[Row]| {
        let mut verdict = Verdict::default();
        let logs = Logs::from([(session(), log_of(kinds))]);
        verdict.compare("node 1", &logs, rows);
        verdict.unlisted
    };
    let waits = row(Standing::Waiting, None);
    let owned = row(Standing::Owned, Some("tina"));
    assert!(found(&[Kind::Other], std::slice::from_ref(&waits)).is_empty());
    assert_eq!(found(&[Kind::Other], &[]).len(), 1, "in no list");
    let twice = [waits.clone(), owned.clone()];
    assert_eq!(found(&[Kind::Other], &twice).len(), 1, "in two places");
    let by_tina = [taken("tina")];
    assert!(found(&by_tina, std::slice::from_ref(&owned)).is_empty());
    assert_eq!(
        found(&by_tina, std::slice::from_ref(&waits)).len(),
        1,
        "still offered"
    );
    let by_tom = row(Standing::Owned, Some("tom"));
    assert_eq!(found(&by_tina, &[by_tom]).len(), 1, "somebody else's");
    let freed = [taken("tina"), Kind::Freed];
    assert_eq!(found(&freed, &[owned]).len(), 1, "never offered again");
    let stranger = Row {
        session: SessionId::from_u128(8).unwrap(),
        ..waits.clone()
    };
    assert_eq!(found(&[Kind::Other], &[waits, stranger]).len(), 1, "no log");
}

#[test]
fn a_session_moves_as_its_entries_say() {
    let standing = |kinds: &[Kind]| stand(&log_of(kinds)).standing;
    assert_eq!(standing(&[Kind::Other]), Standing::Waiting);
    assert_eq!(standing(&[Kind::TakenInVain]), Standing::Waiting);
    assert_eq!(standing(&[taken("tina"), Kind::Closed]), Standing::Closed);
    let abandoned = [Kind::Abandoned];
    assert_eq!(standing(&abandoned), Standing::Abandoned);
    let back = [Kind::Abandoned, Kind::Returned];
    assert_eq!(standing(&back), Standing::Waiting);
    let never_away = [taken("tina"), Kind::Returned];
    assert_eq!(standing(&never_away), Standing::Owned);
}
