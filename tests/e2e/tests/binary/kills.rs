//! `kill -9` of the real program at moments that a seed chooses, under load. In the end every asset
//! that the host has accepted has exactly one review, and every decision was applied once.
//!
//! `FOREBAY_KILL_SEED` sets the first seed and `FOREBAY_KILL_SEEDS` how many there are; a failure
//! prints both. What the host does in between is its own: a seed repeats the kills, not the threads.

use std::collections::BTreeMap;
use std::io::Write as _;

use forebay_e2e::{ANN, Binary, Scene};
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::common::{Call, Frame, Moment};

/// Seeds that are tried unless told otherwise.
const SEEDS: u64 = 12;
/// Where seeds begin unless told otherwise.
const FIRST_SEED: u64 = 1;
/// Parts that the seeds are tried in.
const PARTS: usize = 3;
/// Assets under review at the same time.
const ASSETS: usize = 6;
/// Times the host is killed per seed.
const KILLS: u64 = 3;
/// Calls at a vendor within which a kill falls: about as many as the load makes at each.
const CALLS: u64 = 30;

/// A small generator of numbers (SplitMix64): the same seed gives the same kills.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is no room of the host")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap())
}

/// When the host is killed next: at this vendor, before or after so many calls more.
#[derive(Clone, Copy, Debug)]
struct Kill {
    at_the_engine: bool,
    moment: Moment,
    calls: u64,
    only_effects: bool,
}

impl Kill {
    fn roll(dice: &mut Dice) -> Self {
        let only_effects = dice.below(2) == 0;
        Self {
            at_the_engine: dice.below(2) == 0,
            // What a call will do is known only after it was done.
            moment: if !only_effects && dice.below(2) == 0 {
                Moment::Before
            } else {
                Moment::After
            },
            calls: dice.below(if only_effects { ASSETS as u64 } else { CALLS }),
            only_effects,
        }
    }

    fn frame(self, scene: &Scene) -> &Frame {
        if self.at_the_engine {
            scene.engine.frame()
        } else {
            scene.canto.frame()
        }
    }

    fn arm(self, scene: &Scene) {
        let wanted = move |call: &Call| !self.only_effects || !call.effects.is_empty();
        self.frame(scene)
            .holds()
            .arm(self.moment, self.calls, wanted);
    }
}

/// Go on with everything that people and vendors do, until the kill is due or there is nothing left
/// to do. Returns whether it came to the kill.
fn work(
    scene: &Scene,
    host: &Binary,
    kill: Kill,
    told: &mut BTreeMap<String, bool>,
    assets: &[ContentId],
) -> bool {
    let holds = kill.frame(scene).holds();
    let due = || holds.held() > 0;
    for asset in assets {
        if due() {
            return true;
        }
        let accepted = told.entry(asset.to_string()).or_default();
        if !*accepted {
            // A vendor tells again what was not accepted.
            *accepted = Scene::try_to_tell(host, asset).is_ok_and(|(status, _)| status == 200);
        }
    }
    host.until(
        "/v1/runs?limit=200",
        "the kill is due or all is done",
        |runs| {
            for task in scene.reviews().into_iter().flatten() {
                scene.decide(&task, ANN, "approved").unwrap();
            }
            let runs = runs["items"].as_array().cloned().unwrap_or_default();
            let done =
                runs.len() == assets.len() && runs.iter().all(|run| run["state"] == "completed");
            due() || done
        },
    )
    .unwrap();
    due()
}

async fn history(seed: u64) {
    let mut dice = Dice(seed);
    let scene = Scene::start("").await.unwrap();
    let assets: Vec<_> = (0..ASSETS)
        .map(|number| scene.upload(&format!("photo-{number}.jpg")).unwrap())
        .collect();
    let mut told = BTreeMap::new();
    let mut kills = Vec::new();
    for _ in 0..KILLS {
        let kill = Kill::roll(&mut dice);
        let host = scene.site.serve().unwrap();
        kill.arm(&scene);
        if !work(&scene, &host, kill, &mut told, &assets) {
            break;
        }
        kills.push(kill);
        host.kill().unwrap();
        kill.frame(&scene).holds().release();
    }
    let kill = Kill {
        calls: u64::MAX,
        ..Kill::roll(&mut dice)
    };
    let host = scene.site.serve().unwrap();
    work(&scene, &host, kill, &mut told, &assets);

    let context = format!("FOREBAY_KILL_SEED={seed} {kills:?}");
    assert!(!kills.is_empty(), "{context}: it was never killed");
    let runs = Scene::until_all(&host, ASSETS, "completed").unwrap();
    assert!(
        runs.iter().all(|run| run["outcome"] == "approved"),
        "{context}: {runs:#?}"
    );
    assert_eq!(scene.reviews(), vec![None; ASSETS], "{context}");
    let mut keys: Vec<_> = scene
        .engine
        .all_processes()
        .into_iter()
        .map(|process| (process.definition, process.business_key))
        .collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(
        keys.len(),
        all,
        "{context}: a process came twice: {keys:#?}"
    );
    assert_eq!(all, 2 * ASSETS, "{context}: reviews and notices: {keys:#?}");
    let effects = scene.canto.frame().recorder().all_effects();
    for effect in ["set-status", "comment-version"] {
        assert_eq!(effects[effect], ASSETS as u64, "{context}: {effects:#?}");
    }
    for asset in &assets {
        assert_eq!(
            scene.canto.asset(asset).unwrap().status,
            "Approved",
            "{context}"
        );
    }
    for run in &runs {
        let id = run["id"].as_str().unwrap();
        let audit = host
            .get(&format!("/v1/runs/{id}/audit?limit=200"))
            .unwrap()
            .1;
        let records = audit["items"].as_array().unwrap();
        let decisions = records
            .iter()
            .filter(|record| record["action"] == "decision");
        assert_eq!(decisions.count(), 1, "{context}: {audit:#}");
    }
    let chain = host.get("/v1/audit:verify").unwrap().1;
    assert_eq!(chain["intact"], true, "{context}: {chain:#}");
}

/// Every so many seeds, from this one on: the test runner works on several parts at once.
async fn part(number: usize) {
    let first = setting("FOREBAY_KILL_SEED", FIRST_SEED);
    let end = first + setting("FOREBAY_KILL_SEEDS", SEEDS);
    for seed in (first..end).skip(number).step_by(PARTS) {
        // Captured by the test runner, and shown when this seed fails.
        let line = format!("FOREBAY_KILL_SEED={seed} FOREBAY_KILL_SEEDS=1\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        history(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_at_random_moments_loses_nothing_and_does_nothing_twice_1() {
    part(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_at_random_moments_loses_nothing_and_does_nothing_twice_2() {
    part(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_at_random_moments_loses_nothing_and_does_nothing_twice_3() {
    part(2).await;
}
