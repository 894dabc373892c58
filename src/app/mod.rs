//! The program put together: the only room that names concrete adapters.
//!
//! Owns: what runs, in which order it starts and stops. Must not: hold logic of its own. Called by: `main`.

mod agency;
mod backbone;
pub mod config_file;
mod deletions;
pub mod drain;
pub mod dry_run;
mod exports;
mod live;
mod membership;
mod photos;
mod private_folder;
mod providers;
pub mod store;
pub mod triage;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use axum::Router;
use callbox_domain::session::{PHOTO_MAX_BYTES, PHOTOS_MAX, PREVIEW_MAX_BYTES, TEXT_MAX_CHARS};
use callbox_proto::message::Limits;
use metrics_exporter_prometheus::PrometheusHandle;

use config_file::ConfigFile;

use crate::auth::SignIn;
use crate::auth::people::People;
use crate::auth::provider::Providers;
use crate::auth::staff::Accounts;
use crate::auth::tokens::Tokens;
use crate::backbone::{Backbone, Guarantee};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Sources};
use crate::evidence::folder::{FolderLimits, FolderStore, free_bytes};
use crate::evidence::photo::{PhotoPipeline, WorkerLimits};
use crate::evidence::store::EvidenceStore;
use crate::http::admin::{self, AdminServer, AskReadiness, Readiness};
use crate::http::api::{self, Api, SocketLimits};
use crate::http::drain as http_drain;
use crate::http::tickets::Tickets;
use crate::http::uploads::{self, UploadLimits, Uploads};
use crate::http::{Origins, Server, descriptors, layers, metrics, pages};
use crate::media::{Advertised, MediaConfig, MediaPlane};
use crate::node::drain::DrainProgress;
use crate::node::{Node, NodeLimits, Random};
use crate::shutdown::{Drained, Lifecycle, service_manager};
use crate::transport::{RateLimit, Transport, TransportLimits};

/// Folder of the embedded backbone inside the data folder.
pub(crate) const BACKBONE_FOLDER: &str = "backbone";
/// How often expired uploads are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// Whatever keeps it from starting, in words for an operator.
pub async fn serve(config: Config, sources: Sources) -> anyhow::Result<()> {
    let lifecycle = Lifecycle::new();
    lifecycle
        .follow_signals()
        .context("signals cannot be followed")?;
    descriptors::raise(config.server.limits.connections);
    let prometheus = metrics::install()?;
    tokio::spawn(metrics::keep_tidy(prometheus.clone()));

    // Ports first: a second start on the same machine fails before it touches the data.
    let admin = AdminServer::bind(&config.admin)
        .with_context(|| format!("cannot listen on {} (admin.listen)", config.admin.listen))?;
    let names: Vec<_> = config
        .all_agencies()
        .filter_map(|agency| agency.public_origin.clone())
        .collect();
    let tiles: Vec<_> = config
        .all_agencies()
        .filter_map(|agency| Some(agency.map.tiles.as_ref()?.origin().clone()))
        .collect();
    let server = Server::bind_also_as(&config.server, &names, &tiles)?;
    let parts = Parts::build(&config, server.origins(), &lifecycle).await?;
    let file = ConfigFile::of(&config, sources, &parts.node);
    tokio::spawn(file.follow(lifecycle.reloads(), lifecycle.hard().clone()));
    start_admin(admin, &lifecycle, &parts, prometheus);

    let router = routes(&config, &server, &parts);
    tracing::info!(public = %server.address(), guarantee = %parts.backbone.guarantee(), "listening");
    server.spawn(router, Arc::clone(&parts.tickets), &lifecycle);
    service_manager::ready();
    service_manager::keep_watchdog(&lifecycle);

    lifecycle.soft().cancelled().await;
    service_manager::stopping();
    parts.node.send_everybody_away(config.server.drain());
    match lifecycle.drained(config.server.drain()).await {
        Drained::Completely => tracing::info!("drained"),
        Drained::AtDeadline => tracing::warn!(
            seconds = config.server.drain_s,
            "drain deadline: cut what was open"
        ),
        Drained::AtSecondSignal => tracing::warn!("stopped at once"),
    }
    parts.stop().await;
    Ok(())
}

/// Everything on the public port: the rooms' routes, and what stands around them.
#[expect(
    clippy::disallowed_methods,
    reason = "joins rooms that mount rows of the table of rights, and nothing else"
)]
fn routes(config: &Config, server: &Server, parts: &Parts) -> Router {
    let pages = pages::router(server.headers(), parts.node.agency_ids());
    let bounded = pages.merge(api::router(&parts.api));
    let bounded = layers::bounded(bounded, &config.server.limits);
    let unbounded = uploads::router(parts.uploads.clone()).merge(api::sockets(&parts.api));
    layers::outermost(bounded.merge(unbounded), server.headers(), server.origins())
}

