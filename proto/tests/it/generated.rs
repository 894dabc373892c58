//! What is committed is what the generator makes now.

use std::collections::BTreeSet;

use crate::files::fixtures::FOLDER;
use crate::{Outcome, committed, files, root};

#[test]
fn committed_files_are_what_the_generator_makes_now() -> Outcome {
    let stale: Vec<_> = files::all()?
        .into_iter()
        .filter(|(path, text)| committed(path).ok().as_ref() != Some(text))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(stale, Vec::<String>::new(), "run `cargo xtask generate`");
    Ok(())
}

#[test]
fn no_fixture_outlives_its_message() -> Outcome {
    let made: BTreeSet<_> = files::all()?.into_keys().collect();
    for folder in [
        "from_resident",
        "to_resident",
        "from_staff",
        "to_staff",
        "from_responder",
        "to_responder",
        "stored",
        "http",
    ] {
        for entry in std::fs::read_dir(root().join(FOLDER).join(folder))? {
            let name = entry?.file_name();
            let path = format!("{FOLDER}/{folder}/{}", name.to_string_lossy());
            assert!(made.contains(&path), "nothing makes {path} any more");
        }
    }
    Ok(())
}

#[test]
fn typescript_has_no_null_and_no_bigint() -> Outcome {
    let text = committed("web/sdk/src/protocol.ts")?;
    let types = text
        .split("export const ERROR_CODES")
        .next()
        .unwrap_or_default();
    for line in types
        .lines()
        .filter(|line| !line.contains("/**") && !line.starts_with("//"))
    {
        assert!(!line.contains("null") && !line.contains("bigint"), "{line}");
    }
    Ok(())
}
