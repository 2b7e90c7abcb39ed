//! What monitoring reads of how things stand.

use std::time::Duration;

use forebay_store::runs::Control;
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::support::{World, denied, uncertain};

#[tokio::test]
async fn live_runs_and_connections_are_told_of_also_when_they_are_gone() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::new().await;
    let standing = async || {
        world.core().tell_standing().await.unwrap();
        let text = page.render();
        let told = text.lines().filter(|line| !line.starts_with('#'));
        let told = told.filter(|line| {
            ["forebay_runs{", "forebay_connection_", "forebay_poll_"]
                .iter()
                .any(|name| line.starts_with(name))
        });
        let mut told: Vec<String> = told.map(str::to_owned).collect();
        told.sort();
        told.join("\n")
    };
    assert!(standing().await.contains("state=\"parked\"} 0"));

    world.script.vendor.plan("start", [uncertain()]);
    let parked = world.start("parked").await;
    world.settle().await;
    world.clock.advance(Duration::from_secs(90));
    let told = standing().await;
    assert!(told.contains("state=\"parked\"} 1"), "{told}");
    assert!(
        told.contains("forebay_connection_refused{connection=\"engine\"} 0"),
        "{told}"
    );
    assert!(
        told.contains("forebay_poll_age_seconds{connection=\"dam\"} 90"),
        "{told}"
    );

    let gone = Control::Cancel {
        reason: "not wanted".into(),
        force: true,
        sender: "operator:ann".into(),
    };
    world.control(&parked, gone).await;
    world.script.vendor.plan("start", [denied()]);
    world.start("waits for its connection").await;
    world.settle().await;
    let told = standing().await;
    assert!(told.contains("state=\"parked\"} 0"), "{told}");
    assert!(
        told.contains("forebay_connection_refused{connection=\"engine\"} 1"),
        "{told}"
    );
}
