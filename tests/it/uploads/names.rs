//! Names from outside never become paths.

use callbox::evidence::names::{AgencyName, ContentHash, PhotoId, UploadId};

use crate::upload_desk::Desk;

#[tokio::test]
async fn nasty_names_touch_no_file_and_no_other_upload() {
    let desk = Desk::open().await;
    let before = files_under(desk.folder.path());
    let names = nasty_names();
    assert!(names.len() >= 200, "{}", names.len());
    for name in &names {
        assert!(
            UploadId::parse(name).is_err() && PhotoId::parse(name).is_err(),
            "{name:?}"
        );
        assert!(
            AgencyName::parse(name).is_err() && ContentHash::parse(name).is_err(),
            "{name:?}"
        );
        let answer = desk.creation(name, 10).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{name:?}");
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = desk
            .patch(&format!("/api/v1/uploads/{escaped}"), 0, b"x")
            .send()
            .await
            .unwrap();
        assert!(
            matches!(answer.status().as_u16(), 400 | 404 | 405),
            "{name:?} {}",
            answer.status()
        );
    }
    assert_eq!(files_under(desk.folder.path()), before);
}

fn nasty_names() -> Vec<String> {
    let id = "a".repeat(32);
    let mut names: Vec<String> = [
        "",
        ".",
        "..",
        "../",
        "../..",
        "/",
        "//",
        "\\",
        "..\\..",
        "/etc/passwd",
        "C:\\x",
        "CON ",
        "~/x",
        "$HOME/x",
        "%2e%2e",
        "..%2f",
        "..;/",
        "....//",
        ".hidden/",
        "-rf /",
        "a\nb",
        "a\r\nX: y",
        "a\tb",
        "\u{202e}gpj",
        "\u{ff0e}\u{ff0e}",
        "é",
        "💥",
        "a b",
        "`id`",
        "$(id)",
        "|id",
        ";id",
        "&id",
        "*",
        "?",
        "<x>",
        "\"x\"",
        "'x'",
        "{}",
        "[a]",
        "#a",
        "a%00b",
        "\u{7f}",
    ]
    .map(str::to_owned)
    .to_vec();
    for bad in [
        "/", "\\", "..", "\0", "\n", " ", ":", "%2f", "\u{200b}", "|", "A", "g/", "~", "\u{301}",
    ] {
        for at in [0, 1, 2, 16, 31, 32] {
            names.push(format!("{}{bad}{}", &id[..at], &id[at..]));
            let cut = at.min(32 - bad.len().min(32));
            names.push(format!(
                "{}{bad}{}/x",
                &id[..cut],
                &id[cut + bad.len().min(32 - cut)..]
            ));
        }
    }
    for length in [65, 254, 255, 256, 300] {
        names.push("a".repeat(length));
        names.push(format!("{}/..", "a".repeat(length)));
    }
    names.sort();
    names.dedup();
    names
}

fn files_under(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
