//! The fault matrix, for canto-1 and iconik-1: whatever goes wrong between the host and its vendors,
//! the review takes place, its result is written, and each effect happens exactly once. What an
//! undisturbed review does to the vendors is the measure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_e2e::{ANN, CARA, Setup, World};
use forebay_model::event::Signal;
use forebay_model::run::{Run, RunState};
use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::common::{Fault, Frame, Rule};
use forebay_simulators::iconik;
use forebay_store::runs::Control;

const CANTO_FLOW: &str = r#"
filters = { include = ["/Incoming/**"] }
stages = [{ name = "brand", policy = "any" }, { name = "legal", policy = "all" }]
routing = [
    { when = { stage = "legal" }, to = { group = "legal-dach", sla = "2bd" } },
    { when = {}, to = { group = "brand-reviewers", sla = "3bd" } },
]
users = { "u1" = "uploader@example.test" }
"#;

const ICONIK_FLOW: &str = r#"
fields = { review_run = "run" }
filters = { include = ["Ingest/*"] }
initial_status = false
stages = [{ name = "technical", policy = "any" }, { name = "legal", policy = "all" }]
routing = [
    { when = { stage = "legal" }, to = { group = "legal-dach", sla = "2bd" } },
    { when = {}, to = { group = "brand-reviewers", sla = "3bd" } },
]
hold = { access_template = "in-review" }
on_approved = { status = false, access_template = "released", add_to_collections = ["Released/{campaign}"] }
dam_decisions = { mirror = true }
users = { "u1" = "uploader@example.test" }
"#;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Operations that change something, by DAM.
const CANTO_WRITES: &[&str] = &["edit", "comment-version"];
const ICONIK_WRITES: &[&str] = &[
    "write-metadata",
    "apply-template",
    "request-approval",
    "vote",
    "create-segment",
    "create-collection",
    "add-to-collection",
];

/// Effects that may be had again without showing anywhere: they set an access list to what it is.
const REPEATABLE: &[&str] = &["iconik: apply-template"];

/// Which use case is under test.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Case {
    Canto,
    Iconik,
}

/// An asset under review.
enum Asset {
    Canto(ContentId),
    Iconik(String),
}

impl Case {
    async fn world(self, poll_only: bool) -> World {
        let flow = |case, flow: &str| (self == case).then(|| flow.to_owned());
        let setup = Setup {
            canto_flow: flow(Self::Canto, CANTO_FLOW),
            iconik_flow: flow(Self::Iconik, ICONIK_FLOW),
            poll_only,
        };
        let world = World::start(setup).await.unwrap();
        world.canto.add_user("u1", "Uta Uploader");
        world.iconik.add_user("u1", "Uta Uploader", "token-of-uta");
        world
            .iconik
            .add_template("in-review", &[("reviewers", &["read"])]);
        world
            .iconik
            .add_template("released", &[("everybody", &["read"])]);
        world
    }

    fn upload(self, world: &World) -> Asset {
        match self {
            Self::Canto => {
                let video = NewAsset::new("spot.mp4", "frames", "u1").in_album("/Incoming");
                Asset::Canto(world.canto.add_asset(video).unwrap())
            }
            Self::Iconik => {
                let clip = iconik::NewAsset::new("spot.mp4", "frames", "u1")
                    .in_collection("Ingest/Card 7")
                    .with("campaign", "Winter");
                Asset::Iconik(world.iconik.add_asset(clip))
            }
        }
    }

    fn stages(self) -> [(&'static str, &'static str); 2] {
        match self {
            Self::Canto => [("brand", ANN), ("legal", CARA)],
            Self::Iconik => [("technical", ANN), ("legal", CARA)],
        }
    }

    fn dam(self, world: &World) -> &Frame {
        match self {
            Self::Canto => world.canto.frame(),
            Self::Iconik => world.iconik.frame(),
        }
    }

