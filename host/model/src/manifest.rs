//! What plugins say about themselves: the serde form is that of `connector-info` and `handler-info`.

use serde::{Deserialize, Serialize};

/// A connector's description of itself. See `forebay:connector/connector.connector-info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConnectorInfo {
    /// Its name; configuration refers to it.
    pub name: String,
    /// Its version (semver).
    pub version: String,
    /// The vendor and product.
    pub vendor: String,
    /// One sentence for operators.
    pub summary: String,
    /// JSON Schema of a connection's settings.
    pub settings_schema: String,
    /// Ways to authenticate; the first that applies is taken.
    pub auth: Vec<AuthChoice>,
    /// Origins it needs, as templates over the settings.
    pub hosts: Vec<String>,
    /// Functions that only read, `package:name/interface.function`.
    pub reads: Vec<String>,
    /// The vendor's rate classes.
    pub rate_classes: Vec<RateClass>,
    /// Webhook endpoints it understands.
    pub webhooks: Vec<WebhookEndpoint>,
    /// Kinds of events it emits.
    pub event_kinds: Vec<String>,
    /// Secrets it may name as `forebay-secret:NAME` in bodies and headers.
    pub body_secrets: Vec<String>,
}

/// A setting that must have a certain value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Name of a setting.
    pub setting: String,
    /// The text it must have.
    pub equals: String,
}

/// A name and a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Name.
    pub name: String,
    /// Template over the settings.
    pub value: String,
}

/// Where the parameters of a token request go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParametersIn {
    /// Query string.
    Query,
    /// Form body.
    Form,
    /// JSON body.
    Json,
}

/// OAuth2 client credentials with the vendor's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClientCredentials {
    /// Template of the token endpoint.
    pub token_url: String,
    /// Parameter (and secret) of the client's id.
    pub id_parameter: String,
    /// Parameter (and secret) of the client's secret.
    pub secret_parameter: String,
    /// Further parameters.
    pub parameters: Vec<Pair>,
    /// Where they go.
    pub send_in: ParametersIn,
    /// Reply field of the token.
    pub token_field: String,
    /// Reply field of the lifetime in seconds.
    pub expires_field: String,
}

/// A header whose value is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretHeader {
    /// Header name.
    pub header: String,
    /// Secret name.
    pub secret: String,
}

/// User name and password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicCredentials {
    /// Secret of the user name.
    pub username: String,
    /// Secret of the password.
    pub password: String,
}

/// How requests are authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthScheme {
    /// Nothing is added.
    None,
    /// A fetched bearer token.
    ClientCredentials(ClientCredentials),
    /// Headers with secret values.
    Headers(Vec<SecretHeader>),
    /// HTTP basic.
    Basic(BasicCredentials),
    /// A fixed bearer token: the secret's name.
    Bearer(String),
}

impl AuthScheme {
    /// Names of the secrets it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::None => Vec::new(),
            Self::ClientCredentials(client) => vec![&client.id_parameter, &client.secret_parameter],
            Self::Headers(headers) => headers
                .iter()
                .map(|header| header.secret.as_str())
                .collect(),
            Self::Basic(basic) => vec![&basic.username, &basic.password],
            Self::Bearer(secret) => vec![secret],
        }
    }
}

/// One way to authenticate, and when it applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthChoice {
    /// All must hold.
    pub when: Vec<Condition>,
    /// The scheme.
    pub scheme: AuthScheme,
}

/// How a webhook delivery proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookAuth {
    /// A secret in a top-level field of the JSON body.
    BodyField(String),
    /// A secret in a header.
    Header(String),
}

/// A webhook endpoint: `POST /hooks/{connection}/{name}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Last segment of the URL.
    pub name: String,
    /// What to connect to it.
    pub summary: String,
    /// How a delivery proves itself.
    pub auth: WebhookAuth,
    /// Name of the secret that is compared.
    pub secret: String,
}

/// A named budget of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RateClass {
    /// Name.
    pub name: String,
    /// Requests per minute: a number or a template over the settings.
    pub per_minute: String,
    /// Path prefixes that count against it.
    pub path_prefixes: Vec<String>,
}

/// A handler's description of itself. See `forebay:flow/use-case-handler.handler-info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HandlerInfo {
    /// Its name; flows refer to it.
    pub name: String,
    /// Its version (semver).
    pub version: String,
    /// One sentence for operators.
    pub summary: String,
    /// JSON Schema of a flow's `config`.
    pub config_schema: String,
    /// JSON Schema of the state.
    pub state_schema: String,
    /// Number of the state schema.
    pub state_version: u32,
    /// What it must be connected to.
    pub roles: Vec<Role>,
    /// Outcomes a run can complete with.
    pub outcomes: Vec<String>,
}

/// Something a flow is connected to, named for its purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Name that the flow's `connections` table uses.
    pub name: String,
    /// What is meant.
    pub summary: String,
    /// Interfaces the bound connection must export, without version.
    pub required: Vec<String>,
    /// Interfaces used if the bound connection exports them.
    pub optional: Vec<String>,
    /// Kinds of the connection's events that `admit` wants to see.
    pub events: Vec<String>,
}
