//! What the connector says about itself.

use forebay_sdk::connector::{
    AuthScheme, BasicCredentials, ClientCredentials, ConnectorInfo, Pair, ParametersIn, WebhookAuth,
};
use forebay_sdk::reads;

use crate::settings::Settings;

/// Endpoint for the optional HTTP task of a process.
pub(crate) const CALLBACK: &str = "callback";

pub(crate) const PROCESS_STARTED: &str = "process.started";
pub(crate) const PROCESS_COMPLETED: &str = "process.completed";
pub(crate) const PROCESS_TERMINATED: &str = "process.terminated";
pub(crate) const PROCESS_SUSPENDED: &str = "process.suspended";
pub(crate) const TASK_CREATED: &str = "task.created";
pub(crate) const TASK_COMPLETED: &str = "task.completed";

pub(crate) fn describe() -> ConnectorInfo {
    ConnectorInfo::new::<Settings>(
        "opentext-workflow",
        env!("CARGO_PKG_VERSION"),
        "OpenText Workflow Service",
        "Starts and follows processes and tasks in OpenText Workflow Service or Flowable.",
    )
    .auth_when(
        &[("dialect", "flowable")],
        AuthScheme::Basic(BasicCredentials {
            username: "username".to_owned(),
            password: "password".to_owned(),
        }),
    )
    .auth_when(&[("token_endpoint", "custom")], token("{oauth_base_url}"))
    .auth(token("{base_url}"))
    .host("{base_url}")
    .host("{oauth_base_url}")
    .reads(reads::WORKFLOW_SINK)
    .reads(reads::TASKS)
    .reads(reads::DIRECTORY)
    .reads(reads::PROCESS_COMMENTS)
    .rate_class("all", "{requests_per_minute}", &["/"])
    .webhook(
        CALLBACK,
        "The HTTP task of a process model that tells when a task or the process is completed",
        WebhookAuth::Header("X-Forebay-Secret".to_owned()),
        "callback_secret",
    )
    .event_kinds(&[
        PROCESS_STARTED,
        PROCESS_COMPLETED,
        PROCESS_TERMINATED,
        PROCESS_SUSPENDED,
        TASK_CREATED,
        TASK_COMPLETED,
    ])
}

fn token(base: &str) -> AuthScheme {
    AuthScheme::ClientCredentials(ClientCredentials {
        token_url: format!("{base}/tenants/{{tenant}}/oauth2/token"),
        id_parameter: "client_id".to_owned(),
        secret_parameter: "client_secret".to_owned(),
        parameters: vec![Pair {
            name: "scope".to_owned(),
            value: "{scope}".to_owned(),
        }],
        send_in: ParametersIn::Form,
        token_field: "access_token".to_owned(),
        expires_field: "expires_in".to_owned(),
    })
}
