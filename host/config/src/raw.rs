//! The configuration as it is written. These structures are the source of its JSON Schema and of
//! its defaults; every key is documented here, and the schema carries the text.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_model::flow::{Mode, PollPolicy, RetryPolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::configuration::{LogFormat, Scope};
use crate::duration::DurationText;
use crate::schedule::Schedule;
use crate::upkeep::{Backup, Retention};

/// Loopback only: an API that nobody has secured yet should not be in reach of others.
const LISTEN: &str = "127.0.0.1:8484";

/// Longer than an activation takes, shorter than the 90 s after which service managers kill.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// What an operator wants to see of a host that works.
const LOG_LEVEL: &str = "info";

/// A disk that syncs in a fifth of a millisecond has made a commit before a second write has come.
/// Waiting a little halves the syncs of a busy host and costs it no flows per second; beside the
/// network a millisecond is nothing, and a run that goes alone does not wait.
const COMMIT_WAIT: Duration = Duration::from_millis(1);

/// Some hundred writes share one sync; more would make the first of them wait noticeably.
const COMMIT_WRITES: u32 = 256;
/// 4 GiB take some ten seconds, which a start may take.
const CHECK_UP_TO: u64 = 4 << 30;

/// Enough to use up what a vendor's rate budget allows, few enough not to starve other flows.
const MAX_RUNS: u32 = 50;

/// The whole configuration.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Root {
    /// The process itself.
    pub(crate) host: Host,
    /// Who may use the API.
    pub(crate) api: Api,
    /// What is logged.
    pub(crate) log: Log,
    /// Where runs are kept.
    pub(crate) store: Store,
    /// How long history is kept.
    pub(crate) retention: Retention,
    /// Where backups of the store go.
    pub(crate) backup: Backup,
    /// Limits of the sandbox.
    pub(crate) limits: Value,
    /// Outgoing HTTP.
    pub(crate) egress: Value,
    /// Runs and activations.
    pub(crate) engine: Value,
    /// The API's limits.
    pub(crate) http: Value,
    /// Configured connectors, by name.
    #[schemars(extend("propertyNames" = name_schema()))]
    pub(crate) connections: BTreeMap<String, Connection>,
    /// Configured use cases, by name.
    #[schemars(extend("propertyNames" = name_schema()))]
    pub(crate) flows: BTreeMap<String, Flow>,
}

/// Names stand in URLs, metrics and file names: 63 characters are what a DNS label allows.
fn name_schema() -> Value {
    serde_json::json!({
        "pattern": "^[a-z0-9][a-z0-9-]{0,62}$",
        "x-mend": "use up to 63 lowercase letters, digits and dashes, starting with a letter or digit",
    })
}

/// `[host]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Host {
    /// IP address and port of the API.
    pub(crate) listen: String,
    /// Address under which vendors reach the host, `https://…`. Webhooks cannot be registered
    /// without.
    pub(crate) public_url: Option<String>,
    /// Where the host keeps its own files. Relative to the configuration file.
    pub(crate) data_dir: String,
    /// Where operators drop plugins. Relative to the configuration file.
    pub(crate) plugin_dir: String,
    /// How long activations may finish after a stop was asked for.
    pub(crate) drain_timeout: DurationText,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            listen: LISTEN.to_owned(),
            public_url: None,
            data_dir: "data".to_owned(),
            plugin_dir: "plugins".to_owned(),
            drain_timeout: DurationText(DRAIN_TIMEOUT),
        }
    }
}

/// `[api]`
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Api {
    /// Keys that may use the API. Without keys nobody may.
    pub(crate) keys: Vec<Key>,
}

/// One key of the API.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    /// Name for the audit.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
    /// What it may do.
    #[schemars(length(min = 1))]
    pub(crate) scopes: Vec<Scope>,
    /// Its value or values.
    #[schemars(with = "Secret")]
    pub(crate) key: Value,
}

/// `[log]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// Form of a line.
    pub(crate) format: LogFormat,
    /// Level (`error`, `warn`, `info`, `debug`, `trace`), or directives such as
    /// `info,forebay_engine=debug`.
    #[schemars(length(min = 1))]
    pub(crate) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Json,
            level: LOG_LEVEL.to_owned(),
        }
    }
}

/// `[store]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Store {
    /// The database file, `forebay.db` in `data_dir` if absent. Relative to the configuration file.
    pub(crate) path: Option<String>,
    /// How writes share a sync to disk.
    pub(crate) group_commit: GroupCommit,
    /// The key that payloads are sealed with: 32 bytes in base64. Without it they are stored as they
    /// are. Further ones are only for `forebay rekey`, which seals with the first.
    #[schemars(with = "Secret")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Value>,
    /// Bytes up to which the file is looked through for damage at the start.
    pub(crate) check_up_to: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: None,
            group_commit: GroupCommit::default(),
            key: None,
            check_up_to: CHECK_UP_TO,
        }
    }
}