/// Checks what `check-config` can check beyond single values: every agency's rules of triage and names.
///
/// # Errors
/// What `serve` would refuse.
pub fn check(config: &Config) -> anyhow::Result<()> {
    backbone::options(config)?;
    providers::settings(config)?;
    agency::all(config).map(drop)
}

/// What runs.
struct Parts {
    opened: backbone::Opened,
    backbone: Arc<dyn Backbone>,
    node: Arc<Node>,
    live: Arc<live::Live>,
    tickets: Arc<Tickets>,
    uploads: Uploads,
    api: Api,
}

impl Parts {
    async fn build(
        config: &Config,
        origins: Arc<Origins>,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<Self> {
        let data_dir = &config.storage.data_dir;
        private_folder::prepare(data_dir)
            .with_context(|| format!("{} (storage.data_dir)", data_dir.display()))?;
        let opened = backbone::Opened::open(config, Arc::new(SystemClock::new())).await?;
        let clock = opened.clock();
        let backbone = opened.shared();
        let key_file = backbone::key_file(config)?;
        let tokens = Arc::new(Tokens::open(&key_file)?);
        let default_agency = agency::info(&config.agency)?.agency;
        let (random, limits) = (Random::from_system(), node_limits(config));
        let (over, agencies) = (Arc::clone(&backbone), agency::all(config)?);
        let node = if config.backbone.is_shared() {
            let membership = membership::of(config, &key_file)?;
            Node::join(
                over,
                Arc::clone(&clock),
                random,
                limits,
                agencies,
                membership,
            )
            .await?
        } else {
            Node::start(over, Arc::clone(&clock), random, limits, agencies).await?
        };
        let data_dir = data_dir.clone();
        node.set_disk(Box::new(move || free_bytes(&data_dir).ok()));
        follow_rules(config, &node, lifecycle);
        let plane = MediaPlane::start(media_config(&config.media))?;
        let live = live::Live::start(plane, &node);
        let tickets = Tickets::new(tokens.ticket_key(), Arc::clone(&clock));
        let providers = providers::all(config, &tokens, &clock)?;
        let accounts = people(config, &providers, clock)?;
        let (uploads, photos, store) = evidence(config, &node, &tokens)?;
        let stop = lifecycle.hard().clone();
        deletions::Deletions::start(&node, Arc::clone(&store), stop);
        let transport = Arc::new(Transport {
            node: Arc::clone(&node),
            tokens: Arc::clone(&tokens),
            accounts: Arc::clone(&accounts),
            limits: transport_limits(config),
            previews: Arc::new(photos::PreviewDesk(Arc::clone(&photos))),
        });
        let api = Api {
            transport,
            accounts,
            providers,
            by_passphrase: Arc::new(agency::by_passphrase(config)?),
            origins,
            tokens,
            photos,
            exports: exports::Exports::new(Arc::clone(&node), store),
            default_agency,
            by_host: Arc::new(agency::by_host(config)?),
            staff_token_ms: ms(config.identity.staff_token()),
            sockets: SocketLimits {
                message_bytes: config.session.message_bytes,
                resident_read_buffer_bytes: config.session.resident_read_buffer_bytes,
                staff_read_buffer_bytes: config.session.console_read_buffer_bytes,
            },
            open_sockets: lifecycle.tasks().clone(),
        };
        Ok(Self {
            opened,
            backbone,
            node,
            live,
            tickets,
            uploads,
            api,
        })
    }

    /// In the order in which each needs the next: media, node, log.
    async fn stop(&self) {
        self.live.shutdown().await;
        self.node.leave().await;
        self.node.stop();
        self.opened.close().await;
    }
}

/// Has each agency's rules of triage read again when their file changes.
fn follow_rules(config: &Config, node: &Node, lifecycle: &Lifecycle) {
    for configured in config.all_agencies() {
        let agency = configured.id.parse().ok().and_then(|id| node.agency(&id));
        let rules = agency.and_then(|agency| triage::RulesFile::of(config, configured, agency));
        if let Some(rules) = rules {
            tokio::spawn(rules.follow(lifecycle.reloads(), lifecycle.hard().clone()));
        }
    }
}

fn people(
    config: &Config,
    providers: &Arc<Providers>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Arc<dyn SignIn>> {
    let mut accounts = Accounts::new(Arc::clone(&clock));
    for agency in config.all_agencies() {
        agency::add_demo_people(&mut accounts, agency)?;
    }
    let people = People::new(accounts, Arc::clone(providers), clock);
    Ok(Arc::new(people))
}

fn evidence(
    config: &Config,
    node: &Arc<Node>,
    tokens: &Arc<Tokens>,
) -> anyhow::Result<(Uploads, Arc<photos::Photos>, Arc<dyn EvidenceStore>)> {
    let folder = config.storage.evidence_dir();
    let store = FolderStore::open(&folder, FolderLimits::default(), Arc::new(SystemTime::now))
        .with_context(|| format!("{} (storage.evidence_dir)", folder.display()))?;
    let store: Arc<dyn EvidenceStore> = Arc::new(store);
    let pipeline = Arc::new(PhotoPipeline::of_this_program(WorkerLimits::default())?);
    let photos = photos::Photos::new(
        Arc::clone(node),
        Arc::clone(tokens),
        Arc::clone(&store),
        Arc::clone(&pipeline),
    );
    let uploads = Uploads::new(
        Arc::clone(&store),
        pipeline,
        Arc::clone(&photos) as Arc<dyn uploads::UploadAuthority>,
        UploadLimits::default(),
    );
    tokio::spawn(look_after_uploads(Arc::clone(&store), uploads.clone()));
    Ok((uploads, photos, store))
}

/// Tells the log what was sealed before a restart, then removes expired uploads now and then.
async fn look_after_uploads(store: Arc<dyn EvidenceStore>, uploads: Uploads) {
    uploads.finish_interrupted().await;
    let mut tick = tokio::time::interval(SWEEP_EVERY);
    loop {
        tick.tick().await;
        if let Err(error) = store.sweep().await {
            tracing::error!(%error, "expired uploads could not be removed");
        }
    }
}

fn start_admin(
    admin: AdminServer,
    lifecycle: &Lifecycle,
    parts: &Parts,
    prometheus: PrometheusHandle,
) {
    let node = Arc::clone(&parts.node);
    let backbone = Arc::clone(&parts.backbone);
    let readiness: AskReadiness = Arc::new(move || {
        if node.is_draining() {
            let DrainProgress {
                connections,
                began_with,
                ..
            } = node.drain_progress();
            return Readiness::Draining(format!("{connections} of {began_with} connections left"));
        }
        match backbone.guarantee() {
            Guarantee::None => Readiness::Starting("nothing can be stored".to_owned()),
            guarantee => {
                let kept = match backbone.kept_here().records {
                    0 if !guarantee.is_island() => String::new(),
                    records => format!("; {records} records wait for the shared tier"),
                };
                Readiness::Ready(format!("ready; {guarantee}{kept}"))
            }
        }
    });
    tracing::info!(admin = %admin.address(), "probes and metrics");
    admin.spawn(
        admin::router(
            readiness,
            prometheus,
            http_drain::router(Arc::clone(&parts.node)),
        ),
        lifecycle.hard().clone(),
    );
}

fn media_config(media: &config::Media) -> MediaConfig {
    let advertised = |ip: &IpAddr| Advertised {
        ip: *ip,
        port: None,
    };
    MediaConfig {
        advertised: media.public_addresses.iter().map(advertised).collect(),
        socket_buffer_bytes: media.socket_buffer_mib.saturating_mul(1 << 20),
        ..MediaConfig::on(media.listen)
    }
}

fn node_limits(config: &Config) -> NodeLimits {
    let session = &config.session;
    NodeLimits {
        outbox_bytes: session.outbox_bytes,
        slow_reader_ms: ms(session.slow_reader()),
        resume_grace_ms: ms(session.resume_grace()),
        console_grace_ms: session.console_grace_ms,
        restart_grace_ms: session.restart_grace_s.saturating_mul(1_000),
        returns_per_s: session.returns_per_s,
    }
}

fn transport_limits(config: &Config) -> TransportLimits {
    let session = &config.session;
    TransportLimits {
        first_message: session.first_frame(),
        resident_heartbeat_ms: session.resident_heartbeat_s.saturating_mul(1_000),
        staff_heartbeat_ms: session.heartbeat_s.saturating_mul(1_000),
        upload_token_ms: ms(config.identity.upload_token()),
        resident_rate: RateLimit {
            per_s: session.resident_messages_per_s,
            burst: session.resident_messages_burst,
        },
        staff_rate: RateLimit {
            per_s: session.console_messages_per_s,
            burst: session.console_messages_burst,
        },
        told: Limits {
            message_bytes: u32::try_from(session.message_bytes).unwrap_or(u32::MAX),
            text_chars: TEXT_MAX_CHARS as u32,
            preview_bytes: PREVIEW_MAX_BYTES as u32,
            photo_bytes: PHOTO_MAX_BYTES,
            photos: PHOTOS_MAX as u32,
        },
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
