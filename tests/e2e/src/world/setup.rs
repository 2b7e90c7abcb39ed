//! What a world is set up with: flows, connections, secrets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use forebay_config::{Environment, Sources};
use forebay_simulators::{canto, iconik};

use super::{CANTO, ENGINE, ICONIK, World};

/// Every value that nobody but host and vendor may see.
pub const SECRETS: [&str; 7] = [
    canto::DEFAULT_APP_SECRET,
    WEBHOOK_TOKEN,
    iconik::DEFAULT_AUTH_TOKEN,
    ICONIK_WEBHOOK_SECRET,
    ENGINE_CLIENT_SECRET,
    ENGINE_CALLBACK_SECRET,
    API_KEY,
];
/// Secret of webhooks that the host registers at iconik.
const ICONIK_WEBHOOK_SECRET: &str = "iconik-webhook-secret-of-the-tests";
/// Secret of the client at the workflow engine; what the simulator knows.
const ENGINE_CLIENT_SECRET: &str = "test-client-secret";
/// Secret that callbacks of processes carry.
const ENGINE_CALLBACK_SECRET: &str = "callback-secret-of-the-tests";
/// Token that Canto's webhooks carry.
pub const WEBHOOK_TOKEN: &str = "canto-webhook-token-of-the-tests";
/// Key of the API.
pub(super) const API_KEY: &str = "key-of-the-end-to-end-tests";

/// A flow of a world's configuration.
#[derive(Clone, Debug)]
pub struct Flow {
    name: String,
    handler: String,
    connections: BTreeMap<String, String>,
    lines: String,
    config: String,
}

impl Flow {
    /// A flow of this handler with `config`, TOML below `[flows.NAME.config]`. Its role `workflow` is
    /// the workflow engine; every other role is told with [`Flow::role`].
    #[must_use]
    pub fn new(name: &str, handler: &str, config: &str) -> Self {
        Self {
            name: name.to_owned(),
            handler: handler.to_owned(),
            connections: BTreeMap::from([("workflow".to_owned(), ENGINE.to_owned())]),
            lines: String::new(),
            config: config.to_owned(),
        }
    }

    /// A review of new assets at a DAM; keys of its runs begin with the name of the flow.
    #[must_use]
    pub fn approval(name: &str, dam: &str, config: &str) -> Self {
        let config = format!("key_prefix = \"{name}\"\n{config}");
        Self::new(name, "approval", &config).role("dam", dam)
    }

    /// Bind a role to a connection.
    #[must_use]
    pub fn role(mut self, role: &str, connection: &str) -> Self {
        self.connections
            .insert(role.to_owned(), connection.to_owned());
        self
    }

    /// Leave a role unbound.
    #[must_use]
    pub fn without_role(mut self, role: &str) -> Self {
        self.connections.remove(role);
        self
    }

    /// More lines below `[flows.NAME]`, such as `mode = "observe"`.
    #[must_use]
    pub fn lines(mut self, lines: &str) -> Self {
        self.lines.push_str(lines);
        self.lines.push('\n');
        self
    }

    fn toml(&self) -> String {
        let roles: Vec<_> = self
            .connections
            .iter()
            .map(|(role, connection)| format!("{role} = \"{connection}\""))
            .collect();
        format!(
            "\n[flows.{name}]\nhandler = \"{handler}\"\nconnections = {{ {roles} }}\n{lines}\n[flows.{name}.config]\n{config}\n",
            name = self.name,
            handler = self.handler,
            roles = roles.join(", "),
            lines = self.lines,
            config = self.config,
        )
    }
}

/// How to set up a world.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The flows.
    pub flows: Vec<Flow>,
    /// Webhooks are not delivered: only polls find out.
    pub poll_only: bool,
    /// More settings of connections: `(CANTO, "key = value, key = value")`.
    pub settings: Vec<(&'static str, String)>,
    /// More lines of the configuration file, whole tables.
    pub lines: String,
}

