//! What a provider's claims mean here: a name and a role.
//!
//! Owns: reading them. Must not: guess: a name that could be two people's, or a role that is not written down, is none. Called by: the module
//! above.

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::StaffId;
use callbox_proto::vocabulary::Role;
use serde_json::Value;

use super::Settings;

/// Longest name on the screen, in characters.
const NAME_MAX_CHARS: usize = 64;

/// Who that is.
pub fn of(settings: &Settings, claims: &Value) -> Result<(StaffId, String, Role), ErrorCode> {
    let staff = staff(settings, claims).ok_or(ErrorCode::NoStaffName)?;
    let role = role(settings, claims).ok_or(ErrorCode::NoRole)?;
    let name = name(claims).unwrap_or_else(|| staff.to_string());
    Ok((staff, name, role))
}

/// A claim by its name, or by the way to it: `realm_access.roles`. Names of claims may hold dots themselves.
pub fn find<'c>(claims: &'c Value, claim: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(claim) {
        return Some(value).filter(|value| !value.is_null());
    }
    let (first, rest) = claim.split_once('.')?;
    find(claims.get(first)?, rest)
}

fn staff(settings: &Settings, claims: &Value) -> Option<StaffId> {
    let claim = settings.person_claim.as_str();
    // An address that nobody has checked may be anybody's.
    if claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return None;
    }
    let said = find(claims, claim)?.as_str()?;
    // Names of sign-in are the same however they are written; a subject is not (OpenID Connect Core, section 2).
    let said = if claim == "sub" {
        said.to_owned()
    } else {
        said.to_ascii_lowercase()
    };
    let name = match &settings.person_domain {
        None => said.as_str(),
        Some(domain) => {
            let (name, of) = said.rsplit_once('@')?;
            of.eq_ignore_ascii_case(domain).then_some(name)?
        }
    };
    name.parse().ok()
}

fn role(settings: &Settings, claims: &Value) -> Option<Role> {
    let said = find(claims, &settings.roles_claim)?;
    let has = |value: &str| match said {
        Value::String(one) => one == value,
        Value::Array(all) => all.iter().any(|one| one.as_str() == Some(value)),
        _ => false,
    };
    let (_, role) = settings.roles.iter().find(|(value, _)| has(value))?;
    Some(*role)
}

/// The name for the screen, without signs that would move other words.
fn name(claims: &Value) -> Option<String> {
    let moves = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let said = claims.get("name")?;
    // In several languages it is a map, the one without a language first.
    let said = said.as_str()?.chars().filter(|c| !moves(*c));
    let name: String = said.take(NAME_MAX_CHARS).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openidconnect::IssuerUrl;
    use serde_json::json;

    fn settings() -> Settings {
        let of = |value: &str, role| (value.to_owned(), role);
        Settings {
            issuer: IssuerUrl::new("https://id.county.example".to_owned()).unwrap(),
            client_id: "callbox".to_owned(),
            client_secret: None,
            words: "County account".to_owned(),
            person_claim: "preferred_username".to_owned(),
            person_domain: None,
            roles_claim: "groups".to_owned(),
            roles: vec![
                of("911-leads", Role::Supervisor),
                of("911-desk", Role::Telecommunicator),
            ],
            scopes: Vec::new(),
            lasts_ms: 1,
            local: false,
            ca_pem: None,
        }
    }

    fn who(settings: &Settings, claims: &Value) -> Result<(String, String, Role), ErrorCode> {
        of(settings, claims).map(|(staff, name, role)| (staff.to_string(), name, role))
    }

    #[test]
    fn a_person_has_the_first_role_in_the_operators_order() {
        let claims = json!({"preferred_username": "Tina", "name": "Tina Example", "groups": ["911-desk", "911-leads"]});
        let wanted = (
            "tina".to_owned(),
            "Tina Example".to_owned(),
            Role::Supervisor,
        );
        assert_eq!(who(&settings(), &claims), Ok(wanted));
        let one = json!({"preferred_username": "tom", "groups": "911-desk"});
        let wanted = ("tom".to_owned(), "tom".to_owned(), Role::Telecommunicator);
        assert_eq!(who(&settings(), &one), Ok(wanted));
    }

    #[test]
    fn without_a_role_that_is_written_down_nobody_is_let_in() {
        for groups in [
            json!([]),
            json!(["911-DESK", "911-desk-trainees", "desk"]),
            json!({"911-desk": true}),
            json!(null),
            json!("911-desk 911-leads"),
        ] {
            let claims = json!({"preferred_username": "tina", "groups": groups});
            assert_eq!(who(&settings(), &claims), Err(ErrorCode::NoRole));
        }
        let none = json!({"preferred_username": "tina"});
        assert_eq!(who(&settings(), &none), Err(ErrorCode::NoRole));
    }

    #[test]
    fn roles_may_lie_deeper_and_names_of_claims_may_hold_dots() {
        let deep = Settings {
            roles_claim: "realm_access.roles".to_owned(),
            ..settings()
        };
        let claims = json!({"preferred_username": "tina", "realm_access": {"roles": ["911-desk"]}});
        assert!(who(&deep, &claims).is_ok());
        let dotted = Settings {
            roles_claim: "https://county.example/roles".to_owned(),
            ..settings()
        };
        let claims =
            json!({"preferred_username": "tina", "https://county.example/roles": ["911-desk"]});
        assert!(who(&dotted, &claims).is_ok());
    }

    #[test]
    fn a_name_is_one_persons_or_none() {
        let no_name = Err(ErrorCode::NoStaffName);
        let with = |settings: &Settings, claims: Value| {
            let mut claims = claims;
            claims["groups"] = json!(["911-desk"]);
            who(settings, &claims).map(|(staff, ..)| staff)
        };
        for odd in [
            json!("tina@county.example"),
            json!("tina example"),
            json!(""),
            json!(7),
            json!(null),
        ] {
            assert_eq!(
                with(&settings(), json!({ "preferred_username": odd })),
                no_name
            );
        }
        let of_domain = Settings {
            person_domain: Some("county.example".to_owned()),
            ..settings()
        };
        let named = |name: &str| with(&of_domain, json!({ "preferred_username": name }));
        assert_eq!(named("Tina@County.Example"), Ok("tina".to_owned()));
        for odd in [
            "tina",
            "tina@other.example",
            "tina@x@other.example",
            "@county.example",
        ] {
            assert_eq!(named(odd), no_name, "{odd}");
        }
        let subject = Settings {
            person_claim: "sub".to_owned(),
            ..settings()
        };
        assert_eq!(with(&subject, json!({"sub": "a1"})), Ok("a1".to_owned()));
        // Another person's may differ in this only.
        assert_eq!(with(&subject, json!({"sub": "A1"})), no_name);
        let mail = Settings {
            person_claim: "email".to_owned(),
            person_domain: Some("county.example".to_owned()),
            ..settings()
        };
        let claims =
            |checked: Value| json!({"email": "tina@county.example", "email_verified": checked});
        assert_eq!(with(&mail, claims(json!(true))), Ok("tina".to_owned()));
        for unchecked in [json!(false), json!(null), json!("true")] {
            assert_eq!(with(&mail, claims(unchecked)), no_name);
        }
    }

    #[test]
    fn a_name_moves_no_other_words_and_has_an_end() {
        let claims = json!({"preferred_username": "tina", "groups": ["911-desk"], "name": format!("\u{202e}Tina\n{}", "x".repeat(200))});
        let (_, name, _) = who(&settings(), &claims).unwrap();
        assert_eq!(name.chars().count(), NAME_MAX_CHARS);
        assert!(name.starts_with("Tinax"), "{name}");
    }
}
