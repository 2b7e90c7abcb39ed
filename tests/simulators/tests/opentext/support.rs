//! A simulator on virtual time and a client with a token.

use std::time::Duration;

use forebay_model::{Timestamp, VirtualClock};
use forebay_simulators::common::SimClock;
use forebay_simulators::opentext::{DEFAULT_PASSWORD, OpenText, OpenTextOptions, Settings};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

/// Wednesday, 17 April 2024, 10:17:43.902 UTC: the date of the vendor's samples.
pub(crate) const START: Timestamp = Timestamp(1_713_349_063_902);

pub(crate) const PROCESSES: &str = "/workflow/v1/process-instances";
pub(crate) const TASKS: &str = "/workflow/v1/tasks";
pub(crate) const PAST_PROCESSES: &str = "/workflow-history/v1/historic-process-instances";
pub(crate) const PAST_TASKS: &str = "/workflow-history/v1/historic-task-instances";
pub(crate) const FLOWABLE: &str = "/flowable-rest/service";

/// Who calls.
#[derive(Clone)]
pub(crate) enum As {
    Bearer(String),
    Basic(String, String),
    Nobody,
}

pub(crate) struct World {
    pub(crate) sim: OpenText,
    pub(crate) clock: VirtualClock,
    pub(crate) client: reqwest::Client,
    pub(crate) caller: As,
}

impl World {
    /// A simulator, called by the service account.
    pub(crate) async fn start() -> Self {
        let clock = VirtualClock::new(START);
        let options = OpenTextOptions {
            clock: SimClock::from(clock.clone()),
            ..OpenTextOptions::default()
        };
        let sim = OpenText::start(options).await.unwrap();
        let client = reqwest::Client::builder().build().unwrap();
        let mut world = Self {
            sim,
            clock,
            client,
            caller: As::Nobody,
        };
        world.caller = As::Bearer(world.service_token().await);
        world
    }

    /// The same simulator, called with Basic authentication.
    pub(crate) async fn flowable() -> Self {
        let (name, password) = Settings::default().flowable_admin;
        Self {
            caller: As::Basic(name, password),
            ..Self::start().await
        }
    }

    pub(crate) async fn token(&self, body: &Value) -> (u16, Value) {
        let url = format!("{}/tenants/test-tenant/oauth2/token", self.sim.base_url());
        read(self.client.post(url).json(body)).await
    }

    pub(crate) async fn service_token(&self) -> String {
        let (status, body) = self
            .token(
                &json!({"grant_type": "client_credentials", "client_id": "test-client",
                           "client_secret": "test-client-secret"}),
            )
            .await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// Call as a person from now on.
    pub(crate) async fn become_person(&mut self, person: &str) {
        let (status, body) = self
            .token(
                &json!({"grant_type": "password", "client_id": "test-client",
                           "client_secret": "test-client-secret", "username": person,
                           "password": DEFAULT_PASSWORD}),
            )
            .await;
        assert_eq!(status, 200, "{body}");
        self.caller = As::Bearer(body["access_token"].as_str().unwrap().to_owned());
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.sim.base_url()));
        match &self.caller {
            As::Bearer(token) => request.bearer_auth(token),
            As::Basic(name, password) => request.basic_auth(name, Some(password)),
            As::Nobody => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path)).await
    }

    pub(crate) async fn query(&self, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
        read(self.request(Method::GET, path).query(query)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> u16 {
        read(self.request(Method::DELETE, path)).await.0
    }

    /// Start a review over REST; its process id.
    pub(crate) async fn review(&self, key: &str, stages: Value) -> String {
        let (status, body) = self.post(PROCESSES, review_request(key, &stages)).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// Ids of the open tasks of a process.
    pub(crate) fn open(&self, process: &str) -> Vec<String> {
        self.sim
            .open_tasks(process)
            .into_iter()
            .map(|task| task.id)
            .collect()
    }

    pub(crate) async fn complete(&self, task: &str, outcome: &str) -> (u16, Value) {
        let body = json!({"action": "complete", "outcome": outcome});
        self.post(&format!("{TASKS}/{task}"), body).await
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Status and JSON body of a reply; null where there is none.
pub(crate) async fn read(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// A start request of a review.
pub(crate) fn review_request(key: &str, stages: &Value) -> Value {
    json!({
        "processDefinitionKey": "assetApproval",
        "name": "Approve hero.jpg",
        "businessKey": key,
        "variables": [
            {"name": "stages", "value": stages.to_string(), "type": "string", "scope": "global"},
            {"name": "title", "value": "hero.jpg"},
        ],
    })
}

/// One stage of policy `any` per name, each offered to the group of the same name.
pub(crate) fn stages(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({"name": name, "groups": [{"group": name, "due": null}]}))
        .collect()
}

/// One stage of some policy, offered to brand-reviewers, legal and compliance.
pub(crate) fn three(policy: &str, quorum: Option<u32>) -> Value {
    let groups = json!([{"group": "brand-reviewers"}, {"group": "legal"}, {"group": "compliance"}]);
    json!([{"name": "review", "policy": policy, "quorum": quorum, "groups": groups}])
}

/// A JSON object of variables.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Rows of a HAL list; none where `_embedded` is missing.
pub(crate) fn embedded(body: &Value, key: &str) -> Vec<Value> {
    body["_embedded"][key]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// The value of a variable in a rendered list.
pub(crate) fn value<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list
        .as_array()
        .into_iter()
        .flatten()
        .find(|variable| variable["name"] == name);
    found.map_or(&Value::Null, |variable| &variable["value"])
}
