//! No secret leaves the host but to the vendor it belongs to: none is in the store, in an answer of
//! the API or in a log, whatever happened.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_e2e::{ANN, CANTO, ENGINE, Flow, ICONIK, SECRETS, Setup, World};
use forebay_model::run::RunState;
use forebay_simulators::canto::NewAsset;
use forebay_simulators::common::{Fault, Rule};
use forebay_simulators::iconik;
use serde_json::Value;

const FLOW: &str = r#"
stages = [{ name = "brand", policy = "any" }]
routing = [{ when = {}, to = { group = "brand-reviewers", sla = "3bd" } }]
users = { "u1" = "uploader@example.test" }
"#;

const MINUTE: Duration = Duration::from_secs(60);

/// Everything that is logged, in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Keep what all crates but the simulators log; they are the vendors.
    fn capture() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let levels = "info,hyper=trace,hyper_util=trace,reqwest=trace,rusqlite=trace,\
            forebay=trace,forebay_api=trace,forebay_config=trace,forebay_egress=trace,\
            forebay_engine=trace,forebay_sandbox=trace,forebay_store=trace,forebay_simulators=off";
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_env_filter(levels)
            .with_writer(move || writer.clone())
            .try_init()
            .unwrap();
        log
    }
}

/// Does one of these secrets occur here?
fn find(secrets: &[String], place: &str, bytes: &[u8]) {
    for secret in secrets {
        let secret = secret.as_bytes();
        let found = bytes
            .windows(secret.len())
            .position(|window| window == secret);
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())];
            panic!(
                "a secret is in {place}: …{}…",
                String::from_utf8_lossy(around)
            );
        }
    }
}

/// Every path of the API that can be read, with its parameters filled in.
fn readable(document: &Value, run: &str, plugin: &str) -> Vec<String> {
    let paths = document["paths"].as_object().unwrap();
    let gets = paths
        .iter()
        .filter(|(_, operations)| operations.get("get").is_some());
    let mut filled = Vec::new();
    for (path, _) in gets {
        let names = if path.starts_with("/v1/connections/") {
            vec![CANTO, ICONIK, ENGINE]
        } else if path.starts_with("/v1/flows/") {
            vec!["canto-1", "iconik-1"]
        } else {
            vec![plugin]
        };
        for name in names {
            filled.push(path.replace("{id}", run).replace("{name}", name));
        }
    }
    filled.sort();
    filled.dedup();
    filled
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_store_answer_or_log() {
    let log = Log::capture();
    let iconik = format!("{FLOW}\ninitial_status = false\nfields = {{ review_run = \"run\" }}");
    let setup = Setup::of([
        Flow::approval("canto-1", CANTO, FLOW),
        Flow::approval("iconik-1", ICONIK, &iconik),
    ]);
    let world = World::start(setup).await.unwrap();
    world.canto.add_user("u1", "Uta Uploader");
    // Errors are where secrets like to show: answers lost, refused, and credentials revoked.
    for (frame, write) in [
        (world.canto.frame(), "edit"),
        (world.iconik.frame(), "write-metadata"),
        (world.engine.frame(), "start-process"),
    ] {
        frame
            .faults()
            .add(Rule::once(write, Fault::CommitThenTimeout));
        frame.faults().add(Rule::once("token", Fault::status(500)));
    }
    let asset = world
        .canto
        .add_asset(NewAsset::new("spot.mp4", "frames", "u1"))
        .unwrap();
    world
        .iconik
        .add_asset(iconik::NewAsset::new("clip.mp4", "frames", "u1"));
    world.settle().await.unwrap();
    world.endure(30 * MINUTE, MINUTE).await.unwrap();
    assert_eq!(
        world.open_stages(),
        ["brand", "brand"],
        "{:#?}",
        world.runs().await.unwrap()
    );

    let forged = serde_json::json!({
        "secure_token": "not-the-token", "scheme": asset.scheme, "id": asset.id, "displayname": "x",
    });
    let hook = format!("{}/hooks/{CANTO}/upload", world.address());
    let refused = tokio::task::spawn_blocking(move || ureq::post(hook).send_json(forged));
    assert!(
        refused.await.unwrap().is_err(),
        "a forged delivery is turned away"
    );

    let frames = [
        world.canto.frame(),
        world.iconik.frame(),
        world.engine.frame(),
    ];
    for revoked in [true, false] {
        frames
            .iter()
            .for_each(|frame| frame.tokens().revoke_credentials(revoked));
        world.endure(30 * MINUTE, 5 * MINUTE).await.unwrap();
    }
    for _ in 0..2 {
        world
            .decide("brand", ANN, "approved", &[("comment", "fine")])
            .unwrap();
        world.endure(10 * MINUTE, MINUTE).await.unwrap();
    }
    let runs = world.runs().await.unwrap();
    assert!(
        runs.iter().all(|run| run.state == RunState::Completed),
        "{runs:#?}"
    );
    assert_eq!(runs.len(), 2);

    // Tokens that vendors issued meanwhile are secrets too.
    let issued = frames.iter().flat_map(|frame| frame.tokens().all());
    let secrets: Vec<String> = SECRETS
        .iter()
        .map(|secret| (*secret).to_owned())
        .chain(issued)
        .collect();
    assert!(secrets.len() > SECRETS.len(), "tokens were issued");

    let (status, document) = world.get("/openapi.json").await.unwrap();
    assert_eq!(status, 200);
    let document: Value = serde_json::from_str(&document).unwrap();
    let mut answered = 0;
    for run in &runs {
        for plugin in ["canto", "iconik", "opentext-workflow", "approval"] {
            for path in readable(&document, run.id.as_str(), plugin) {
                let (status, text) = world.get(&path).await.unwrap();
                assert!(
                    status == 200 || status == 404,
                    "{path} answered {status}: {text}"
                );
                answered += u32::from(status == 200);
                find(&secrets, &path, text.as_bytes());
            }
        }
    }
    assert!(answered > 50, "only {answered} answers were looked at");

    let database = std::fs::read(world.folder().join("forebay.db")).unwrap();
    let holds = |text: &str| {
        database
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        holds("spot.mp4") && holds("clip.mp4"),
        "what is stored can be read as it is"
    );
    let mut files = 0;
    for entry in std::fs::read_dir(world.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files += 1;
            find(
                &secrets,
                &path.display().to_string(),
                &std::fs::read(&path).unwrap(),
            );
        }
    }
    assert!(files >= 2, "the configuration and the database at least");

    let logged = log.0.lock().unwrap();
    let text = String::from_utf8_lossy(&logged);
    assert!(text.contains("webhook turned away") && text.contains("connection unhealthy"));
    find(&secrets, "the log", &logged);
}
