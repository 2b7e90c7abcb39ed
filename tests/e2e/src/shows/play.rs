//! One show in a world of its own, from its trigger to its end.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::ensure;
use forebay_model::run::{Run, RunState};

use super::{Act, Answer, Books, Question, Show, config};
use crate::{HOUR, MINUTE, World};

/// Steps without anything happening after which time passes by the hour.
const PATIENCE: u32 = 5;

/// What came of a show.
#[derive(Clone, Debug)]
pub struct Played {
    /// The use case.
    pub id: &'static str,
    /// What started it.
    pub trigger: &'static str,
    /// Who decided what.
    pub decisions: Vec<String>,
    /// Outcome of its run.
    pub outcome: &'static str,
    /// What was written where.
    pub written: String,
    /// Time that passed on the virtual clock.
    pub took: Duration,
    /// What the simulators counted.
    pub books: Books,
}

/// Play a show. `tell` hears of each station: a word, and what happened.
///
/// # Errors
/// If it does not come to its end, or the end is not as it should be.
pub async fn play(show: &Show, tell: &mut dyn FnMut(&str, &str)) -> anyhow::Result<Played> {
    let world = World::start(config::setup(&[show], "")?).await?;
    show.furnish(&world);
    world.settle().await?;
    let began = world.clock_now();
    for frame in world.frames() {
        frame.recorder().clear();
    }
    let act = show.begin(&world, 1).await?;
    tell("trigger", show.trigger);
    let mut play = Play::new(show, act);
    let mut quiet = 0;
    while !play.look(&world, tell).await? {
        let passed = world.clock_now().since(began);
        ensure!(
            passed < show.limit(),
            "{} did not come to its end in {passed:?}; runs: {:#?}; open tasks: {:?}",
            show.id,
            play.runs,
            world.open_stages(),
        );
        let now = play.happened;
        quiet = if now == play.seen { quiet + 1 } else { 0 };
        play.seen = now;
        let step = if quiet < PATIENCE { MINUTE } else { HOUR };
        world.pass(step, step).await?;
    }
    let written = show.ending(&world, &play.act)?;
    tell("written", &written);
    Ok(Played {
        id: show.id,
        trigger: show.trigger,
        decisions: play.decisions,
        outcome: show.outcome,
        written,
        took: world.clock_now().since(began),
        books: Books::of(&world),
    })
}

struct Play<'a> {
    show: &'a Show,
    act: Act,
    /// Runs that were told of, with the state that was told.
    runs: BTreeSet<(String, RunState)>,
    /// Tasks that were answered.
    answered: BTreeSet<String>,
    decisions: Vec<String>,
    /// How much has happened, now and at the last look.
    happened: usize,
    seen: usize,
}

impl<'a> Play<'a> {
    fn new(show: &'a Show, act: Act) -> Self {
        Self {
            show,
            act,
            runs: BTreeSet::new(),
            answered: BTreeSet::new(),
            decisions: Vec::new(),
            happened: 0,
            seen: 0,
        }
    }

    /// Tell what happened, and let people answer; says whether this is the end.
    async fn look(
        &mut self,
        world: &World,
        tell: &mut dyn FnMut(&str, &str),
    ) -> anyhow::Result<bool> {
        world.settle().await?;
        let mut runs = world.runs().await?;
        runs.retain(|run| self.act.has(&run.business_key));
        for run in runs.iter().rev() {
            self.tell_of(run, tell);
        }
        let mut questions = world.questions();
        questions.retain(|question| self.act.asks(question));
        for question in &questions {
            self.put(world, question, tell)?;
        }
        Ok(questions.is_empty() && runs.iter().any(|run| self.show.is_goal(run)))
    }

    fn tell_of(&mut self, run: &Run, tell: &mut dyn FnMut(&str, &str)) {
        let key = &run.business_key;
        if self.runs.insert((run.id.to_string(), RunState::Pending)) {
            tell("run", key);
        }
        let parked = run.state == RunState::Parked;
        if (parked || !run.state.is_live()) && self.runs.insert((run.id.to_string(), run.state)) {
            let outcome = run.outcome.as_deref().unwrap_or(run.state.as_str());
            let why = run.park_reason.as_ref();
            let why = why.map(|why| format!(": {}", why.message));
            tell(
                "ended",
                &format!("{key}: {outcome}{}", why.unwrap_or_default()),
            );
        }
        self.happened = self.runs.len() + self.answered.len();
    }

    /// Put a task before the people of the show.
    fn put(
        &mut self,
        world: &World,
        question: &Question,
        tell: &mut dyn FnMut(&str, &str),
    ) -> anyhow::Result<()> {
        let task = &question.task;
        if self.answered.contains(&task.id) {
            return Ok(());
        }
        let Some(answer) = self.show.answer(world, &self.act, question)? else {
            return Ok(());
        };
        let words = match &answer {
            Answer::Decides {
                person, outcome, ..
            } => format!("{}: {outcome}", name(person)),
            Answer::Acts { person, deed } => format!("{} {deed}", name(person)),
        };
        tell("task", &format!("\"{}\"", task.name));
        world.reply(question, &answer)?;
        tell("decision", &words);
        self.decisions.push(words);
        self.answered.insert(task.id.clone());
        self.happened += 1;
        Ok(())
    }
}

/// What people call somebody whose mail address this is.
fn name(mail: &str) -> &str {
    mail.split('@').next().unwrap_or(mail)
}
