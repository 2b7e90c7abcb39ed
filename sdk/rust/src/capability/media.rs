//! What else a DAM can do, besides reading and updating assets: sharing, the life of files,
//! relations, use, placeholders.

pub use crate::bindings::imports::forebay::assets::lifecycle::{
    ArchiveState, Copy as MediaCopy, MediaState, Trashed,
};
pub use crate::bindings::imports::forebay::assets::placeholders::PlaceholderRequest;
pub use crate::bindings::imports::forebay::assets::relations::{Relation, RelationPage};
pub use crate::bindings::imports::forebay::assets::sharing::{
    ActivityPage, DownloadRight, Share, ShareActivity, SharePage, ShareQuery, ShareRequest,
};
pub use crate::bindings::imports::forebay::assets::usage::UsageReport;
use crate::types::{Error, Timestamp};

/// Links by which people outside the DAM reach assets.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Sharing {
    /// Find shares.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn list(&self, query: &ShareQuery) -> Result<SharePage, Error> {
        Err(Error::unsupported("sharing.list"))
    }

    /// Make a share. A second request with the same external id changes nothing and returns the
    /// first share.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn create(&self, request: &ShareRequest) -> Result<Share, Error> {
        Err(Error::unsupported("sharing.create"))
    }

    /// End a share: its link stops working. Ended already: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn revoke(&self, share: &str) -> Result<(), Error> {
        Err(Error::unsupported("sharing.revoke"))
    }

    /// What was done with shares since a time.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn activity(&self, since: Timestamp, page: Option<&str>) -> Result<ActivityPage, Error> {
        Err(Error::unsupported("sharing.activity"))
    }
}

/// Where an asset's files are, and what becomes of them.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Lifecycle {
    /// Read what stands now. `not-found` proves that a purged asset is gone.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn state(&self, asset: &str) -> Result<MediaState, Error> {
        Err(Error::unsupported("lifecycle.state"))
    }

    /// Move the original into an archive storage. On its way or there already: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn archive(&self, asset: &str, target: Option<&str>) -> Result<MediaState, Error> {
        Err(Error::unsupported("lifecycle.archive"))
    }

    /// Bring the original back. On its way or there already: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn restore(&self, asset: &str) -> Result<MediaState, Error> {
        Err(Error::unsupported("lifecycle.restore"))
    }

    /// Remove the copy of the original on one storage. `conflict` where it is the only one.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn remove_copy(&self, asset: &str, storage: &str) -> Result<MediaState, Error> {
        Err(Error::unsupported("lifecycle.remove-copy"))
    }

    /// Put an asset into the trash. There already: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn trash(&self, asset: &str) -> Result<(), Error> {
        Err(Error::unsupported("lifecycle.trash"))
    }

    /// Take an asset out of the trash. Not there: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn recover(&self, asset: &str) -> Result<(), Error> {
        Err(Error::unsupported("lifecycle.recover"))
    }

    /// Remove an asset for good. Gone already: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn purge(&self, asset: &str) -> Result<(), Error> {
        Err(Error::unsupported("lifecycle.purge"))
    }
}

/// How assets belong together.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Relations {
    /// List the relations of an asset.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn list(&self, asset: &str, page: Option<&str>) -> Result<RelationPage, Error> {
        Err(Error::unsupported("relations.list"))
    }

    /// Relate two assets. Related so already: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn link(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        Err(Error::unsupported("relations.link"))
    }

    /// Take a relation away. Not there: nothing changes.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn unlink(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        Err(Error::unsupported("relations.unlink"))
    }
}

/// How an asset was used.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Usage {
    /// The use of an asset since a time.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn report(&self, asset: &str, since: Timestamp) -> Result<UsageReport, Error> {
        Err(Error::unsupported("usage.report"))
    }
}

/// Assets without media yet.
#[allow(unused_variables, reason = "the defaults need none")]
pub trait Placeholders {
    /// Make a placeholder; returns the asset's id. A second request with the same external id changes
    /// nothing and returns the first asset.
    ///
    /// # Errors
    /// Those of the contract; `unsupported` by default.
    fn create(&self, request: &PlaceholderRequest) -> Result<String, Error> {
        Err(Error::unsupported("placeholders.create"))
    }
}
