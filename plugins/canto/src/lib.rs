//! Connector for Canto: tells what happens to assets, reads and updates them.
//!
//! Read [`settings`] for what differs from tenant to tenant, `describe` for what the host learns,
//! `wire` and `map` for the way from Canto's JSON to the contract, `events` for identities. One file
//! for each capability: `changes` and `webhook` (events), `search` and `update` (assets), `fields`,
//! `versions`, `collections`, `sharing`, `lifecycle`, `relations`, `report` (use and share activity);
//! `check` for what may be wrong with an account.
//!
//! What must not be here: anything about a use case.

mod api;
mod changes;
mod check;
mod check_calls;
mod collections;
mod date;
mod describe;
mod events;
mod fields;
mod lifecycle;
mod map;
mod relations;
mod report;
mod scan;
mod search;
pub mod settings;
mod sharing;
#[cfg(test)]
mod tests;
mod update;
mod versions;
mod webhook;
mod wire;

use forebay_sdk::assets::{Asset, AssetPage, AssetSource, AssetUpdate, Query, Updated};
use forebay_sdk::connector::{
    Call, ChangeOptions, ChangePage, Connector, ConnectorInfo, EventSource, WebhookRequest,
};
use forebay_sdk::http::Http;
use forebay_sdk::{Error, Event, Finding};

use crate::settings::Settings;
use crate::wire::ContentId;

/// The connector, for one call.
pub struct Canto {
    call: Call,
    http: Http,
    settings: Settings,
    /// Address of the API, without a slash at its end.
    base: String,
}

impl Connector for Canto {
    fn describe() -> ConnectorInfo {
        describe::info()
    }

    fn new(call: Call) -> Result<Self, Error> {
        let settings: Settings = call.settings()?;
        let base = settings.base()?;
        Ok(Self {
            http: call.http(),
            settings,
            base,
            call,
        })
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        self.findings()
    }
}

impl EventSource for Canto {
    fn changes(&self, cursor: Option<&str>, options: &ChangeOptions) -> Result<ChangePage, Error> {
        self.poll(cursor, options)
    }

    fn webhook(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        self.deliver(request)
    }

    fn arm(&self, base_url: &str) -> Result<Vec<Finding>, Error> {
        Ok(self.webhook_instructions(base_url))
    }
}

impl AssetSource for Canto {
    fn get(&self, id: &str) -> Result<Asset, Error> {
        Ok(self.asset(&self.content(&ContentId::parse(id)?)?))
    }

    fn search(&self, query: &Query) -> Result<AssetPage, Error> {
        self.find_assets(query)
    }

    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        self.write(id, update)
    }
}

forebay_sdk::export_connector!(
    Canto: event_source, asset_source, fields, versions, collections, sharing, lifecycle, relations,
    usage
);
