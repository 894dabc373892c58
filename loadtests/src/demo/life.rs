//! One report of a made-up resident, from its beginning to its end.
//!
//! Owns: what is done when: writing, moving, photos, video, answers to asks, leaving. Must not: touch sockets. Called by: `demo`.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use callbox_proto::bytes::Bytes;
use callbox_proto::command::{Opening, ResidentCommand};
use callbox_proto::ids::CommandId;
use callbox_proto::vocabulary::{DeviceCan, Medium};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use tokio::time::Instant;

use super::city::{City, Ending, Story};
use super::photo;
use super::talk::{Heard, Talk};
use super::track::Track;
use super::upload::{self, Upload};
use crate::client::{Target, command_id, typed};

/// Characters typed between two packets of real-time text.
const TYPED_AT_ONCE: usize = 4;
/// Pause between these: inside the 300 ms that real-time text may be late.
const TYPING: Duration = Duration::from_millis(280);
/// Pause between two fixes of a moving device.
const FIX_EVERY: Duration = Duration::from_secs(4);
/// Pause between two looks at whether something is safe.
const LOOK: Duration = Duration::from_millis(200);
/// Seconds between two sentences.
const BETWEEN_S: Range<f64> = 5.0..18.0;
/// Seconds until somebody answers a question.
const ANSWER_S: Range<f64> = 2.0..7.0;
/// Seconds that residents stay after their last sentence.
const STAYS_S: Range<f64> = 180.0..480.0;
/// Seconds until those who leave early are gone.
const LEAVES_S: Range<f64> = 30.0..90.0;

/// A made-up resident.
#[derive(Debug)]
pub struct Resident {
    target: Target,
    city: Arc<City>,
    rng: StdRng,
    pace: f64,
}

/// Whether the session goes on.
#[derive(Debug, PartialEq, Eq)]
enum Still {
    Open,
    Over,
}

/// What a report carries along.
struct Report {
    talk: Talk,
    story: Story,
    track: Track,
    begun: Instant,
    shares_place: bool,
    next_fix: Instant,
    /// What was heard and is not answered yet.
    written_to: bool,
    asks: VecDeque<(CommandId, Medium)>,
}

impl Report {
    /// Listens until then, keeping what wants an answer for later.
    async fn listen(&mut self, until: Instant) -> Still {
        loop {
            match self.talk.hear(until).await {
                None => return Still::Open,
                Some(Heard::Over) => return Still::Over,
                Some(Heard::Text) => self.written_to = true,
                Some(Heard::Asked(ask, medium)) => self.asks.push_back((ask, medium)),
            }
        }
    }

    fn owes_an_answer(&self) -> bool {
        self.written_to || !self.asks.is_empty()
    }
}

impl Resident {
    /// A resident who lives at this pace.
    #[must_use]
    pub fn new(target: Target, city: Arc<City>, rng: StdRng, pace: f64) -> Self {
        Self {
            target,
            city,
            rng,
            pace,
        }
    }

    /// Tells a story to its end.
    ///
    /// # Errors
    /// When the story cannot be told at all; broken links are no errors.
    pub async fn report(&mut self, story: Story) -> Result<()> {
        let street = self.city.street(&story.street)?;
        let track = match story.near {
            Some(point) => Track::around(point, story.spread_m, &mut self.rng),
            None => Track::new(&street.points, story.speed_m_s, &mut self.rng),
        };
        let location = story.tells_place.then(|| track.fix(0.0, &mut self.rng));
        let opening = Opening {
            category: story.category,
            language: story.language.clone(),
            silent: story.silent,
            device: DeviceCan {
                video: story.is_open_to_live(),
                audio: story.is_open_to_live(),
                place: true,
            },
            contact: None,
            text: story.opening.clone(),
            location,
            test: false,
        };
        let mut report = Report {
            talk: Talk::new(self.target.clone(), opening)?,
            shares_place: story.tells_place,
            track,
            begun: Instant::now(),
            next_fix: Instant::now(),
            written_to: false,
            asks: VecDeque::new(),
            story,
        };
        if self.tell(&mut report).await? == Still::Open {
            self.end(&mut report).await;
        }
        Ok(())
    }

    async fn tell(&mut self, report: &mut Report) -> Result<Still> {
        let says = report.story.says.clone();
        let mut photos = report.story.photos;
        for sentence in says {
            if self.live(report, BETWEEN_S).await? == Still::Over {
                return Ok(Still::Over);
            }
            self.write(report, &sentence).await;
            if photos > 0 {
                photos -= 1;
                self.send_photo(report).await?;
            }
        }
        if report.story.films && !report.talk.sends(Medium::Video) {
            report
                .talk
                .send_live(Medium::Video, command_id(), None)
                .await;
        }
        let rest = match report.story.ending {
            Ending::Stays => STAYS_S,
            Ending::Leaves | Ending::QuickExit | Ending::Vanishes => LEAVES_S,
        };
        self.live(report, rest).await
    }

    async fn end(&mut self, report: &mut Report) {
        let quick_exit = match report.story.ending {
            Ending::Vanishes => return report.talk.vanish(),
            Ending::QuickExit => true,
            Ending::Leaves | Ending::Stays => {
                report.talk.stop_live().await;
                let goodbye = self.city.answers(&report.story.language);
                if let Ok(text) = goodbye.map(|answers| answers.goodbye.clone()) {
                    self.write(report, &text).await;
                }
                false
            }
        };
        let leave = ResidentCommand::Leave { quick_exit };
        report.talk.act(command_id(), leave).await;
        // The link stays until leaving is safe, or long enough for a gateway to come back.
        let until = Instant::now() + Duration::from_secs(30);
        report.listen(until).await;
    }

