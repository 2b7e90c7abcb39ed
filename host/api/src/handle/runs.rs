//! Runs: see them.

use axum::Json;
use axum::extract::{Path, State};
use forebay_model::run::RunState;
use forebay_model::{FlowName, RunId, Timestamp};
use forebay_store::query::{PageRequest, RunFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Context;
use crate::extract::Query;
use crate::problem::{Problem, Result};
use crate::view::page::{Page, page_request};
use crate::view::run::{RunDetail, RunParts, RunView};
use crate::view::step::Steps;

/// Notices shown with a run; `/v1/notices?run=` has the others.
const NOTICES_SHOWN: u32 = 50;

/// Which runs. All conditions must hold.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// Of this flow.
    flow: Option<String>,
    /// In one of these states: repeated, or separated by commas.
    state: Vec<String>,
    /// With this business key.
    business_key: Option<String>,
    /// About the entity of this id.
    subject: Option<String>,
    /// With this label, as `name:value`.
    label: Option<String>,
    /// Created at or after this time, RFC 3339.
    since: Option<String>,
    /// Created before this time, RFC 3339.
    until: Option<String>,
    /// Only those of which something has been due for so long (`engine.stalled_after`) that it
    /// should have been done.
    stalled: bool,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Most entries, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    #[schema(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

impl RunQuery {
    /// As the store takes them, where a run stalls if something was due then.
    pub(crate) fn parts(self, stalled_since: Timestamp) -> Result<(RunFilter, PageRequest)> {
        let label = match self.label {
            Some(label) => match label.split_once(':') {
                Some((name, value)) => Some((name.to_owned(), value.to_owned())),
                None => return Err(Problem::malformed("query `label`: write `name:value`")),
            },
            None => None,
        };
        let filter = RunFilter {
            flow: self.flow.map(FlowName::from),
            states: states(&self.state)?,
            business_key: self.business_key,
            subject: self.subject,
            label,
            since: time("since", self.since)?,
            until: time("until", self.until)?,
            stalled_since: self.stalled.then_some(stalled_since),
        };
        Ok((filter, page_request(self.cursor, self.limit)?))
    }
}

fn states(names: &[String]) -> Result<Vec<RunState>> {
    let names = names
        .iter()
        .flat_map(|names| names.split(','))
        .map(str::trim);
    let state = |name: &str| {
        RunState::parse(name).ok_or_else(|| {
            let known = RunState::ALL.map(RunState::as_str).join(", ");
            Problem::malformed(format!("query `state`: `{name}` is none of {known}"))
        })
    };
    names.filter(|name| !name.is_empty()).map(state).collect()
}

fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>> {
    let parse = |text: String| {
        text.parse()
            .map_err(|error| Problem::malformed(format!("query `{name}`: {error}")))
    };
    text.map(parse).transpose()
}

/// List runs, newest first.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(RunQuery),
    responses((status = 200, body = Page<RunView>)))]
pub(crate) async fn list(
    State(shared): Context,
    Query(query): Query<RunQuery>,
) -> Result<Json<Page<RunView>>> {
    let (filter, page) = query.parts(shared.core.stalled_since())?;
    Ok(Json(Page::of(
        shared.core.store().runs(filter, page).await,
    )?))
}

/// Which parked runs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ParkedQuery {
    /// Of this flow.
    flow: Option<String>,
    /// `next` of the page before; opaque.
    cursor: Option<String>,
    /// Most entries, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// List runs that wait for an operator, newest first.
#[utoipa::path(get, path = "/v1/parked", tag = "runs", params(ParkedQuery),
    responses((status = 200, body = Page<RunView>)))]
pub(crate) async fn parked(
    State(shared): Context,
    Query(query): Query<ParkedQuery>,
) -> Result<Json<Page<RunView>>> {
    let filter = RunFilter {
        flow: query.flow.map(FlowName::from),
        states: vec![RunState::Parked],
        ..RunFilter::default()
    };
    let page = page_request(query.cursor, query.limit)?;
    Ok(Json(Page::of(
        shared.core.store().runs(filter, page).await,
    )?))
}

/// Show a run with all that it holds and waits for.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, body = RunDetail), (status = 404, description = "No such run")))]
pub(crate) async fn show(
    State(shared): Context,
    Path(id): Path<String>,
) -> Result<Json<RunDetail>> {
    let id = RunId::from(id);
    let store = shared.core.store();
    let run = super::run(&shared, &id).await?;
    let notices = PageRequest {
        cursor: None,
        limit: NOTICES_SHOWN,
    };
    let parts = RunParts {
        run,
        waits: store.waits(&id).await?,
        timers: store.timers(&id).await?,
        inbox: store.inbox(&id).await?,
        notices: store.notices(Some(&id), notices).await?.items,
    };
    Ok(Json(parts.into()))
}

/// Show the steps of a run, with every call they made.
#[utoipa::path(get, path = "/v1/runs/{id}/steps", tag = "runs",
    params(("id" = String, Path, description = "Id of the run")),
    responses((status = 200, body = Steps), (status = 404, description = "No such run")))]
pub(crate) async fn steps(State(shared): Context, Path(id): Path<String>) -> Result<Json<Steps>> {
    let id = RunId::from(id);
    super::run(&shared, &id).await?;
    let store = shared.core.store();
    let steps = store.steps(&id).await?;
    Ok(Json(Steps::new(
        steps,
        store.journal_entries(&id, None).await?,
    )))
}
