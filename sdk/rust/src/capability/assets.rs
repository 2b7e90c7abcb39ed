//! What a DAM can do: one trait per interface of `forebay:assets`, with its types.
//!
//! A connector implements them; a handler calls them through [`crate::Cx`]. Every function answers
//! `unsupported` until it is implemented.

pub use super::media::*;
pub use crate::bindings::imports::forebay::assets::access::AccessSnapshot;
pub use crate::bindings::imports::forebay::assets::approvals::{
    Approval, ApprovalRequest, ApprovalStatus, Vote,
};
pub use crate::bindings::imports::forebay::assets::asset_source::{
    Asset, AssetKind, AssetPage, AssetStatus, AssetUpdate, Change, Comparison, Container,
    ExpiryChange, Filter, Link, Query, Readiness, SortBy, TagChange, Updated,
};
pub use crate::bindings::imports::forebay::assets::collections::{Collection, ContentPage};
pub use crate::bindings::imports::forebay::assets::comments::{Comment, CommentPage, Draft, Span};
pub use crate::bindings::imports::forebay::assets::fields;
pub use crate::bindings::imports::forebay::assets::versions::{Version, VersionPage};
use crate::types::Error;

/// Read, find and update assets.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait AssetSource {
    /// Read one asset.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn get(&self, id: &str) -> Result<Asset, Error> {
        Err(Error::unsupported("asset-source.get"))
    }

    /// Find assets.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn search(&self, query: &Query) -> Result<AssetPage, Error> {
        Err(Error::unsupported("asset-source.search"))
    }

    /// Change an asset: read, write only what differs, read back. Repeating it changes nothing.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        Err(Error::unsupported("asset-source.update"))
    }
}

/// Field definitions.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Fields {
    /// List field definitions.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn list(&self, page: Option<&str>) -> Result<fields::DefinitionPage, Error> {
        Err(Error::unsupported("fields.list"))
    }
}

/// Versions of an asset.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Versions {
    /// List the versions of an asset, newest first.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn list(&self, asset: &str, page: Option<&str>) -> Result<VersionPage, Error> {
        Err(Error::unsupported("versions.list"))
    }

    /// Make a version the current one.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn promote(&self, asset: &str, version: &str) -> Result<(), Error> {
        Err(Error::unsupported("versions.promote"))
    }

    /// Put a comment on a version. Repeat-safe by the call's idempotency key.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn comment(&self, asset: &str, version: &str, text: &str) -> Result<(), Error> {
        Err(Error::unsupported("versions.comment"))
    }
}

/// The DAM's own approval panel, per version.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Approvals {
    /// Read the approval of a version.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn get(&self, asset: &str, version: &str) -> Result<Approval, Error> {
        Err(Error::unsupported("approvals.get"))
    }

    /// Ask for an approval. Where one is open with the same reviewers nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn request(
        &self,
        asset: &str,
        version: &str,
        request: &ApprovalRequest,
    ) -> Result<Approval, Error> {
        Err(Error::unsupported("approvals.request"))
    }

    /// Record the integration user's decision on a version.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn decide(
        &self,
        asset: &str,
        version: &str,
        decision: ApprovalStatus,
    ) -> Result<Approval, Error> {
        Err(Error::unsupported("approvals.decide"))
    }
}

/// Who may see and use an asset.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Access {
    /// Read what stands now.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn snapshot(&self, asset: &str) -> Result<AccessSnapshot, Error> {
        Err(Error::unsupported("access.snapshot"))
    }

    /// Put a named template on the asset in place of what stands there. `not-found` names a missing
    /// template.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn apply(&self, asset: &str, template: &str) -> Result<(), Error> {
        Err(Error::unsupported("access.apply"))
    }

    /// Put back exactly what a snapshot holds.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn restore(&self, snapshot: &AccessSnapshot) -> Result<(), Error> {
        Err(Error::unsupported("access.restore"))
    }
}

/// Folders, albums and collections.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Collections {
    /// Find a collection by its path; absent where there is none.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn find(&self, path: &str) -> Result<Option<Collection>, Error> {
        Err(Error::unsupported("collections.find"))
    }

    /// Make a collection with all its parents; returns the one that stands there already.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn create(&self, path: &str) -> Result<Collection, Error> {
        Err(Error::unsupported("collections.create"))
    }

    /// What is in a collection.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn contents(&self, collection: &str, page: Option<&str>) -> Result<ContentPage, Error> {
        Err(Error::unsupported("collections.contents"))
    }

    /// Put an asset in. Already there: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn add(&self, collection: &str, asset: &str) -> Result<(), Error> {
        Err(Error::unsupported("collections.add"))
    }

    /// Take an asset out. Not there: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn remove(&self, collection: &str, asset: &str) -> Result<(), Error> {
        Err(Error::unsupported("collections.remove"))
    }
}

/// Comments on an asset, with time codes and threads.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Comments {
    /// List the comments of an asset, oldest first.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn list(&self, asset: &str, page: Option<&str>) -> Result<CommentPage, Error> {
        Err(Error::unsupported("comments.list"))
    }

    /// Write a comment. A second draft with the same external id changes nothing and returns the
    /// first comment.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn add(&self, asset: &str, draft: &Draft) -> Result<Comment, Error> {
        Err(Error::unsupported("comments.add"))
    }

    /// Change a comment's text.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn edit(&self, asset: &str, comment: &str, text: &str) -> Result<Comment, Error> {
        Err(Error::unsupported("comments.edit"))
    }

    /// Remove a comment. Already gone: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn remove(&self, asset: &str, comment: &str) -> Result<(), Error> {
        Err(Error::unsupported("comments.remove"))
    }

    /// Mark a comment as resolved or open.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn resolve(&self, asset: &str, comment: &str, resolved: bool) -> Result<Comment, Error> {
        Err(Error::unsupported("comments.resolve"))
    }
}
