//! Backups.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::Context;
use crate::extract::Body;
use crate::guard::Caller;
use crate::problem::{Problem, Result};
use crate::view::backup::{BackupInput, BackupView};

/// Part of the longest request for which an answer waits until the backup is done.
const PATIENCE: u32 = 2;

/// Write a backup to a folder on the host's machine while the host works: a copy of the store and the
/// plugin files that its live runs are pinned to. The folder has its name only once it is complete,
/// checked and on disk. Audited.
#[utoipa::path(post, path = "/v1/backup", tag = "backup", request_body = BackupInput,
    responses((status = 200, body = BackupView, description = "Done"),
        (status = 202, body = BackupView, description = "It takes longer; it goes on, and the audit says when it is done"),
        (status = 409, description = "Another backup is being written, or something has this name already"),
        (status = 422, description = "It may not go there")))]
pub(crate) async fn write(
    State(shared): Context,
    caller: Caller,
    Body(input): Body<BackupInput>,
) -> Result<(StatusCode, Json<BackupView>)> {
    let path = shared.core.backup_target(&input.target).await?;
    let Ok(alone) = Arc::clone(&shared.backups).try_acquire_owned() else {
        return Err(Problem::conflict("another backup is being written"));
    };
    let (core, target, actor) = (Arc::clone(&shared.core), path.clone(), caller.actor());
    let mut task = tokio::spawn(async move {
        let _alone = alone;
        core.backup(&target, actor).await.inspect_err(|error| {
            tracing::error!(path = %target.display(), %error, "no backup was written");
        })
    });
    let patience = Duration::from_secs((shared.options.request_timeout / PATIENCE).into());
    tokio::select! {
        ended = &mut task => match ended {
            Ok(backup) => Ok((StatusCode::OK, Json(backup?.into()))),
            Err(_) => Err(Problem::internal("the cause is in the log under this request id")),
        },
        () = shared.clock.sleep_until(shared.clock.now().plus(patience)) => {
            Ok((StatusCode::ACCEPTED, Json(BackupView::running(&path))))
        }
    }
}
