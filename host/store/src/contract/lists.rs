//! What is looked up: requests, runs, events, audit.

use forebay_model::Digest;
use forebay_model::run::RunState;
use serde_json::json;

use super::fixtures::{
    arrives, at, completion, dam, entity, entry, event, new_run, started, stepped, waiting,
};
use crate::query::{EventFilter, PageRequest, RunFilter};
use crate::runs::{After, RequestKey, StartOutcome};
use crate::{Error, Store};

pub async fn a_repeated_request_gets_the_same_run(store: &dyn Store) {
    let asked = |second, fingerprint: &str| {
        let mut run = new_run("a", second);
        run.request = Some(RequestKey {
            key: "k".into(),
            fingerprint: fingerprint.into(),
        });
        run
    };
    let first = new_run("a", 0).id;
    let outcome = |run| async move { store.start_run(run).await.unwrap() };
    assert_eq!(
        outcome(asked(0, "f")).await,
        StartOutcome::Started(first.clone())
    );
    assert_eq!(
        outcome(asked(9, "f")).await,
        StartOutcome::Repeated(first.clone())
    );
    assert_eq!(outcome(asked(9, "g")).await, StartOutcome::KeyReused);
    assert_eq!(
        outcome(new_run("a", 0)).await,
        StartOutcome::Repeated(first.clone())
    );
    assert_eq!(
        outcome(new_run("a", 5)).await,
        StartOutcome::Delivered(first.clone())
    );
    assert_eq!(store.inbox(&first).await.unwrap().len(), 2);
    assert_eq!(
        store
            .runs(RunFilter::default(), PageRequest::default())
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

pub async fn runs_are_found_and_paged(store: &dyn Store) {
    for number in 0..5 {
        started(store, &format!("k{number}"), number).await;
    }
    let mut keys = Vec::new();
    let mut page = PageRequest {
        cursor: None,
        limit: 2,
    };
    loop {
        let found = store
            .runs(RunFilter::default(), page.clone())
            .await
            .unwrap();
        keys.extend(found.items.into_iter().map(|run| run.business_key));
        page.cursor = found.next;
        if page.cursor.is_none() {
            break;
        }
    }
    assert_eq!(keys, ["k4", "k3", "k2", "k1", "k0"]);

    let any = RunFilter::default;
    let filters = [
        (
            RunFilter {
                flow: Some("flow".into()),
                ..any()
            },
            5,
        ),
        (
            RunFilter {
                flow: Some("other".into()),
                ..any()
            },
            0,
        ),
        (
            RunFilter {
                states: vec![RunState::Pending],
                ..any()
            },
            5,
        ),
        (
            RunFilter {
                states: vec![RunState::Parked, RunState::Pending],
                ..any()
            },
            5,
        ),
        (
            RunFilter {
                states: vec![RunState::Parked, RunState::Failed],
                ..any()
            },
            0,
        ),
        (
            RunFilter {
                business_key: Some("k1".into()),
                ..any()
            },
            1,
        ),
        (
            RunFilter {
                subject: Some("k2".into()),
                ..any()
            },
            1,
        ),
        (
            RunFilter {
                label: Some(("market".into(), "DE".into())),
                ..any()
            },
            5,
        ),
        (
            RunFilter {
                label: Some(("market".into(), "FR".into())),
                ..any()
            },
            0,
        ),
        (
            RunFilter {
                since: Some(at(1)),
                until: Some(at(3)),
                ..any()
            },
            2,
        ),
    ];
    for (filter, expected) in filters {
        let found = store
            .runs(filter.clone(), PageRequest::default())
            .await
            .unwrap();
        assert_eq!(found.items.len(), expected, "{filter:?}");
    }
    let nonsense = PageRequest {
        cursor: Some("x".into()),
        limit: 0,
    };
    let answer = store.runs(any(), nonsense).await;
    assert!(matches!(answer, Err(Error::Refused(_))), "{answer:?}");
}

pub async fn counts_and_digests_follow_the_runs(store: &dyn Store) {
    started(store, "a", 0).await;
    stepped(store, After::Completed(completion("done")), 1).await;
    let mut other = new_run("b", 2);
    other.handler = Digest::of(b"other handler");
    store.start_run(other.clone()).await.unwrap();
    stepped(store, waiting(vec![], vec![]), 3).await;
    started(store, "c", 4).await;
    let counts = store.run_counts().await.unwrap();
    let flow = || "flow".into();
    let expected = [
        (flow(), RunState::Completed, 1),
        (flow(), RunState::Pending, 1),
        (flow(), RunState::Waiting, 1),
    ];
    assert_eq!(counts, expected);
    let mut digests = [Digest::of(b"handler"), other.handler];
    digests.sort();
    assert_eq!(store.digests_in_use().await.unwrap(), digests);
}

pub async fn events_are_found(store: &dyn Store) {
    let mut related = event("a", "1");
    related.related = vec![entity("b")];
    let first = arrives(store, related).await;
    let second = arrives(store, event("b", "1")).await;
    store.route(first, Default::default(), at(1)).await.unwrap();
    let any = EventFilter::default;
    let filters = [
        (any(), vec![second, first]),
        (
            EventFilter {
                connection: Some(dam()),
                ..any()
            },
            vec![second, first],
        ),
        (
            EventFilter {
                connection: Some("x".into()),
                ..any()
            },
            vec![],
        ),
        (
            EventFilter {
                kind: Some("asset.updated".into()),
                ..any()
            },
            vec![second, first],
        ),
        (
            EventFilter {
                entity: Some("b".into()),
                ..any()
            },
            vec![second, first],
        ),
        (
            EventFilter {
                entity: Some("a".into()),
                ..any()
            },
            vec![first],
        ),
        (
            EventFilter {
                unrouted: true,
                ..any()
            },
            vec![second],
        ),
    ];
    for (filter, expected) in filters {
        let page = store
            .events(filter.clone(), PageRequest::default())
            .await
            .unwrap();
        assert_eq!(
            page.items.iter().map(|e| e.id).collect::<Vec<_>>(),
            expected,
            "{filter:?}"
        );
    }
}

pub async fn the_audit_chain_fits(store: &dyn Store) {
    assert_eq!(store.verify_audit().await.unwrap(), Ok(0));
    let run = started(store, "a", 0).await;
    store
        .audit(vec![entry("one", &run), entry("two", &"r-other".into())])
        .await
        .unwrap();
    store.audit(Vec::new()).await.unwrap();
    store.audit(vec![entry("three", &run)]).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), Ok(4));

    let first = PageRequest {
        cursor: None,
        limit: 3,
    };
    let page = store.audit_records(None, first).await.unwrap();
    assert_eq!(page.items[1].entry, entry("one", &run));
    assert_eq!(page.items[1].previous, page.items[0].hash);
    let rest = store
        .audit_records(
            None,
            PageRequest {
                cursor: page.next,
                limit: 3,
            },
        )
        .await
        .unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    assert_eq!(
        super::fixtures::actions(store, &run).await,
        ["run.started", "one", "three"]
    );
}

pub async fn configurations_are_kept_by_hash(store: &dyn Store) {
    let config = json!({"threshold": 0.1});
    store.put_flow_config("h", &config).await.unwrap();
    store.put_flow_config("h", &config).await.unwrap();
    assert_eq!(store.flow_config("h").await.unwrap(), Some(config));
    assert_eq!(store.flow_config("other").await.unwrap(), None);
    store.probe().await.unwrap();
}
