//! What operators' actions did.

use forebay_engine::operate::{Acted, Move, Pin, Report};
use serde::Serialize;
use utoipa::ToSchema;

use super::run::RunView;
use crate::problem::Problem;

/// What an operator's action did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Controlled)]
pub(crate) struct ControlledView {
    /// It changed something, or in a dry run would; false if all was so already.
    changed: bool,
    /// The same request was carried out before; nothing happened this time.
    repeated: bool,
    /// The run that stands for a redriven one.
    successor: Option<String>,
    /// What a move to another handler or configuration changes.
    moved: Option<MoveView>,
    /// The run after it.
    run: RunView,
}

/// What a run is pinned to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Pin)]
struct PinView {
    /// Digest of the handler.
    handler: String,
    /// The version the handler gives itself, if its file is known.
    handler_version: Option<String>,
    /// Hash of the flow's configuration.
    config_hash: String,
    /// Version of the handler's state.
    state_version: u32,
}

/// What moving a run changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Move)]
pub(crate) struct MoveView {
    /// What it is pinned to.
    from: PinView,
    /// What it is pinned to afterwards.
    to: PinView,
    /// Keys of the state's top level that come.
    added: Vec<String>,
    /// Those that go.
    removed: Vec<String>,
    /// Those whose values change.
    changed: Vec<String>,
}

impl From<Pin> for PinView {
    fn from(pin: Pin) -> Self {
        Self {
            handler: pin.handler.to_string(),
            handler_version: pin.handler_version,
            config_hash: pin.config_hash,
            state_version: pin.state_version,
        }
    }
}

impl From<Move> for MoveView {
    fn from(change: Move) -> Self {
        Self {
            from: change.from.into(),
            to: change.to.into(),
            added: change.added,
            removed: change.removed,
            changed: change.changed,
        }
    }
}

impl From<Acted> for ControlledView {
    fn from(acted: Acted) -> Self {
        let controlled = acted.controlled;
        Self {
            changed: controlled.changed,
            repeated: controlled.repeated,
            successor: controlled.successor.map(|run| run.to_string()),
            moved: acted.moved.map(MoveView::from),
            run: controlled.run.into(),
        }
    }
}

/// What became of one of many runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ManyResult {
    /// Something changed, or in a dry run would.
    Changed,
    /// All was so already.
    Unchanged,
    /// The same request was carried out before.
    Repeated,
    /// It was not done; `reason` says why.
    Refused,
}

/// One of many runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ManyItem {
    /// Id of the run.
    run: String,
    /// What became of it.
    result: ManyResult,
    /// Why it was refused.
    reason: Option<String>,
    /// What is known about it.
    acted: Option<ControlledView>,
}

/// What became of many runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Many)]
pub(crate) struct ManyView {
    /// Nothing was done.
    dry_run: bool,
    /// Number of runs that changed, or in a dry run would.
    changed: usize,
    /// Number of runs that were refused.
    refused: usize,
    /// Run by run.
    items: Vec<ManyItem>,
    /// Cursor of the next page; null on the last.
    next: Option<String>,
}

impl ManyView {
    pub(crate) fn new(report: Report, dry_run: bool) -> Self {
        let items = report.items.into_iter().map(|(run, acted)| match acted {
            Ok(acted) => ManyItem {
                run: run.to_string(),
                result: match &acted.controlled {
                    controlled if controlled.repeated => ManyResult::Repeated,
                    controlled if controlled.changed => ManyResult::Changed,
                    _ => ManyResult::Unchanged,
                },
                reason: None,
                acted: Some(acted.into()),
            },
            Err(error) => ManyItem {
                run: run.to_string(),
                result: ManyResult::Refused,
                // As a problem, because that is what is known to hold nothing of the inside.
                reason: Some(Problem::from(error).detail().to_owned()),
                acted: None,
            },
        });
        let items: Vec<ManyItem> = items.collect();
        let number = |result| items.iter().filter(|item| item.result == result).count();
        Self {
            dry_run,
            changed: number(ManyResult::Changed),
            refused: number(ManyResult::Refused),
            items,
            next: report.next,
        }
    }
}
