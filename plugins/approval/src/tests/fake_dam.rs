//! A DAM with one asset.

use std::cell::{Cell, RefCell};

use forebay_sdk::assets::fields::{Definition, DefinitionPage, FieldType};
use forebay_sdk::assets::*;
use forebay_sdk::testing::START;
use forebay_sdk::{Entity, Error, Field, FieldsExt, Timestamp, Value};

/// The asset's id.
pub(super) const ASSET: &str = "image/7";
/// Who uploaded it.
pub(super) const UPLOADER: &str = "uploader@example.test";
/// Who acts for Forebay.
const INTEGRATION: &str = "forebay";

pub(super) struct FakeDam {
    asset: RefCell<Asset>,
    /// It is gone for good.
    pub(super) purged: Cell<bool>,
    /// The next updates fail like this, last first; a version comes along where one is named.
    pub(super) conflicts: RefCell<Vec<Option<&'static str>>>,
    /// No access template is known.
    pub(super) templates_missing: Cell<bool>,
    /// Fields that are defined; all text and writable but `locked`.
    pub(super) defined: RefCell<Vec<&'static str>>,
    pub(super) approval: RefCell<Approval>,
    /// What was done besides updates, in order.
    pub(super) done: RefCell<Vec<String>>,
    changes: Cell<u32>,
}

impl Default for FakeDam {
    /// A video for Germany that is ready, uploaded to `/Incoming/Spring`, version `v1`.
    fn default() -> Self {
        let incoming = Container {
            entity: Entity::new("collection", "album-1"),
            path: Some("/Incoming/Spring".into()),
        };
        let asset = Asset {
            id: ASSET.into(),
            name: "hero.mp4".into(),
            kind: AssetKind::Video,
            status: AssetStatus::None,
            vendor_status: String::new(),
            version: "v1".into(),
            change_token: "t0".into(),
            checksum: Some("md5:1".into()),
            size: None,
            created_at: START,
            created_by: Some(UPLOADER.into()),
            modified_at: START,
            modified_by: Some(UPLOADER.into()),
            expires_at: None,
            trashed: false,
            readiness: Readiness {
                preview: true,
                files_closed: true,
                failure: None,
                placeholder: false,
            },
            fields: vec![
                Field::new("asset_type", "video"),
                Field::new("market", "DE"),
            ],
            tags: Vec::new(),
            containers: vec![incoming],
            links: vec![Link {
                rel: "detail".into(),
                href: "https://dam.test/7".into(),
            }],
            extra: Vec::new(),
        };
        let approval = Approval {
            status: ApprovalStatus::None,
            reviewers: Vec::new(),
            quorum: 0,
            votes: Vec::new(),
            requested_at: None,
        };
        Self {
            asset: RefCell::new(asset),
            purged: Cell::default(),
            conflicts: RefCell::default(),
            templates_missing: Cell::default(),
            defined: RefCell::default(),
            approval: RefCell::new(approval),
            done: RefCell::default(),
            changes: Cell::default(),
        }
    }
}

impl FakeDam {
    /// Somebody changes the asset by hand.
    pub(super) fn edit(&self, by: &str, change: impl FnOnce(&mut Asset)) {
        let mut asset = self.asset.borrow_mut();
        change(&mut asset);
        asset.modified_by = Some(by.to_owned());
        self.changes.set(self.changes.get() + 1);
        asset.change_token = format!("t{}", self.changes.get());
    }

    pub(super) fn new_version(&self, version: &str) {
        self.edit(UPLOADER, |asset| asset.version = version.to_owned());
    }

    pub(super) fn vote(&self, voter: &str, status: ApprovalStatus) {
        let mut approval = self.approval.borrow_mut();
        approval.votes.push(Vote {
            voter: voter.to_owned(),
            status,
            at: None,
        });
        let disagree = approval.votes.iter().any(|vote| vote.status != status);
        approval.status = if disagree {
            ApprovalStatus::Mixed
        } else {
            ApprovalStatus::Requested
        };
    }

    pub(super) fn status(&self) -> AssetStatus {
        self.asset.borrow().status
    }

    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.asset.borrow().expires_at
    }

    /// A field's text; empty where there is none.
    pub(super) fn text(&self, field: &str) -> String {
        self.asset
            .borrow()
            .fields
            .text(field)
            .unwrap_or_default()
            .to_owned()
    }

    pub(super) fn done(&self) -> Vec<String> {
        self.done.borrow().clone()
    }

    fn did(&self, what: String) {
        self.done.borrow_mut().push(what);
    }
}

