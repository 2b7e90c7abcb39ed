//! Capabilities as a handler reaches them inside the host: every trait, answered by the imported
//! functions. Only what a handler really calls becomes an import of its component.

use crate::bindings::imports::forebay::assets::{
    access, approvals, asset_source, collections, comments, fields, lifecycle, placeholders,
    relations, sharing, usage, versions,
};
use crate::bindings::imports::forebay::workflow::{
    directory, process_comments, tasks, workflow_sink,
};
use crate::capability::assets::*;
use crate::capability::workflow::*;
use crate::types::{Error, Field, Timestamp};

/// The capabilities of the connections that the flow is bound to. Works only inside the host;
/// plugin code reaches it through [`crate::Cx`], so that it can be tested without.
#[derive(Clone, Copy, Debug)]
pub struct Imported;

impl AssetSource for Imported {
    fn get(&self, id: &str) -> Result<Asset, Error> {
        asset_source::get(id)
    }
    fn search(&self, query: &Query) -> Result<AssetPage, Error> {
        asset_source::search(query)
    }
    fn update(&self, id: &str, update: &AssetUpdate) -> Result<Updated, Error> {
        asset_source::update(id, update)
    }
}

impl Fields for Imported {
    fn list(&self, page: Option<&str>) -> Result<fields::DefinitionPage, Error> {
        fields::list(page)
    }
}

impl Versions for Imported {
    fn list(&self, asset: &str, page: Option<&str>) -> Result<VersionPage, Error> {
        versions::list(asset, page)
    }
    fn promote(&self, asset: &str, version: &str) -> Result<(), Error> {
        versions::promote(asset, version)
    }
    fn comment(&self, asset: &str, version: &str, text: &str) -> Result<(), Error> {
        versions::comment(asset, version, text)
    }
}

impl Approvals for Imported {
    fn get(&self, asset: &str, version: &str) -> Result<Approval, Error> {
        approvals::get(asset, version)
    }
    fn request(
        &self,
        asset: &str,
        version: &str,
        request: &ApprovalRequest,
    ) -> Result<Approval, Error> {
        approvals::request(asset, version, request)
    }
    fn decide(
        &self,
        asset: &str,
        version: &str,
        decision: ApprovalStatus,
    ) -> Result<Approval, Error> {
        approvals::decide(asset, version, decision)
    }
}

impl Access for Imported {
    fn snapshot(&self, asset: &str) -> Result<AccessSnapshot, Error> {
        access::snapshot(asset)
    }
    fn apply(&self, asset: &str, template: &str) -> Result<(), Error> {
        access::apply(asset, template)
    }
    fn restore(&self, snapshot: &AccessSnapshot) -> Result<(), Error> {
        access::restore(snapshot)
    }
}

impl Collections for Imported {
    fn find(&self, path: &str) -> Result<Option<Collection>, Error> {
        collections::find(path)
    }
    fn create(&self, path: &str) -> Result<Collection, Error> {
        collections::create(path)
    }
    fn contents(&self, collection: &str, page: Option<&str>) -> Result<ContentPage, Error> {
        collections::contents(collection, page)
    }
    fn add(&self, collection: &str, asset: &str) -> Result<(), Error> {
        collections::add(collection, asset)
    }
    fn remove(&self, collection: &str, asset: &str) -> Result<(), Error> {
        collections::remove(collection, asset)
    }
}

impl Comments for Imported {
    fn list(&self, asset: &str, page: Option<&str>) -> Result<CommentPage, Error> {
        comments::list(asset, page)
    }
    fn add(&self, asset: &str, draft: &Draft) -> Result<Comment, Error> {
        comments::add(asset, draft)
    }
    fn edit(&self, asset: &str, comment: &str, text: &str) -> Result<Comment, Error> {
        comments::edit(asset, comment, text)
    }
    fn remove(&self, asset: &str, comment: &str) -> Result<(), Error> {
        comments::remove(asset, comment)
    }
    fn resolve(&self, asset: &str, comment: &str, resolved: bool) -> Result<Comment, Error> {
        comments::resolve(asset, comment, resolved)
    }
}

