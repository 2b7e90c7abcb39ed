//! Hundreds of histories drawn from seeds: vendors fail in every way, hosts die at every place. Each
//! effect happens once, and every run ends well. A failure names its seed.

use forebay_model::ports::GuestError;
use forebay_model::run::RunState;
use forebay_store::runs::Control;

use crate::support::{
    Crash, ENGINE, Fault, World, created, denied, finished, rate_limited, unavailable, uncertain,
};

/// Histories per test.
const SEEDS: u64 = 75;

/// Assets per history.
const ASSETS: [&str; 2] = ["a", "b"];

/// Rounds in which a history must have ended.
const ROUNDS: u32 = 400;

/// A small generator (SplitMix64): the same seed tells the same history.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn fault(&mut self) -> Fault {
        let fault = match self.below(8) {
            0 | 1 => Fault::Fine,
            2 => unavailable("down"),
            3 => rate_limited(30),
            4 => denied(),
            5 => uncertain(),
            6 => Fault::Fails(GuestError::Trap("scripted".into())),
            _ => Fault::Panics,
        };
        match self.below(2) {
            0 => fault,
            _ => Fault::CommitsThen(Box::new(fault)),
        }
    }
}

/// Start the next host, which may be bound to die, too.
async fn restart(world: &mut World, chance: &mut Chance) {
    world.restart().await;
    draw_crash(world, chance);
}

fn draw_crash(world: &World, chance: &mut Chance) {
    let writes = world.faults.writes().len();
    let place = writes + usize::try_from(chance.below(20)).unwrap();
    match chance.below(4) {
        0 => world.faults.crash(Crash::Before(place)),
        1 => world.faults.crash(Crash::After(place)),
        _ => {}
    }
}

/// One round: do what is due, let operators and time do their part. Errors mean that the host died.
async fn round(world: &World, chance: &mut Chance) -> Result<bool, forebay_engine::Error> {
    world.drive().await?;
    world.core().check_refused().await;
    if world.faults.dead() {
        return Ok(false);
    }
    let store = world.core().store();
    let mut all_done = true;
    for run in world.runs().await {
        match run.state {
            RunState::Parked => {
                world
                    .core()
                    .control(&run.id, Control::Retry, "operator:ann")
                    .await?;
            }
            RunState::Completed => continue,
            _ => {}
        }
        all_done = false;
    }
    if all_done {
        return Ok(true);
    }
    if let Some(due) = store.next_due().await?
        && chance.below(3) > 0
    {
        world.clock.advance_to(due);
    }
    Ok(false)
}

async fn history(seed: u64) {
    let mut chance = Chance(seed);
    let mut world = World::new().await;
    for function in ["get", "start", "update", "comment"] {
        let faults: Vec<Fault> = (0..chance.below(6)).map(|_| chance.fault()).collect();
        world.script.vendor.plan(function, faults);
    }
    for asset in ASSETS {
        world.arrives("dam", created(asset, "v1")).await;
        // Some are routed at once, some only after the first crash is bound to come.
        if chance.below(2) == 0 {
            world.core().route_events().await.unwrap();
        }
    }
    draw_crash(&world, &mut chance);
    let mut told = Vec::new();
    for _ in 0..ROUNDS {
        if world.faults.dead() || chance.below(20) == 0 {
            restart(&mut world, &mut chance).await;
        }
        // A process ends some time after it was started; the report is repeated until it is kept.
        for asset in ASSETS {
            let started = world
                .script
                .vendor
                .effects()
                .contains_key(&format!("start {asset}"));
            if started
                && !told.contains(&asset)
                && chance.below(3) == 0
                && report(&world, asset).await
            {
                told.push(asset);
            }
        }
        match round(&world, &mut chance).await {
            Ok(true) if told.len() == ASSETS.len() => return assert_ended(&world, seed).await,
            Ok(_) => {}
            Err(error) => assert!(world.faults.dead(), "seed {seed}: {error}"),
        }
        for (effect, times) in world.script.vendor.effects() {
            assert_eq!(times, 1, "seed {seed}: {effect}");
        }
    }
    panic!("seed {seed}: {:#?}", world.runs().await);
}

async fn report(world: &World, asset: &str) -> bool {
    let batch = forebay_store::intake::EventBatch {
        connection: ENGINE.into(),
        events: vec![finished(asset)],
        source: "poll",
        received_at: world.now(),
        cursor: None,
    };
    world.core().store().record_events(batch).await.is_ok()
}

async fn assert_ended(world: &World, seed: u64) {
    let runs = world.runs().await;
    assert_eq!(runs.len(), ASSETS.len(), "seed {seed}");
    for run in &runs {
        assert_eq!(run.state, RunState::Completed, "seed {seed}: {run:#?}");
        assert_eq!(
            world.audited(&run.id, "run.completed").await.len(),
            1,
            "seed {seed}"
        );
    }
    let effects: Vec<String> = ["comment", "start", "update"]
        .iter()
        .flat_map(|function| ASSETS.map(|asset| format!("{function} {asset}")))
        .collect();
    let effects: Vec<&str> = effects.iter().map(String::as_str).collect();
    world.script.vendor.assert_once(&effects);
    assert!(
        world.core().store().verify_audit().await.unwrap().is_ok(),
        "seed {seed}"
    );
}

/// Several tests, so that they run side by side.
macro_rules! histories {
    ($($name:ident from $number:literal;)+) => {
        $(#[tokio::test]
        async fn $name() {
            for seed in $number * SEEDS..($number + 1) * SEEDS {
                history(seed).await;
            }
        })+
    };
}

histories! {
    first_histories_end_well from 0;
    second_histories_end_well from 1;
    third_histories_end_well from 2;
    fourth_histories_end_well from 3;
}
