//! The documents say what is so: paths exist, commands exist, metrics and keys have the names they are told by.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use callbox::cli::Cli;
use callbox::config::Config;
use clap::CommandFactory as _;

/// What is there only after a build.
const BUILT: [&str; 3] = ["web/dist", "web/node_modules", "target"];
/// Sections of the configuration, as they begin a dotted key.
const SECTIONS: [&str; 11] = [
    "server", "admin", "media", "storage", "backbone", "node", "session", "agency", "identity",
    "triage", "log",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Names in a folder, without what is hidden from a listing.
fn names(folder: &str) -> BTreeSet<String> {
    fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect()
}

/// Every document, by its path from the top.
fn documents() -> Vec<String> {
    let markdown = |folder: &str| {
        let pages = names(folder)
            .into_iter()
            .filter(|name| name.ends_with(".md"));
        pages
            .map(|name| {
                if folder == "." {
                    name
                } else {
                    format!("{folder}/{name}")
                }
            })
            .collect::<Vec<_>>()
    };
    [".", "docs", "docs/decisions"]
        .iter()
        .flat_map(|folder| markdown(folder))
        .collect()
}

/// What stands between backticks on one line, and every line of code blocks.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if block {
            found.push(line.trim().to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// Relative addresses of links, without what they name inside the page.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|address| !address.is_empty() && !address.contains("://"))
        .collect()
}

/// Whether a piece of code is meant as a path of this repository.
fn is_path(code: &str, top: &BTreeSet<String>) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let first = code.split('/').next().unwrap_or_default();
    code.chars().all(plain) && code.contains('/') && top.contains(first)
}

fn exists(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    path.exists() || BUILT.iter().any(|built| inside.starts_with(built))
}

#[test]
fn every_path_that_a_document_names_exists() {
    let top = names(".");
    for document in documents() {
        let text = read(&document);
        let named = code(&text).into_iter().filter(|code| is_path(code, &top));
        for path in named {
            assert!(exists(&root().join(&path)), "{document} names {path}");
        }
        let folder = root().join(&document);
        let folder = folder.parent().expect("a folder");
        for link in links(&text) {
            assert!(exists(&folder.join(link)), "{document} links {link}");
        }
    }
}

#[test]
fn the_code_map_has_every_top_folder_and_every_module() {
    let map = read("ARCHITECTURE.md");
    let tracked = [
        "config",
        "deploy",
        "docs",
        "domain",
        "loadtests",
        "proto",
        "src",
        "tests",
        "web",
        "xtask",
    ];
    for folder in tracked {
        assert!(
            map.contains(&format!("`{folder}/`")),
            "no line for {folder}/"
        );
    }
    for name in names("src") {
        let path = if root().join("src").join(&name).is_dir() {
            format!("`src/{name}/`")
        } else {
            format!("`src/{name}`")
        };
        assert!(map.contains(&path), "no line for {path}");
    }
}

#[test]
fn the_readme_shows_the_welcome_as_it_is() {
    let welcome = Config::default().welcome();
    let shown = format!("\n```\nCallbox is ready.\n\n{welcome}\n  Ctrl-C ");
    assert!(read("README.md").contains(&shown), "{shown}");
}

/// Words after `prefix` wherever a document has it as code.
fn commands(text: &str, prefix: &str) -> Vec<Vec<String>> {
    let begins = |code: &String| {
        let rest = code
            .strip_prefix("$ ")
            .unwrap_or(code)
            .strip_prefix(prefix)?;
        let word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let words = rest.split_whitespace().take_while(word);
        Some(
            words
                .take_while(|word| !word.starts_with('-'))
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    };
    code(text).iter().filter_map(begins).collect()
}

#[test]
fn every_command_of_the_gateway_that_a_document_names_exists() {
    let cli = Cli::command();
    for document in documents() {
        for words in commands(&read(&document), "callbox ") {
            let mut at = &cli;
            for word in &words {
                match at.get_subcommands().find(|sub| sub.get_name() == word) {
                    Some(sub) => at = sub,
                    None => assert!(
                        at.get_positionals().next().is_some(),
                        "{document} names callbox {}",
                        words.join(" ")
                    ),
                }
            }
        }
    }
}

#[test]
fn every_command_of_the_project_that_a_document_names_exists() {
    let source = read("xtask/src/main.rs");
    let (_, list) = source.split_once("enum Command {").expect("the commands");
    let list = list
        .split('}')
        .next()
        .expect("their end")
        .to_ascii_lowercase();
    let known: BTreeSet<&str> = list
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.split(['(', ',']).next())
        .collect();
    for document in documents() {
        for words in commands(&read(&document), "cargo xtask ") {
            let command = words.first().expect("a command after `cargo xtask`");
            assert!(
                known.contains(command.as_str()),
                "{document} names {command}"
            );
        }
    }
}

