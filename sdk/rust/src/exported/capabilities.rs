//! The exported side of every capability: from the generated `Guest` traits to the SDK's traits.

use super::{Exported, with_connector};
use crate::bindings;
use crate::capability::assets::*;
use crate::capability::workflow::*;
use crate::connector::Connector;
use crate::types::{Error, Field, Timestamp};

impl<C: Connector + AssetSource>
    bindings::asset_source::exports::forebay::assets::asset_source::Guest for Exported<C>
{
    fn get(id: String) -> Result<Asset, Error> {
        with_connector::<C, _>(|connector| AssetSource::get(connector, &id))
    }
    fn search(query: Query) -> Result<AssetPage, Error> {
        with_connector::<C, _>(|connector| AssetSource::search(connector, &query))
    }
    fn update(id: String, update: AssetUpdate) -> Result<Updated, Error> {
        with_connector::<C, _>(|connector| AssetSource::update(connector, &id, &update))
    }
}

impl<C: Connector + Fields> bindings::fields::exports::forebay::assets::fields::Guest
    for Exported<C>
{
    fn list(page: Option<String>) -> Result<fields::DefinitionPage, Error> {
        with_connector::<C, _>(|connector| Fields::list(connector, page.as_deref()))
    }
}

impl<C: Connector + Versions> bindings::versions::exports::forebay::assets::versions::Guest
    for Exported<C>
{
    fn list(asset: String, page: Option<String>) -> Result<VersionPage, Error> {
        with_connector::<C, _>(|connector| Versions::list(connector, &asset, page.as_deref()))
    }
    fn promote(asset: String, version: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Versions::promote(connector, &asset, &version))
    }
    fn comment(asset: String, version: String, text: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Versions::comment(connector, &asset, &version, &text))
    }
}

impl<C: Connector + Approvals> bindings::approvals::exports::forebay::assets::approvals::Guest
    for Exported<C>
{
    fn get(asset: String, version: String) -> Result<Approval, Error> {
        with_connector::<C, _>(|connector| Approvals::get(connector, &asset, &version))
    }
    fn request(
        asset: String,
        version: String,
        request: ApprovalRequest,
    ) -> Result<Approval, Error> {
        with_connector::<C, _>(|connector| {
            Approvals::request(connector, &asset, &version, &request)
        })
    }
    fn decide(asset: String, version: String, decision: ApprovalStatus) -> Result<Approval, Error> {
        with_connector::<C, _>(|connector| Approvals::decide(connector, &asset, &version, decision))
    }
}

impl<C: Connector + Access> bindings::access::exports::forebay::assets::access::Guest
    for Exported<C>
{
    fn snapshot(asset: String) -> Result<AccessSnapshot, Error> {
        with_connector::<C, _>(|connector| Access::snapshot(connector, &asset))
    }
    fn apply(asset: String, template: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Access::apply(connector, &asset, &template))
    }
    fn restore(snapshot: AccessSnapshot) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Access::restore(connector, &snapshot))
    }
}

impl<C: Connector + Collections> bindings::collections::exports::forebay::assets::collections::Guest
    for Exported<C>
{
    fn find(path: String) -> Result<Option<Collection>, Error> {
        with_connector::<C, _>(|connector| Collections::find(connector, &path))
    }
    fn create(path: String) -> Result<Collection, Error> {
        with_connector::<C, _>(|connector| Collections::create(connector, &path))
    }
    fn contents(collection: String, page: Option<String>) -> Result<ContentPage, Error> {
        with_connector::<C, _>(|connector| {
            Collections::contents(connector, &collection, page.as_deref())
        })
    }
    fn add(collection: String, asset: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Collections::add(connector, &collection, &asset))
    }
    fn remove(collection: String, asset: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Collections::remove(connector, &collection, &asset))
    }
}

impl<C: Connector + Comments> bindings::comments::exports::forebay::assets::comments::Guest
    for Exported<C>
{
    fn list(asset: String, page: Option<String>) -> Result<CommentPage, Error> {
        with_connector::<C, _>(|connector| Comments::list(connector, &asset, page.as_deref()))
    }
    fn add(asset: String, draft: Draft) -> Result<Comment, Error> {
        with_connector::<C, _>(|connector| Comments::add(connector, &asset, &draft))
    }
    fn edit(asset: String, comment: String, text: String) -> Result<Comment, Error> {
        with_connector::<C, _>(|connector| Comments::edit(connector, &asset, &comment, &text))
    }
    fn remove(asset: String, comment: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Comments::remove(connector, &asset, &comment))
    }
    fn resolve(asset: String, comment: String, resolved: bool) -> Result<Comment, Error> {
        with_connector::<C, _>(|connector| Comments::resolve(connector, &asset, &comment, resolved))
    }
}

impl<C: Connector + WorkflowSink>
    bindings::workflow_sink::exports::forebay::workflow::workflow_sink::Guest for Exported<C>
{
    fn start(request: StartRequest) -> Result<Started, Error> {
        with_connector::<C, _>(|connector| WorkflowSink::start(connector, &request))
    }
    fn find(definition: String, business_key: String) -> Result<Option<Process>, Error> {
        with_connector::<C, _>(|connector| {
            WorkflowSink::find(connector, &definition, &business_key)
        })
    }
    fn get(process: String) -> Result<Process, Error> {
        with_connector::<C, _>(|connector| WorkflowSink::get(connector, &process))
    }
    fn cancel(process: String, reason: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| WorkflowSink::cancel(connector, &process, &reason))
    }
    fn message(process: String, name: String, variables: Vec<Field>) -> Result<(), Error> {
        with_connector::<C, _>(|connector| {
            WorkflowSink::message(connector, &process, &name, &variables)
        })
    }
    fn set_variables(process: String, variables: Vec<Field>) -> Result<(), Error> {
        with_connector::<C, _>(|connector| {
            WorkflowSink::set_variables(connector, &process, &variables)
        })
    }
    fn definitions(page: Option<String>) -> Result<workflow_sink::DefinitionPage, Error> {
        with_connector::<C, _>(|connector| WorkflowSink::definitions(connector, page.as_deref()))
    }
}