    fn writes(self) -> &'static [&'static str] {
        match self {
            Self::Canto => CANTO_WRITES,
            Self::Iconik => ICONIK_WRITES,
        }
    }

    /// The effects of a review that nothing disturbs.
    async fn calm(self) -> BTreeMap<String, u64> {
        let world = self.world(false).await;
        let asset = self.upload(&world);
        world.settle().await.unwrap();
        self.decide_all(&world).await;
        assert_released(&world, &asset).await;
        let effects = world.effects();
        assert_eq!(
            effects["opentext: start-process"], 2,
            "the review and the notice"
        );
        match self {
            Self::Canto => {
                assert_eq!(
                    effects["canto: set-status"], 1,
                    "an upload is pending already"
                );
                assert_eq!(effects["canto: comment-version"], 1);
            }
            Self::Iconik => {
                assert_eq!(effects["iconik: apply-template"], 2, "hold, release");
                assert_eq!(effects["iconik: vote"], 1);
                assert_eq!(effects["iconik: create-segment"], 1);
                assert_eq!(effects["iconik: add-to-collection"], 1);
            }
        }
        effects
    }

    /// Decide each stage as soon as its task is open, and wait for the end.
    async fn decide_all(self, world: &World) {
        for (stage, person) in self.stages() {
            self.until_open(world, stage).await;
            world
                .decide(stage, person, "approved", &[("comment", "fine")])
                .unwrap();
        }
        self.until_ended(world).await;
    }

    async fn until_open(self, world: &World, stage: &str) {
        for _ in 0..240 {
            if world.open_stages().contains(&stage.to_owned()) {
                return;
            }
            world.endure(MINUTE, MINUTE).await.unwrap();
        }
        panic!("{stage} never opened: {:#?}", world.runs().await.unwrap());
    }

    async fn until_ended(self, world: &World) {
        for _ in 0..240 {
            world.endure(MINUTE, MINUTE).await.unwrap();
            if world.run().await.unwrap().state == RunState::Completed {
                return;
            }
        }
        panic!("it never ended: {:#?}", world.runs().await.unwrap());
    }

    /// The first stage of a new asset is open.
    async fn under_review(self, world: &World) -> Asset {
        let asset = self.upload(world);
        world.settle().await.unwrap();
        self.until_open(world, self.stages()[0].0).await;
        asset
    }

    /// Everything took place, and once.
    async fn assert_once(self, world: &World, asset: &Asset) {
        assert_released(world, asset).await;
        let (mut effects, mut calm) = (world.effects(), self.calm().await);
        for effect in REPEATABLE {
            assert!(effects.remove(*effect) >= calm.remove(*effect), "{effect}");
        }
        assert_eq!(effects, calm, "compared with an undisturbed review");
        assert_eq!(world.runs().await.unwrap().len(), 1);
        assert_eq!(world.reviews_started(), 1);
        assert_eq!(notices(world), 1);
    }
}

fn notices(world: &World) -> usize {
    let processes = world.engine.all_processes();
    processes
        .iter()
        .filter(|process| process.definition == "forebayNotice")
        .count()
}

fn is_released(world: &World, asset: &Asset) -> bool {
    match asset {
        Asset::Canto(id) => world.canto.asset(id).unwrap().status == "Approved",
        Asset::Iconik(id) => world.iconik.domain(|domain, _| {
            let acl = domain.acls.get(&("assets".to_owned(), id.clone()));
            acl.is_some_and(|acl| acl.groups.contains_key("everybody"))
        }),
    }
}

async fn assert_released(world: &World, asset: &Asset) {
    let run = world.run().await.unwrap();
    assert_eq!(
        (run.state, run.outcome.as_deref()),
        (RunState::Completed, Some("approved")),
        "{run:#?}"
    );
    assert!(is_released(world, asset));
    if let Asset::Iconik(id) = asset {
        let version = world.iconik.asset(id).unwrap().current().to_owned();
        let status = world
            .iconik
            .domain(|domain, _| domain.approvals[&(id.clone(), version)].status());
        assert_eq!(status, "APPROVED");
    }
}

