//! `kill -9` at the worst moments, and the start after it.

#![allow(clippy::unwrap_used, reason = "tests")]

use forebay_e2e::{ANN, Binary, Site, WEBHOOK_TOKEN};
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::canto::{Canto, CantoOptions, NewAsset};
use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::opentext::{OpenText, OpenTextOptions};
use serde_json::{Map, Value, json};

/// One stage, and nothing that waits for time to pass.
const FLOW: &str = r#"
[flows.canto-1]
handler = "approval"
connections = { dam = "canto-main", workflow = "otwf-main" }

[flows.canto-1.config]
key_prefix = "canto-1"
ready_when = { preview = false, files_closed = false }
stages = [{ name = "brand", policy = "any" }]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
users = { "u1" = "uploader@example.test" }
"#;

struct Scene {
    canto: Canto,
    engine: OpenText,
    site: Site,
}

impl Scene {
    async fn new() -> Self {
        let canto = Canto::start(CantoOptions::default()).await.unwrap();
        canto.add_user("u1", "Uta Uploader");
        let engine = OpenText::start(OpenTextOptions::default()).await.unwrap();
        // Nothing is found by polling: what is not lost came by webhook.
        for operation in ["search", "list-scheme", "album-content", "folder-content"] {
            canto
                .frame()
                .faults()
                .add(Rule::always(operation, Fault::status(500)));
        }
        let configuration = [&Site::canto(&canto, ""), &Site::engine(&engine), FLOW].join("\n");
        let plugins = ["canto", "opentext-workflow", "approval"];
        let site = Site::with_plugins(&configuration, &plugins).unwrap();
        Self {
            canto,
            engine,
            site,
        }
    }

    fn upload(&self, name: &str) -> ContentId {
        self.canto
            .add_asset(NewAsset::new(name, "pixels", "u1"))
            .unwrap()
    }

    /// Canto tells of an upload.
    fn tell(host: &Binary, asset: &ContentId) {
        let told = json!({
            "secure_token": WEBHOOK_TOKEN,
            "scheme": asset.scheme, "id": asset.id, "displayname": "photo.jpg",
        });
        let (status, answer) = host
            .deliver("/hooks/canto-main/upload", &told.to_string())
            .unwrap();
        assert_eq!(status, 200, "{answer:#}");
    }

    /// Reviews that were started, with their open task if there is one.
    fn reviews(&self) -> Vec<Option<String>> {
        let processes = self.engine.all_processes();
        let reviews = processes
            .iter()
            .filter(|process| process.definition == "assetApproval");
        reviews
            .map(|review| {
                self.engine
                    .open_tasks(&review.id)
                    .first()
                    .map(|task| task.id.clone())
            })
            .collect()
    }

    /// The open task of the only review there ever was.
    fn only_task(&self) -> String {
        let reviews = self.reviews();
        assert_eq!(reviews.len(), 1, "{reviews:?}");
        reviews.into_iter().flatten().next().unwrap()
    }
}

fn until_all(host: &Binary, count: usize, state: &str) -> Vec<Value> {
    let runs = host
        .until("/v1/runs", &format!("{count} runs are {state}"), |runs| {
            runs["items"].as_array().is_some_and(|runs| {
                runs.len() == count && runs.iter().all(|run| run["state"] == state)
            })
        })
        .unwrap();
    runs["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_made_while_the_host_is_dead_lands_and_no_process_is_started_twice() {
    let scene = Scene::new().await;
    let host = scene.site.serve().unwrap();
    let asset = scene.upload("photo.jpg");
    Scene::tell(&host, &asset);
    until_all(&host, 1, "waiting");
    let task = scene.only_task();
    host.kill().unwrap();

    scene
        .engine
        .decide(&task, ANN, "approved", &Map::new())
        .unwrap();
    let host = scene.site.serve().unwrap();
    let run = until_all(&host, 1, "completed").remove(0);
    assert_eq!(run["outcome"], "approved");
    assert_eq!(scene.canto.asset(&asset).unwrap().status, "Approved");
    assert_eq!(scene.reviews(), [None], "one review, and it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_in_the_middle_of_its_work_goes_on_where_it_was() {
    let scene = Scene::new().await;
    let host = scene.site.serve().unwrap();
    let asset = scene.upload("photo.jpg");
    // The engine starts the review and its answer is lost: the host dies while it does not know.
    scene
        .engine
        .frame()
        .faults()
        .add(Rule::once("start-process", Fault::CommitThenTimeout));
    Scene::tell(&host, &asset);
    host.until("/v1/runs", "the engine has it", |_| {
        scene.reviews().len() == 1
    })
    .unwrap();
    host.kill().unwrap();
    let host = scene.site.serve().unwrap();
    until_all(&host, 1, "waiting");
    host.kill().unwrap();
    let host = scene.site.serve().unwrap();
    until_all(&host, 1, "waiting");
    let task = scene.only_task();
    scene
        .engine
        .decide(&task, ANN, "approved", &Map::new())
        .unwrap();
    assert_eq!(until_all(&host, 1, "completed")[0]["outcome"], "approved");
    assert_eq!(scene.reviews(), [None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_a_moment_before_the_kill_is_not_lost() {
    const KILLS: usize = 4;
    let scene = Scene::new().await;
    let mut assets = Vec::new();
    for number in 0..KILLS {
        let host = scene.site.serve().unwrap();
        let asset = scene.upload(&format!("photo-{number}.jpg"));
        Scene::tell(&host, &asset);
        host.kill().unwrap();
        assets.push(asset);
    }
    let host = scene.site.serve().unwrap();
    until_all(&host, KILLS, "waiting");
    assert_eq!(scene.reviews().iter().flatten().count(), KILLS);
    for asset in &assets {
        assert_eq!(scene.canto.asset(asset).unwrap().status, "Pending");
    }
    let events = host.get("/v1/events?kind=asset.created").unwrap().1;
    let events = events["items"].as_array().unwrap();
    assert_eq!(events.len(), KILLS);
    assert!(
        events.iter().all(|event| event["source"] == "webhook"),
        "{events:#?}"
    );
}
