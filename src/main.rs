//! Program entry: reads the command line, starts the log and the runtime, and hands over.

use std::process::ExitCode;

use anyhow::Context as _;
use callbox::cli::{self, Cli};
use callbox::config::{Config, Sources};
use callbox::evidence::photo;
use callbox::http::certificates;
use callbox::{app, logging};
use clap::Parser as _;

/// Messages are made on one thread and freed on another: what that costs is a third of a node's time with the C library's allocator.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // First, because with two providers in the tree the first TLS call would panic without a choice.
    if certificates::provider().install_default().is_err() {
        eprintln!("callbox: a TLS provider was installed before main");
        return ExitCode::FAILURE;
    }
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == photo::WORKER_SUBCOMMAND)
    {
        return photo::worker_main();
    }
    match cli::run(&Cli::parse(), run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("callbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config, sources: Sources) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    tokio::runtime::Runtime::new()
        .context("the runtime cannot start")?
        .block_on(app::serve(config, sources))
}
