//! An asset in a batch, as its own run sees it.

use std::collections::BTreeMap;

use forebay_sdk::Error;
use forebay_sdk::assets::Asset;
use forebay_sdk::blocks::{Batching, paths};
use forebay_sdk::handler::RunEnded;

use super::intake::batch_key;
use super::{RESTART, Request, Steps};
use crate::DAM;
use crate::state::{
    InBatch, Join, LEAVE, Leave, Member, Phase, Place, PlannedStage, Review, Shared, State, TOLD,
    Told, Word,
};

impl Steps<'_> {
    /// Ask to be reviewed with the assets that share uploader, place and route. The review to be, and
    /// the labels by which operators find its batch.
    pub(crate) fn join_batch(
        &self,
        asset: &Asset,
        stages: Vec<PlannedStage>,
    ) -> Result<(Review, Vec<(String, String)>), Error> {
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
        let key = batch_key(self.config, self.cx.connection(DAM), &of.key);
        let join = Request::Join(Box::new(Join { of, member }));
        let run = self.cx.spawn(self.cx.flow(), &key, &join)?;
        let review = Review {
            process: String::new(),
            business_key: self.run_key(&ticket),
            version: asset.version.clone(),
            stages,
            started_at: self.cx.now(),
            excluded: self.excluded(asset),
            mirrored: Vec::new(),
            coordinated: false,
            tasks: BTreeMap::new(),
            batch: Some(InBatch {
                ticket,
                run,
                place: Place::Asked,
                decided: None,
            }),
        };
        Ok((review, vec![("batch".to_owned(), key)]))
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

    /// Why a run whose batch ended without a word about it parks.
    pub(crate) fn without_decision(&self, ended: &RunEnded) -> String {
        format!(
            "the batch ended without a decision about the asset: {}; send the signal `{RESTART}` and retry the run for another review, or cancel it",
            ended.summary
        )
    }

    /// Begin a review of the asset's own, by the stages that were planned.
    pub(crate) fn begin_own_review(&self, state: &mut State, asset: &Asset) -> Result<(), Error> {
        if let Some(review) = state.review() {
            let stages = review.stages.clone();
            state.phase = Phase::Review(self.start_process(state, asset, stages)?);
        }
        Ok(())
    }

    /// An asset in a batch leaves it for a review of its own.
    pub(crate) fn leave_batch(&self, state: &mut State, asset: &Asset) -> Result<(), Error> {
        let Some(batch) = state.review().and_then(|review| review.batch.as_ref()) else {
            return Ok(());
        };
        self.leave(
            &batch.ticket,
            &batch.run,
            "people decide about it in the DAM",
        )?;
        self.begin_own_review(state, asset)
    }

    /// An asset left meanwhile: whoever holds the review may not have heard of it.
    pub(crate) fn leave_late(&self, told: &Told) -> Result<(), Error> {
        match &told.word {
            Word::UnderReview { run, .. } => {
                self.leave(&told.ticket, run, "it left before the review began")
            }
            _ => Ok(()),
        }
    }

    /// Leave a batch, whoever has it now.
    pub(super) fn leave(&self, ticket: &str, run: &str, reason: &str) -> Result<(), Error> {
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

/// What people should know of an asset before they decide.
fn about(asset: &Asset) -> String {
    let links = asset.links.iter();
    let links = links.map(|link| format!("{}: {}", link.rel, link.href));
    let failure = asset.readiness.failure.iter();
    let failure = failure.map(|failure| format!("could not be processed: {failure}"));
    links.chain(failure).collect::<Vec<_>>().join(", ")
}
