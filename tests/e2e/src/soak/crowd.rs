//! The shows that are under way, and the people in them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use forebay_model::Timestamp;
use forebay_model::run::{Run, RunState};

use super::chance::Chance;
use crate::shows::{ALL, Act, Answer, Question, Show};
use crate::{DAY, HOUR, World};

/// In so many of a thousand steps somebody who has a task gets round to it.
const DILIGENCE: u64 = 700;

/// A show under way.
struct Under {
    show: &'static Show,
    act: Act,
    began: Timestamp,
    /// How its runs stood when they were last seen.
    runs: BTreeMap<String, String>,
    /// Its run had the outcome at this time.
    ended: Option<Timestamp>,
}

/// All that is under way.
#[derive(Default)]
pub(super) struct Crowd {
    under_way: BTreeMap<u32, Under>,
    /// What stands in the keys of which.
    marks: BTreeMap<String, u32>,
    /// Tasks that somebody has dealt with.
    answered: HashSet<String>,
    begun: u32,
    /// Shows that came to their end, by use case.
    pub(super) ended: BTreeMap<&'static str, u32>,
    /// Decisions of people.
    pub(super) decisions: u64,
    /// What is not as it should be.
    pub(super) problems: Vec<String>,
}

impl Crowd {
    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// How many have begun.
    pub(super) fn begun(&self) -> u32 {
        self.begun
    }

    /// Begin any show.
    ///
    /// # Errors
    /// If a vendor does not take what a person does.
    pub(super) async fn begin(&mut self, world: &World, chance: &mut Chance) -> anyhow::Result<()> {
        let Some(show) = chance.one_of(&ALL) else {
            return Ok(());
        };
        self.begun += 1;
        let act = show.begin(world, self.begun).await?;
        for mark in &act.marks {
            self.marks.insert(mark.clone(), self.begun);
        }
        let under = Under {
            show,
            act,
            began: world.clock_now(),
            runs: BTreeMap::new(),
            ended: None,
        };
        self.under_way.insert(self.begun, under);
        Ok(())
    }

    /// People answer what lies in their inboxes, those who get round to it.
    ///
    /// # Errors
    /// If a vendor does not take what a person does.
    pub(super) fn answer(&mut self, world: &World, chance: &mut Chance) -> anyhow::Result<()> {
        for question in world.questions() {
            if self.answered.contains(&question.task.id) || !chance.permille(DILIGENCE) {
                continue;
            }
            let Some(answer) = self.answer_to(world, &question)? else {
                continue;
            };
            world.reply(&question, &answer)?;
            self.decisions += 1;
            self.answered.insert(question.task.id);
        }
        Ok(())
    }

    fn answer_to(&self, world: &World, question: &Question) -> anyhow::Result<Option<Answer>> {
        if let Some(number) = self.number_of(question) {
            let under = &self.under_way[&number];
            return under.show.answer(world, &under.act, question);
        }
        let key = question.process.business_key.as_deref().unwrap_or_default();
        let show = ALL.into_iter().find(|show| show.owns(key));
        // Nobody needs an answer that only somebody of a show could give.
        Ok(show.and_then(|show| {
            let answer = show.answer(world, &Act::default(), question);
            answer.ok().flatten()
        }))
    }

    fn number_of(&self, question: &Question) -> Option<u32> {
        let key = question.process.business_key.as_deref().unwrap_or_default();
        let mut words = key.split(':').chain([question.process.id.as_str()]);
        let number = words.find_map(|word| self.marks.get(word).copied())?;
        self.under_way.contains_key(&number).then_some(number)
    }

    /// Look what came of the shows; `runs` are all there are.
    pub(super) fn look(&mut self, world: &World, runs: &[Run]) {
        let now = world.clock_now();
        for run in runs {
            let mut words = run.business_key.split(':');
            let number = words.find_map(|word| self.marks.get(word));
            let under = number.and_then(|number| self.under_way.get_mut(number));
            let Some(under) = under.filter(|under| under.show.owns(&run.business_key)) else {
                continue;
            };
            let stands = run.outcome.as_deref().unwrap_or(run.state.as_str());
            under
                .runs
                .insert(run.business_key.clone(), stands.to_owned());
            if under.ended.is_none() && under.show.is_goal(run) {
                under.ended = Some(now);
            }
        }
        let open: BTreeSet<u32> = world
            .questions()
            .iter()
            .filter_map(|question| self.number_of(question))
            .collect();
        let numbers: Vec<u32> = self.under_way.keys().copied().collect();
        for number in numbers {
            if let Some(done) = self.verdict(world, number, open.contains(&number)) {
                self.dismiss(number, done);
            }
        }
    }

    /// Is a show over, and how? It may need a while after its run has ended: faults hold up others of
    /// its runs, too.
    fn verdict(&self, world: &World, number: u32, asks: bool) -> Option<Result<(), String>> {
        let under = &self.under_way[&number];
        let now = world.clock_now();
        let late = now.since(under.began) > under.show.limit().saturating_mul(2) + DAY;
        let words = |why: String| {
            let (id, marks, runs) = (under.show.id, &under.act.marks, &under.runs);
            format!(
                "{id} {marks:?} of {}: {why}; its runs: {runs:?}",
                under.began
            )
        };
        match under.ended {
            None if late => Some(Err(words("its trigger led to no end".to_owned()))),
            Some(_) if asks && late => Some(Err(words("a question stays open".to_owned()))),
            Some(ended) if !asks && now.since(ended) >= HOUR => {
                match under.show.ending(world, &under.act) {
                    Ok(_) => Some(Ok(())),
                    Err(error) if late => Some(Err(words(format!("{error:#}")))),
                    Err(_) => None,
                }
            }
            _ => None,
        }
    }

    fn dismiss(&mut self, number: u32, done: Result<(), String>) {
        let Some(under) = self.under_way.remove(&number) else {
            return;
        };
        self.marks.retain(|_, other| *other != number);
        match done {
            Ok(()) => *self.ended.entry(under.show.id).or_default() += 1,
            Err(why) => self.problems.push(why),
        }
    }
}

/// Does a live run wait for something legitimate: people, an event, a time?
pub(super) fn is_legitimate(run: &Run) -> bool {
    !run.state.is_live() || run.state == RunState::Waiting
}
