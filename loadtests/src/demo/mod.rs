//! `demo`: made-up residents of a made-up city, who report until they are stopped.
//!
//! Owns: the acts of the city's day, the residents' number and their beginning. Must not: end because a gateway is away: they come back with it. Called
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
use tokio::time::{Instant, sleep_until};

use crate::client::Target;
use city::{Act, City, Story};
use life::Resident;

/// Made-up residents of a made-up city, until stopped: a quiet hour, a fire, a silent call, a call that the world copies, and again
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Where the gateway listens
    #[arg(long, default_value = "http://127.0.0.1:8911")]
    url: String,
    /// Most reports at the same time; further ones wait for the next act
    #[arg(long, default_value_t = 48)]
    residents: u32,
    /// One seed is one city life; printed at the start
    #[arg(long)]
    seed: Option<u64>,
    /// The city's data; built in where left out
    #[arg(long, value_name = "FILE")]
    city: Option<PathBuf>,
    /// Begins the first day with this act; the first one where left out
    #[arg(long, value_name = "ID")]
    act: Option<String>,
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
        if let Some(id) = &self.act {
            let known = city.acts.iter().any(|act| act.id == *id);
            ensure!(known, "{} has no act {id}", city.name);
        }
        let target = Target::parse(&self.url)?;
        let seed = self.seed.unwrap_or_else(rand::random);
        println!(
            "Made-up residents of {} report to {} (seed {seed}); stop with Ctrl-C",
            city.name, self.url
        );
        let mut stage = Stage {
            demo: self,
            target,
            city: &city,
            seed,
            told: 0,
            lives: JoinSet::new(),
        };
        tokio::select! {
            () = stage.play() => {}
            stopped = tokio::signal::ctrl_c() => stopped.context("Ctrl-C cannot be heard")?,
        }
        stage.lives.shutdown().await;
        Ok(())
    }
}

/// The city's day while it is played.
struct Stage<'a> {
    demo: &'a Demo,
    target: Target,
    city: &'a Arc<City>,
    seed: u64,
    /// Reports so far: each has a number, and with it its own chance.
    told: u64,
    lives: JoinSet<()>,
}

impl Stage<'_> {
    /// One act after another, for ever. What is over is let go, and no more than so many report at once: it does not grow.
    async fn play(&mut self) {
        let acts = self.city.acts.len();
        let first = |act: &Act| Some(&act.id) == self.demo.act.as_ref();
        let skipped = self.city.acts.iter().position(first).unwrap_or(0);
        for day in 0u64.. {
            let skipped = if day == 0 { skipped } else { 0 };
            for (place, act) in self.city.acts.iter().enumerate().skip(skipped) {
                println!("Act {} of {acts}: {}. {}", place + 1, act.title, act.words);
                self.act(act, day).await;
            }
        }
    }

    async fn act(&mut self, act: &Act, day: u64) {
        let begun = Instant::now();
        let between = self.paced(act.arrive_s) / act.reports;
        for report in 0..act.reports {
            sleep_until(begun + between * report).await;
            while self.lives.try_join_next().is_some() {}
            // Another day begins with another story, so that days differ.
            let n = day.wrapping_mul(5).wrapping_add(u64::from(report));
            if self.lives.len() < self.demo.residents as usize
                && let Some(story) = self.city.story(act, n)
            {
                let life = self.life(story);
                self.lives.spawn(life);
            }
        }
        sleep_until(begun + self.paced(act.lasts_s)).await;
    }

    fn paced(&self, seconds: u32) -> Duration {
        Duration::from_secs(seconds.into()).div_f64(self.demo.pace)
    }

    /// One report from its beginning to its end; a fault ends that report only.
    fn life(&mut self, story: Story) -> impl Future<Output = ()> + Send + 'static {
        let number = self.told;
        self.told += 1;
        let mut target = self.target.clone();
        // Every other one speaks JSON, as a page might.
        target.encoding = Encoding::ALL[(number % Encoding::ALL.len() as u64) as usize];
        let rng = StdRng::seed_from_u64(self.seed ^ (number << 20));
        let mut resident = Resident::new(target, Arc::clone(self.city), rng, self.demo.pace);
        async move {
            if let Err(error) = resident.report(story).await {
                eprintln!("report {number}: {error:#}");
            }
        }
    }
}
