//! What an operator sets, with every default and its reason.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which REST interface the engine speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    /// OpenText Workflow Service: bearer token, HAL lists.
    #[default]
    OpenText,
    /// Flowable REST: user name and password, `data` lists.
    Flowable,
}

/// Where the tenant's token comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenEndpoint {
    /// From `base_url`.
    #[default]
    Tenant,
    /// From `oauth_base_url`.
    Custom,
}

/// How structured values become process variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Documents {
    /// As JSON text in a string variable, which every engine has and every script can read.
    #[default]
    String,
    /// As a variable of type `json`.
    Json,
}

/// Settings of a connection to a workflow engine.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Which REST interface the engine speaks: `opentext` or `flowable`.
    #[serde(default)]
    pub(crate) dialect: Dialect,
    /// Scheme, host and port of the API. OpenText has one per region: `https://eu.api.opentext.com`,
    /// `https://ca.api.opentext.com`, …
    #[serde(default = "base_url")]
    pub(crate) base_url: String,
    /// OpenText tenant id, part of the token's address.
    pub(crate) tenant: Option<String>,
    /// Where the token comes from: `tenant` (below `base_url`) or `custom` (below `oauth_base_url`).
    #[serde(default)]
    pub(crate) token_endpoint: TokenEndpoint,
    /// Scheme, host and port of the token's address where `token_endpoint` is `custom`.
    pub(crate) oauth_base_url: Option<String>,
    /// OAuth scope to ask for; by default none is sent.
    #[serde(rename = "scope")]
    pub(crate) _scope: Option<String>,
    /// Path of the OpenText workflow API.
    #[serde(default = "workflow_path")]
    pub(crate) workflow_path: String,
    /// Path of the OpenText history API.
    #[serde(default = "history_path")]
    pub(crate) history_path: String,
    /// Path of Flowable's REST service.
    #[serde(default = "flowable_path")]
    pub(crate) flowable_path: String,
    /// Path that answers for a user, with `{id}` for the user. OpenText documents no directory call of
    /// the workflow service, so there is none by default and users are not checked. Flowable's own
    /// path is used in its dialect.
    pub(crate) user_path: Option<String>,
    /// Path that answers for a group, with `{id}` for the group; see `user_path`.
    pub(crate) group_path: Option<String>,
    /// Keys of the process definitions whose events are wanted; empty for all. Name them where other
    /// applications use the same engine.
    #[serde(default)]
    pub(crate) definitions: Vec<String>,
    /// Process variable that says how a process ended.
    #[serde(default = "outcome_variable")]
    pub(crate) outcome_variable: String,
    /// Task variable that says how a task was completed.
    #[serde(default = "outcome_variable")]
    pub(crate) task_outcome_variable: String,
    /// Task variable that holds the comment of a decision.
    #[serde(default = "comment_variable")]
    pub(crate) comment_variable: String,
    /// Task variable that names the group a task was made for. It decides where a task is offered to
    /// several groups, after an escalation for instance.
    #[serde(default = "group_variable")]
    pub(crate) group_variable: String,
    /// How structured values become variables: `string` (JSON text) or `json`.
    #[serde(default)]
    pub(crate) documents: Documents,
    /// Rows per request.
    #[serde(default = "page_size")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) page_size: u32,
    /// Requests per minute; no limit by default, because the vendor publishes none.
    #[serde(rename = "requests_per_minute")]
    pub(crate) _requests_per_minute: Option<u32>,
    /// How long after a start whose answer was lost the engine is asked again before the start is
    /// repeated, in seconds. A started process may be readable only some seconds later.
    #[serde(default = "settle_seconds")]
    #[schemars(range(min = 1, max = 600))]
    pub(crate) settle_seconds: u32,
    /// Query parameter that carries the reason when a process is ended; empty to send none.
    #[serde(default = "delete_reason_parameter")]
    pub(crate) delete_reason_parameter: String,
    /// Process variable that goes along with a message and tells whether it was delivered; empty to
    /// send none, after which a lost answer to a message parks the run.
    #[serde(default = "message_marker")]
    pub(crate) message_marker: String,
    /// End comments with a short reference, so that a repeated one is recognised even if the same
    /// words were written before.
    #[serde(default = "yes")]
    pub(crate) comment_reference: bool,
    /// User who claims an unclaimed task before Forebay completes it; by default nobody, which needs
    /// an account that may complete tasks it does not hold.
    pub(crate) complete_as: Option<String>,
    /// Tell about processes that somebody suspended. It costs a listing per poll.
    #[serde(default = "yes")]
    pub(crate) watch_suspended: bool,
    /// Pause between polls while tasks are near completion, in seconds.
    #[serde(default = "fast_poll_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) fast_poll_seconds: u32,
    /// A task is near completion this many minutes before and after it is due.
    #[serde(default = "fast_poll_minutes")]
    #[schemars(range(max = 1440))]
    pub(crate) fast_poll_minutes: u32,
    /// Poll fast at all times.
    #[serde(default)]
    pub(crate) fast_poll_always: bool,
    /// Field of a callback's body that holds the process id.
    #[serde(default = "callback_process_field")]
    pub(crate) callback_process_field: String,
    /// Field of a callback's body that says what happened.
    #[serde(default = "callback_event_field")]
    pub(crate) callback_event_field: String,
    /// Word of that field for the end of a process.
    #[serde(default = "callback_end_word")]
    pub(crate) callback_end_word: String,
    /// Address where people look at a process, with `{id}` for its id.
    pub(crate) process_link: Option<String>,
}

/// The region most tenants are in.
fn base_url() -> String {
    "https://us.api.opentext.com".to_owned()
}

fn workflow_path() -> String {
    "/workflow/v1".to_owned()
}

fn history_path() -> String {
    "/workflow-history/v1".to_owned()
}

/// Where Flowable's own distribution answers.
fn flowable_path() -> String {
    "/flowable-rest/service".to_owned()
}

fn outcome_variable() -> String {
    "outcome".to_owned()
}

fn comment_variable() -> String {
    "comment".to_owned()
}

fn group_variable() -> String {
    "group".to_owned()
}

/// One request for most reviews, and below half a mebibyte with variables.
fn page_size() -> u32 {
    100
}

/// Three times the delay that replicated databases usually show.
fn settle_seconds() -> u32 {
    15
}

/// Flowable's name of it.
fn delete_reason_parameter() -> String {
    "deleteReason".to_owned()
}

fn message_marker() -> String {
    "forebayMessage".to_owned()
}

fn yes() -> bool {
    true
}

fn fast_poll_seconds() -> u32 {
    10
}

/// People act shortly before and after a deadline.
fn fast_poll_minutes() -> u32 {
    15
}

fn callback_process_field() -> String {
    "processInstanceId".to_owned()
}

fn callback_event_field() -> String {
    "event".to_owned()
}

fn callback_end_word() -> String {
    "process-completed".to_owned()
}
