//! The workflow engine: processes as its API lists them, and the task inbox as people use it.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::http::{Site, encode, list, text};

/// The process that reviews an asset, and the one that tells somebody something.
pub(super) const REVIEW: &str = "assetApproval";
pub(super) const NOTICE: &str = "forebayNotice";

/// Rows per list: more than the demonstration ever makes.
const ROWS: usize = 200;

/// A workflow engine.
pub(super) struct Inbox {
    api: Site,
    pages: Site,
    pub(super) url: String,
}

/// An open task.
pub(super) struct Task {
    pub(super) id: String,
    pub(super) name: String,
    /// Who has it, where somebody does.
    pub(super) assignee: Option<String>,
}

/// What a person decides.
pub(super) struct Decision {
    pub(super) person: &'static str,
    pub(super) outcome: &'static str,
    pub(super) reason: &'static str,
    pub(super) comment: &'static str,
}

impl Inbox {
    /// Sign in as the integration.
    pub(super) fn new(
        url: &str,
        tenant: &str,
        (client, secret): (&str, &str),
    ) -> anyhow::Result<Self> {
        let credentials = json!({
            "grant_type": "client_credentials", "client_id": client, "client_secret": secret,
        });
        let path = format!("/tenants/{tenant}/oauth2/token");
        let answer = Site::new(url).send_json("POST", &path, &credentials)?;
        let token = answer["access_token"]
            .as_str()
            .context("OpenText gave no token")?;
        let api = Site::new(url).with("Authorization", format!("Bearer {token}"));
        Ok(Self {
            api,
            pages: Site::new(url),
            url: url.to_owned(),
        })
    }

    /// Ids of all processes of a definition, ended ones too, whose business key begins like this.
    pub(super) fn processes(&self, definition: &str, key: &str) -> anyhow::Result<Vec<String>> {
        let path = format!(
            "/workflow-history/v1/historic-process-instances?count={ROWS}&processDefinitionKey={definition}"
        );
        let answer = self.api.get(&path)?;
        let rows = list(&answer["_embedded"], "historic-process-instances");
        let ours = rows.filter(|row| text(row, "businessKey").starts_with(key));
        Ok(ours.map(|row| text(row, "id").to_owned()).collect())
    }

    /// The open task of a process.
    pub(super) fn task(&self, process: &str) -> anyhow::Result<Option<Task>> {
        let path = format!(
            "/workflow/v1/tasks?count={ROWS}&processInstanceId={}",
            encode(process)
        );
        let answer = self.api.get(&path)?;
        let found = list(&answer["_embedded"], "tasks").next();
        Ok(found.map(|task| Task {
            id: text(task, "id").to_owned(),
            name: text(task, "name").to_owned(),
            assignee: task["assignee"].as_str().map(str::to_owned),
        }))
    }

    /// Decide a task on the inbox's page, as its form does.
    pub(super) fn decide(&self, task: &Task, decision: &Decision) -> anyhow::Result<Value> {
        let form = [
            ("user", decision.person),
            ("outcome", decision.outcome),
            ("reasonCode", decision.reason),
            ("comment", decision.comment),
        ];
        self.pages
            .post_form(&format!("/inbox/tasks/{}/decide", task.id), &form)
    }
}
