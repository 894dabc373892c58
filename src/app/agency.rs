//! The configured agencies as the node and the accounts need them.
//!
//! Owns: turning configuration into domain values. Must not: keep anything. Called by: `app`.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::Context as _;
use callbox_domain::policy::{Material, Policy};
use callbox_domain::suspicion::Area;
use callbox_domain::triage::Rules;
use callbox_proto::field::FieldInfo;
use callbox_proto::ids::{AgencyId, QueueId};
use callbox_proto::message::{AgencyInfo, AreaInfo, DeskInfo, MapTiles, MapView, QueueInfo};

use super::triage;
use crate::auth::staff::Accounts;
use crate::auth::{SignedInBy, StaffIdentity};
use crate::config::{self, Config};
use crate::evidence::names::AgencyName;
use crate::node::agency::{Agency, Settings};

/// What an agency's residents and people go by.
///
/// # Errors
/// As [`info`].
pub fn settings(config: &config::Agency) -> anyhow::Result<Settings> {
    let area = |area: Area| AreaInfo {
        latitude: area.latitude,
        longitude: area.longitude,
        radius_km: area.radius_km,
    };
    let map = &config.map;
    let view = |centre: config::Centre| MapView {
        latitude: centre.latitude,
        longitude: centre.longitude,
        zoom: map.zoom,
    };
    let tiles = |template: &config::TileTemplate| MapTiles {
        template: template.as_str().to_owned(),
        max_zoom: map.tiles_max_zoom,
        attribution: map.attribution.clone(),
    };
    let desk = DeskInfo {
        sound_repeat_ms: (config.sound_repeat_s).map(|seconds| seconds.saturating_mul(1_000)),
        area: config.area.map(area),
        map_view: map.centre.map(view),
        map_tiles: map.tiles.as_ref().map(tiles),
        // Those of the rules, as long as these are in use.
        rule_reasons: Vec::new(),
    };
    let info = info(config)?;
    Ok(Settings { info, desk })
}

/// An agency's public face.
///
/// # Errors
/// When its id is not a domain name.
pub fn info(config: &config::Agency) -> anyhow::Result<AgencyInfo> {
    // Evidence lies in a folder of this name.
    AgencyName::parse(&config.id).with_context(|| format!("agency {}: id", config.id))?;
    Ok(AgencyInfo {
        agency: config
            .id
            .parse()
            .with_context(|| format!("agency {}: id", config.id))?,
        name: config.name.clone(),
        banner: config.banner.english().to_owned(),
        banner_in: config.banner.besides_english(),
        emergency_number: config.emergency_number.clone(),
        exit_url: config.exit_url.clone(),
        fields: fields(config)?,
    })
}

/// An agency's own questions.
fn fields(config: &config::Agency) -> anyhow::Result<Vec<FieldInfo>> {
    let info = |field: &config::Field| field.info().context("fields.id");
    config.fields.iter().map(info).collect()
}

/// The rules of triage of an agency.
///
/// # Errors
/// When the name of a queue is not plain, or the rules cannot be read or have problems: with agency, file and line.
pub fn rules(config: &config::Agency, rules_file: Option<&Path>) -> anyhow::Result<Rules> {
    let of_agency = || format!("agency {}", config.id);
    let queues = queues(config).with_context(of_agency)?;
    let names: Vec<QueueId> = queues.into_iter().map(|info| info.queue).collect();
    triage::read(rules_file, &names).with_context(of_agency)
}

/// Queues, rules and area.
///
/// # Errors
/// When a name is not plain.
pub fn policy(config: &config::Agency, rules: Rules) -> anyhow::Result<Policy> {
    let of_agency = || format!("agency {}", config.id);
    let queues = queues(config).with_context(of_agency)?;
    let default_queue = config
        .default_queue
        .parse()
        .context("default_queue")
        .with_context(of_agency)?;
    let policy = Policy::new(queues, default_queue, rules).with_context(of_agency)?;
    let report_link_ms = config.report_link_s.saturating_mul(1_000);
    Ok(policy
        .with_area(config.area)
        .with_report_link_ms(report_link_ms)
        .with_days(Material::Photos, config.retention.photos_days)
        .with_days(Material::Words, config.retention.words_days)
        .with_fields(fields(config).with_context(of_agency)?))
}

/// Every agency that is served, the default one first.
///
/// # Errors
/// The first one that cannot be served, and why.
pub fn all(config: &Config) -> anyhow::Result<Vec<Agency>> {
    let agency = |agency: &config::Agency| {
        let policy = policy(agency, rules(agency, config.rules_file_of(agency))?)?;
        Ok(Agency::new(settings(agency)?, policy))
    };
    config.all_agencies().map(agency).collect()
}

/// By which name in a request's `Host` an agency is meant, for those that have one of their own.
///
/// # Errors
/// When an id is not plain.
pub fn by_host(config: &Config) -> anyhow::Result<HashMap<String, AgencyId>> {
    let mut hosts = HashMap::new();
    for agency in config.all_agencies() {
        if let Some(origin) = &agency.public_origin {
            hosts.insert(origin.host().to_owned(), info(agency)?.agency);
        }
    }
    Ok(hosts)
}

/// The agencies whose people may sign in by passphrase.
///
/// # Errors
/// When an id is not plain.
pub fn by_passphrase(config: &Config) -> anyhow::Result<HashSet<AgencyId>> {
    let agencies = config.all_agencies().filter(|agency| agency.demo.enabled);
    agencies.map(|agency| Ok(info(agency)?.agency)).collect()
}

fn queues(config: &config::Agency) -> anyhow::Result<Vec<QueueInfo>> {
    let queue = |queue: &config::Queue| {
        Ok(QueueInfo {
            queue: queue.id.parse().context("queues.id")?,
            name: queue.name.clone(),
            targets_ms: queue.targets_s.map(|seconds| seconds.saturating_mul(1_000)),
            target_share_percent: queue.target_share_percent,
        })
    };
    config.queues.iter().map(queue).collect()
}

/// An agency's people of the demo, each with a passphrase.
///
/// # Errors
/// When a name is not plain.
pub fn add_demo_people(accounts: &mut Accounts, config: &config::Agency) -> anyhow::Result<()> {
    if !config.demo.enabled {
        return Ok(());
    }
    for user in &config.demo.users {
        let identity = StaffIdentity {
            agency: config.id.parse().context("id")?,
            staff: user.name.parse().context("demo.users.name")?,
            name: capitalised(&user.name),
            role: user.role.role(),
            by: SignedInBy::Passphrase,
        };
        accounts.add(identity, user.passphrase.clone());
    }
    Ok(())
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
