//! Kept files of plugins that nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use crate::support::guest::Guest;
use crate::support::{NOW, Place, limits, options};
use forebay_model::ports::{GuestError, Guests as _};
use forebay_model::{Digest, VirtualClock};
use forebay_sandbox::{Options, Registry};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn open(place: &Place, clock: &VirtualClock) -> Registry {
    let options = Options {
        clock: Arc::new(clock.clone()),
        ..options(&place.plugins(), &place.data(), limits())
    };
    Registry::open(options).await.unwrap()
}

/// Is the component of this digest kept?
fn is_kept(place: &Place, digest: &Digest) -> bool {
    let folder = place.data().join("plugins");
    let file = |end: &str| folder.join(format!("{digest}.{end}")).exists();
    assert_eq!(file("wasm"), file("json"), "both or neither");
    file("wasm")
}

async fn gone(registry: &Registry, needed: &[Digest]) -> Vec<Digest> {
    let gone = registry.let_go(needed, DAY).await;
    gone.iter().map(|plugin| plugin.digest.clone()).collect()
}

#[tokio::test]
async fn a_replaced_handler_goes_some_time_after_its_last_run() {
    let place = Place::new();
    let clock = VirtualClock::new(NOW);
    place.drop_file("h.wasm", &Guest::handler("welcome").build());
    let registry = open(&place, &clock).await;
    let old = registry.current("welcome").unwrap().digest.clone();
    let mut newer = Guest::handler("welcome").build();
    newer.extend([0, 5, 4, b'm', b'o', b'r', b'e']);
    place.drop_file("h.wasm", &newer);
    registry.rescan().await;
    let new = registry.current("welcome").unwrap().digest.clone();
    assert_ne!(old, new);

    // A run needs it, however long.
    for _ in 0..3 {
        assert_eq!(gone(&registry, std::slice::from_ref(&old)).await, []);
        clock.advance(10 * DAY);
    }
    // No run needs it: it is remembered, also over a restart.
    assert_eq!(gone(&registry, &[]).await, []);
    clock.advance(DAY / 2);
    drop(registry);
    let registry = open(&place, &clock).await;
    assert_eq!(gone(&registry, &[]).await, []);
    assert!(registry.plugin(&old).is_some() && is_kept(&place, &old));
    clock.advance(DAY / 2);
    assert_eq!(gone(&registry, &[]).await, std::slice::from_ref(&old));
    assert!(registry.plugin(&old).is_none() && !is_kept(&place, &old));
    let refused = registry.ensure(&old).await;
    assert!(
        matches!(refused, Err(GuestError::Unavailable(..))),
        "{refused:?}"
    );
    assert!(is_kept(&place, &new), "the current one stays");
    assert_eq!(gone(&registry, &[]).await, []);
    drop(registry);
    let registry = open(&place, &clock).await;
    assert!(registry.plugin(&old).is_none() && registry.plugin(&new).is_some());
}

#[tokio::test]
async fn a_removed_connector_goes_and_may_come_back() {
    let place = Place::new();
    let clock = VirtualClock::new(NOW);
    let bytes = Guest::connector("greeter", "hi").build();
    place.drop_file("c.wasm", &bytes);
    let registry = open(&place, &clock).await;
    let digest = Digest::of(&bytes);
    clock.advance(10 * DAY);
    assert_eq!(gone(&registry, &[]).await, [], "a current one never goes");
    place.remove_file("c.wasm");
    registry.rescan().await;
    assert_eq!(gone(&registry, &[]).await, []);
    clock.advance(DAY / 2);
    // Needed again meanwhile: the time begins anew.
    place.drop_file("c.wasm", &bytes);
    registry.rescan().await;
    assert_eq!(gone(&registry, &[]).await, []);
    place.remove_file("c.wasm");
    registry.rescan().await;
    clock.advance(DAY);
    assert_eq!(gone(&registry, &[]).await, []);
    clock.advance(DAY);
    assert_eq!(gone(&registry, &[]).await, std::slice::from_ref(&digest));
    assert!(!is_kept(&place, &digest));
    place.drop_file("c.wasm", &bytes);
    registry.rescan().await;
    assert!(registry.current("greeter").is_some() && is_kept(&place, &digest));
}

#[tokio::test]
async fn what_a_bad_file_held_before_is_not_let_go() {
    let place = Place::new();
    let clock = VirtualClock::new(NOW);
    let bytes = Guest::connector("greeter", "hi").build();
    place.drop_file("c.wasm", &bytes);
    let registry = open(&place, &clock).await;
    place.drop_file("c.wasm", &bytes[..bytes.len() / 2]);
    registry.rescan().await;
    for _ in 0..3 {
        assert_eq!(gone(&registry, &[]).await, []);
        clock.advance(10 * DAY);
    }
    assert!(is_kept(&place, &Digest::of(&bytes)));
}