    /// Lets some seconds pass: listens, moves, answers.
    async fn live(&mut self, report: &mut Report, seconds: Range<f64>) -> Result<Still> {
        let until = Instant::now() + self.seconds(seconds);
        while Instant::now() < until {
            let moving = report.track.moves() && report.shares_place;
            if moving && report.next_fix <= Instant::now() {
                self.tell_place(report).await;
            }
            let step = if moving {
                report.next_fix
            } else {
                Instant::now() + FIX_EVERY
            };
            if report.listen(step.min(until)).await == Still::Over {
                return Ok(Still::Over);
            }
            if report.owes_an_answer() && self.answer(report).await? == Still::Over {
                return Ok(Still::Over);
            }
        }
        Ok(Still::Open)
    }

    /// Answers what was asked, or what was written, after a while.
    async fn answer(&mut self, report: &mut Report) -> Result<Still> {
        let until = Instant::now() + self.seconds(ANSWER_S);
        if report.listen(until).await == Still::Over {
            return Ok(Still::Over);
        }
        if let Some((ask, medium)) = report.asks.pop_front() {
            self.answer_ask(report, ask, medium).await?;
        } else if std::mem::take(&mut report.written_to) {
            let answers = &self.city.answers(&report.story.language)?.to_text;
            let text = answers.choose(&mut self.rng).cloned().unwrap_or_default();
            self.write(report, &text).await;
        }
        Ok(Still::Open)
    }

    /// Types a sentence, letter by letter, and sends it.
    async fn write(&mut self, report: &mut Report, text: &str) {
        let id = command_id();
        let letters: Vec<char> = text.chars().collect();
        let mut from = 0;
        for (part, packet) in (0u64..).zip(letters.chunks(TYPED_AT_ONCE)) {
            let packet_text = packet.iter().collect();
            report.talk.tell(&typed(id, part, from, packet_text)).await;
            from += packet.len() as u32;
            let until = Instant::now() + TYPING.div_f64(self.pace);
            if report.listen(until).await == Still::Over {
                return;
            }
        }
        let text = text.to_owned();
        report
            .talk
            .act(id, ResidentCommand::Text { text, age_ms: 0 })
            .await;
    }

    async fn answer_ask(
        &mut self,
        report: &mut Report,
        ask: CommandId,
        medium: Medium,
    ) -> Result<()> {
        let live = matches!(medium, Medium::Video | Medium::Audio);
        if live && report.story.is_open_to_live() {
            report.talk.send_live(medium, command_id(), Some(ask)).await;
            return Ok(());
        }
        let granted = matches!(medium, Medium::Place | Medium::Photo);
        let consent = ResidentCommand::Consent {
            medium,
            granted,
            ask: Some(ask),
        };
        report.talk.act(command_id(), consent).await;
        match medium {
            Medium::Place => {
                report.shares_place = true;
                self.tell_place(report).await;
            }
            Medium::Photo => self.send_photo(report).await?,
            Medium::Video | Medium::Audio => {
                let text = self.city.answers(&report.story.language)?.no_camera.clone();
                self.write(report, &text).await;
            }
        }
        Ok(())
    }

    async fn tell_place(&mut self, report: &mut Report) {
        report.next_fix = Instant::now() + FIX_EVERY.div_f64(self.pace);
        let seconds = report.begun.elapsed().as_secs_f64() * self.pace;
        let location = report.track.fix(seconds, &mut self.rng);
        report
            .talk
            .act(command_id(), ResidentCommand::Locate { location })
            .await;
    }

    /// Announces a photo and uploads it while the report goes on.
    async fn send_photo(&mut self, report: &mut Report) -> Result<()> {
        let Some((session, token)) = report.talk.upload_pass() else {
            return Ok(());
        };
        let (scenery, mut rng) = (report.story.scenery, self.rng.clone());
        self.rng.random::<u64>();
        let drawn = tokio::task::spawn_blocking(move || photo::take(scenery, &mut rng));
        let photo = drawn.await??;
        let id = command_id();
        let announce = ResidentCommand::AnnouncePhoto {
            media_type: "image/jpeg".to_owned(),
            size_bytes: photo.original.len() as u64,
            preview: Some(Bytes(photo.preview)),
            age_ms: 0,
        };
        report.talk.act(id, announce).await;
        // The announcement is safe before the upload names it.
        while !report.talk.is_safe(id) {
            let until = Instant::now() + LOOK;
            if report.listen(until).await == Still::Over {
                return Ok(());
            }
        }
        let upload = Upload {
            session,
            photo: id,
            token,
            original: photo.original,
        };
        let target = self.target.clone();
        tokio::spawn(async move {
            if let Err(error) = upload::send(&target, &upload).await {
                eprintln!("a made-up photo did not arrive: {error:#}");
            }
        });
        Ok(())
    }

    fn seconds(&mut self, range: Range<f64>) -> Duration {
        Duration::from_secs_f64(self.rng.random_range(range) / self.pace)
    }
}