async fn retry(world: &World, run: &Run, signal: Option<&str>) {
    if let Some(name) = signal {
        let signal = Signal {
            name: name.to_owned(),
            data: "{}".to_owned(),
            sender: "operator:tests".to_owned(),
        };
        world
            .core()
            .control(&run.id, Control::Signal(signal), "operator:tests")
            .await
            .unwrap();
    }
    world
        .core()
        .control(&run.id, Control::Retry, "operator:tests")
        .await
        .unwrap();
    world.settle().await.unwrap();
}

// ---- F1: stop at each journal entry ----------------------------------------------------------

/// The host dies each time a vendor has seen one more effect, before or after it learns of it.
async fn dies_at_each_effect(case: Case) {
    let mut world = case.world(false).await;
    let asset = case.upload(&world);
    let mut crashes = 0;
    let mut stages = case.stages().into_iter();
    loop {
        let done = world.crash_at_effect(1).await.unwrap();
        crashes += u32::from(!done);
        assert!(crashes < 100, "no progress: {:#?}", world.effects());
        world.restart().await.unwrap();
        world.poll_all().await.unwrap();
        if !done {
            continue;
        }
        match (world.run().await.unwrap().state, world.open_stages()) {
            (RunState::Completed, _) => break,
            (_, open) if !open.is_empty() => {
                let (stage, person) = stages.next().unwrap();
                world.decide(stage, person, "approved", &[]).unwrap();
            }
            _ => {}
        }
        world.clock.advance(MINUTE);
        world.poll_all().await.unwrap();
    }
    assert!(crashes >= 5, "only {crashes} crashes");
    case.assert_once(&world, &asset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_canto_the_host_dies_at_each_effect() {
    dies_at_each_effect(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_iconik_the_host_dies_at_each_effect() {
    dies_at_each_effect(Case::Iconik).await;
}

/// The host dies after each lost answer, and only then.
async fn dies_with_answers_lost(case: Case) {
    let mut world = case.world(false).await;
    for write in case.writes() {
        case.dam(&world)
            .faults()
            .add(Rule::once(*write, Fault::CommitThenTimeout));
    }
    world
        .engine
        .frame()
        .faults()
        .add(Rule::always("start-process", Fault::CommitThenTimeout).every(2));
    let asset = case.upload(&world);
    for (stage, person) in case.stages() {
        for _ in 0..12 {
            world.settle().await.unwrap();
            world.restart().await.unwrap();
            world.poll_all().await.unwrap();
        }
        case.until_open(&world, stage).await;
        world.decide(stage, person, "approved", &[]).unwrap();
        world.poll_all().await.unwrap();
    }
    for _ in 0..12 {
        world.settle().await.unwrap();
        world.restart().await.unwrap();
    }
    case.until_ended(&world).await;
    case.assert_once(&world, &asset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_canto_the_host_dies_with_answers_lost() {
    dies_with_answers_lost(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_iconik_the_host_dies_with_answers_lost() {
    dies_with_answers_lost(Case::Iconik).await;
}

// ---- F4: 429 with Retry-After 120 --------------------------------------------------------------

async fn too_many_requests(case: Case) {
    let world = case.world(false).await;
    let writes = case.writes().iter().map(|write| (case.dam(&world), *write));
    let writes: Vec<_> = writes
        .chain([(world.engine.frame(), "start-process")])
        .collect();
    for (frame, write) in &writes {
        frame.faults().add(Rule::once(*write, Fault::too_many(120)));
    }
    let reads = [
        (case.dam(&world), "read-asset"),
        (world.engine.frame(), "list-tasks"),
    ];
    for (frame, read) in reads {
        frame
            .faults()
            .add(Rule::once(read, Fault::too_many(120)).after(1));
    }
    let asset = case.upload(&world);
    world.settle().await.unwrap();
    case.decide_all(&world).await;

    for (frame, write) in &writes {
        let calls = frame.recorder().calls_of(write);
        let refused = calls.iter().position(|call| call.status == Some(429));
        let refused = refused.unwrap_or_else(|| panic!("{write} was never called"));
        let pause = calls[refused + 1].at.since(calls[refused].at);
        assert!(
            pause >= Duration::from_secs(120),
            "{write} was called again after {pause:?}"
        );
    }
    case.assert_once(&world, &asset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_canto_waits_as_long_as_it_is_told() {
    too_many_requests(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_iconik_waits_as_long_as_it_is_told() {
    too_many_requests(Case::Iconik).await;
}

// ---- F5: 503 for 2 h ---------------------------------------------------------------------------

async fn outage(case: Case) {
    let world = case.world(false).await;
    let down = |world: &World| {
        let now = world.clock_now();
        for frame in [case.dam(world), world.engine.frame()] {
            frame.faults().add(Rule::outage(now, now.plus(2 * HOUR)));
        }
    };
    // All are down when the asset arrives, and again when the last decision is made.
    down(&world);
    let asset = case.upload(&world);
    world.settle().await.unwrap();
    world.endure(2 * HOUR - MINUTE, 5 * MINUTE).await.unwrap();
    assert_eq!(
        world.effects(),
        BTreeMap::new(),
        "nothing can have happened"
    );
    let [(first, ann), (second, cara)] = case.stages();
    case.until_open(&world, first).await;
    world.decide(first, ann, "approved", &[]).unwrap();
    case.until_open(&world, second).await;

    let before = world.effects();
    down(&world);
    world.decide(second, cara, "approved", &[]).unwrap();
    world.endure(2 * HOUR - MINUTE, 5 * MINUTE).await.unwrap();
    assert!(!is_released(&world, &asset));
    assert_eq!(world.effects(), before);
    case.until_ended(&world).await;
    case.assert_once(&world, &asset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_canto_outlasts_an_outage() {
    outage(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_iconik_outlasts_an_outage() {
    outage(Case::Iconik).await;
}

// ---- F6: timeout after the vendor committed ------------------------------------------------------

async fn answers_lost(case: Case) {
    let world = case.world(false).await;
    let frames = case.writes().iter().map(|write| (case.dam(&world), *write));
    for (frame, write) in frames.chain([(world.engine.frame(), "start-process")]) {
        // The answers to the first call, and to every second one after that, are lost.
        frame
            .faults()
            .add(Rule::once(write, Fault::CommitThenTimeout));
        frame.faults().add(
            Rule::always(write, Fault::CommitThenTimeout)
                .after(1)
                .every(2),
        );
    }
    let asset = case.upload(&world);
    world.settle().await.unwrap();
    case.decide_all(&world).await;
    case.assert_once(&world, &asset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_canto_looks_before_it_repeats() {
    answers_lost(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_iconik_looks_before_it_repeats() {
    answers_lost(Case::Iconik).await;
}

// ---- F7: credentials revoked and restored ---------------------------------------------------------

async fn credentials_revoked(case: Case) {
    for of_the_engine in [false, true] {
        let world = case.world(false).await;
        let asset = case.under_review(&world).await;
        let [(first, ann), (second, cara)] = case.stages();
        world.decide(first, ann, "approved", &[]).unwrap();
        case.until_open(&world, second).await;
        world.endure(5 * MINUTE, MINUTE).await.unwrap();

        let frame = if of_the_engine {
            world.engine.frame()
        } else {
            case.dam(&world)
        };
        frame.tokens().revoke_credentials(true);
        let before = world.effects();
        world.decide(second, cara, "approved", &[]).unwrap();
        // Longer than the budget for retries, which is not spent on this.
        world.endure(2 * DAY, HOUR).await.unwrap();
        let run = world.run().await.unwrap();
        assert!(
            matches!(run.state, RunState::Waiting | RunState::Retrying),
            "{run:#?}"
        );
        assert_eq!(world.effects(), before);
        assert!(!is_released(&world, &asset));

        frame.tokens().revoke_credentials(false);
        case.until_ended(&world).await;
        case.assert_once(&world, &asset).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_canto_waits_for_its_credentials() {
    credentials_revoked(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_iconik_waits_for_its_credentials() {
    credentials_revoked(Case::Iconik).await;
}

// ---- F9: process terminated in the workflow engine ------------------------------------------------

async fn terminated(case: Case) {
    let world = case.world(false).await;
    let asset = case.under_review(&world).await;
    let process = world.engine.all_processes().remove(0);
    world
        .engine
        .terminate(&process.id, "ended by an administrator")
        .unwrap();
    world.endure(5 * MINUTE, MINUTE).await.unwrap();

    let run = world.run().await.unwrap();
    assert_eq!(run.state, RunState::Parked, "{run:#?}");
    let reason = run.park_reason.clone().unwrap();
    assert!(
        reason.message.contains("ended by an administrator"),
        "{reason:?}"
    );
    assert!(!is_released(&world, &asset));

    // A retry alone finds the same and changes nothing.
    retry(&world, &run, None).await;
    assert_eq!(world.run().await.unwrap().state, RunState::Parked);
    assert_eq!(world.reviews_started(), 1);

    // What the reason says to do starts another review, which decides.
    retry(&world, &run, Some("restart")).await;
    assert_eq!(
        world.reviews_started(),
        2,
        "{:#?}",
        world.core().store().steps(&run.id).await
    );
    case.decide_all(&world).await;
    assert_released(&world, &asset).await;
    assert_eq!(world.reviews_started(), 2);
    assert_eq!(notices(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_canto_parks_when_its_process_is_terminated() {
    terminated(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_iconik_parks_when_its_process_is_terminated() {
    terminated(Case::Iconik).await;
}

// ---- F12: clock jump across a timer -----------------------------------------------------------------

/// Times of the brand stage, three working days from Monday 09:00: reminders at half past one on
/// Tuesday and on Wednesday, escalation on Wednesday at 17:00 or Thursday at 09:00.
async fn clock_jumps(case: Case, is_down: bool) {
    let mut world = case.world(false).await;
    let asset = case.under_review(&world).await;
    // To Thursday noon.
    if is_down {
        world.crash().await.unwrap();
        world.clock.advance(3 * DAY + 3 * HOUR);
        world.boot().await.unwrap();
    } else {
        world.clock.advance(3 * DAY + 3 * HOUR);
    }
    world.settle().await.unwrap();
    world.endure(3 * HOUR, HOUR).await.unwrap();

    let run = world.run().await.unwrap();
    assert_eq!(run.state, RunState::Waiting, "{run:#?}");
    let audit = world.audit(&run).await.unwrap();
    let escalated = audit
        .iter()
        .filter(|entry| entry.action == "escalated")
        .count();
    assert_eq!(escalated, 1, "once");
    let comments = world.engine.comments(&world.engine.all_processes()[0].id);
    assert!(
        comments.len() <= 2,
        "each reminder at most once: {comments:#?}"
    );
    assert!(!is_released(&world, &asset), "never approved by silence");
    let task = world
        .engine
        .open_tasks(&world.engine.all_processes()[0].id)
        .remove(0);
    assert!(
        task.candidate_groups().any(|group| group == "dam-leads"),
        "{task:#?}"
    );

    // Twice the time: an operator must look, and still nothing is released.
    world.clock.advance(5 * DAY);
    world.settle().await.unwrap();
    let run = world.run().await.unwrap();
    assert_eq!(run.state, RunState::Parked, "{run:#?}");
    assert!(!is_released(&world, &asset));
    assert_eq!(world.reviews_started(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_canto_timers_fire_once_after_a_jump() {
    clock_jumps(Case::Canto, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_iconik_timers_fire_once_after_a_jump() {
    clock_jumps(Case::Iconik, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_canto_timers_due_while_down_fire_once() {
    clock_jumps(Case::Canto, true).await;
}

// ---- F14: webhook channel dead, poll only -----------------------------------------------------------

async fn poll_only(case: Case) {
    let world = case.world(true).await;
    let asset = case.upload(&world);
    world.settle().await.unwrap();
    assert_eq!(world.runs().await.unwrap().len(), 0, "nobody told the host");
    case.decide_all(&world).await;
    case.assert_once(&world, &asset).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_canto_polls_alone_do() {
    poll_only(Case::Canto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_iconik_polls_alone_do() {
    poll_only(Case::Iconik).await;
}
