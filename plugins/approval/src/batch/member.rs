//! An asset in a batch, as its own run sees it.

use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Batching, paths};
use forebay_sdk::handler::{EffectMode, RunEnded, Signal};
use forebay_sdk::{Error, Step};

use super::{GATHERED, InBatch, Join, LEAVE, Leave, Member, Place, Shared, TOLD, Told, Word};
use crate::admit::{Request, batch_key};
use crate::course::{Course, Next};
use crate::state::{Phase, PlannedStage, Review, State};

impl Course<'_> {
    /// Ask to be reviewed with the assets that share uploader, place and route.
    pub(crate) fn join_batch(
        &self,
        mut state: State,
        asset: &Asset,
        stages: Vec<PlannedStage>,
    ) -> Next {
        let ticket = self.cx.random_id();
        let member = Member {
            ticket: ticket.clone(),
            run: self.cx.run_id().to_owned(),
            asset: asset.id.clone(),
            name: asset.name.clone(),
            version: asset.version.clone(),
            about: about(asset),
            excluded: self.excluded(asset),
        };
        let of = self.shared(asset, stages.clone())?;
        let key = batch_key(self.config, self.cx.connection(crate::DAM), &of.key);
        let join = Request::Join(Box::new(Join { of, member }));
        let run = self.cx.spawn(self.cx.flow(), &key, &join)?;
        if self.cx.mode() == EffectMode::Observe {
            let summary = format!("\"{}\" would have been reviewed in a batch", state.name);
            return Ok(Step::complete(state, "observed", summary));
        }
        state.phase = Phase::Review(Review {
            process: String::new(),
            business_key: self.run_key(&ticket),
            version: asset.version.clone(),
            stages,
            started_at: self.cx.now(),
            excluded: self.excluded(asset),
            mirrored: Vec::new(),
            coordinated: false,
            tasks: std::collections::BTreeMap::new(),
            batch: Some(InBatch {
                ticket,
                run,
                place: Place::Asked,
                decided: None,
            }),
        });
        Ok(self.wait(state)?.label("batch", key))
    }

    /// What the assets of a batch have in common.
    fn shared(&self, asset: &Asset, stages: Vec<PlannedStage>) -> Result<Shared, Error> {
        let held_back = &self.config.hold.remove_from_collections;
        let mut places = paths(asset);
        places.retain(|path| !held_back.contains(path));
        places.sort();
        let place = places.join(", ");
        let uploader = asset.created_by.clone().unwrap_or_default();
        let route: Vec<_> = stages
            .iter()
            .map(|stage| {
                let groups = stage.groups.iter();
                let groups = groups.map(|group| (&group.group, &group.sla));
                (&stage.name, groups.collect::<Vec<_>>())
            })
            .collect();
        let route = serde_json::to_string(&route);
        let route = route.map_err(|error| Error::invalid(error.to_string()))?;
        Ok(Shared {
            key: Batching::key(&[&uploader, &place, &route]),
            place,
            uploader,
            stages,
        })
    }

    /// The batch has something to tell.
    pub(crate) fn batch_tells(&self, mut state: State, signal: &Signal) -> Next {
        let told: Told = signal.data()?;
        let Some((review, batch)) = state.in_batch(&told.ticket) else {
            // It left meanwhile, and whoever holds the review may not have heard of it.
            if let Word::UnderReview { run, .. } = told.word {
                self.leave(&told.ticket, &run, "it left before the review began")?;
            }
            return self.look_again(state);
        };
        match told.word {
            Word::Gathered => batch.place = Place::Gathered,
            Word::Alone => return self.review_alone(state),
            Word::UnderReview { run, process } => {
                batch.run = run;
                batch.place = Place::UnderReview;
                *review = process;
            }
            Word::Decided(process) => batch.decided = Some(process),
            Word::TimedOut { stage, group } => return self.timed_out(state, &stage, &group),
        }
        self.follow(state)
    }

    /// The run that gathered or reviewed has ended. What it had to tell came before.
    pub(crate) fn batch_ended(&self, mut state: State, ended: &RunEnded) -> Next {
        let batch = state.batch_mut().filter(|batch| batch.run == ended.run);
        match batch {
            None => self.look_again(state),
            Some(batch) if batch.decided.is_some() => self.follow(state),
            Some(batch) if batch.place == Place::Asked => {
                // The window closed before the wish was read.
                state.phase = Phase::New;
                self.look_again(state)
            }
            Some(batch) if batch.place == Place::Gathered && ended.outcome == GATHERED => {
                batch.place = Place::HandedOver;
                self.wait(state)
            }
            Some(_) => {
                let reason = format!(
                    "the batch ended without a decision about the asset: {}; send the signal `restart` and retry the run for another review, or cancel it",
                    ended.summary
                );
                Ok(Step::park(state, reason))
            }
        }
    }

    /// Look at what the batch decided, if it did.
    pub(crate) fn follow_batch(&self, state: State, batch: &InBatch) -> Next {
        let Some(process) = &batch.decided else {
            return self.wait(state);
        };
        match self.present(&state)? {
            Some(asset) => self.decided(state, &asset, process),
            None => self.gone(state),
        }
    }

    /// Nobody else came within the window.
    fn review_alone(&self, mut state: State) -> Next {
        let Some(asset) = self.present(&state)? else {
            return self.gone(state);
        };
        match &state.phase {
            Phase::Review(review) if review.version == asset.version => {
                let stages = review.stages.clone();
                state.phase = Phase::Review(self.start_process(&state, &asset, stages)?);
                self.follow(state)
            }
            _ => {
                state.phase = Phase::New;
                self.enter(state, &asset, false)
            }
        }
    }

    /// Leave the batch, whoever has it now.
    pub(crate) fn leave_batch(&self, batch: &InBatch, reason: &str) -> Result<(), Error> {
        self.leave(&batch.ticket, &batch.run, reason)
    }

    fn leave(&self, ticket: &str, run: &str, reason: &str) -> Result<(), Error> {
        let leave = Leave {
            ticket: ticket.to_owned(),
            reason: reason.to_owned(),
        };
        self.cx.signal(run, LEAVE, &leave)
    }

    /// Tell the run of an asset.
    pub(super) fn tell_member(&self, member: &Member, word: Word) -> Result<(), Error> {
        let told = Told {
            ticket: member.ticket.clone(),
            word,
        };
        self.cx.signal(&member.run, TOLD, &told)
    }
}

impl State {
    /// The batch the asset is in.
    fn batch_mut(&mut self) -> Option<&mut InBatch> {
        match &mut self.phase {
            Phase::Review(review) => review.batch.as_mut(),
            _ => None,
        }
    }

    /// The batch that knows the asset by this ticket, and the process of its review.
    fn in_batch(&mut self, ticket: &str) -> Option<(&mut String, &mut InBatch)> {
        let Phase::Review(Review { process, batch, .. }) = &mut self.phase else {
            return None;
        };
        let batch = batch.as_mut().filter(|batch| batch.ticket == ticket)?;
        Some((process, batch))
    }
}

/// What people should know of an asset before they decide.
fn about(asset: &Asset) -> String {
    let links = asset.links.iter();
    let links = links.map(|link| format!("{}: {}", link.rel, link.href));
    let failure = asset.readiness.failure.iter();
    let failure = failure.map(|failure| format!("could not be processed: {failure}"));
    links.chain(failure).collect::<Vec<_>>().join(", ")
}
