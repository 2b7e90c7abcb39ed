//! iconik-1 with batches: what arrives within a window is reviewed together. The acceptance scenario of
//! the use case about it.

use forebay_e2e::{CARA, MINUTE, World};
use forebay_model::run::RunState;

use crate::iconik_1_intake_review::{EVA, FLOW, NAME, ingest, world_of};

/// The review of a batch.
const BATCH: &str = "assetApprovalBatch";

/// The number a clip has in the list that people see.
fn number_of(world: &World, title: &str) -> String {
    let process = world.processes_of(BATCH).remove(0);
    let list = process.variables.iter().find(|one| one.name == "assets");
    let list = list.unwrap().value.as_str().unwrap().to_owned();
    let line = list.lines().find(|line| line.contains(title)).unwrap();
    line.split_once('.').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_1_intake_review_6_one_process_decides_about_sixty_clips() {
    let world = world_of(&format!("{FLOW}\nbatch = {{ enabled = true }}\n")).await;
    let titles: Vec<_> = (1..=60)
        .map(|number| format!("clip-{number:02}.mov"))
        .collect();
    // All arrive at the same instant, which no vendor would bear.
    world.lift_rates();
    let clips: Vec<_> = titles.iter().map(|title| ingest(&world, title)).collect();
    world.settle().await.unwrap();
    world.pass(10 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(
        world.open_stages(),
        ["technical"],
        "one task for all of them"
    );
    for clip in &clips {
        assert_eq!(
            world.iconik_access(clip),
            ["reviewers"],
            "each is protected"
        );
    }

    let (dark, silent) = (
        number_of(&world, &titles[6]),
        number_of(&world, &titles[30]),
    );
    let two = format!("{dark}, {silent}");
    let why = [
        ("items", two.as_str()),
        ("reasonCode", "QUALITY"),
        ("comment", "dropped frames"),
    ];
    world.decide("technical", EVA, "rejected", &why).unwrap();
    world.minute().await.unwrap();
    for (stage, person) in [("technical", EVA), ("editorial", EVA), ("legal", CARA)] {
        assert_eq!(review_tasks(&world), [stage]);
        world.decide(stage, person, "approved", &[]).unwrap();
        world.minute().await.unwrap();
    }
    world.pass(5 * MINUTE, MINUTE).await.unwrap();

    assert_eq!(world.processes_of(BATCH).len(), 1, "one process existed");
    assert_eq!(world.reviews_started(), 0);
    let runs = world.runs_of(NAME).await.unwrap();
    let mut approved = 0;
    for (index, clip) in clips.iter().enumerate() {
        let run = runs.iter().find(|run| run.subject.id == *clip).unwrap();
        let rejected = [6, 30].contains(&index);
        let (outcome, vote, access, place, people) = if rejected {
            (
                "rejected",
                "NOT_APPROVED",
                "ingest-team",
                "Rejected",
                vec![EVA],
            )
        } else {
            approved += 1;
            (
                "approved",
                "APPROVED",
                "everybody",
                "Released/Winter",
                vec![EVA, EVA, CARA],
            )
        };
        let state = (run.state, run.outcome.as_deref());
        assert_eq!(
            state,
            (RunState::Completed, Some(outcome)),
            "{clip}: {run:#?}"
        );
        assert_eq!(
            world.iconik_approval(clip, &world.iconik_version(clip)),
            vote
        );
        assert_eq!(world.iconik_access(clip), [access]);
        assert_eq!(world.iconik_collections(clip), ["Ingest/Card 7", place]);
        assert_eq!(world.iconik_field(clip, "run"), run.id.as_str());
        let audit = world.audit(run).await.unwrap();
        let decided = audit.iter().filter(|entry| entry.action == "decision");
        let actors: Vec<_> = decided.map(|entry| entry.actor.as_str()).collect();
        assert_eq!(
            actors, people,
            "the decisions about {clip} are in its own audit"
        );
        if rejected {
            let comment = world.iconik_field(clip, "review_comment");
            assert_eq!(comment, "QUALITY: dropped frames");
        }
    }
    assert_eq!(approved, 58);
    let review = runs
        .iter()
        .find(|run| run.outcome.as_deref() == Some("reviewed"));
    assert_eq!(
        review.unwrap().summary.as_deref(),
        Some("58 approved, 2 rejected")
    );
    let ended = world.processes_of(BATCH).remove(0).ended_at;
    assert!(ended.is_some(), "nothing of it is left open");
}

/// Open tasks of reviews of batches.
fn review_tasks(world: &World) -> Vec<String> {
    let processes = world.processes_of(BATCH).into_iter();
    let tasks = processes.flat_map(|process| world.engine.open_tasks(&process.id));
    tasks.map(|task| task.name).collect()
}
