//! The exported side of `forebay:connector`.

use super::{Exported, with_connector};
use crate::bindings;
use crate::connector::{
    ChangeOptions, ChangePage, Connector, ConnectorInfo, EventSource, WebhookRequest,
};
use crate::types::{Error, Event, Finding};

impl<C: Connector> bindings::connector::exports::forebay::connector::connector::Guest
    for Exported<C>
{
    fn describe() -> ConnectorInfo {
        C::describe()
    }

    fn check() -> Result<Vec<Finding>, Error> {
        with_connector::<C, _>(C::check)
    }
}

impl<C: Connector + EventSource>
    bindings::event_source::exports::forebay::connector::event_source::Guest for Exported<C>
{
    fn changes(cursor: Option<String>, options: ChangeOptions) -> Result<ChangePage, Error> {
        with_connector::<C, _>(|connector| connector.changes(cursor.as_deref(), &options))
    }

    fn webhook(request: WebhookRequest) -> Result<Vec<Event>, Error> {
        with_connector::<C, _>(|connector| connector.webhook(&request))
    }

    fn arm(base_url: String) -> Result<Vec<Finding>, Error> {
        with_connector::<C, _>(|connector| connector.arm(&base_url))
    }
}