/// `[store.group_commit]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GroupCommit {
    /// How long the writer waits for more writes to join, while waiting gathers some.
    pub(crate) wait: DurationText,
    /// Most writes in one transaction.
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) max_writes: u32,
}

impl Default for GroupCommit {
    fn default() -> Self {
        Self {
            wait: DurationText(COMMIT_WAIT),
            max_writes: COMMIT_WRITES,
        }
    }
}

/// A configured connector.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connection {
    /// Name of the connector plugin.
    pub(crate) plugin: String,
    /// Hosts it may reach: `api.example.com`, `*.example.com`, or an origin with scheme and port.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub(crate) allow_hosts: Vec<String>,
    /// Host names that may resolve to private addresses, and single addresses that any allowed name
    /// may resolve to. Without an entry a name that leads into the own network is refused.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub(crate) allow_private: Vec<String>,
    /// Its settings; the connector's schema says which.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    #[expect(
        dead_code,
        reason = "read from the document, entry by entry with its place"
    )]
    pub(crate) settings: Value,
    /// Its secrets; the connector says which.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Secret>")]
    #[expect(
        dead_code,
        reason = "read from the document, entry by entry with its place"
    )]
    pub(crate) secrets: Value,
    /// How changes are polled.
    #[serde(default)]
    pub(crate) poll: Poll,
}

/// `poll` of a connection
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Poll {
    /// Pause between polls.
    pub(crate) interval: DurationText,
    /// How far each poll reads back.
    pub(crate) overlap: DurationText,
    /// Most events per page.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) page: u32,
}

impl Default for Poll {
    fn default() -> Self {
        let PollPolicy {
            interval,
            overlap,
            page,
        } = PollPolicy::default();
        Self {
            interval: DurationText(interval),
            overlap: DurationText(overlap),
            page,
        }
    }
}

/// A configured use case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flow {
    /// Name of the handler plugin.
    pub(crate) handler: String,
    /// Are new events taken up? Events that come while it is off are kept and taken up later.
    #[serde(default = "enabled")]
    pub(crate) enabled: bool,
    /// Whether effects happen: `enforce`, or `observe` to record them as intended only.
    #[serde(default)]
    #[schemars(with = "ModeWord")]
    pub(crate) mode: Mode,
    /// Name of the connection for each role of the handler.
    #[serde(default)]
    pub(crate) connections: BTreeMap<String, String>,
    /// How vendor calls that fail for the moment are tried again.
    #[serde(default)]
    pub(crate) retry: Retry,
    /// How much happens at once.
    #[serde(default)]
    pub(crate) concurrency: Concurrency,
    /// When it is told to do something by itself.
    #[serde(default)]
    pub(crate) schedules: Vec<Schedule>,
    /// The handler's configuration; its schema says what.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    #[expect(
        dead_code,
        reason = "read from the document, entry by entry with its place"
    )]
    pub(crate) config: Value,
}

fn enabled() -> bool {
    true
}

/// The words of [`Mode`], which has no schema of its own.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "exists for its schema")]
enum ModeWord {
    Enforce,
    Observe,
}

/// `retry` of a flow
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retry {
    /// First pause.
    pub(crate) initial: DurationText,
    /// Longest pause.
    pub(crate) maximum: DurationText,
    /// Total time after which the run is parked.
    pub(crate) budget: DurationText,
}

impl Default for Retry {
    fn default() -> Self {
        let RetryPolicy {
            initial,
            maximum,
            budget,
        } = RetryPolicy::default();
        Self {
            initial: DurationText(initial),
            maximum: DurationText(maximum),
            budget: DurationText(budget),
        }
    }
}

/// `concurrency` of a flow
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Concurrency {
    /// Most runs of this flow that are active at once.
    #[schemars(range(min = 1))]
    pub(crate) max_runs: u32,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { max_runs: MAX_RUNS }
    }
}

/// Where the value of a secret is found; a list holds several live values, the first being the one
/// that is sent. Exists for its schema: sources are read one by one, each with its own problems.
#[derive(JsonSchema)]
#[schemars(untagged, extend("x-mend" = SECRET_MEND))]
#[expect(dead_code, reason = "exists for its schema")]
pub(crate) enum Secret {
    /// One value.
    One(SecretSource),
    /// Several live values.
    Several(#[schemars(length(min = 1))] Vec<SecretSource>),
}

/// What to write in place of anything that is not a secret's source.
const SECRET_MEND: &str = "write `{ env = \"VARIABLE\" }`, `{ file = \"PATH\" }` or a list of \
     these; a value never stands in the configuration itself";

/// Where one value is found.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("x-mend" = SECRET_MEND))]
pub(crate) enum SecretSource {
    /// In this environment variable.
    Env(String),
    /// In this file, without the line break at its end. Relative to the configuration file.
    File(String),
}
