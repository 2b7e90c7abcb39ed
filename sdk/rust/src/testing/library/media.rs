//! Sharing, the life of files, relations, use, placeholders, versions and comments in memory.

use super::Library;
use crate::capability::assets::{
    ActivityPage, ArchiveState, AssetSource, AssetStatus, Comment, CommentPage, Comments, Draft,
    Lifecycle, MediaState, PlaceholderRequest, Placeholders, Relation, RelationPage, Relations,
    Share, SharePage, ShareQuery, ShareRequest, Sharing, Trashed, Usage, UsageReport, Version,
    VersionPage, Versions,
};
use crate::types::{Error, Timestamp};

impl Sharing for Library {
    fn list(&self, query: &ShareQuery) -> Result<SharePage, Error> {
        let fits = |share: &&Share| {
            (query.include_ended || share.active)
                && query
                    .asset
                    .as_ref()
                    .is_none_or(|asset| share.assets.contains(asset))
                && (query.collection.is_none() || query.collection == share.collection)
                && (query.external_id.is_none() || query.external_id == share.external_id)
        };
        let shares = self.shares.borrow();
        Ok(SharePage {
            shares: shares.iter().filter(fits).cloned().collect(),
            next: None,
        })
    }

    fn create(&self, request: &ShareRequest) -> Result<Share, Error> {
        let same = |share: &&Share| share.external_id.as_ref() == Some(&request.external_id);
        if let Some(share) = self.shares.borrow().iter().find(same) {
            return Ok(share.clone());
        }
        let id = format!("share-{}", self.shares.borrow().len() + 1);
        self.effect(format!("share {id}"))?;
        let share = Share {
            link: Some(format!("https://dam.example/{id}")),
            id,
            title: request.title.clone(),
            assets: request.assets.clone(),
            collection: request.collection.clone(),
            recipients: request.recipients.clone(),
            download: request.download,
            created_at: Some(self.now.get()),
            created_by: Some("integration@example.com".to_owned()),
            expires_at: request.expires_at,
            active: true,
            external_id: Some(request.external_id.clone()),
        };
        self.shares.borrow_mut().push(share.clone());
        Ok(share)
    }

    fn revoke(&self, share: &str) -> Result<(), Error> {
        let mut shares = self.shares.borrow_mut();
        let found = shares.iter_mut().find(|found| found.id == share);
        let found = found.ok_or_else(|| Error::not_found(share))?;
        if found.active {
            self.effect(format!("revoke {share}"))?;
            found.active = false;
        }
        Ok(())
    }

    fn activity(&self, since: Timestamp, _page: Option<&str>) -> Result<ActivityPage, Error> {
        let activity = self.activity.borrow();
        Ok(ActivityPage {
            activities: activity
                .iter()
                .filter(|activity| activity.at >= since)
                .cloned()
                .collect(),
            next: None,
        })
    }
}

impl Lifecycle for Library {
    fn state(&self, asset: &str) -> Result<MediaState, Error> {
        let trashed = self.get(asset)?.trashed;
        let mut state = self.media_of(asset);
        state.trashed = trashed.then_some(Trashed { at: None, by: None });
        Ok(state)
    }

    fn archive(&self, asset: &str, target: Option<&str>) -> Result<MediaState, Error> {
        let mut state = self.state(asset)?;
        if !matches!(
            state.state,
            ArchiveState::Archived | ArchiveState::Archiving
        ) {
            self.effect(format!("archive {asset} {}", target.unwrap_or_default()))?;
            state.state = ArchiveState::Archiving;
            state.failure = None;
            self.media
                .borrow_mut()
                .insert(asset.to_owned(), state.clone());
        }
        Ok(state)
    }

    fn restore(&self, asset: &str) -> Result<MediaState, Error> {
        let mut state = self.state(asset)?;
        if state.state == ArchiveState::Archived {
            self.effect(format!("restore {asset}"))?;
            state.state = ArchiveState::Restoring;
            self.media
                .borrow_mut()
                .insert(asset.to_owned(), state.clone());
        }
        Ok(state)
    }

    fn remove_copy(&self, asset: &str, storage: &str) -> Result<MediaState, Error> {
        let mut state = self.state(asset)?;
        if state.copies.iter().any(|copy| copy.storage == storage) {
            if state.copies.len() == 1 {
                return Err(Error::conflict("it is the only copy"));
            }
            self.effect(format!("remove-copy {asset} {storage}"))?;
            state.copies.retain(|copy| copy.storage != storage);
            self.media
                .borrow_mut()
                .insert(asset.to_owned(), state.clone());
        }
        Ok(state)
    }

    fn trash(&self, asset: &str) -> Result<(), Error> {
        if !self.get(asset)?.trashed {
            self.effect(format!("trash {asset}"))?;
            self.with(asset, |asset| asset.trashed = true)?;
        }
        Ok(())
    }

    fn recover(&self, asset: &str) -> Result<(), Error> {
        if self.get(asset)?.trashed {
            self.effect(format!("recover {asset}"))?;
            self.with(asset, |asset| asset.trashed = false)?;
        }
        Ok(())
    }