impl WorkflowSink for Imported {
    fn start(&self, request: &StartRequest) -> Result<Started, Error> {
        workflow_sink::start(request)
    }
    fn find(&self, definition: &str, business_key: &str) -> Result<Option<Process>, Error> {
        workflow_sink::find(definition, business_key)
    }
    fn get(&self, process: &str) -> Result<Process, Error> {
        workflow_sink::get(process)
    }
    fn cancel(&self, process: &str, reason: &str) -> Result<(), Error> {
        workflow_sink::cancel(process, reason)
    }
    fn message(&self, process: &str, name: &str, variables: &[Field]) -> Result<(), Error> {
        workflow_sink::message(process, name, variables)
    }
    fn set_variables(&self, process: &str, variables: &[Field]) -> Result<(), Error> {
        workflow_sink::set_variables(process, variables)
    }
    fn definitions(&self, page: Option<&str>) -> Result<workflow_sink::DefinitionPage, Error> {
        workflow_sink::definitions(page)
    }
}

impl Tasks for Imported {
    fn list(&self, query: &TaskQuery) -> Result<TaskPage, Error> {
        tasks::list(query)
    }
    fn get(&self, task: &str) -> Result<Task, Error> {
        tasks::get(task)
    }
    fn complete(&self, task: &str, outcome: &str, variables: &[Field]) -> Result<(), Error> {
        tasks::complete(task, outcome, variables)
    }
    fn reassign(&self, task: &str, group: &str) -> Result<(), Error> {
        tasks::reassign(task, group)
    }
    fn set_due(&self, task: &str, due: Timestamp) -> Result<(), Error> {
        tasks::set_due(task, due)
    }
    fn comment(&self, task: &str, text: &str) -> Result<(), Error> {
        tasks::comment(task, text)
    }
}

impl Directory for Imported {
    fn lookup(&self, kind: PrincipalKind, id: &str) -> Result<Option<Principal>, Error> {
        directory::lookup(kind, id)
    }
}

impl Sharing for Imported {
    fn list(&self, query: &ShareQuery) -> Result<SharePage, Error> {
        sharing::list(query)
    }
    fn create(&self, request: &ShareRequest) -> Result<Share, Error> {
        sharing::create(request)
    }
    fn revoke(&self, share: &str) -> Result<(), Error> {
        sharing::revoke(share)
    }
    fn activity(&self, since: Timestamp, page: Option<&str>) -> Result<ActivityPage, Error> {
        sharing::activity(since, page)
    }
}

impl Lifecycle for Imported {
    fn state(&self, asset: &str) -> Result<MediaState, Error> {
        lifecycle::state(asset)
    }
    fn archive(&self, asset: &str, target: Option<&str>) -> Result<MediaState, Error> {
        lifecycle::archive(asset, target)
    }
    fn restore(&self, asset: &str) -> Result<MediaState, Error> {
        lifecycle::restore(asset)
    }
    fn remove_copy(&self, asset: &str, storage: &str) -> Result<MediaState, Error> {
        lifecycle::remove_copy(asset, storage)
    }
    fn trash(&self, asset: &str) -> Result<(), Error> {
        lifecycle::trash(asset)
    }
    fn recover(&self, asset: &str) -> Result<(), Error> {
        lifecycle::recover(asset)
    }
    fn purge(&self, asset: &str) -> Result<(), Error> {
        lifecycle::purge(asset)
    }
}

impl Relations for Imported {
    fn list(&self, asset: &str, page: Option<&str>) -> Result<RelationPage, Error> {
        relations::list(asset, page)
    }
    fn link(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        relations::link(kind, origin, target)
    }
    fn unlink(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        relations::unlink(kind, origin, target)
    }
}

impl Usage for Imported {
    fn report(&self, asset: &str, since: Timestamp) -> Result<UsageReport, Error> {
        usage::report(asset, since)
    }
}

impl Placeholders for Imported {
    fn create(&self, request: &PlaceholderRequest) -> Result<String, Error> {
        placeholders::create(request)
    }
}

impl ProcessComments for Imported {
    fn list(&self, process: &str, page: Option<&str>) -> Result<ProcessCommentPage, Error> {
        process_comments::list(process, page)
    }
    fn add(&self, process: &str, text: &str, external_id: &str) -> Result<ProcessComment, Error> {
        process_comments::add(process, text, external_id)
    }
    fn edit(&self, process: &str, comment: &str, text: &str) -> Result<ProcessComment, Error> {
        process_comments::edit(process, comment, text)
    }
    fn remove(&self, process: &str, comment: &str) -> Result<(), Error> {
        process_comments::remove(process, comment)
    }
}
