//! A host for one test, and requests to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::response::Response;
use forebay_api::{Api, ApiKey, Options, Parts, Scope};
use forebay_engine::{Core, Topology};
use forebay_model::flow::{ConnectionSpec, FlowSpec, Mode, PollPolicy, RetryPolicy};
use forebay_model::{ScheduleSpec, Timestamp, VirtualClock};
use forebay_store::{SqliteOptions, SqliteStore};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::doubles::{Directory, HeaderGate, Scripted};
use crate::store::{Breakable, Held};

/// A host over an empty store.
pub(crate) struct Host {
    pub(crate) api: Api,
    pub(crate) core: Arc<Core>,
    pub(crate) clock: VirtualClock,
    pub(crate) store: Arc<Breakable>,
    pub(crate) ready: watch::Sender<bool>,
    document: Value,
    pub(crate) directory: tempfile::TempDir,
}

/// An answer that fits the document.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// Last part of a problem's type.
    pub(crate) fn problem(&self) -> (u16, &str) {
        let kind = self.body["type"].as_str().unwrap_or_default();
        (
            self.status.as_u16(),
            kind.rsplit(':').next().unwrap_or_default(),
        )
    }

    pub(crate) fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn flow(name: &str, enabled: bool) -> FlowSpec {
    FlowSpec {
        name: name.into(),
        handler: "approve".into(),
        enabled,
        mode: Mode::Enforce,
        connections: BTreeMap::from([("dam".to_owned(), "canto".into())]),
        config: json!({"quorum": 2}),
        retry: RetryPolicy::default(),
        max_active: 10,
        schedules: Vec::new(),
    }
}

fn connection(name: &str, plugin: &str, tenant: &str) -> ConnectionSpec {
    ConnectionSpec {
        name: name.into(),
        plugin: plugin.into(),
        settings: json!({"tenant": tenant}),
        poll: PollPolicy::default(),
    }
}

impl Host {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let inner = SqliteStore::open(SqliteOptions::new(directory.path().join("s.db"))).unwrap();
        let store = Arc::new(Breakable {
            inner,
            broken: AtomicBool::new(false),
            held: Held::default(),
        });
        let clock = VirtualClock::new(Timestamp(1_706_694_312_007));
        let core = Core::new(forebay_engine::Parts {
            store: store.clone(),
            guests: Arc::new(Scripted),
            gate: Arc::new(HeaderGate),
            clock: Arc::new(clock.clone()),
            options: forebay_engine::Options {
                backups: Some(forebay_engine::BackupOptions {
                    directory: directory.path().join("backups"),
                    allow_absolute: false,
                }),
                ..Default::default()
            },
            owner: "test".into(),
            public_url: None,
        });
        let mut approval = flow("approval", true);
        approval.schedules = vec![ScheduleSpec {
            name: "nightly".into(),
            cron: "0 2 * * *".into(),
            zone: "UTC".into(),
            days_off: None,
            input: json!({"key": "scan"}),
        }];
        let flows = vec![approval, flow("off", false)];
        let connections = vec![
            connection("canto", "canto", "acme"),
            connection("broken", "canto", "gone"),
            connection("bare", "missing", "acme"),
        ];
        core.configure(Topology::new(flows, connections))
            .await
            .unwrap();
        let ready = watch::Sender::new(true);
        let api = Api::new(Parts {
            core: Arc::clone(&core),
            plugins: Arc::new(Directory),
            keys: vec![
                ApiKey::of("viewer", "read-key-0123456", [Scope::Read]),
                ApiKey::of("ops", "operate-key-0123", [Scope::Operate]),
                ApiKey::of("root", "admin-key-012345", [Scope::Admin]),
                ApiKey::of("board", "override-key-012", [Scope::ApproverOverride]),
                ApiKey::of(
                    "all",
                    "all",
                    [
                        Scope::Read,
                        Scope::Operate,
                        Scope::Admin,
                        Scope::ApproverOverride,
                    ],
                ),
            ],
            metrics: Arc::new(|| "# TYPE forebay_up gauge\nforebay_up 1\n".to_owned()),
            ready: ready.subscribe(),
            clock: Arc::new(clock.clone()),
            options,
        });
        let document = forebay_api::document();
        Self {
            api,
            core,
            clock,
            store,
            ready,
            document,
            directory,
        }
    }

    pub(crate) fn break_store(&self, broken: bool) {
        self.store.broken.store(broken, Ordering::SeqCst);
    }

    /// Run every activation that is due.
    pub(crate) async fn activate(&self) {
        self.core.run_activations().await.unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    /// With a key that may do all.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-api-key", "all");
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// Start a run under a business key; returns its id.
    pub(crate) async fn start(&self, key: &str) -> String {
        let answer = self
            .post("/v1/flows/approval/runs", json!({"key": key}))
            .await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        answer.body["run_id"].as_str().unwrap().to_owned()
    }

    /// Send a request; the answer must fit the document.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let method = request.method().as_str().to_lowercase();
        let path = request.uri().path().to_owned();
        let response = self.api.router().oneshot(request).await.unwrap();
        let answer = read(response).await;
        self.assert_documented(&method, &path, &answer);
        answer
    }

    fn assert_documented(&self, method: &str, path: &str, answer: &Answer) {
        let id = answer
            .header("x-request-id")
            .expect("every answer has a request id");
        if answer.status.is_client_error() || answer.status.is_server_error() {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json")
            );
            assert_eq!(answer.body["status"], answer.status.as_u16());
            assert_eq!(answer.body["instance"], path);
            assert_eq!(answer.body["request_id"], id);
            self.assert_schema(
                &json!({"$ref": "#/components/schemas/Problem"}),
                &answer.body,
            );
            return;
        }
        let operation = self
            .operation(method, path)
            .expect("a documented operation");
        let documented = &operation["responses"][answer.status.as_str()];
        assert!(
            documented.is_object(),
            "{method} {path}: {} is not documented",
            answer.status
        );
        if let Some(schema) = documented["content"]["application/json"].get("schema") {
            self.assert_schema(schema, &answer.body);
        }
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let fits = |template: &str| {
            // A verb is part of the last segment of both.
            let split = |path: &str| path.replace(':', "/:");
            let (template, path) = (split(template), split(path));
            let (template, path) = (template.split('/'), path.split('/'));
            template.clone().count() == path.clone().count()
                && template
                    .zip(path)
                    .all(|(want, have)| want.starts_with('{') || want == have)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let exact = paths.get(path);
        let found = exact.or_else(|| {
            paths
                .iter()
                .find(|(path, _)| fits(path))
                .map(|(_, item)| item)
        });
        found.and_then(|item| item.get(method))
    }

    fn assert_schema(&self, schema: &Value, body: &Value) {
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        if let Err(error) = validator.validate(body) {
            panic!("{error} at {} in {body:#}", error.instance_path());
        }
    }
}

async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer {
        status: parts.status,
        headers: parts.headers,
        text,
        body,
    }
}