    fn purge(&self, asset: &str) -> Result<(), Error> {
        if self.assets.borrow().contains_key(asset) {
            self.effect(format!("purge {asset}"))?;
            if !self.stubborn.borrow().iter().any(|stays| stays == asset) {
                self.assets.borrow_mut().remove(asset);
            }
        }
        Ok(())
    }
}

impl Relations for Library {
    fn list(&self, asset: &str, _page: Option<&str>) -> Result<RelationPage, Error> {
        let relations = self.relations.borrow();
        let ours = relations.iter().filter_map(|(kind, origin, target)| {
            let outgoing = origin == asset;
            (outgoing || target == asset).then(|| Relation {
                kind: kind.clone(),
                other: if outgoing { target } else { origin }.clone(),
                outgoing,
            })
        });
        Ok(RelationPage {
            relations: ours.collect(),
            next: None,
        })
    }

    fn link(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        let relation = (kind.to_owned(), origin.to_owned(), target.to_owned());
        if !self.relations.borrow().contains(&relation) {
            self.effect(format!("link {kind} {origin} {target}"))?;
            self.relations.borrow_mut().push(relation);
        }
        Ok(())
    }

    fn unlink(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        let relation = (kind.to_owned(), origin.to_owned(), target.to_owned());
        self.relations
            .borrow_mut()
            .retain(|other| *other != relation);
        Ok(())
    }
}

impl Usage for Library {
    fn report(&self, asset: &str, _since: Timestamp) -> Result<UsageReport, Error> {
        let known = self.usage.borrow().get(asset).cloned();
        Ok(known.unwrap_or(UsageReport {
            views: 0,
            downloads: 0,
            shares: 0,
            last_used_at: None,
            complete_until: Some(self.now.get()),
        }))
    }
}

impl Placeholders for Library {
    fn create(&self, request: &PlaceholderRequest) -> Result<String, Error> {
        let id = format!("placeholder-{}", request.external_id);
        if !self.assets.borrow().contains_key(&id) {
            self.effect(format!("placeholder {id}"))?;
            self.add(&id, "", &[]);
            self.with(&id, |asset| {
                asset.name.clone_from(&request.title);
                asset.fields.clone_from(&request.fields);
                asset.readiness.placeholder = true;
                asset.status = AssetStatus::None;
            })?;
            if let Some(collection) = &request.collection {
                self.file(collection, &id);
            }
        }
        Ok(id)
    }
}

impl Versions for Library {
    fn list(&self, asset: &str, _page: Option<&str>) -> Result<VersionPage, Error> {
        let asset = self.get(asset)?;
        let current = Version {
            id: asset.version,
            number: 1,
            current: true,
            created_at: asset.created_at,
            created_by: asset.created_by,
            comment: String::new(),
        };
        Ok(VersionPage {
            versions: vec![current],
            next: None,
        })
    }

    fn promote(&self, asset: &str, version: &str) -> Result<(), Error> {
        self.effect(format!("promote {asset} {version}"))?;
        self.with(asset, |asset| version.clone_into(&mut asset.version))
    }

    fn comment(&self, asset: &str, version: &str, text: &str) -> Result<(), Error> {
        self.effect(format!("comment {asset} {version}: {text}"))
    }
}

impl Comments for Library {
    fn list(&self, asset: &str, _page: Option<&str>) -> Result<CommentPage, Error> {
        let all = self.comments.borrow();
        let ours = all.iter().filter(|(of, _)| of == asset);
        Ok(CommentPage {
            comments: ours.map(|(_, comment)| comment.clone()).collect(),
            next: None,
        })
    }

    fn add(&self, asset: &str, draft: &Draft) -> Result<Comment, Error> {
        let mut all = self.comments.borrow_mut();
        let same = |(of, comment): &&(String, Comment)| {
            of == asset && comment.external_id.as_ref() == Some(&draft.external_id)
        };
        if let Some((_, found)) = all.iter().find(same) {
            return Ok(found.clone());
        }
        let comment = Comment {
            id: format!("segment-{}", all.len() + 1),
            version: draft.version.clone(),
            parent: draft.parent.clone(),
            author: Some("integration@example.com".to_owned()),
            text: draft.text.clone(),
            span: draft.span,
            resolved: false,
            external_id: Some(draft.external_id.clone()),
            created_at: self.now.get(),
            modified_at: self.now.get(),
        };
        all.push((asset.to_owned(), comment.clone()));
        Ok(comment)
    }

    fn edit(&self, _asset: &str, comment: &str, text: &str) -> Result<Comment, Error> {
        self.with_comment(comment, |found| text.clone_into(&mut found.text))
    }

    fn remove(&self, _asset: &str, comment: &str) -> Result<(), Error> {
        self.comments
            .borrow_mut()
            .retain(|(_, found)| found.id != comment);
        Ok(())
    }

    fn resolve(&self, _asset: &str, comment: &str, resolved: bool) -> Result<Comment, Error> {
        self.with_comment(comment, |found| found.resolved = resolved)
    }
}

impl Library {
    fn with_comment(&self, id: &str, change: impl FnOnce(&mut Comment)) -> Result<Comment, Error> {
        let mut all = self.comments.borrow_mut();
        let found = all.iter_mut().find(|(_, found)| found.id == id);
        let (_, found) = found.ok_or_else(|| Error::not_found(id))?;
        change(found);
        found.modified_at = self.now.get();
        Ok(found.clone())
    }
}
