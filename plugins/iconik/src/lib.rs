//! The connector for iconik.
//!
//! Read [`settings`] for what an operator may choose, `describe` for what it tells the host, `wire`
//! for the vendor's JSON, `asset` for how an asset is put together. Events: `events` says what is
//! told about an asset and under which identity, `changes` finds it by polling, `webhook` by being
//! told, `watched` by comparing, `hooks` registers the webhooks, `actions` the entries in iconik's menus. `copies` says where
//! files are, for `lifecycle`. Every other file is one capability.
//!
//! Two rules hold everywhere. What the vendor's documents leave open is a setting. Every effect looks
//! first and writes only what differs, so that repeating it changes nothing.
//!
//! What must not live here: anything about a use case or another vendor.

mod access;
mod actions;
mod activity;
mod api;
mod approvals;
mod asset;
mod changes;
mod check;
mod collections;
mod comments;
mod copies;
mod describe;
mod events;
mod fields;
mod hooks;
mod lifecycle;
mod media;
mod placeholders;
mod relations;
mod search;
mod segments;
pub mod settings;
mod sharing;
mod update;
mod values;
mod versions;
mod watched;
mod webhook;
mod wire;

#[cfg(test)]
mod tests;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use forebay_sdk::connector::{ChangeOptions, ChangePage, WebhookRequest};
use forebay_sdk::http::Http;
use forebay_sdk::{Call, Connector, ConnectorInfo, Error, Event, EventSource, Finding};

use crate::settings::Settings;
use crate::wire::View;

/// The connector, for one call.
pub struct Iconik {
    call: Call,
    http: Http,
    settings: Settings,
    /// The metadata view, once read.
    view: OnceCell<View>,
    /// Paths of collections read so far; absent where the collection is gone or out of reach.
    paths: RefCell<BTreeMap<String, Option<String>>>,
}

impl Connector for Iconik {
    fn describe() -> ConnectorInfo {
        describe::info()
    }

    fn new(call: Call) -> Result<Self, Error> {
        let settings: Settings = call.settings()?;
        settings.validate()?;
        Ok(Self {
            http: call.http().vendor_words(api::words),
            settings,
            view: OnceCell::new(),
            paths: RefCell::default(),
            call,
        })
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        self.findings()
    }
}

impl EventSource for Iconik {
    fn changes(&self, cursor: Option<&str>, options: &ChangeOptions) -> Result<ChangePage, Error> {
        self.next_changes(cursor, options)
    }

    fn webhook(&self, request: &WebhookRequest) -> Result<Vec<Event>, Error> {
        self.delivered(request)
    }

    fn arm(&self, base_url: &str) -> Result<Vec<Finding>, Error> {
        let mut findings = self.arm_hooks(base_url)?;
        findings.extend(self.arm_actions(base_url)?);
        Ok(findings)
    }
}

forebay_sdk::export_connector!(Iconik: event_source, asset_source, fields, versions, approvals, access, collections, comments, sharing, lifecycle, relations, usage, placeholders);
