//! Requests to Canto: addresses, and what a 404 means.

use forebay_sdk::http::{Outcome, RequestBuilder, encode_component};
use forebay_sdk::{Error, debug};
use serde_json::Value as Json;

use crate::Canto;
use crate::settings::Change;
use crate::wire::{Container, Content, ContentId, CustomField, Listing, Tree};

/// Sent with every request: Canto's known clients always name themselves.
const USER_AGENT: &str = concat!("forebay-canto/", env!("CARGO_PKG_VERSION"));

/// Call that answers to every valid token: Canto's "test connection".
const INDEX: &str = "/api/v1/";

impl Canto {
    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn read(&self, path: &str) -> RequestBuilder<'_> {
        named(self.http.get(self.url(path)))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder<'_> {
        named(self.http.post(self.url(path)))
    }

    pub(crate) fn put(&self, path: &str) -> RequestBuilder<'_> {
        named(self.http.put(self.url(path)))
    }

    pub(crate) fn delete(&self, path: &str) -> RequestBuilder<'_> {
        named(self.http.delete(self.url(path)))
    }

    /// Send a call that the settings name.
    pub(crate) fn change(
        &self,
        change: &Change,
        values: &[(&str, &str)],
    ) -> Result<Outcome, Error> {
        let url = self.url(&change.path(values));
        let request = named(self.http.request(change.method.http(), url));
        match change.body(values)? {
            Some(body) => request.json(&body).send_effect(),
            None => request.send_effect(),
        }
    }

    /// Read a page of a list that the settings name.
    pub(crate) fn listing(&self, path: &str, start: u64, limit: u32) -> Result<Listing, Error> {
        let request = self.read(path).query("start", start).query("limit", limit);
        self.confirmed(request.send())?.json()
    }

    /// Canto answers 404 to a call without a token. A 404 is taken for an absence only after another
    /// call has shown that the token is good.
    pub(crate) fn confirmed<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        match result {
            Err(absent) if absent.is_not_found() => {
                self.probe()?;
                debug!("{}: absence confirmed", absent.message());
                Err(absent)
            }
            other => other,
        }
    }

    /// Is the token good?
    pub(crate) fn probe(&self) -> Result<(), Error> {
        match self.read(INDEX).send() {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => {
                let message = "Canto answers 404 to everything: no token reached it, or the \
                               address is wrong";
                let vendor = error.detail().vendor.clone().unwrap_or_default();
                Err(Error::denied(message).with_vendor(vendor))
            }
            Err(error) => Err(error),
        }
    }

    /// Read one piece of content.
    pub(crate) fn content(&self, id: &ContentId) -> Result<Content, Error> {
        let path = format!("/api/v1/{}/{}", id.scheme, encode_component(&id.id));
        let mut content: Content = self.confirmed(self.read(&path).send())?.json()?;
        // Who was asked for is known, whatever the answer leaves out.
        content.scheme.clone_from(&id.scheme);
        content.id.clone_from(&id.id);
        Ok(content)
    }

    /// What is directly in a folder, or at the top.
    pub(crate) fn children(&self, folder: Option<&str>) -> Result<Vec<Container>, Error> {
        let path = match folder {
            Some(id) => format!("/api/v1/tree/{}", encode_component(id)),
            None => "/api/v1/tree".to_owned(),
        };
        let request = self.read(&path).query("layer", 1).query("sortBy", "name");
        let request = request.query("sortDirection", "ascending");
        let tree: Tree = self.confirmed(request.send())?.json()?;
        // Some tenants answer with the folder itself and its children in it.
        match (folder, tree.results.as_slice()) {
            (Some(id), [itself]) if itself.id == id => Ok(itself.children.clone()),
            _ => Ok(tree.results),
        }
    }

    /// The tenant's custom fields.
    pub(crate) fn custom_fields(&self) -> Result<Vec<CustomField>, Error> {
        let reply: Json = self
            .confirmed(self.read("/api/v1/custom/field").send())?
            .json()?;
        let list = match reply {
            Json::Object(mut object) => object.remove("results").unwrap_or_default(),
            list => list,
        };
        serde_json::from_value(list).map_err(|error| {
            Error::unavailable(format!("Canto's custom fields cannot be read: {error}"))
        })
    }
}

fn named(request: RequestBuilder<'_>) -> RequestBuilder<'_> {
    request.header("user-agent", USER_AGENT)
}
