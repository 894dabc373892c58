//! The table of rights as a page for people.
//!
//! Owns: its two Markdown tables. Must not: hold rights of its own: every cell is asked of the parent module. Called by: the
//! test that compares `domain/tests/access_matrix.txt`, and the generator of the documents.

use std::fmt::Write as _;

use super::{Access, Action, Caller, Refusal, Role, Target, Who, allowed, may};

const HEAD: &str = "<!-- Generated from domain/src/access.rs and compared by a test. To renew it: CALLBOX_RENEW=1 cargo test -p callbox-domain access -->

# Who may do what

`own`: a session of one's own (a resident's own report; a session this person owns; the one a responder's link leads to). `agency`: any session of the own agency,
and its lists. `always`: no session is concerned. `-`: no right.

| Action | nobody | resident | telecommunicator | supervisor | auditor | administrator | wallboard | responder |
|---|---|---|---|---|---|---|---|---|
";

const OUTCOMES_HEAD: &str = "
# What is answered

For each caller three sessions: one's own / another's of the same agency / of another agency. `+`: done. Refusals: `S` sign in
first, `R` not with this role, `N` no such session, `O` not the owner.

| Action | nobody | resident | telecommunicator | supervisor | auditor | administrator | wallboard | responder |
|---|---|---|---|---|---|---|---|---|
";

/// The table and all its outcomes, in Markdown.
#[must_use]
pub fn matrix_markdown() -> String {
    let mut page = String::from(HEAD);
    for action in Action::all() {
        row(&mut page, action, |who| {
            word(allowed(who, action)).to_owned()
        });
    }
    page.push_str(OUTCOMES_HEAD);
    for action in Action::all() {
        row(&mut page, action, |who| outcomes(who, action).join(" "));
    }
    page
}

fn row(page: &mut String, action: Action, cell: impl Fn(Who) -> String) {
    page.push_str(&label(action));
    for who in Who::ALL {
        let _ = write!(page, " | {}", cell(who)); // writing to a String cannot fail
    }
    page.push_str(" |\n");
}

fn label(action: Action) -> String {
    match action {
        Action::Http(route) => {
            format!("| {route:?} `{} {}`", route.method().as_str(), route.path())
        }
        other => format!("| {other:?}"),
    }
}

const fn word(access: Access) -> &'static str {
    match access {
        Access::Never => "-",
        Access::Own => "own",
        Access::Agency => "agency",
        Access::Always => "always",
    }
}

/// Outcomes for one's own session, another's, and another agency's.
fn outcomes(who: Who, action: Action) -> [&'static str; 3] {
    let Some(example) = Example::new(who) else {
        return ["?"; 3];
    };
    [example.own, example.others, example.elsewhere].map(|target| {
        match may(&example.caller, action, &target) {
            Ok(()) => "+",
            Err(Refusal::NotSignedIn) => "S",
            Err(Refusal::NotAllowed) => "R",
            Err(Refusal::NoSuchSession) => "N",
            Err(Refusal::NotOwner) => "O",
        }
    })
}

/// A caller and three sessions.
struct Example {
    caller: Caller,
    own: Target,
    others: Target,
    elsewhere: Target,
}

