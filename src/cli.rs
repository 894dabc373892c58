//! The command line: which commands there are, and how their flags become configuration.
//!
//! Must not start anything itself: `serve` is handed in by `main`, so that the commands that only look at the
//! configuration touch nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::app;
use crate::app::dry_run::Trial;
use crate::config::{Config, ConfigError, Flag, LogFormat, Sources};
use crate::node::drain::{DrainOrder, WITHIN_DEFAULT_S};

/// Next-Gen 911 real-time reporting gateway.
#[derive(Debug, Parser)]
#[command(name = "callbox", version, about, propagate_version = true)]
pub struct Cli {
    /// What to do; `serve` when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where settings come from.
    #[command(flatten)]
    pub settings: Settings,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Runs the gateway (the default).
    Serve,
    /// Reads the configuration and the rules of triage, says whether they would be accepted, and ends.
    CheckConfig,
    /// Shows the configuration as the gateway would see it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Sends the clients of the gateway that runs here to other nodes and takes no new ones; says how far that is, and ends when
    /// nobody is left. The gateway goes on; stop it then, or take it all back with `undrain`.
    Drain {
        /// Everybody has been told by then, in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = WITHIN_DEFAULT_S)]
        within: u64,
        /// Clients told per second; by default as many as it takes to be through after half of the time.
        #[arg(long, value_name = "PER SECOND")]
        rate: Option<u32>,
        /// Also when there is no other node that they could go to.
        #[arg(long)]
        even_alone: bool,
        /// Only begins.
        #[arg(long)]
        no_wait: bool,
    },
    /// Ends a drain: those who are still here stay, and new ones are taken.
    Undrain,
    /// Works with rules of triage.
    #[command(subcommand)]
    Triage(TriageCommand),
    /// Looks after the stored session logs; the gateway may run meanwhile, except for `accept-damage`.
    #[command(subcommand)]
    Store(StoreCommand),
}

/// What to do with rules of triage.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TriageCommand {
    /// Judges the stored sessions by the rules of a file, and says which of them would have had another priority. Changes nothing; the
    /// gateway may run meanwhile.
    Try {
        /// The file of rules.
        #[arg(long, value_name = "FILE")]
        rules: PathBuf,
        /// Only sessions opened in the last minutes, hours or days: 90m, 24h, 7d.
        #[arg(long, value_name = "SPAN", value_parser = app::dry_run::span)]
        since: Option<u64>,
        /// Whose sessions; those of `[agency]` where left out.
        #[arg(long, value_name = "ID")]
        agency: Option<String>,
        /// A line of JSON for each session, and one with the sums.
        #[arg(long)]
        json: bool,
    },
}

/// What to do with the stored session logs.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum StoreCommand {
    /// Computes every checksum and says what is damaged.
    Verify,
    /// Writes a whole, consistent copy to a new file: the way to back up (`cp` may tear the database apart).
    Copy {
        /// The file to write, which must not exist.
        #[arg(value_name = "FILE")]
        target: PathBuf,
    },
    /// Goes on with a damaged store: lists what is damaged, keeps the store aside as it was found, takes out what cannot be
    /// trusted. The gateway must be stopped.
    AcceptDamage,
}

/// What to show.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Prints every value as TOML.
    Print {
        /// Replaces secrets by ***. Printing them is not offered, so the flag changes nothing.
        #[arg(long)]
        redacted: bool,
    },
    /// Prints the addresses of the three pages and the demo sign-ins.
    Welcome,
}

/// Flags that set values. They win over the environment, which wins over the file.
#[derive(Debug, Default, Args)]
pub struct Settings {
    /// File with the configuration (TOML).
    #[arg(long, global = true, env = "CALLBOX_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port of the pages and sockets.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Address and port of probes and metrics.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<String>,
    /// Address and UDP port of live video and audio.
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub media_listen: Option<String>,
    /// Folder of everything that is kept.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Form of log lines.
    #[arg(long, global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    /// Sets any value: --set session.heartbeat_s=3
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub set: Vec<(String, String)>,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as section.key=value".to_owned()),
    }
}