impl AssetSource for FakeDam {
    fn get(&self, id: &str) -> Result<Asset, Error> {
        assert_eq!(id, ASSET);
        if self.purged.get() {
            return Err(Error::not_found("no such asset"));
        }
        Ok(self.asset.borrow().clone())
    }

    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        let before = AssetSource::get(self, id)?;
        if let Some(version) = self.conflicts.borrow_mut().pop() {
            self.edit("somebody", |asset| {
                if let Some(version) = version {
                    asset.version = version.to_owned();
                }
            });
        }
        let token = self.asset.borrow().change_token.clone();
        if update.guard.as_ref().is_some_and(|guard| *guard != token) {
            return Err(Error::conflict("the asset has changed").with_current(token));
        }
        self.edit(INTEGRATION, |asset| {
            for field in &update.fields {
                asset.fields.retain(|known| known.name != field.name);
                if field.value != Value::None {
                    asset.fields.push(field.clone());
                }
            }
            asset.status = update.status.unwrap_or(asset.status);
            if let ExpiryChange::Set(at) = update.expiry {
                asset.expires_at = Some(at);
            }
        });
        if before.status != self.status() {
            self.did(format!("status {}", word(self.status())));
        }
        Ok(Updated {
            asset: AssetSource::get(self, id)?,
            changes: Vec::new(),
        })
    }
}

impl Fields for FakeDam {
    fn list(&self, page: Option<&str>) -> Result<DefinitionPage, Error> {
        // One field a page: whoever forgets pages misses most of them.
        let at: usize = page.map_or(0, |page| page.parse().unwrap());
        let defined = self.defined.borrow();
        let definitions = defined.get(at).map(|name| Definition {
            name: (*name).to_owned(),
            label: (*name).to_owned(),
            type_: FieldType::Text,
            choices: Vec::new(),
            required: false,
            writable: *name != "locked",
        });
        let next = (at + 1 < defined.len()).then(|| (at + 1).to_string());
        Ok(DefinitionPage {
            definitions: definitions.into_iter().collect(),
            next,
        })
    }
}

impl Versions for FakeDam {
    fn comment(&self, _: &str, version: &str, text: &str) -> Result<(), Error> {
        self.did(format!("comment on {version}: {text}"));
        Ok(())
    }
}

impl Access for FakeDam {
    fn snapshot(&self, asset: &str) -> Result<AccessSnapshot, Error> {
        let content = String::new();
        Ok(AccessSnapshot {
            asset: asset.to_owned(),
            summary: "public".into(),
            content,
        })
    }

    fn apply(&self, _: &str, template: &str) -> Result<(), Error> {
        if self.templates_missing.get() {
            return Err(Error::not_found(format!("no template `{template}`")));
        }
        self.did(format!("template {template}"));
        Ok(())
    }
}

impl Collections for FakeDam {
    fn find(&self, path: &str) -> Result<Option<Collection>, Error> {
        Ok((path != "/Unknown").then(|| collection(path)))
    }

    fn create(&self, path: &str) -> Result<Collection, Error> {
        Ok(collection(path))
    }

    fn add(&self, collection: &str, _: &str) -> Result<(), Error> {
        self.did(format!("into {collection}"));
        Ok(())
    }

    fn remove(&self, collection: &str, _: &str) -> Result<(), Error> {
        self.did(format!("out of {collection}"));
        Ok(())
    }
}

impl Approvals for FakeDam {
    fn get(&self, _: &str, _: &str) -> Result<Approval, Error> {
        Ok(self.approval.borrow().clone())
    }

    fn request(
        &self,
        _: &str,
        version: &str,
        request: &ApprovalRequest,
    ) -> Result<Approval, Error> {
        self.did(format!("ask {} about {version}", request.users.join("+")));
        self.approval.borrow_mut().status = ApprovalStatus::Requested;
        Approvals::get(self, ASSET, version)
    }

    fn decide(&self, _: &str, version: &str, decision: ApprovalStatus) -> Result<Approval, Error> {
        self.did(format!("panel {} {version}", word(decision)));
        self.approval.borrow_mut().status = decision;
        Approvals::get(self, ASSET, version)
    }
}

/// The bare name of a case.
fn word(case: impl std::fmt::Debug) -> String {
    format!("{case:?}")
        .rsplit("::")
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn collection(path: &str) -> Collection {
    Collection {
        id: path.to_owned(),
        name: path.to_owned(),
        path: path.to_owned(),
        size: None,
    }
}
