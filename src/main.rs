//! Program entry.

use std::process::ExitCode;

use callbox::evidence::photo;

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == photo::WORKER_SUBCOMMAND)
    {
        return photo::worker_main();
    }
    ExitCode::SUCCESS
}