impl Settings {
    /// These flags, with the environment given, as sources of a configuration.
    #[must_use]
    pub fn sources(&self, environment: Vec<(String, String)>) -> Sources {
        let format = self.log_format.and_then(|format| {
            use clap::ValueEnum as _;
            format
                .to_possible_value()
                .map(|value| value.get_name().to_owned())
        });
        let short = [
            ("--listen", "server.listen", self.listen.clone()),
            ("--admin-listen", "admin.listen", self.admin_listen.clone()),
            ("--media-listen", "media.listen", self.media_listen.clone()),
            ("--data-dir", "storage.data_dir", self.data_dir.clone()),
            ("--log-format", "log.format", format),
        ];
        let short = short.into_iter().filter_map(|(flag, key, value)| {
            Some(Flag {
                flag: flag.to_owned(),
                key: key.to_owned(),
                value: value?,
            })
        });
        let set = self.set.iter().map(|(key, value)| Flag {
            flag: format!("--set {key}"),
            key: key.clone(),
            value: value.clone(),
        });
        Sources {
            file: self.config.clone(),
            environment,
            flags: short.chain(set).collect(),
        }
    }

    /// Reads the configuration, with the environment of this process; and where it came from, to read it again.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(&self) -> Result<(Config, Sources), ConfigError> {
        // Variables that are not UTF-8 cannot be settings, and other programs' variables are none of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let sources = self.sources(environment);
        Ok((Config::load(&sources)?, sources))
    }
}

/// Does what the command line asks for; `serve` runs the gateway.
///
/// # Errors
/// A configuration that is refused, or what `serve` reports.
pub fn run(
    cli: &Cli,
    serve: impl FnOnce(Config, Sources) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (config, sources) = cli.settings.load()?;
    match &cli.command {
        None | Some(Command::Serve) => serve(config, sources),
        Some(Command::CheckConfig) => {
            app::check(&config)?;
            let version = app::config_file::version(&config);
            println!("The configuration is accepted. Version: {version}.");
            Ok(())
        }
        Some(Command::Config(ConfigCommand::Print { .. })) => {
            print!("{}", config.to_redacted_toml()?);
            Ok(())
        }
        Some(Command::Config(ConfigCommand::Welcome)) => {
            print!("{}", config.welcome());
            Ok(())
        }
        Some(Command::Drain {
            within,
            rate,
            even_alone,
            no_wait,
        }) => {
            let order = DrainOrder {
                within_s: *within,
                per_s: *rate,
                even_alone: *even_alone,
            };
            app::drain::drain(&config, &order, !no_wait)
        }
        Some(Command::Undrain) => app::drain::undrain(&config),
        Some(Command::Triage(TriageCommand::Try {
            rules,
            since,
            agency,
            json,
        })) => {
            let trial = Trial {
                rules: rules.clone(),
                since_ms: *since,
                agency: agency.clone(),
                json: *json,
            };
            app::dry_run::run(&config, &trial)
        }
        Some(Command::Store(StoreCommand::Verify)) => app::store::verify(&config),
        Some(Command::Store(StoreCommand::Copy { target })) => app::store::copy(&config, target),
        Some(Command::Store(StoreCommand::AcceptDamage)) => app::store::accept_damage(&config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_what_happens_without_a_command() {
        let cli = Cli::try_parse_from(["callbox", "--set", "server.listen=127.0.0.1:0"])
            .expect("a command line");
        let mut port = None;
        run(&cli, |config, _| {
            port = Some(config.server.listen.port());
            Ok(())
        })
        .expect("served");
        assert_eq!(port, Some(0));
    }

    #[test]
    fn flags_may_stand_after_the_command() {
        let cli = Cli::try_parse_from([
            "callbox",
            "config",
            "print",
            "--redacted",
            "--data-dir",
            "/tmp/x",
        ])
        .expect("a command line");
        assert_eq!(
            cli.command,
            Some(Command::Config(ConfigCommand::Print { redacted: true }))
        );
        assert_eq!(cli.settings.data_dir.as_deref(), Some("/tmp/x"));
    }

    #[test]
    fn a_set_without_a_value_is_refused() {
        assert!(Cli::try_parse_from(["callbox", "--set", "server.listen"]).is_err());
    }
}
