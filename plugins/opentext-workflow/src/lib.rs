//! Connector for OpenText Workflow Service, and for engines that speak Flowable REST.
//!
//! * `settings`, `describe`, `check`: what operators set, and whether it works
//! * `api`: addresses and reads of both dialects; `wire`, `variables`, `map`: rows to contract
//! * `processes`, `start`, `message`: `workflow-sink`; `tasks`; `directory`
//! * `changes`, `events`, `webhook`: what happens at the engine
//!
//! The engine has no idempotency keys and no webhooks. What must not happen twice is looked up
//! first (by business key, by state), and events come from the history; a process model may call
//! back, which only says where to look.

mod api;
mod changes;
mod check;
mod comments;
mod describe;
mod directory;
mod events;
mod map;
mod message;
mod processes;
mod settings;
mod start;
mod tasks;
mod variables;
mod webhook;
mod wire;

#[cfg(test)]
mod tests;

use forebay_sdk::connector::{
    Call, ChangeOptions, ChangePage, Connector, ConnectorInfo, EventSource, WebhookRequest,
};
use forebay_sdk::{Error, Event, Finding};

use crate::api::Api;
use crate::settings::{Dialect, Settings, TokenEndpoint};

/// The connector during one call.
pub struct Engine {
    call: Call,
    settings: Settings,
    api: Api,
}

impl Connector for Engine {
    fn describe() -> ConnectorInfo {
        describe::describe()
    }

    fn new(call: Call) -> Result<Self, Error> {
        let settings: Settings = call.settings()?;
        let tokens = settings.dialect == Dialect::OpenText;
        if tokens && settings.tenant.is_none() {
            return Err(Error::invalid("OpenText needs the setting tenant").with_field("tenant"));
        }
        let custom = settings.token_endpoint == TokenEndpoint::Custom;
        if tokens && custom && settings.oauth_base_url.is_none() {
            return Err(
                Error::invalid("a custom token endpoint needs oauth_base_url")
                    .with_field("oauth_base_url"),
            );
        }
        Ok(Self {
            api: Api::new(call.http(), &settings),
            settings,
            call,
        })
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        self.findings()
    }
}

impl EventSource for Engine {
    fn changes(&self, cursor: Option<&str>, options: &ChangeOptions) -> Result<ChangePage, Error> {
        self.poll(cursor, options)
    }

    fn webhook(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        self.called_back(request)
    }

    fn arm(&self, base_url: &str) -> Result<Vec<Finding>, Error> {
        Ok(vec![webhook::how_to_call_back(
            base_url,
            self.call.connection(),
        )])
    }
}

forebay_sdk::export_connector!(
    Engine: event_source, workflow_sink, tasks, directory, process_comments
);
