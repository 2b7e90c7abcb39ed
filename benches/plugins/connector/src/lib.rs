//! Connector of the benchmarks: one vendor that is a DAM and a workflow engine in one, with the
//! smallest API that the main job needs. It is written as a real one would be, with nothing left out
//! for speed.
//!
//! Assets whose id begins with [`LOCAL`] are answered without asking the vendor: with them the cost of
//! a call is measured without that of HTTP.

use forebay_sdk::assets::{
    Asset, AssetKind, AssetSource, AssetStatus, AssetUpdate, Readiness, Updated,
};
use forebay_sdk::connector::{
    AuthScheme, Call, Connector, ConnectorInfo, EventSource, WebhookAuth, WebhookRequest,
};
use forebay_sdk::http::Http;
use forebay_sdk::workflow::WorkflowSink;
use forebay_sdk::workflow::workflow_sink::{Process, ProcessState, StartRequest, Started};
use forebay_sdk::{Entity, Error, Event, Field, Timestamp, reads};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Assets that are answered without a request.
pub const LOCAL: &str = "local-";

/// Settings of a connection.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Base address of the vendor.
    base_url: String,
}

/// An asset as the vendor tells it.
#[derive(Deserialize)]
struct Row {
    id: String,
    name: String,
    status: String,
    token: String,
    modified: Timestamp,
    fields: Vec<(String, String)>,
}

/// What the vendor is sent to change an asset.
#[derive(Serialize)]
struct Change<'a> {
    status: &'a str,
    fields: Vec<(&'a str, String)>,
}

/// What the vendor is sent to start a process.
#[derive(Serialize)]
struct Start<'a> {
    definition: &'a str,
    key: &'a str,
    title: &'a str,
    variables: Vec<(&'a str, String)>,
}

/// A process as the vendor tells it.
#[derive(Deserialize)]
struct Begun {
    id: String,
    adopted: bool,
}

/// The body of a callback.
#[derive(Deserialize)]
struct Callback {
    process: String,
    outcome: String,
    at: Timestamp,
}

/// The connector during one call.
struct Vendor {
    call: Call,
    http: Http,
    settings: Settings,
}

impl Connector for Vendor {
    fn describe() -> ConnectorInfo {
        ConnectorInfo::new::<Settings>(
            "bench-vendor",
            env!("CARGO_PKG_VERSION"),
            "The benchmark's vendor",
            "Reads and writes assets, starts processes, is called back.",
        )
        .auth(AuthScheme::Bearer("token".to_owned()))
        .host("{base_url}")
        .reads(reads::ASSET_SOURCE)
        .webhook(
            "callback",
            "What a process calls at its end",
            WebhookAuth::Header("X-Bench-Secret".to_owned()),
            "callback_secret",
        )
        .event_kinds(&["process.completed"])
    }

    fn new(call: Call) -> Result<Self, Error> {
        Ok(Self {
            settings: call.settings()?,
            http: call.http(),
            call,
        })
    }
}

impl Vendor {
    fn asset_url(&self, id: &str) -> String {
        format!("{}/assets/{id}", self.settings.base_url)
    }
}

impl EventSource for Vendor {
    fn webhook(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        let callback: Callback = serde_json::from_slice(&request.body)
            .map_err(|error| Error::invalid(format!("the callback cannot be read: {error}")))?;
        let process = Entity::new("process", callback.process);
        Ok(vec![Event {
            data: vec![Field::new("outcome", callback.outcome)],
            ..Event::new("process.completed", process, "completed", callback.at)
        }])
    }
}

impl AssetSource for Vendor {
    fn get(&self, id: &str) -> Result<Asset, Error> {
        if id.starts_with(LOCAL) {
            return Ok(asset(Row {
                id: id.to_owned(),
                name: format!("{id}.jpg"),
                status: "pending".to_owned(),
                token: "1".to_owned(),
                modified: self.call.now(),
                fields: vec![("headline".to_owned(), "Spring".to_owned())],
            }));
        }
        let row: Row = self.http.get(self.asset_url(id)).send()?.json()?;
        Ok(asset(row))
    }

    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        let fields = update.fields.iter();
        let change = Change {
            status: match update.status {
                Some(AssetStatus::Approved) => "approved",
                _ => "pending",
            },
            fields: fields
                .map(|field| (field.name.as_str(), field.value.to_plain()))
                .collect(),
        };
        // The vendor knows the key of a write it has done already, so an unknown fate may be repeated.
        let sent = self
            .http
            .put(self.asset_url(id))
            .header("Idempotency-Key", self.call.idempotency_key())
            .json(&change);
        let row: Row = sent.send_effect()?.or_repeat()?.json()?;
        Ok(Updated {
            asset: asset(row),
            changes: Vec::new(),
        })
    }
}

impl WorkflowSink for Vendor {
    fn start(&self, request: &StartRequest) -> Result<Started, Error> {
        let variables = request.variables.iter();
        let start = Start {
            definition: &request.definition,
            key: &request.business_key,
            title: &request.title,
            variables: variables
                .map(|field| (field.name.as_str(), field.value.to_plain()))
                .collect(),
        };
        // The vendor adopts a process that has this key already.
        let sent = self
            .http
            .post(format!("{}/processes", self.settings.base_url))
            .header("Idempotency-Key", self.call.idempotency_key())
            .json(&start);
        let begun: Begun = sent.send_effect()?.or_repeat()?.json()?;
        Ok(Started {
            process: Process {
                id: begun.id,
                definition: request.definition.clone(),
                business_key: request.business_key.clone(),
                state: ProcessState::Active,
                outcome: None,
                reason: None,
                variables: Vec::new(),
                decisions: Vec::new(),
                started_at: Some(self.call.now()),
                ended_at: None,
                link: None,
            },
            adopted: begun.adopted,
        })
    }
}

fn asset(row: Row) -> Asset {
    Asset {
        id: row.id,
        name: row.name,
        kind: AssetKind::Image,
        status: match row.status.as_str() {
            "approved" => AssetStatus::Approved,
            _ => AssetStatus::Pending,
        },
        vendor_status: row.status,
        version: "1".to_owned(),
        change_token: row.token,
        checksum: None,
        size: None,
        created_at: row.modified,
        created_by: None,
        modified_at: row.modified,
        modified_by: None,
        expires_at: None,
        trashed: false,
        readiness: Readiness {
            preview: true,
            files_closed: true,
            failure: None,
            placeholder: false,
        },
        fields: row
            .fields
            .into_iter()
            .map(|(name, value)| Field::new(name, value))
            .collect(),
        tags: Vec::new(),
        containers: Vec::new(),
        links: Vec::new(),
        extra: Vec::new(),
    }
}

forebay_sdk::export_connector!(Vendor: event_source, asset_source, workflow_sink);
