//! iconik-4: a cut is put up for review, a comment goes across, it is resolved, the cut approved.

use anyhow::ensure;
use forebay_simulators::iconik::NewAsset;

use super::{Act, Answer, Show};
use crate::{ANN, CARA, ICONIK};

/// Fields of the use case that the simulated tenant does not have.
const FIELDS: [&str; 5] = [
    "review_version",
    "review_round",
    "review_state",
    "reviewed_by",
    "reviewed_at",
];
/// What somebody notes at a time code.
const NOTE: &str = "Logo too small";

pub(super) const SHOW: Show = Show {
    id: "iconik-4",
    title: "production review",
    trigger: "webhook: a cut is put into the collection Review",
    example: include_str!("../../../../examples/iconik-production-review/forebay.toml"),
    changes: r#"config = { triggers = { action_ids = ["none of this tenant"] } }"#,
    settings: &[],
    furnish: |world| {
        world.engine.add_group("reviewers", &[ANN, CARA]);
        world.engine.add_group("post-production-leads", &[CARA]);
        world.add_iconik_fields(&FIELDS);
    },
    begin: |world, number| {
        let cut = NewAsset::new(&format!("cut-{number}.mov"), "frames", "uta")
            .with("asset_type", "library");
        let cut = world.iconik.add_asset(cut);
        let put = world.iconik.put_into("Review/Spring", &cut, "uta");
        ensure!(put, "{cut} cannot be put up for review");
        let at = Some(72_050);
        world.iconik.comment(&cut, "uta", NOTE, at, None);
        Ok(Act::iconik_asset(cut))
    },
    answer: |world, act, question| {
        let process = &question.process.id;
        let mut comments = world.engine.comments(process).into_iter();
        let across = comments.any(|comment| comment.message.contains(NOTE));
        if question.task.name != "Review" || !across {
            return Ok(None);
        }
        for comment in world.iconik.comments(act.iconik()?) {
            let id = comment["id"].as_str().unwrap_or_default();
            ensure!(world.iconik.resolve_comment(id, "uta", true));
        }
        Ok(Some(Answer::decides(ANN, "approve")))
    },
    outcome: "approved",
    ending: |world, act| {
        let asset = act.iconik()?;
        let state = world.iconik_field(asset, "review_state");
        ensure!(state == "approved", "review_state is `{state}`");
        let comments = world.iconik.comments(asset).len();
        ensure!(comments == 1, "{comments} comments on the asset");
        let processes = world
            .engine
            .processes(&format!("iconik-4:{ICONIK}:{asset}"));
        let across = processes.iter();
        let across = across.flat_map(|process| world.engine.comments(&process.id));
        let across = across.filter(|comment| comment.message.contains(NOTE));
        ensure!(across.count() == 1, "the comment is not there once");
        Ok(format!(
            "OpenText: the comment, once; iconik: review_state {state}"
        ))
    },
    limit: Show::SHORT,
};