/// Names of metrics in the source code, without those that only a test counts.
fn metrics_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            metrics_in(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).expect("a file");
            let literals = text.split('"').filter(|text| is_metric(text));
            found.extend(
                literals
                    .filter(|name| !name.starts_with("callbox_test_"))
                    .map(str::to_owned),
            );
        }
    }
}

fn is_metric(text: &str) -> bool {
    text.strip_prefix("callbox_").is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    })
}

#[test]
fn operations_lists_every_metric_and_no_other() {
    let mut counted = BTreeSet::new();
    metrics_in(&root().join("src"), &mut counted);
    let told: BTreeSet<String> = code(&read("docs/operations.md"))
        .into_iter()
        .filter(|code| is_metric(code))
        .collect();
    let missing: Vec<_> = counted.difference(&told).collect();
    let gone: Vec<_> = told.difference(&counted).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not told: {missing:?}; not counted: {gone:?}"
    );
}

/// Every command of the program that does something, as it is typed: `store verify`.
fn commands_of(program: &clap::Command, before: &str, into: &mut BTreeSet<String>) {
    for command in program.get_subcommands() {
        let typed = format!("{before} {}", command.get_name());
        if command.has_subcommands() {
            commands_of(command, &typed, into);
        } else {
            into.insert(typed);
        }
    }
}

#[test]
fn operations_lists_every_command_and_no_other() {
    let mut known = BTreeSet::new();
    commands_of(&Cli::command(), "callbox", &mut known);
    let page = read("docs/operations.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `callbox "));
    let told: BTreeSet<String> = rows
        .filter_map(|row| row.split_once('`'))
        .map(|(typed, _)| typed.split(" --").next().unwrap_or(typed))
        .map(|typed| format!("callbox {typed}"))
        .collect();
    assert_eq!(told, known);
}

/// Whether the annotated configuration has this dotted key, set or commented out.
fn has_key(annotated: &str, key: &str) -> bool {
    let Some((section, name)) = key.rsplit_once('.') else {
        return false;
    };
    let rest = annotated
        .split_once(&format!("\n[{section}]\n"))
        .or_else(|| annotated.split_once(&format!("\n# [{section}]\n")))
        .map(|(_, rest)| rest);
    let own = rest.map(|rest| rest.split("\n[").next().unwrap_or(rest));
    own.is_some_and(|own| {
        // By itself, commented out, or by language: `banner.en = …`.
        [" = ", "."]
            .iter()
            .any(|after| own.contains(&format!("\n{name}{after}")))
            || own.contains(&format!("\n# {name} = "))
    }) || annotated.contains(&format!("\n[{key}]\n"))
}

#[test]
fn every_key_of_the_configuration_that_a_document_names_exists() {
    let annotated = read("config/callbox.toml");
    assert!(
        has_key(&annotated, "server.limits.half_open") && !has_key(&annotated, "server.half_open")
    );
    for document in documents() {
        for key in code(&read(&document)) {
            let plain = |c: char| c.is_ascii_lowercase() || c == '.' || c == '_';
            let first = key.split('.').next().unwrap_or_default();
            let is_file = [
                "rs", "md", "toml", "json", "jsonl", "sqlite", "key", "mark", "lock",
            ]
            .iter()
            .any(|kind| key.ends_with(&format!(".{kind}")));
            if key.contains('.') && key.chars().all(plain) && SECTIONS.contains(&first) && !is_file
            {
                assert!(has_key(&annotated, &key), "{document} names {key}");
            }
        }
    }
}

#[test]
fn the_protocol_has_the_table_of_roles_as_it_is() {
    let matrix = callbox_domain::access::matrix_markdown();
    let (_, table) = matrix.split_once('\n').expect("a first line");
    let table = table.replace("\n# ", "\n### ");
    let page = read("docs/protocol.md");
    let part = page
        .split_once("<!-- roles -->\n")
        .and_then(|(_, rest)| rest.split_once("\n<!-- /roles -->"))
        .map(|(part, _)| part);
    assert!(part == Some(table.as_str()), "run `cargo xtask generate`");
}

#[test]
fn every_decision_is_in_the_list_of_decisions() {
    let list = read("docs/decisions/README.md");
    for name in names("docs/decisions")
        .iter()
        .filter(|name| *name != "README.md")
    {
        assert!(list.contains(&format!("({name})")), "{name} is not listed");
    }
}
