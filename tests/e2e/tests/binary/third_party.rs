//! A connector and a handler of a third party, with an interface between them that the host was not
//! built with.

use forebay_e2e::{Agency, Binary, LICENCES, Site};
use serde_json::{Value, json};

/// A host with both plugins; none if they are not built.
fn serve(agency: &Agency) -> Option<(Site, Binary)> {
    let site = Site::new(&Site::licences(agency)).unwrap();
    if !site.drop_examples().unwrap() {
        return None;
    }
    let host = site.serve().unwrap();
    Some((site, host))
}

fn start(host: &Binary, purpose: &str) -> String {
    let input = json!({ "asset": "hero-2026", "purpose": purpose });
    let (status, started) = host
        .post(&format!("/v1/flows/{LICENCES}/runs"), &input)
        .unwrap();
    assert_eq!(status, 202, "{started:#}");
    started["run_id"].as_str().unwrap().to_owned()
}

fn until_completed(host: &Binary, run: &str) -> Value {
    host.until(&format!("/v1/runs/{run}"), "the run completes", |detail| {
        detail["run"]["state"] == "completed"
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_through_an_interface_that_the_host_does_not_know() {
    let agency = Agency::start("active").await.unwrap();
    let Some((_site, host)) = serve(&agency) else {
        return;
    };

    let granted = start(&host, "web");
    let detail = until_completed(&host, &granted);
    assert_eq!(detail["run"]["outcome"], "granted");
    assert_eq!(
        detail["run"]["summary"],
        "order order-of-hero-2026 covers web"
    );
    assert_eq!(
        agency.used(),
        [("order-of-hero-2026".to_owned(), "web".to_owned())]
    );

    let refused = start(&host, "print");
    assert_eq!(
        until_completed(&host, &refused)["run"]["outcome"],
        "refused"
    );
    assert_eq!(agency.used().len(), 1);

    // The journal names the functions; the read that the connector declares is no mutation.
    let steps = host.get(&format!("/v1/runs/{granted}/steps")).unwrap().1;
    let calls = steps["items"][0]["calls"].as_array().unwrap();
    let calls: Vec<_> = calls
        .iter()
        .map(|call| {
            (
                call["function"].as_str().unwrap(),
                call["mutating"].as_bool().unwrap(),
            )
        })
        .filter(|(function, _)| function.starts_with("acme:"))
        .collect();
    let expected = [
        ("acme:licensing/licences.lookup", false),
        ("acme:licensing/licences.mark-used", true),
    ];
    assert_eq!(calls, expected, "{steps:#}");
    assert_eq!(
        agency.strangers(),
        0,
        "the host adds the key to every request"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_handler_cannot_read_is_refused() {
    let agency = Agency::start("active").await.unwrap();
    let Some((_site, host)) = serve(&agency) else {
        return;
    };
    let path = format!("/v1/flows/{LICENCES}/runs");
    let (status, problem) = host.post(&path, &json!({ "aset": "hero-2026" })).unwrap();
    assert_eq!(status, 422, "{problem:#}");
    assert!(
        problem["detail"].as_str().unwrap().contains("aset"),
        "{problem:#}"
    );
    assert_eq!(host.get("/v1/runs").unwrap().1["items"], json!([]));
}
