//! Guests that lie about who they are and what they need, and guests that reach outside their role.

use forebay_hostile::broker::Obliging;
use forebay_hostile::{House, NEIGHBOUR, Place, Vendor, answer, guests, limits};

#[tokio::test]
async fn lies_and_loops_of_a_description_keep_the_file_out() {
    let cases = [
        ("describe_loops", "describe-failed", "limits.cpu_describe"),
        ("describe_hoards", "bad-description", "longer than"),
        (
            "forged_version",
            "bad-description",
            "is not a semantic version",
        ),
        (
            "bad_schema",
            "bad-description",
            "settings-schema is not a JSON Schema",
        ),
        (
            "uncovered",
            "bad-description",
            "it imports test:hostile/deed, but no role",
        ),
        (
            "wants_runtime",
            "unknown-import",
            "forebay:flow/runtime@0.1.0: this host does not offer it",
        ),
        (
            "wants_call",
            "unknown-import",
            "forebay:connector/call@0.1.0: this host does not offer it",
        ),
    ];
    let names: Vec<_> = cases.iter().map(|(name, ..)| *name).collect();
    let house = House::with(&names).await;
    for (name, code, words) in cases {
        let (found, reason) = house.refusal(&format!("{name}.wasm"));
        assert_eq!(found, code, "{name}: {reason}");
        assert!(reason.contains(words), "{name}: {reason}");
        assert!(reason.len() < 3_000, "{name}: {} bytes", reason.len());
        // Operators read it in logs, over the API and in terminals.
        assert!(!reason.contains(char::is_control), "{name}: {reason:?}");
        let told = house
            .log
            .with(&format!("file=\"{name}.wasm\" code=\"{code}\""));
        assert_eq!(told.len(), 1, "{}", house.log.text());
    }
    house.log.assert_unforged();
    assert_eq!(house.registry.list().len(), 1);
    house.neighbour_answers().await;
}

#[tokio::test]
async fn reads_of_others_are_told_and_count_for_nobody_else() {
    let house = House::with(&["foreign_reads"]).await;
    let told = house.log.with("lists a read that it does not export");
    assert!(
        told.len() == 1 && told[0].contains("forebay:assets/asset-source.update"),
        "{told:?}"
    );
    // What a plugin says is kept with that plugin.
    assert!(
        house
            .plugin(NEIGHBOUR)
            .connector()
            .unwrap()
            .reads
            .is_empty()
    );
    house.neighbour_answers().await;
}

#[tokio::test]
async fn a_name_that_is_taken_stays_with_its_owner() {
    let house = House::with(&[]).await;
    let owner = house.plugin(NEIGHBOUR);
    let usurper = house.place.drop_guest("usurper");
    house.beside(house.registry.rescan()).await;
    let (code, reason) = house.refusal("usurper.wasm");
    assert_eq!(code, "name-taken");
    assert!(
        reason.contains("neighbour.wasm was there first and stays"),
        "{reason}"
    );
    assert_eq!(house.plugin(NEIGHBOUR).digest, owner.digest);

    // Not by being older than the owner when the host starts again either.
    let file = std::fs::File::open(usurper).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let House {
        place, registry, ..
    } = house;
    drop(registry);
    let house = House::at(place, limits()).await.unwrap();
    assert_eq!(house.refusal("usurper.wasm").0, "name-taken");
    assert_eq!(house.plugin(NEIGHBOUR).digest, owner.digest);
    house.neighbour_answers().await;
}

#[tokio::test]
async fn a_handler_finds_every_way_out_shut() {
    let vendor = Vendor::start(answer("200 OK", &[], b"reached")).await;
    let house = House::with(&["outsider"]).await;
    let report = house
        .beside(house.activate("outsider", &vendor.origin(), Obliging::new()))
        .await
        .unwrap();
    assert!(!report.contains("reached"), "{report}");
    assert_eq!(report.lines().count(), 10, "{report}");
    assert!(report.contains("environment: 0\narguments: 0"), "{report}");
    assert!(
        report.contains("a handler reaches the world through connectors"),
        "{report}"
    );
    assert_eq!(vendor.received(), "");
    assert!(!std::path::Path::new("/tmp/forebay-outsider").exists());
}

#[tokio::test]
async fn a_connector_without_a_connection_reaches_nothing() {
    let vendor = Vendor::start(answer("200 OK", &[], b"reached")).await;
    let house = House::with(&["prowler"]).await;
    let answer = house.act("prowler", &vendor.url("/")).await.unwrap();
    assert!(
        answer.contains("denied: no connection is named"),
        "{answer}"
    );
    assert_eq!(vendor.received(), "");
}

#[tokio::test]
async fn a_file_that_calls_itself_by_the_same_name_twice_is_one_plugin() {
    let place = Place::default();
    place.drop_guest(NEIGHBOUR);
    place.drop_file("copy.wasm", &guests::rust(NEIGHBOUR));
    let house = House::at(place, limits()).await.unwrap();
    assert_eq!(house.registry.list().len(), 1);
    assert_eq!(house.registry.quarantined().len(), 1);
    house.neighbour_answers().await;
}
