//! The actions of operators on many runs at once.

use axum::Json;
use axum::extract::State;
use forebay_engine::operate::Selection;
use forebay_model::{RunId, Timestamp};
use forebay_store::query::RunFilter;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Context;
use super::asked::{Asked, CancelInput, CompleteInput, DryRun, ReasonInput, SignalInput};
use super::runs::RunQuery;
use crate::api::Shared;
use crate::extract::{Body, IdempotencyKey, Query};
use crate::guard::Caller;
use crate::problem::{Problem, Result};
use crate::view::action::ManyView;

/// Which runs, and what is said about each. Give `matching` or `runs`.
///
/// The answer tells run by run what became of it. If it names a `next`, more match: repeat the request
/// with it as `cursor`. Without `state` only runs that the action is meant for match.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, bound = "T: Serialize + DeserializeOwned")]
pub(crate) struct ManyInput<T> {
    /// Those that `GET /v1/runs` lists for this. At least one condition is needed.
    #[serde(default)]
    matching: Option<RunQuery>,
    /// Those with these ids, as many as `http.max_bulk_runs` allows.
    #[serde(default)]
    runs: Option<Vec<String>>,
    /// What a request about one run has as its body.
    #[serde(default = "Option::default")]
    with: Option<T>,
}

/// Runs of a page where the request names no limit: what a list shows then.
const USUAL: u32 = 50;

impl<T: DeserializeOwned> ManyInput<T> {
    fn parts(self, stalled_since: Timestamp, most: u32) -> Result<(Selection, T)> {
        let too_many = |place: &str, asked: usize| {
            Problem::malformed(format!(
                "body `{place}`: {asked} are more than the {most} runs that one request may be about \
                 (http.max_bulk_runs); split the request"
            ))
        };
        let selection = match (self.matching, self.runs) {
            (Some(query), None) => {
                let (filter, mut page) = query.parts(stalled_since)?;
                if filter == RunFilter::default() {
                    return Err(Problem::malformed(
                        "body `matching`: name a condition, such as `flow` or `state`",
                    ));
                }
                if page.limit > most {
                    return Err(too_many("matching.limit", size(page.limit)));
                }
                if page.limit == 0 {
                    page.limit = most.min(USUAL);
                }
                Selection::Matching(filter, page)
            }
            (None, Some(runs)) if runs.len() <= size(most) => {
                Selection::These(runs.into_iter().map(RunId::from).collect())
            }
            (None, Some(runs)) => return Err(too_many("runs", runs.len())),
            _ => return Err(Problem::malformed("body: give `matching` or `runs`")),
        };
        let with = match self.with {
            Some(with) => with,
            None => serde_json::from_value(json!({}))
                .map_err(|error| Problem::malformed(format!("body `with`: {error}")))?,
        };
        Ok((selection, with))
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Endpoints that differ in what they ask for alone: name and body of each, the action on one run, and
/// the path.
macro_rules! actions {
    ($($(#[$text:meta])+ $name:ident($input:ident) as $one:ident, $path:literal;)+) => {$(
        $(#[$text])+
        #[utoipa::path(post, path = $path, tag = "runs",
            params(DryRun, ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat")),
            request_body = ManyInput<$input>, responses((status = 200, body = ManyView)))]
        pub(crate) async fn $name(
            State(shared): Context,
            caller: Caller,
            Query(query): Query<DryRun>,
            IdempotencyKey(key): IdempotencyKey,
            Body(input): Body<ManyInput<$input>>,
        ) -> Result<Json<ManyView>> {
            act(&shared, &caller, key, query, input, |with| {
                Asked::$one(with, &caller)
            })
            .await
        }
    )+};
}

actions! {
    /// Cancel many runs.
    cancel_many(CancelInput) as cancel, "/v1/runs:cancel";
    /// Try many parked or put-off runs again at once.
    retry_many(ReasonInput) as retry, "/v1/runs:retry";
    /// Hold many runs.
    pause_many(ReasonInput) as pause, "/v1/runs:pause";
    /// Let many held runs go on.
    resume_many(ReasonInput) as resume, "/v1/runs:resume";
    /// Send a signal to many runs.
    signal_many(SignalInput) as signal, "/v1/runs:signal";
    /// End many runs with an outcome that their handler did not decide.
    complete_many(CompleteInput) as complete, "/v1/runs:complete";
    /// Begin many runs anew.
    redrive_many(ReasonInput) as redrive, "/v1/runs:redrive";
    /// Move many runs to the handler and configuration of now.
    upgrade_many(ReasonInput) as upgrade, "/v1/runs:upgrade";
}

async fn act<T: Serialize + DeserializeOwned>(
    shared: &Shared,
    caller: &Caller,
    key: Option<String>,
    query: DryRun,
    input: ManyInput<T>,
    asked: impl FnOnce(T) -> Asked,
) -> Result<Json<ManyView>> {
    let about = json!([input.matching, input.runs]);
    let most = shared.options.max_bulk_runs;
    let (selection, with) = input.parts(shared.core.stalled_since(), most)?;
    let asked = asked(with);
    let order = asked.order(caller, key, query.dry_run, &about);
    let report = shared
        .carry_out(|core| async move { core.act_on_many(selection, &asked.action, &order).await })
        .await?;
    Ok(Json(ManyView::new(report, query.dry_run)))
}
