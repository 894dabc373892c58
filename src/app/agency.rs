//! The configured agency as the node and the accounts need it.
//!
//! Owns: turning configuration into domain values. Must not: keep anything. Called by: `app`.

use anyhow::Context as _;
use callbox_domain::policy::Policy;
use callbox_proto::ids::QueueId;
use callbox_proto::message::{AgencyInfo, QueueInfo};
use callbox_proto::vocabulary::Role;

use super::triage;
use crate::auth::StaffIdentity;
use crate::auth::staff::Accounts;
use crate::config::{self, Config, DemoRole};

/// The agency's public face.
///
/// # Errors
/// When its id is not a plain name.
pub fn info(config: &config::Agency) -> anyhow::Result<AgencyInfo> {
    Ok(AgencyInfo {
        agency: config.id.parse().context("agency.id")?,
        name: config.name.clone(),
        banner: config.banner.clone(),
        emergency_number: config.emergency_number.clone(),
        exit_url: config.exit_url.clone(),
    })
}

/// Queues and rules.
///
/// # Errors
/// When a name is not plain, or the rules cannot be read or have problems: with file and line.
pub fn policy(config: &Config) -> anyhow::Result<Policy> {
    let queues = queues(&config.agency)?;
    let names: Vec<QueueId> = queues.iter().map(|info| info.queue.clone()).collect();
    let rules = triage::read(&config.triage, &names)?;
    let default_queue = config
        .agency
        .default_queue
        .parse()
        .context("agency.default_queue")?;
    Ok(Policy::new(queues, default_queue, rules)?)
}

fn queues(config: &config::Agency) -> anyhow::Result<Vec<QueueInfo>> {
    let queue = |queue: &config::Queue| {
        Ok(QueueInfo {
            queue: queue.id.parse().context("agency.queues.id")?,
            name: queue.name.clone(),
            targets_ms: queue.targets_s.map(|seconds| seconds.saturating_mul(1_000)),
            target_share_percent: queue.target_share_percent,
        })
    };
    config.queues.iter().map(queue).collect()
}

/// The demo's people, each with a hashed passphrase.
///
/// # Errors
/// When a name is not plain or hashing fails.
pub fn add_demo_people(accounts: &mut Accounts, config: &config::Agency) -> anyhow::Result<()> {
    if !config.demo.enabled {
        return Ok(());
    }
    for user in &config.demo.users {
        let identity = StaffIdentity {
            agency: config.id.parse().context("agency.id")?,
            staff: user.name.parse().context("agency.demo.users.name")?,
            name: capitalised(&user.name),
            role: role(user.role),
        };
        accounts.add(identity, user.passphrase.expose())?;
    }
    Ok(())
}

const fn role(role: DemoRole) -> Role {
    match role {
        DemoRole::Telecommunicator => Role::Telecommunicator,
        DemoRole::Supervisor => Role::Supervisor,
        DemoRole::Administrator => Role::Administrator,
        DemoRole::Auditor => Role::Auditor,
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