impl<C: Connector + Tasks> bindings::tasks::exports::forebay::workflow::tasks::Guest
    for Exported<C>
{
    fn list(query: TaskQuery) -> Result<TaskPage, Error> {
        with_connector::<C, _>(|connector| Tasks::list(connector, &query))
    }
    fn get(task: String) -> Result<Task, Error> {
        with_connector::<C, _>(|connector| Tasks::get(connector, &task))
    }
    fn complete(task: String, outcome: String, variables: Vec<Field>) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Tasks::complete(connector, &task, &outcome, &variables))
    }
    fn reassign(task: String, group: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Tasks::reassign(connector, &task, &group))
    }
    fn set_due(task: String, due: Timestamp) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Tasks::set_due(connector, &task, due))
    }
    fn comment(task: String, text: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Tasks::comment(connector, &task, &text))
    }
}

impl<C: Connector + Directory> bindings::directory::exports::forebay::workflow::directory::Guest
    for Exported<C>
{
    fn lookup(kind: PrincipalKind, id: String) -> Result<Option<Principal>, Error> {
        with_connector::<C, _>(|connector| Directory::lookup(connector, kind, &id))
    }
}

impl<C: Connector + Sharing> bindings::sharing::exports::forebay::assets::sharing::Guest
    for Exported<C>
{
    fn list(query: ShareQuery) -> Result<SharePage, Error> {
        with_connector::<C, _>(|connector| Sharing::list(connector, &query))
    }
    fn create(request: ShareRequest) -> Result<Share, Error> {
        with_connector::<C, _>(|connector| Sharing::create(connector, &request))
    }
    fn revoke(share: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Sharing::revoke(connector, &share))
    }
    fn activity(since: Timestamp, page: Option<String>) -> Result<ActivityPage, Error> {
        with_connector::<C, _>(|connector| Sharing::activity(connector, since, page.as_deref()))
    }
}

impl<C: Connector + Lifecycle> bindings::lifecycle::exports::forebay::assets::lifecycle::Guest
    for Exported<C>
{
    fn state(asset: String) -> Result<MediaState, Error> {
        with_connector::<C, _>(|connector| Lifecycle::state(connector, &asset))
    }
    fn archive(asset: String, target: Option<String>) -> Result<MediaState, Error> {
        with_connector::<C, _>(|connector| Lifecycle::archive(connector, &asset, target.as_deref()))
    }
    fn restore(asset: String) -> Result<MediaState, Error> {
        with_connector::<C, _>(|connector| Lifecycle::restore(connector, &asset))
    }
    fn remove_copy(asset: String, storage: String) -> Result<MediaState, Error> {
        with_connector::<C, _>(|connector| Lifecycle::remove_copy(connector, &asset, &storage))
    }
    fn trash(asset: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Lifecycle::trash(connector, &asset))
    }
    fn recover(asset: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Lifecycle::recover(connector, &asset))
    }
    fn purge(asset: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Lifecycle::purge(connector, &asset))
    }
}

impl<C: Connector + Relations> bindings::relations::exports::forebay::assets::relations::Guest
    for Exported<C>
{
    fn list(asset: String, page: Option<String>) -> Result<RelationPage, Error> {
        with_connector::<C, _>(|connector| Relations::list(connector, &asset, page.as_deref()))
    }
    fn link(kind: String, origin: String, target: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Relations::link(connector, &kind, &origin, &target))
    }
    fn unlink(kind: String, origin: String, target: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| Relations::unlink(connector, &kind, &origin, &target))
    }
}

impl<C: Connector + Usage> bindings::usage::exports::forebay::assets::usage::Guest for Exported<C> {
    fn report(asset: String, since: Timestamp) -> Result<UsageReport, Error> {
        with_connector::<C, _>(|connector| Usage::report(connector, &asset, since))
    }
}

impl<C: Connector + Placeholders>
    bindings::placeholders::exports::forebay::assets::placeholders::Guest for Exported<C>
{
    fn create(request: PlaceholderRequest) -> Result<String, Error> {
        with_connector::<C, _>(|connector| Placeholders::create(connector, &request))
    }
}

impl<C: Connector + ProcessComments>
    bindings::process_comments::exports::forebay::workflow::process_comments::Guest
    for Exported<C>
{
    fn list(process: String, page: Option<String>) -> Result<ProcessCommentPage, Error> {
        with_connector::<C, _>(|connector| {
            ProcessComments::list(connector, &process, page.as_deref())
        })
    }
    fn add(process: String, text: String, external_id: String) -> Result<ProcessComment, Error> {
        with_connector::<C, _>(|connector| {
            ProcessComments::add(connector, &process, &text, &external_id)
        })
    }
    fn edit(process: String, comment: String, text: String) -> Result<ProcessComment, Error> {
        with_connector::<C, _>(|connector| {
            ProcessComments::edit(connector, &process, &comment, &text)
        })
    }
    fn remove(process: String, comment: String) -> Result<(), Error> {
        with_connector::<C, _>(|connector| ProcessComments::remove(connector, &process, &comment))
    }
}
