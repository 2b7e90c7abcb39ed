//! The fourteen use cases as short plays: what triggers each, what people answer, what is true at
//! the end.
//!
//! A [`Show`] is a table entry: the flow of `examples/` that it runs ([`config`]), how the vendors
//! are furnished for it, its trigger, the answers of its people and the state it ends in. [`play()`]
//! plays one in a world of its own; the soak ([`crate::soak`]) plays thousands of all kinds in one.
//! [`books`] counts what the simulators wrote down. One file per use case; no vendor is called here
//! but through what a person could do at it.

mod books;
mod canto_1;
mod canto_2;
mod canto_3;
mod canto_4;
mod canto_5;
mod canto_6;
mod canto_7;
mod config;
mod iconik_1;
mod iconik_2;
mod iconik_3;
mod iconik_4;
mod iconik_5;
mod iconik_6;
mod iconik_7;
mod play;

use std::time::Duration;

use anyhow::Context as _;
use forebay_model::run::Run;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::opentext::{Process, Task};
use serde_json::Value;

pub use self::books::Books;
pub(crate) use self::books::{collections_made_twice, links_made_twice, processes_started_twice};
pub(crate) use self::config::setup;
pub use self::play::{Played, play};
use crate::{Asset, DAY, World};

/// Who asks for assets, uploads them, and hears of them.
const RITA: &str = "uploader@example.test";
/// Works at the ingest desk and reviews media.
const EVA: &str = "eva@example.test";

/// All shows, in the order of the use cases.
pub const ALL: [&Show; 14] = [
    &canto_1::SHOW,
    &canto_2::SHOW,
    &canto_3::SHOW,
    &canto_4::SHOW,
    &canto_5::SHOW,
    &canto_6::SHOW,
    &canto_7::SHOW,
    &iconik_1::SHOW,
    &iconik_2::SHOW,
    &iconik_3::SHOW,
    &iconik_4::SHOW,
    &iconik_5::SHOW,
    &iconik_6::SHOW,
    &iconik_7::SHOW,
];

/// A use case as a play.
pub struct Show {
    /// The use case, `canto-1`; also the first part of its business keys.
    pub id: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What starts it, in a few words.
    pub trigger: &'static str,
    /// The configuration that operators are given as an example.
    example: &'static str,
    /// What is called otherwise at the simulated tenants, TOML that is laid over the example's flow.
    changes: &'static str,
    /// Settings that the connections need for it.
    settings: &'static [(&'static str, &'static str)],
    /// Users, groups, templates and fields; once per world.
    furnish: fn(&World),
    /// Put assets where they belong and pull the trigger. The number makes names unique.
    begin: fn(&World, u32) -> anyhow::Result<Act>,
    /// What a person answers to a task; none if nobody answers it.
    answer: fn(&World, &Act, &Question) -> anyhow::Result<Option<Answer>>,
    /// Outcome of the run that the show is about.
    outcome: &'static str,
    /// Check what is true at the end; tells what was written where.
    ending: fn(&World, &Act) -> anyhow::Result<String>,
    /// The most time it may take on the virtual clock.
    limit: Duration,
}

/// A show that has begun.
#[derive(Clone, Debug, Default)]
pub struct Act {
    /// Words that stand in the business keys of its runs and processes, or ids of processes.
    pub marks: Vec<String>,
    /// The assets it is about.
    pub assets: Vec<Asset>,
    /// Input to start the flow with, where the trigger is a request.
    pub request: Option<Value>,
}

/// A task that is open, with its process.
#[derive(Clone, Debug)]
pub struct Question {
    /// The process.
    pub process: Process,
    /// The task.
    pub task: Task,
}

/// What a person does about a task.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Completes it.
    Decides {
        /// Who.
        person: &'static str,
        /// The outcome.
        outcome: &'static str,
        /// What the form is filled in with.
        form: Vec<(&'static str, String)>,
    },
    /// Does at the DAM what the task asks for; it closes by itself.
    Acts {
        /// Who.
        person: &'static str,
        /// What.
        deed: &'static str,
    },
}

