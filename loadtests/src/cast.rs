//! Setting up a scene on gateways, over the public protocol: sessions opened, taken and followed.
//!
//! Owns: who is there and where they connect. Must not: measure. Called by: `route`, `growth`, `queue`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use callbox_proto::vocabulary::Category;

use crate::client::{self, Target, command_id, opening, source};
use crate::device::Device;
use crate::gateway::Gateway;
use crate::process;
use crate::scene::{Scene, Span};
use crate::seat::{ConsoleSeat, ResidentSeat};
use crate::texts::TextFrames;

/// People of the demo agency who take sessions.
pub const TELECOMMUNICATORS: [&str; 2] = ["tina", "tom"];
/// Consoles that one person may have open.
pub const CONSOLES_PER_PERSON_MAX: usize = 16;
/// What is set up.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    /// Residents, one session each.
    pub residents: usize,
    /// Consoles; the sessions are dealt out evenly.
    pub consoles: usize,
    /// Bytes of each text.
    pub text_bytes: usize,
}

/// Where a scene is set up: one gateway for everybody, or one for each side.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Where residents connect.
    pub residents: Target,
    /// Where consoles connect.
    pub consoles: Target,
    /// Server processes whose time counts.
    pub pids: Vec<u32>,
}

impl From<&Gateway> for Stage {
    fn from(gateway: &Gateway) -> Self {
        Self {
            residents: gateway.target.clone(),
            consoles: gateway.target.clone(),
            pids: vec![gateway.pid],
        }
    }
}

impl Cast {
    /// Opens the sessions, lets the consoles take all of them and follow each.
    ///
    /// # Errors
    /// When any step is refused or takes too long.
    pub async fn enter(self, stage: &Stage) -> Result<Scene> {
        let most = TELECOMMUNICATORS.len() * CONSOLES_PER_PERSON_MAX;
        ensure!(
            (1..=most).contains(&self.consoles),
            "1 to {most} consoles are possible"
        );
        ensure!(self.residents > 0, "a scene needs a resident");
        process::raise_open_files((self.residents + self.consoles + 64) as u64)?;
        let residents = self.residents(stage).await?;
        let mut consoles = self.consoles(stage).await?;
        take_all(&mut consoles, self.residents).await?;
        let mut scene = Scene::new(residents, consoles, stage.pids.clone());
        // What the consoles were sent while they took sessions is read here.
        let moment = Span::Time(Duration::ZERO, Duration::from_millis(300));
        scene.phase(0..0, 0, moment).await?;
        Ok(scene)
    }

    async fn residents(self, stage: &Stage) -> Result<Vec<ResidentSeat>> {
        let frames = TextFrames::new(stage.residents.encoding, self.text_bytes)?;
        let mut residents = Vec::with_capacity(self.residents);
        for index in 0..self.residents {
            let mut link = stage.residents.resident(Some(source(index))).await?;
            let welcome = client::greet_as_resident(&mut link, &Device::new()?).await?;
            let opened = client::open(&mut link, command_id(), opening(Category::Other)).await?;
            let (beat, frames) = (welcome.heartbeat, frames.clone());
            residents.push(ResidentSeat::new(link, index, beat, frames, opened.last));
        }
        Ok(residents)
    }

    async fn consoles(self, stage: &Stage) -> Result<Vec<ConsoleSeat>> {
        let mut tokens = Vec::new();
        for name in TELECOMMUNICATORS {
            tokens.push(client::sign_in(&stage.consoles, name).await?);
        }
        let mut consoles = Vec::with_capacity(self.consoles);
        for index in 0..self.consoles {
            let mut link = stage.consoles.staff().await?;
            let welcome = client::greet_as_staff(&mut link, &tokens[index % tokens.len()]).await?;
            consoles.push(ConsoleSeat::new(link, index, welcome.heartbeat));
        }
        Ok(consoles)
    }
}

/// Lets the consoles take sessions in turn until all are owned, then follow what they took. Entries begin to come with the
/// first follow, so nothing of them is read before the first phase.
async fn take_all(consoles: &mut [ConsoleSeat], sessions: usize) -> Result<()> {
    let mut taken = Vec::with_capacity(sessions);
    for number in 0..sessions {
        let index = number % consoles.len();
        let Some(session) = client::take_next(consoles[index].link()).await? else {
            bail!("only {number} of {sessions} sessions could be taken");
        };
        taken.push((index, session));
    }
    for (index, session) in taken {
        let followed = consoles[index].follow(session).await;
        followed.context("a session cannot be followed")?;
    }
    Ok(())
}
