//! What vendors send: webhooks, and replies to requests.

#![expect(
    clippy::expect_used,
    reason = "a target that cannot be set up must fail, not pass"
)]

use std::cell::Cell;
use std::rc::Rc;

use canto::Canto;
use forebay_plugin_canto as canto;
use forebay_plugin_iconik::Iconik;
use forebay_plugin_opentext_workflow::Engine;
use forebay_sdk::assets::{AssetSource, Collections, Comments, Fields, Query, Versions};
use forebay_sdk::connector::{ChangeOptions, Connector, EventSource, WebhookRequest};
use forebay_sdk::http::{Request, Response, Transport, TransportError};
use forebay_sdk::testing::{self, START};
use forebay_sdk::workflow::{TaskQuery, Tasks, WorkflowSink};
use serde_json::{Value as Json, json};

/// Requests of one call after which the vendor is gone: what pages for ever is ended by the host's
/// limits, which have their own tests.
const PATIENCE: u32 = 24;

/// Statuses that vendors answer with.
const STATUSES: [u16; 8] = [200, 200, 200, 201, 204, 404, 409, 500];

/// A vendor that answers everything with the same bytes.
struct Parrot {
    status: u16,
    body: Vec<u8>,
    left: Cell<u32>,
}

impl Transport for Parrot {
    fn exchange(&self, _: &Request) -> Result<Response, TransportError> {
        let left = self.left.get();
        if left == 0 {
            return Err(TransportError::Lost("enough".to_owned()));
        }
        self.left.set(left - 1);
        Ok(Response {
            status: self.status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: self.body.clone(),
        })
    }
}

fn made<C: Connector>(settings: &Json, status: u16, body: &[u8]) -> Option<C> {
    let parrot = Parrot {
        status,
        body: body.to_vec(),
        left: Cell::new(PATIENCE),
    };
    let call = testing::call(settings)
        .transport(Rc::new(parrot))
        .key("key");
    C::new(call.build()).ok()
}

fn canto(status: u16, body: &[u8]) -> Option<Canto> {
    let settings = json!({"tenant": "acme", "integration_user": "Forebay"});
    made(&settings, status, body)
}

fn iconik(status: u16, body: &[u8]) -> Option<Iconik> {
    made(&json!({}), status, body)
}

fn engine(dialect: &str, status: u16, body: &[u8]) -> Option<Engine> {
    let mut settings = json!({"base_url": "https://wf.test", "dialect": dialect});
    if dialect == "opentext" {
        settings["tenant"] = "t1".into();
    }
    made(&settings, status, body)
}

/// Connectors and endpoints at which webhooks arrive.
const ENDPOINTS: [(&str, &str); 8] = [
    ("canto", "upload"),
    ("canto", "update-metadata"),
    ("canto", "delete"),
    ("canto", "new-version"),
    ("canto", "assign-to-album"),
    ("iconik", "events"),
    ("iconik", "action"),
    ("opentext", "callback"),
];

/// The first byte chooses an endpoint, the rest is the body.
pub(super) fn webhooks(bytes: &[u8]) {
    let Some((choice, body)) = bytes.split_first() else {
        return;
    };
    let (vendor, endpoint) = ENDPOINTS[usize::from(*choice) % ENDPOINTS.len()];
    let request = WebhookRequest {
        endpoint: endpoint.to_owned(),
        method: "POST".to_owned(),
        path: format!("/hooks/test/{endpoint}"),
        headers: Vec::new(),
        body: body.to_vec(),
        received_at: START,
    };
    let events = match vendor {
        "canto" => canto(200, body).map(|it| it.webhook(&request)),
        "iconik" => iconik(200, body).map(|it| it.webhook(&request)),
        dialect => engine(dialect, 200, body).map(|it| it.webhook(&request)),
    };
    let events = events.expect("usual settings are accepted");
    for event in events.unwrap_or_default() {
        assert!(!event.kind.is_empty(), "an event of no kind");
        assert!(!event.entity.id.is_empty(), "an event of nothing");
    }
}

/// The first byte chooses what is asked, the second the status, the rest is the body of every reply.
pub(super) fn replies(bytes: &[u8]) {
    let [choice, status, body @ ..] = bytes else {
        return;
    };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let ask = ASKED[usize::from(*choice) % ASKED.len()];
    ask(status, body);
}

const OPTIONS: ChangeOptions = ChangeOptions {
    start_at: None,
    overlap_seconds: 60,
    limit: 100,
};

/// What is asked of vendors. That an answer comes back, whatever it is, is all that is wanted.
const ASKED: [fn(u16, &[u8]); 16] = [
    |status, body| with(canto(status, body), |it| AssetSource::get(it, "image/abc")),
    |status, body| with(canto(status, body), |it| it.search(&Query::default())),
    |status, body| with(canto(status, body), |it| it.changes(None, &OPTIONS)),
    |status, body| with(canto(status, body), |it| Fields::list(it, None)),
    |status, body| {
        with(canto(status, body), |it| {
            Versions::list(it, "image/abc", None)
        })
    },
    |status, body| with(canto(status, body), |it| it.find("/Campaigns/Spring")),
    |status, body| with(canto(status, body), Connector::check),
    |status, body| with(iconik(status, body), |it| AssetSource::get(it, "a1")),
    |status, body| with(iconik(status, body), |it| it.search(&Query::default())),
    |status, body| with(iconik(status, body), |it| it.changes(None, &OPTIONS)),
    |status, body| with(iconik(status, body), |it| Comments::list(it, "a1", None)),
    |status, body| with(iconik(status, body), Connector::check),
    |status, body| {
        with(engine("opentext", status, body), |it| {
            it.changes(None, &OPTIONS)
        })
    },
    |status, body| {
        with(engine("opentext", status, body), |it| {
            WorkflowSink::get(it, "p1")
        })
    },
    |status, body| {
        with(engine("flowable", status, body), |it| {
            Tasks::list(it, &TaskQuery::default())
        });
    },
    |status, body| {
        with(engine("flowable", status, body), |it| {
            it.find("assetApproval", "k")
        })
    },
];

fn with<C, T>(connector: Option<C>, ask: impl FnOnce(&C) -> T) {
    let connector = connector.expect("usual settings are accepted");
    let _ = ask(&connector);
}