impl Question {
    /// Somebody reads a notice that is theirs.
    fn acknowledged(&self, person: &'static str) -> Option<Answer> {
        let theirs = self.task.assignee.as_deref() == Some(person);
        let notice = self.process.definition == "forebayNotice";
        (theirs && notice).then(|| Answer::decides(person, "acknowledged"))
    }
}

impl Answer {
    /// A person completes the task.
    fn decides(person: &'static str, outcome: &'static str) -> Self {
        Self::Decides {
            person,
            outcome,
            form: Vec::new(),
        }
    }

    /// With a field of the form filled in.
    fn with(mut self, field: &'static str, value: impl Into<String>) -> Self {
        if let Self::Decides { form, .. } = &mut self {
            form.push((field, value.into()));
        }
        self
    }
}

impl Show {
    /// Longest time most shows need: their people answer at once.
    const SHORT: Duration = DAY;

    /// Does a business key belong to this use case?
    #[must_use]
    pub fn owns(&self, key: &str) -> bool {
        let rest = key.strip_prefix(self.id);
        rest.is_some_and(|rest| rest.starts_with([':', '/']))
    }

    /// Begin: furnish what this one needs and pull the trigger.
    ///
    /// # Errors
    /// If a vendor does not take what a person does.
    pub async fn begin(&self, world: &World, number: u32) -> anyhow::Result<Act> {
        let act = (self.begin)(world, number).with_context(|| format!("{} begins", self.id))?;
        if let Some(input) = &act.request {
            world.start_over_rest(&self.flow()?, input).await?;
        }
        Ok(act)
    }

    /// Users, groups, templates and fields, once per world.
    pub fn furnish(&self, world: &World) {
        (self.furnish)(world);
    }

    /// What a person answers; the caller asks once for each task until there is an answer.
    ///
    /// # Errors
    /// If a vendor does not take what a person does.
    pub fn answer(
        &self,
        world: &World,
        act: &Act,
        question: &Question,
    ) -> anyhow::Result<Option<Answer>> {
        (self.answer)(world, act, question)
            .with_context(|| format!("{}: task {}", self.id, question.task.name))
    }

    /// Has this run the outcome that the show is about?
    #[must_use]
    pub fn is_goal(&self, run: &Run) -> bool {
        run.outcome.as_deref() == Some(self.outcome)
    }

    /// Check the end; tells what was written where.
    ///
    /// # Errors
    /// If it is not as it should be.
    pub fn ending(&self, world: &World, act: &Act) -> anyhow::Result<String> {
        (self.ending)(world, act).with_context(|| format!("{} ends", self.id))
    }

    /// The most time it may take on the virtual clock.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

impl Act {
    /// About one asset of Canto.
    fn canto_asset(asset: ContentId) -> Self {
        Self {
            marks: vec![asset.to_string()],
            assets: vec![Asset::Canto(asset)],
            request: None,
        }
    }

    /// About one asset of iconik.
    fn iconik_asset(asset: String) -> Self {
        Self {
            marks: vec![asset.clone()],
            assets: vec![Asset::Iconik(asset)],
            request: None,
        }
    }

    /// Also known by this word.
    fn known_by(mut self, mark: impl Into<String>) -> Self {
        self.marks.push(mark.into());
        self
    }

    /// Is a run of this business key part of it?
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        key.split(':')
            .any(|part| self.marks.iter().any(|mark| mark == part))
    }

    /// Is a task part of it?
    #[must_use]
    pub fn asks(&self, question: &Question) -> bool {
        let process = &question.process;
        let key = process.business_key.as_deref().unwrap_or_default();
        self.marks.contains(&process.id) || self.has(key)
    }

    /// Its first asset, in Canto.
    fn canto(&self) -> anyhow::Result<&ContentId> {
        match self.assets.first() {
            Some(Asset::Canto(id)) => Ok(id),
            _ => anyhow::bail!("the show has no asset in Canto"),
        }
    }

    /// Its first asset, in iconik.
    fn iconik(&self) -> anyhow::Result<&str> {
        match self.assets.first() {
            Some(Asset::Iconik(id)) => Ok(id),
            _ => anyhow::bail!("the show has no asset in iconik"),
        }
    }
}
