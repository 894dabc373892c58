//! `cargo xtask generate`: the files that are made from the wire types, and the table of roles in the protocol's page.
//!
//! Owns: which test writes which file. Must not: make their content: the wire types and the table of rights do. Called by: `main`, and `test`, which
//! compares.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::command::{cargo, root, run};
use crate::gateway::built;

/// The page that is partly generated: messages by the generator, roles here.
const PAGE: &str = "docs/protocol.md";
/// The table of roles as `domain` says it; a test there compares it with the code.
const ROLES: &str = "domain/tests/access_matrix.txt";
/// Marks around the table in the page.
const ROLES_MARKS: [&str; 2] = ["<!-- roles -->\n", "<!-- /roles -->"];

/// Writes every generated file below `target`, in the folders they have in the repository.
pub fn into(target: &Path) -> anyhow::Result<()> {
    bring_page(target)?;
    let mut generate = cargo(&[
        "run",
        "--quiet",
        "--package",
        "callbox-proto",
        "--example",
        "generate",
        "--",
    ]);
    run(generate.arg(target))?;
    write_roles(target)
}

/// The same with the program that the tests have built, whose features are those of the whole workspace: running it
/// through its package would compile half of the dependencies once more.
pub fn into_from_tests(target: &Path) -> anyhow::Result<()> {
    bring_page(target)?;
    run(&mut cargo(&["build", "--workspace", "--examples"]))?;
    run(Command::new(built("examples/generate")?)
        .arg(target)
        .current_dir(root()))?;
    write_roles(target)
}

/// The generator renews parts of a page that must be there.
fn bring_page(target: &Path) -> anyhow::Result<()> {
    let page = target.join(PAGE);
    if page.exists() {
        return Ok(());
    }
    if let Some(folder) = page.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(root().join(PAGE), &page).with_context(|| format!("{PAGE} cannot be copied"))?;
    Ok(())
}

fn write_roles(target: &Path) -> anyhow::Result<()> {
    let matrix = fs::read_to_string(root().join(ROLES)).context(ROLES)?;
    let page = target.join(PAGE);
    let text = fs::read_to_string(&page).context(PAGE)?;
    let text =
        with_roles(&text, &matrix).with_context(|| format!("{PAGE} has no marks for the roles"))?;
    fs::write(&page, text).context(PAGE)
}

/// The page with the table between its marks: without the file's first line, and with headings below the page's own.
fn with_roles(page: &str, matrix: &str) -> Option<String> {
    let [begin, end] = ROLES_MARKS;
    let (before, rest) = page.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    let (_, table) = matrix.split_once('\n')?;
    let table = table.replace("\n# ", "\n### ");
    Some(format!("{before}{begin}{table}\n{end}{after}"))
}
/// Writes them into the repository.
pub fn into_repository() -> anyhow::Result<()> {
    into(&root())?;
    println!("Generated files are written; `git diff` shows what changed.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_roles_stands_between_its_marks_once() {
        let page = "a\n<!-- roles -->\nold\n<!-- /roles -->\nb";
        let matrix = "<!-- made -->\n\n# Rights\n\n| a |\n";
        let once = with_roles(page, matrix).unwrap();
        assert_eq!(
            once,
            "a\n<!-- roles -->\n\n### Rights\n\n| a |\n\n<!-- /roles -->\nb"
        );
        assert_eq!(with_roles(&once, matrix).unwrap(), once);
        assert_eq!(with_roles("no marks", matrix), None);
    }
}
