//! iconik-4: comments, task state and decisions are the same on both sides. The acceptance scenarios
//! of the use case, in virtual time, through the real host and components.

use forebay_e2e::{ANN, CARA, Flow, ICONIK, MINUTE, Setup, World};
use forebay_simulators::iconik::NewAsset;
use serde_json::json;

const FLOW: &str = r#"
key_prefix = "iconik-4"
routing = [{ to = { group = "dam-admins", sla = "2bd" } }]
"#;

const FIELDS: [&str; 5] = [
    "review_version",
    "review_round",
    "review_state",
    "reviewed_by",
    "reviewed_at",
];

struct Review {
    world: World,
    asset: String,
}

impl Review {
    async fn of(lines: &str) -> Self {
        let flow = Flow::new("iconik-4", "production-review", FLOW)
            .role("dam", ICONIK)
            .lines(lines);
        let world = World::start(Setup::of([flow])).await.unwrap();
        world.engine.add_group("dam-admins", &[ANN, CARA]);
        world.add_iconik_fields(&FIELDS);
        let clip = NewAsset::new("spot.mov", "frames", "uta");
        let asset = world.iconik.add_asset(clip);
        world
            .request("iconik-4", json!({ "asset": asset }))
            .await
            .unwrap();
        world.settle().await.unwrap();
        Self { world, asset }
    }

    async fn minutes(&self, minutes: u32) {
        self.world.pass(MINUTE * minutes, MINUTE).await.unwrap();
    }

    fn process(&self) -> String {
        let mut processes = self.world.processes_of("productionReview");
        assert_eq!(processes.len(), 1);
        processes.remove(0).id
    }

    /// What people read on the process.
    fn here(&self) -> Vec<String> {
        let comments = self.world.engine.comments(&self.process());
        comments
            .into_iter()
            .map(|comment| comment.message)
            .collect()
    }

    /// What people read on the asset.
    fn there(&self) -> Vec<String> {
        let comments = self.world.iconik.comments(&self.asset);
        let texts = comments
            .iter()
            .map(|comment| comment["segment_text"].as_str());
        texts
            .map(|text| text.unwrap_or_default().to_owned())
            .collect()
    }

    fn resolve_all(&self) {
        for comment in self.world.iconik.comments(&self.asset) {
            let id = comment["id"].as_str().unwrap();
            assert!(self.world.iconik.resolve_comment(id, "uta", true));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_1_a_comment_is_shown_once_with_time_code() {
    let review = Review::of("").await;
    let asset = &review.asset;
    review
        .world
        .iconik
        .comment(asset, "uta", "Logo too small", Some(72_050), None);
    review.minutes(5).await;
    let here = review.here();
    assert_eq!(here.len(), 1, "{here:?}");
    assert!(
        here[0].starts_with("[00:01:12:05] ") && here[0].contains(": Logo too small"),
        "{here:?}"
    );
    assert_eq!(review.there(), ["Logo too small"], "no copy comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_2_both_sides_catch_up_after_a_stop() {
    let mut review = Review::of("").await;
    let process = review.process();
    review.world.crash().await.unwrap();
    for number in 0..50 {
        let text = format!("there {number}");
        review
            .world
            .iconik
            .comment(&review.asset, "uta", &text, None, None);
        review
            .world
            .engine
            .say(&process, ANN, &format!("here {number}"));
    }
    review.world.restart().await.unwrap();
    review.minutes(5).await;
    let (here, there) = (review.here(), review.there());
    assert_eq!((here.len(), there.len()), (100, 100));
    let copied: Vec<_> = here.iter().filter(|text| text.contains("there ")).collect();
    for (number, text) in copied.iter().enumerate() {
        assert!(
            text.contains(&format!("there {number}")),
            "{number}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_3_a_late_approval_of_the_old_version_approves_nothing() {
    let review = Review::of("").await;
    let world = &review.world;
    let old = world.open_tasks().remove(0);
    world
        .iconik
        .add_version(&review.asset, "better frames", "uta")
        .unwrap();
    world
        .engine
        .decide(&old.id, ANN, "approve", &serde_json::Map::new())
        .unwrap();
    review.minutes(5).await;
    assert_eq!(world.iconik_field(&review.asset, "review_round"), "2");
    assert_eq!(
        world.iconik_field(&review.asset, "review_state"),
        "in-review"
    );
    assert_eq!(world.open_stages(), ["Review"]);
    let run = world.run().await.unwrap();
    let audit = world.audit(&run).await.unwrap();
    let superseded = |action: &str| action.ends_with("decision-on-superseded-version");
    assert!(audit.iter().any(|entry| superseded(&entry.action)));
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_4_a_deleted_comment_is_shown_as_deleted() {
    let review = Review::of("").await;
    let asset = &review.asset;
    let id = review
        .world
        .iconik
        .comment(asset, "uta", "Logo too small", None, None);
    review.minutes(3).await;
    assert!(review.world.iconik.delete_comment(&id, "uta"));
    review.minutes(3).await;
    let here = review.here();
    assert!(
        here[0].starts_with("[deleted in the DAM, seen 2026-"),
        "{here:?}"
    );
    assert_eq!(here.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_5_an_internal_comment_never_leaves_its_side() {
    let review = Review::of("").await;
    let world = &review.world;
    world
        .iconik
        .comment(&review.asset, "uta", "#int he is on leave", None, None);
    world
        .engine
        .say(&review.process(), ANN, "budget is gone #int");
    review.minutes(5).await;
    assert_eq!(review.here(), ["budget is gone #int"]);
    assert_eq!(review.there(), ["#int he is on leave"]);
    let run = world.run().await.unwrap();
    let audit = format!("{:?}", world.audit(&run).await.unwrap());
    assert!(!audit.contains("on leave") && !audit.contains("budget"));
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_6_the_last_word_stands_and_both_are_recorded() {
    let review = Review::of("").await;
    let world = &review.world;
    world.iconik.vote(&review.asset, "uta", "APPROVED");
    world.decide("Review", ANN, "reject", &[]).unwrap();
    review.minutes(5).await;
    let run = world.run().await.unwrap();
    assert_eq!(run.outcome.as_deref(), Some("rejected"));
    let audit = format!("{:?}", world.audit(&run).await.unwrap());
    assert!(
        audit.contains("approve") && audit.contains("reject"),
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_approval_waits_for_open_comments() {
    let review = Review::of("").await;
    let world = &review.world;
    world
        .iconik
        .comment(&review.asset, "uta", "Logo too small", None, None);
    review.minutes(2).await;
    world.decide("Review", ANN, "approve", &[]).unwrap();
    review.minutes(3).await;
    assert_eq!(world.run().await.unwrap().outcome, None);
    review.resolve_all();
    review.minutes(3).await;
    assert_eq!(
        world.run().await.unwrap().outcome.as_deref(),
        Some("approved")
    );
    assert_eq!(
        world.iconik_field(&review.asset, "review_state"),
        "approved"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn iconik_4_production_review_observing_writes_nothing() {
    let review = Review::of("mode = \"observe\"").await;
    review.minutes(3).await;
    let run = review.world.run().await.unwrap();
    assert_eq!(run.outcome.as_deref(), Some("observed"));
    assert!(
        review.world.effects().is_empty(),
        "{:?}",
        review.world.effects()
    );
}
