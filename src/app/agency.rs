//! The configured agency as the node and the accounts need it.
//!
//! Owns: turning configuration into domain values. Must not: keep anything. Called by: `app`.

use anyhow::Context as _;
use callbox_domain::policy::Policy;
use callbox_domain::triage::Rules;
use callbox_proto::ids::QueueId;
use callbox_proto::message::{AgencyInfo, QueueInfo};
use callbox_proto::vocabulary::Role;

use crate::auth::StaffIdentity;
use crate::auth::staff::Accounts;
use crate::config::{self, Config, DemoRole};

/// The rules that are built in: the same file an agency starts from.
const BUILT_IN_RULES: &str = include_str!("../../config/triage.toml");

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
/// When a name is not plain, or the rules cannot be read or have problems.
pub fn policy(config: &Config) -> anyhow::Result<Policy> {
    let queues = queues(&config.agency)?;
    let names: Vec<QueueId> = queues.iter().map(|info| info.queue.clone()).collect();
    let rules = rules(config, &names)?;
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

/// Reads and checks the rules of triage.
///
/// # Errors
/// With file and line where the text is wrong, and with every problem the rules have.
pub fn rules(config: &Config, queues: &[QueueId]) -> anyhow::Result<Rules> {
    let (name, text) = match &config.triage.rules_file {
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).with_context(|| name.clone())?;
            (name, text)
        }
        None => ("the built-in rules".to_owned(), BUILT_IN_RULES.to_owned()),
    };
    let rules: Rules = toml::from_str(&text).with_context(|| name.clone())?;
    let problems: Vec<String> = rules
        .check(queues)
        .iter()
        .map(ToString::to_string)
        .collect();
    if !problems.is_empty() {
        anyhow::bail!("{name}: {}", problems.join("; "));
    }
    Ok(rules)
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
