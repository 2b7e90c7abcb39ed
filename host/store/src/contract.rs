//! What every store must do, as cases that run on any of them.
//!
//! [`for_each_contract_case`](crate::for_each_contract_case) lists the cases; a store's tests turn
//! each into a test of its own, [`all`] runs them one after the other. Every case gets an empty
//! store, knows nothing of what is behind the trait, and passes its own times.

#![allow(clippy::unwrap_used, clippy::panic, reason = "cases assert")]
#![allow(missing_docs, reason = "the cases' names say what they show")]

pub mod activations;
pub mod claims;
pub mod control;
pub mod fixtures;
pub mod intake;
pub mod lists;
pub mod operators;
pub mod retention;
pub mod routing;
pub mod triggers;

use std::sync::Arc;

use crate::Store;

/// Give the list of cases, grouped by module, to a macro.
#[macro_export]
macro_rules! for_each_contract_case {
    ($callback:ident) => {
        $callback! {
            intake:
                an_event_is_stored_once,
                a_cursor_moves_with_its_events,
                a_webhook_is_normalised_once,
                a_put_off_webhook_waits_for_its_time,
                a_rejected_webhook_is_open_no_longer;
            routing:
                an_event_starts_a_run_once,
                an_event_goes_to_the_live_run_of_its_key,
                an_event_goes_to_whoever_waits_for_it,
                an_event_stays_when_those_who_were_told_have_ended,
                an_event_before_the_wait_is_delivered_with_it,
                an_event_before_the_activation_is_not,
                an_event_reaches_a_run_once,
                a_start_that_ended_is_not_repeated,
                an_event_that_an_ended_run_did_not_see_is_offered_again,
                events_are_kept_for_a_flow_that_is_off;
            triggers:
                a_new_schedule_is_settled_up_to_now,
                an_instant_is_fired_by_one,
                an_instant_that_starts_nothing_is_settled_too,
                a_joined_run_answers_to_the_new_name,
                an_end_is_told_to_those_that_wait_and_to_those_that_begin_to,
                what_a_run_says_comes_before_the_news_of_its_end,
                a_backfill_is_written_by_one,
                events_of_a_backfill_are_for_its_flow_until_told_otherwise;
            claims:
                the_longest_waiting_run_is_claimed_first,
                a_claim_fires_timers_that_are_due_first,
                a_flow_without_room_does_not_hold_up_others,
                a_run_is_claimed_by_one,
                a_lapsed_claim_is_taken_over_with_all_it_recorded,
                a_stale_claim_writes_nothing,
                a_claim_is_good_for_one_end,
                renewing_tells_what_is_lost,
                a_released_run_is_claimable_at_once;
            activations:
                items_come_in_order_and_cancel_first,
                timers_fire_once_and_replace_each_other,
                a_timer_that_fires_while_it_is_set_again_comes_once,
                an_ended_run_lets_go_of_everything,
                a_put_off_run_waits_for_its_time,
                a_healthy_connection_wakes_its_runs,
                a_parked_run_keeps_its_activation,
                spawns_and_signals_go_with_the_step,
                labels_and_notices_are_kept,
                an_end_about_another_item_is_refused;
            control:
                retry_makes_a_failed_call_again,
                a_run_that_its_handler_parked_keeps_its_waits_and_looks_again,
                pause_holds_and_resume_goes_on,
                a_step_of_a_paused_run_is_kept,
                cancel_goes_ahead_of_a_parked_activation,
                operators_go_ahead_of_events_once_a_run_has_begun,
                cancel_twice_asks_once,
                force_ends_at_once,
                signals_wait_for_a_parked_run,
                nothing_happens_to_an_ended_run;
            operators:
                the_record_of_an_action_holds_before_and_after,
                a_forced_outcome_ends_at_once,
                a_redriven_run_begins_with_what_the_first_began_with,
                a_parked_run_ends_when_it_is_redriven,
                nothing_is_redriven_beside_a_live_run_of_its_key,
                a_run_between_activations_is_moved,
                a_run_in_the_middle_of_an_activation_is_not_moved,
                a_dry_run_only_tells,
                a_repeated_action_happens_once,
                a_repeated_request_is_about_the_same_runs,
                an_event_is_routed_anew;
            lists:
                a_repeated_request_gets_the_same_run,
                runs_are_found_and_paged,
                counts_and_digests_follow_the_runs,
                events_are_found,
                the_audit_chain_fits,
                configurations_are_kept_by_hash;
            retention:
                old_ended_runs_go_and_live_ones_stay,
                the_oldest_ended_runs_go_when_there_are_too_many,
                nothing_goes_while_retention_is_off,
                an_identity_is_remembered_and_then_forgotten,
                an_event_stays_until_it_is_routed_everywhere,
                an_event_after_the_begin_of_an_open_activation_stays,
                a_run_stays_while_its_event_may_be_routed_again,
                request_keys_and_deliveries_are_forgotten_in_time,
                configurations_go_when_no_run_needs_them,
                pruning_goes_on_in_small_parts_past_what_stays,
                the_size_is_told;
        }
    };
}

macro_rules! run_all {
    ($($module:ident: $($case:ident),+;)+) => {
        /// Run every case on a store of its own.
        pub async fn all<F, Fut>(open: F)
        where
            F: Fn() -> Fut,
            Fut: Future<Output = Arc<dyn Store>>,
        {
            $($( Box::pin($module::$case(&*open().await)).await; )+)+
        }
    };
}
for_each_contract_case!(run_all);
