//! Program entry: reads the command line, starts the log and the runtime, and hands over.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use callbox::cli::{self, Cli};
use callbox::config::Config;
use callbox::evidence::photo;
use callbox::http::admin::{self, AdminServer, AskReadiness, Readiness};
use callbox::http::{Server, certificates, descriptors, layers, metrics, pages};
use callbox::logging;
use callbox::shutdown::{Drained, Lifecycle, service_manager};
use clap::Parser as _;

fn main() -> ExitCode {
    // First, because with two providers in the tree the first TLS call would panic without a choice.
    if certificates::provider().install_default().is_err() {
        eprintln!("callbox: a TLS provider was installed before main");
        return ExitCode::FAILURE;
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == photo::WORKER_SUBCOMMAND) {
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

fn run(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    tokio::runtime::Runtime::new()
        .context("the runtime cannot start")?
        .block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new();
    lifecycle
        .follow_signals()
        .context("signals cannot be followed")?;
    descriptors::raise(config.server.limits.connections);
    let metrics = metrics::install()?;
    tokio::spawn(metrics::keep_tidy(metrics.clone()));

    let admin = AdminServer::bind(&config.admin)
        .with_context(|| format!("cannot listen on {} (admin.listen)", config.admin.listen))?;
    let server = Server::bind(&config.server)?;
    let draining = lifecycle.soft().clone();
    let readiness: AskReadiness = Arc::new(move || {
        if draining.is_cancelled() {
            Readiness::Draining("finishing what is open".to_owned())
        } else {
            Readiness::Ready("ready".to_owned())
        }
    });
    tracing::info!(public = %server.address(), admin = %admin.address(), "listening");
    admin.spawn(admin::router(readiness, metrics), lifecycle.hard().clone());
    let router = layers::bounded(pages::router(server.headers()), &config.server.limits);
    let router = layers::outermost(router, server.headers(), server.origins());
    server.spawn(router, &lifecycle);
    service_manager::ready();
    service_manager::keep_watchdog(&lifecycle);

    lifecycle.soft().cancelled().await;
    service_manager::stopping();
    match lifecycle.drained(config.server.drain()).await {
        Drained::Completely => tracing::info!("drained"),
        Drained::AtDeadline => tracing::warn!(
            seconds = config.server.drain_s,
            "drain deadline: cut what was open"
        ),
        Drained::AtSecondSignal => tracing::warn!("stopped at once"),
    }
    Ok(())
}
