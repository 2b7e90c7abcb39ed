//! What holds for approvals at both DAMs.

use std::collections::BTreeMap;

use forebay_e2e::World;
use forebay_model::audit::AuditEntry;

/// The process of a review.
pub(crate) const DEFINITION: &str = "assetApproval";

pub(crate) fn assert_two_processes(effects: &BTreeMap<String, u64>) {
    assert_eq!(
        effects["opentext: start-process"], 2,
        "the review and the notice"
    );
}

/// Reminders came at most once each, and the task went to those who lead.
pub(crate) fn escalated_once(world: &World, audit: &[AuditEntry]) {
    let escalated = audit.iter().filter(|entry| entry.action == "escalated");
    assert_eq!(escalated.count(), 1, "once");
    let process = world.processes_of(DEFINITION).remove(0);
    let comments = world.engine.comments(&process.id);
    assert!(
        comments.len() <= 2,
        "each reminder at most once: {comments:#?}"
    );
    let task = world.engine.open_tasks(&process.id).remove(0);
    assert!(
        task.candidate_groups().any(|group| group == "dam-leads"),
        "{task:#?}"
    );
}
