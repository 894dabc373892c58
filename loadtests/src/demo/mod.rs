//! `demo`: made-up residents of a made-up city, who report until they are stopped.
//!
//! Owns: the residents' number and their beginning. Must not: end because a gateway is away: they come back with it. Called
//! by: `main`.

mod city;
mod clip;
mod life;
mod photo;
mod talk;
mod track;
mod upload;
mod video;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use callbox_proto::codec::Encoding;
use clap::Args;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::task::JoinSet;

use crate::client::Target;
use city::City;
use life::Resident;

/// Residents that begin in the same minute: a living queue, not a storm.
const ARRIVALS_PER_MINUTE: u32 = 8;
/// Pause before a resident whose task has failed begins anew.
const AFTER_FAULT: Duration = Duration::from_secs(5);

/// Made-up residents of a made-up city, until stopped
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Where the gateway listens
    #[arg(long, default_value = "http://127.0.0.1:8911")]
    url: String,
    /// How many residents live in the city
    #[arg(long, default_value_t = 12)]
    residents: u32,
    /// One seed is one city life; printed at the start
    #[arg(long)]
    seed: Option<u64>,
    /// The city's data; built in where left out
    #[arg(long, value_name = "FILE")]
    city: Option<PathBuf>,
    /// How much faster than life
    #[arg(long, default_value_t = 1.0)]
    pace: f64,
}

impl Demo {
    /// Runs until the program is stopped.
    ///
    /// # Errors
    /// When the city cannot be read or the address is none. A gateway that is away is no error.
    pub async fn run(&self) -> Result<()> {
        ensure!(self.residents > 0, "a city needs residents");
        ensure!(
            self.pace > 0.0 && self.pace.is_finite(),
            "the pace is a positive number"
        );
        let city = Arc::new(match &self.city {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                City::read(&text).with_context(|| path.display().to_string())?
            }
            None => City::built_in(),
        });
        let target = Target::parse(&self.url)?;
        let seed = self.seed.unwrap_or_else(rand::random);
        println!(
            "{} residents of {} report to {} (seed {seed}); stop with Ctrl-C",
            self.residents, city.name, self.url
        );
        let mut lives = JoinSet::new();
        for index in 0..self.residents {
            lives.spawn(self.life(index, seed, target.clone(), Arc::clone(&city)));
        }
        tokio::signal::ctrl_c()
            .await
            .context("Ctrl-C cannot be heard")?;
        lives.shutdown().await;
        Ok(())
    }

    /// One resident, for ever: a fault in one report ends that report only.
    fn life(
        &self,
        index: u32,
        seed: u64,
        mut target: Target,
        city: Arc<City>,
    ) -> impl Future<Output = ()> + Send + 'static {
        // Every other one speaks JSON, as a page might.
        target.encoding = Encoding::ALL[index as usize % Encoding::ALL.len()];
        let arrival = Duration::from_secs(60) / ARRIVALS_PER_MINUTE * index;
        let (pace, arrival) = (self.pace, arrival.div_f64(self.pace));
        async move {
            tokio::time::sleep(arrival).await;
            for report in 0u64.. {
                let rng = StdRng::seed_from_u64(seed ^ (u64::from(index) << 32) ^ report);
                let mut resident = Resident::new(target.clone(), Arc::clone(&city), rng, pace);
                // A number without common factors with most counts, so that a resident tells another story each time.
                let story = city.story(u64::from(index) + report * 5);
                let told = tokio::spawn(async move { resident.report(story).await }).await;
                match told {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => eprintln!("resident {index}: {error:#}"),
                    Err(error) => eprintln!("resident {index}: {error}"),
                }
                tokio::time::sleep(AFTER_FAULT).await;
            }
        }
    }
}