impl Example {
    /// `None` never happens: the names below are well-formed, and a test sees every cell.
    fn new(who: Who) -> Option<Self> {
        let (here, there) = ("here.example".parse().ok()?, "there.example".parse().ok()?);
        let (me, you) = ("me".parse().ok()?, "you".parse().ok()?);
        let my_key = callbox_proto::ids::ResidentId::from_u128(1)?;
        let your_key = callbox_proto::ids::ResidentId::from_u128(2)?;
        let own = Target {
            agency: here,
            owner: Some(me),
            resident: my_key,
            session: callbox_proto::ids::SessionId::from_u128(1)?,
        };
        let others = Target {
            owner: Some(you),
            resident: your_key,
            session: callbox_proto::ids::SessionId::from_u128(2)?,
            ..own.clone()
        };
        // The same names in another agency are other people.
        let elsewhere = Target {
            agency: there,
            ..own.clone()
        };
        let (agency, staff) = (own.agency.clone(), own.owner.clone()?);
        let caller = match who {
            Who::Nobody => Caller::Nobody,
            Who::Role(Role::Resident) => Caller::Resident {
                agency,
                resident: my_key,
            },
            Who::Role(Role::Responder) => Caller::Responder {
                agency,
                session: own.session,
            },
            Who::Role(role) => Caller::Staff {
                role,
                agency,
                staff,
            },
        };
        Some(Self {
            caller,
            own,
            others,
            elsewhere,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Route, may_at_all};
    use super::*;

    const COMMITTED: &str = include_str!("../../tests/access_matrix.txt");

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the test renews its own file when asked to"
    )]
    fn the_access_matrix_is_the_committed_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access_matrix.txt");
        if std::env::var_os("CALLBOX_RENEW").is_some() {
            std::fs::write(path, matrix_markdown()).unwrap();
            return;
        }
        assert!(
            matrix_markdown() == COMMITTED,
            "rights changed: CALLBOX_RENEW=1 writes {path}; review it"
        );
    }

    #[test]
    fn nobody_reaches_a_session_of_another_agency() {
        for who in Who::ALL {
            for action in Action::all().filter(|one| allowed(who, *one) != Access::Always) {
                let answer = outcomes(who, action)[2];
                assert!(["S", "R", "N"].contains(&answer), "{who:?} {action:?}");
            }
        }
    }

    #[test]
    fn a_refusal_never_tells_whether_a_session_of_another_exists() {
        let resident = Example::new(Role::Resident.into()).unwrap();
        assert_eq!(
            may(&resident.caller, Action::Resume, &resident.others),
            Err(Refusal::NoSuchSession)
        );
        assert_eq!(
            may(&resident.caller, Action::Resume, &resident.elsewhere),
            Err(Refusal::NoSuchSession)
        );
        assert_eq!(
            may(&resident.caller, Action::Take, &resident.others),
            Err(Refusal::NotAllowed)
        );
    }

    #[test]
    fn a_session_nobody_owns_is_not_ones_own() {
        let mut tina = Example::new(Role::Telecommunicator.into()).unwrap();
        tina.own.owner = None;
        assert_eq!(
            may(&tina.caller, Action::StaffText, &tina.own),
            Err(Refusal::NotOwner)
        );
        assert_eq!(may(&tina.caller, Action::Take, &tina.own), Ok(()));
    }

    #[test]
    fn auditors_give_no_commands_and_administrators_see_no_sessions() {
        use Action::{
            Drain, Follow, Http, ListClosed, ListSessions, SeeBoard, StaffHello, StaffPing,
            StaffRenew, Unfollow,
        };
        let quiet = |action: &Action| {
            !matches!(action, StaffHello | StaffPing | StaffRenew)
                && !matches!(action, Http(route) if allowed(Who::Nobody, Http(*route)) == Access::Always)
                && !matches!(action, Http(Route::RefreshSignIn))
        };
        for action in Action::all().filter(quiet) {
            assert_eq!(
                allowed(Role::Administrator, action) != Access::Never,
                matches!(action, SeeBoard | Drain),
                "{action:?}"
            );
            let reads = matches!(action, Follow | Unfollow | ListSessions | ListClosed)
                || matches!(
                    action,
                    Http(Route::PhotoPreview | Route::PhotoCopy | Route::PhotoOriginal)
                );
            assert_eq!(
                allowed(Role::Auditor, action) != Access::Never,
                reads,
                "{action:?}"
            );
        }
    }

    #[test]
    fn a_wallboard_sees_the_board_and_has_no_right_that_touches_a_session_or_a_person() {
        let more: Vec<_> = Action::all()
            .filter(|action| allowed(Role::Wallboard, *action) != allowed(Who::Nobody, *action))
            .collect();
        use Action::{Http, ResidentHello, ResponderHello, SeeBoard, StaffPing, StaffRenew};
        let wanted = [
            ResidentHello, // what anybody may and a signed-in person may not
            SeeBoard,
            StaffPing,
            StaffRenew,
            ResponderHello, // the same
            Http(Route::RefreshSignIn),
        ];
        assert_eq!(more, wanted);
        for hello in [ResidentHello, ResponderHello] {
            assert_eq!(allowed(Role::Wallboard, hello), Access::Never);
        }
    }

    #[test]
    fn a_responder_reads_the_session_of_the_link_and_nothing_else_anywhere() {
        use Action::{
            Http, ResponderHello, ResponderMediaStop, ResponderPing, ResponderReceiveMedia,
        };
        let more: Vec<_> = Action::all()
            .filter(|action| allowed(Role::Responder, *action) != Access::Never)
            .filter(|action| allowed(Who::Nobody, *action) != Access::Always)
            .collect();
        let wanted = [
            ResponderReceiveMedia,
            ResponderMediaStop,
            ResponderPing,
            Http(Route::PhotoPreview),
            Http(Route::PhotoCopy),
        ];
        assert_eq!(more, wanted);
        for action in wanted.into_iter().chain([ResponderHello]) {
            let of_one = allowed(Role::Responder, action) == Access::Own;
            assert!(of_one || action == ResponderPing, "{action:?}");
            if of_one {
                let answers = outcomes(Role::Responder.into(), action);
                assert_eq!(answers, ["+", "N", "N"], "{action:?}");
            }
        }
    }

    #[test]
    fn a_supervisor_may_everything_a_telecommunicator_may() {
        let reach = |access| {
            [Access::Never, Access::Own, Access::Agency, Access::Always]
                .iter()
                .position(|one| *one == access)
        };
        for action in Action::all() {
            let [less, more] =
                [Role::Telecommunicator, Role::Supervisor].map(|r| reach(allowed(r, action)));
            assert!(less <= more, "{action:?}");
        }
        let sue = Example::new(Role::Supervisor.into()).unwrap();
        assert_eq!(
            may(&sue.caller, Action::Talk, &sue.others),
            Err(Refusal::NotOwner)
        );
        assert_eq!(may(&sue.caller, Action::Release, &sue.others), Ok(()));
    }

    #[test]
    fn a_staff_token_that_says_resident_or_responder_is_nobodys() {
        let Caller::Staff { agency, staff, .. } =
            Example::new(Role::Auditor.into()).unwrap().caller
        else {
            panic!("an auditor is staff");
        };
        for (role, action) in [
            (Role::Resident, Action::Open),
            (Role::Responder, Action::ResponderPing),
        ] {
            let forged = Caller::Staff {
                role,
                agency: agency.clone(),
                staff: staff.clone(),
            };
            assert_eq!(may_at_all(&forged, action), Err(Refusal::NotSignedIn));
        }
    }
}
