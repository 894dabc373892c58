//! The contract of `callbox::backbone`, sentence by sentence. Every implementation runs all of it.

mod bell;
mod bounds;
mod claims;
mod destroy;
mod index;
mod leases;
mod log;

pub use bell::*;
pub use bounds::*;
pub use claims::*;
pub use destroy::*;
pub use index::*;
pub use leases::*;
pub use log::*;

/// Makes a test of each sentence for one place.
macro_rules! conformance_suite {
    ($place:expr) => {
        $crate::backbone::conformance::conformance_suite! { $place;
            records_are_numbered_from_one_without_holes
            every_append_of_a_batch_is_answered_by_itself_in_order
            appends_to_one_session_in_one_batch_see_the_ones_before_them
            what_goes_on_from_an_append_that_was_not_stored_is_a_conflict
            a_command_that_stands_twice_in_a_batch_is_written_once
            what_was_written_together_is_read_from_any_place_to_any_other
            records_and_index_row_are_written_both_or_neither
            an_append_without_a_row_leaves_the_row_as_it_is
            a_command_sent_twice_is_a_duplicate_with_its_first_numbers_whatever_is_expected
            a_command_is_remembered_however_long_the_log_grows
            the_same_command_in_another_session_is_another_command
            another_head_than_expected_is_a_conflict_and_writes_nothing
            a_first_append_needs_a_row_and_no_log_to_expect
            a_session_belongs_to_the_agency_of_its_first_append
            what_one_handle_stored_another_reads
            a_log_is_read_in_pages_and_an_empty_page_is_its_end
            a_page_of_large_records_ends_early_and_paging_goes_on
            what_nobody_wrote_is_not_found
            waiting_sessions_are_listed_by_rank_then_id_and_in_pages
            finished_ones_are_listed_by_rank_then_id
            other_standings_are_listed_by_id
            one_agency_never_sees_the_index_of_another
            every_change_of_the_index_raises_its_version
            a_tally_counts_who_stands_where
            a_claim_takes_the_lowest_rank_over_all_its_queues
            a_claim_outside_priority_one_falls_back_to_the_lowest_of_all
            two_claims_never_hold_one_session
            a_claim_names_the_head_of_the_log
            the_epoch_of_a_session_grows_with_each_claim
            a_released_claim_leaves_the_session_where_it_stood
            an_overdue_claim_leaves_the_session_where_it_stood
            an_append_with_a_live_epoch_completes_the_claim
            an_append_with_an_outdated_epoch_is_a_conflict
            an_append_after_which_the_session_no_longer_waits_ends_the_claim
            a_claim_ends_even_if_the_session_waits_again_in_the_same_batch
            a_new_rank_does_not_end_the_claim
            a_session_that_waits_again_is_claimed_again
            a_lease_has_one_holder_until_its_deadline
            the_epoch_of_a_lease_grows_with_each_new_holder
            a_lease_is_prolonged_only_by_who_holds_it
            a_lease_past_its_deadline_has_no_holder
            overdue_leases_are_told_until_taken_over
            every_stored_append_rings_its_agency
            records_that_come_with_a_ring_are_those_of_the_log
            what_is_rung_is_in_the_log
            rings_at_hand_are_the_next_ones_and_none_comes_twice
            what_is_not_stored_does_not_ring
            a_publication_reaches_every_subscriber_of_its_agency_only
            a_slow_subscriber_is_told_that_it_missed_rings
            a_destroyed_session_keeps_numbers_commands_head_and_standing_and_only_what_is_left
            a_command_of_a_destroyed_session_is_a_duplicate_and_its_log_goes_on
            destroying_twice_is_destroying_once
            two_that_destroy_at_once_leave_what_one_would
            destroying_with_another_head_is_a_conflict_and_leaves_all_as_it_is
            what_is_not_the_agencys_is_not_destroyed
            a_long_log_is_destroyed_whole
            what_one_handle_destroyed_another_does_not_read_and_nothing_rings
            destroying_leaves_a_claim_as_it_is
            what_is_over_a_bound_is_refused_and_never_cut
            at_the_bounds_everything_is_taken
            something_is_guaranteed
        }
    };
    ($place:expr; $($sentence:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $sentence() {
            $crate::backbone::conformance::$sentence(&$place).await;
        })*
    };
}
pub(crate) use conformance_suite;
