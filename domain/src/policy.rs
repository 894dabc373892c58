//! Policy: what an agency has decided about its queues, and which queue a session goes to.
//!
//! Owns: the agency's queues with their targets, the default queue, the choice between them, its area, its own questions, and how long it keeps photos and words. Must not: read files or
//! know the time. Called by: `session` (decisions), and `node` which holds one per agency and exchanges it when the
//! configuration changes.

use callbox_proto::field::FieldInfo;
use callbox_proto::ids::QueueId;
use callbox_proto::message::QueueInfo;
use callbox_proto::vocabulary::{Millis, Priority};

use crate::queue;
use crate::suspicion::Area;
use crate::triage::Rules;

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// An agency without queues cannot take a session.
    #[error("the agency has no queue")]
    NoQueue,
    /// The default queue is not among the queues.
    #[error("the default queue {0} is not among the agency's queues")]
    UnknownDefault(QueueId),
}

/// What of a session is kept for a time of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Material {
    /// Originals, copies and previews.
    Photos,
    /// What was written, and places.
    Words,
}

impl Material {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Photos, Self::Words];

    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Words => "words",
        }
    }
}

/// One agency's queues, rules and area.
#[derive(Debug, Clone)]
pub struct Policy {
    queues: Vec<QueueInfo>,
    default_queue: QueueId,
    rules: Rules,
    area: Option<Area>,
    report_link_ms: u64,
    photos_days: Option<u32>,
    words_days: Option<u32>,
    fields: Vec<FieldInfo>,
}

/// How long a link with which somebody reports lives unless the agency says otherwise: a call, and time to find the message.
pub const REPORT_LINK_MS: u64 = 30 * 60 * 1_000;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

impl Policy {
    /// Puts a policy together.
    ///
    /// # Errors
    /// [`PolicyError`] when there is no queue, or the default is not one of them.
    pub fn new(
        queues: Vec<QueueInfo>,
        default_queue: QueueId,
        rules: Rules,
    ) -> Result<Self, PolicyError> {
        if queues.is_empty() {
            return Err(PolicyError::NoQueue);
        }
        if !queues.iter().any(|q| q.queue == default_queue) {
            return Err(PolicyError::UnknownDefault(default_queue));
        }
        Ok(Self {
            queues,
            default_queue,
            rules,
            area: None,
            report_link_ms: REPORT_LINK_MS,
            photos_days: None,
            words_days: None,
            fields: Vec::new(),
        })
    }

    /// The same with other rules of triage.
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// The same with other settings of the queues.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_queues(
        self,
        queues: Vec<QueueInfo>,
        default_queue: QueueId,
    ) -> Result<Self, PolicyError> {
        let Self {
            queues,
            default_queue,
            rules,
            ..
        } = Self::new(queues, default_queue, self.rules)?;
        Ok(Self {
            queues,
            default_queue,
            rules,
            ..self
        })
    }

    /// The same with the area that the agency answers for.
    #[must_use]
    pub fn with_area(self, area: Option<Area>) -> Self {
        Self { area, ..self }
    }

    /// The same with another life of links with which somebody reports, in ms.
    #[must_use]
    pub fn with_report_link_ms(self, report_link_ms: u64) -> Self {
        Self {
            report_link_ms,
            ..self
        }
    }

    /// How long a link with which somebody reports lives, in ms.
    #[must_use]
    pub const fn report_link_ms(&self) -> u64 {
        self.report_link_ms
    }

    /// The same with the days after which this of closed sessions is deleted; `None` keeps it.
    #[must_use]
    pub fn with_days(mut self, material: Material, days: Option<u32>) -> Self {
        match material {
            Material::Photos => self.photos_days = days,
            Material::Words => self.words_days = days,
        }
        self
    }

    /// Days after which this of closed sessions is deleted; `None` where it is kept.
    #[must_use]
    pub const fn days(&self, material: Material) -> Option<u32> {
        match material {
            Material::Photos => self.photos_days,
            Material::Words => self.words_days,
        }
    }

    /// What of this was closed before this moment is deleted, where the agency's time for it is over at all.
    #[must_use]
    pub fn end_ms(&self, material: Material, now_ms: Millis) -> Option<Millis> {
        let days = u64::from(self.days(material)?);
        Some(now_ms.saturating_sub(days.saturating_mul(DAY_MS)))
    }

    /// The same with the agency's own questions.
    #[must_use]
    pub fn with_fields(self, fields: Vec<FieldInfo>) -> Self {
        Self { fields, ..self }
    }

    /// The agency's own questions.
    #[must_use]
    pub fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }

    /// The area that the agency answers for, where it has said so.
    #[must_use]
    pub const fn area(&self) -> Option<Area> {
        self.area
    }

    /// The agency's queues.
    #[must_use]
    pub fn queues(&self) -> &[QueueInfo] {
        &self.queues
    }

    /// The rules of triage.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether the agency has this queue.
    #[must_use]
    pub fn has_queue(&self, queue: &QueueId) -> bool {
        self.queues.iter().any(|q| &q.queue == queue)
    }

    /// The queue triage proposes if the agency has it, else the default: intake never fails over a name.
    #[must_use]
    pub fn queue_for(&self, proposed: Option<&QueueId>) -> QueueId {
        proposed
            .filter(|queue| self.has_queue(queue))
            .unwrap_or(&self.default_queue)
            .clone()
    }

    /// When an answer is due in this queue. A queue that is gone counts as the default queue.
    #[must_use]
    pub fn deadline(&self, queue: &QueueId, entered_ms: Millis, priority: Priority) -> Millis {
        let info = self
            .queues
            .iter()
            .find(|q| &q.queue == queue)
            .or_else(|| self.queues.iter().find(|q| q.queue == self.default_queue));
        info.map_or(entered_ms, |info| {
            queue::deadline(entered_ms, priority, &info.targets_ms)
        })
    }
}
