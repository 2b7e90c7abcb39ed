//! A small share of the soak that `cargo xtask soak` does: all flows in one world, with faults.

use forebay_e2e::soak::{Plan, soak};

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_runs_lose_nothing_and_do_nothing_twice() {
    let plan = Plan { runs: 250, seed: 7 };
    let report = soak(plan, &mut |_, _| {}).await.unwrap();
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(report.duplicates, [""; 0]);
    let ended: u32 = report.shows.values().sum();
    assert_eq!(ended, report.begun);
    let weather = report.weather;
    assert!(weather.faults > 0 && weather.unreliable > 0 && weather.deaths > 0);
    assert!(report.shows.len() >= 10, "{:?}", report.shows);
}