impl Setup {
    /// These flows, and everything else as usual.
    #[must_use]
    pub fn of(flows: impl IntoIterator<Item = Flow>) -> Self {
        Self {
            flows: flows.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Without webhooks.
    #[must_use]
    pub fn poll_only(self) -> Self {
        Self {
            poll_only: true,
            ..self
        }
    }

    /// With more settings of a connection, `key = value, key = value`.
    #[must_use]
    pub fn settings(mut self, connection: &'static str, settings: &str) -> Self {
        self.settings.push((connection, settings.to_owned()));
        self
    }

    fn settings_of(&self, connection: &str) -> String {
        let mut more = String::new();
        for (name, settings) in &self.settings {
            if *name == connection {
                let _ = write!(more, ", {settings}");
            }
        }
        more
    }
}

/// Where secrets come from, in place of the environment.
pub(super) fn sources() -> Sources {
    Sources::with(Environment::fixed([
        ("CANTO_APP_ID", canto::DEFAULT_APP_ID),
        ("CANTO_APP_SECRET", canto::DEFAULT_APP_SECRET),
        ("CANTO_WEBHOOK_TOKEN", WEBHOOK_TOKEN),
        ("ICONIK_APP_ID", iconik::DEFAULT_APP_ID),
        ("ICONIK_AUTH_TOKEN", iconik::DEFAULT_AUTH_TOKEN),
        ("ICONIK_WEBHOOK_SECRET", ICONIK_WEBHOOK_SECRET),
        ("OT_CLIENT_ID", "test-client"),
        ("OT_CLIENT_SECRET", ENGINE_CLIENT_SECRET),
        ("OT_CALLBACK_SECRET", ENGINE_CALLBACK_SECRET),
    ]))
}

impl World {
    pub(super) fn config_path(&self) -> PathBuf {
        self.folder.path().join("forebay.toml")
    }

    /// Write the configuration; the host takes it up when it starts.
    pub(super) fn configure(&self) -> anyhow::Result<()> {
        let data = crate::files::shared_data_dir()?;
        let plugins = crate::files::plugins_dir()?;
        let (canto, iconik, engine) = (
            self.canto.base_url(),
            self.iconik.base_url(),
            self.engine.base_url(),
        );
        let mut text = format!(
            r#"
[host]
listen = "127.0.0.1:0"
data_dir = {data:?}
plugin_dir = {plugins:?}

[store]
path = {store:?}

[connections.{CANTO}]
plugin = "canto"
allow_hosts = ["{canto}"]
settings = {{ base_url = "{canto}", oauth_url = "{canto}", integration_user = "Forebay Integration"{canto_more} }}
secrets = {{ app_id = {{ env = "CANTO_APP_ID" }}, app_secret = {{ env = "CANTO_APP_SECRET" }}, webhook_token = {{ env = "CANTO_WEBHOOK_TOKEN" }} }}

[connections.{ICONIK}]
plugin = "iconik"
allow_hosts = ["{iconik}"]
settings = {{ base_url = "{iconik}", metadata_view = "{view}", integration_user = "{user}"{iconik_more} }}
secrets = {{ app_id = {{ env = "ICONIK_APP_ID" }}, auth_token = {{ env = "ICONIK_AUTH_TOKEN" }}, webhook_secret = {{ env = "ICONIK_WEBHOOK_SECRET" }} }}

[connections.{ENGINE}]
plugin = "opentext-workflow"
allow_hosts = ["{engine}"]
settings = {{ base_url = "{engine}", tenant = "test-tenant", user_path = "/workflow/v1/identity/users/{{id}}", group_path = "/workflow/v1/identity/groups/{{id}}"{engine_more} }}
secrets = {{ client_id = {{ env = "OT_CLIENT_ID" }}, client_secret = {{ env = "OT_CLIENT_SECRET" }}, callback_secret = {{ env = "OT_CALLBACK_SECRET" }} }}
poll = {{ interval = "60s", overlap = "5m" }}

{lines}
"#,
            store = self.folder.path().join("forebay.db"),
            view = self.iconik.workflow_view(),
            user = iconik::INTEGRATION_USER,
            canto_more = self.setup.settings_of(CANTO),
            iconik_more = self.setup.settings_of(ICONIK),
            engine_more = self.setup.settings_of(ENGINE),
            lines = self.setup.lines,
        );
        for flow in &self.setup.flows {
            text.push_str(&flow.toml());
        }
        std::fs::write(self.config_path(), text)?;
        Ok(())
    }
}
