//! The contract of `domain/src/ports.rs`, sentence by sentence, for every store. A new store
//! passes it or is not a store: give it a [`Subject`] and one line below.

mod commit;
mod due;
mod feed;
mod memory;
mod read;
pub(crate) mod redis;
mod renew;
pub(crate) mod subject;

use subject::Subject;

/// Stamps the cases of the modules above onto a store.
macro_rules! store_contract {
    ($store:ident, $open:expr) => {
        store_contract! { $store, $open,
            commit {
                a_first_write_is_applied,
                a_write_that_expects_what_stands_there_replaces_it,
                a_write_that_expects_something_else_conflicts_and_changes_nothing,
                a_write_that_expects_nothing_conflicts_with_a_record,
                a_write_that_expects_a_record_conflicts_with_nothing,
                a_retry_is_recognised_and_changes_nothing,
                a_retry_is_recognised_when_its_lease_is_over,
                a_retry_that_was_overtaken_conflicts,
                a_tombstone_is_found_until_its_deadline,
                a_tombstone_past_its_deadline_counts_as_nothing,
                a_lapsed_record_is_found_as_such,
                records_of_other_rooms_and_connections_are_left_alone,
                a_version_is_the_clock_or_one_more_than_the_last,
                a_version_is_one_more_than_the_floor,
                a_write_without_an_event_keeps_the_version,
                a_conflict_raises_no_version,
                a_write_moves_the_deadline_also_to_earlier,
            }
            renew {
                a_renewal_lets_a_lease_run_longer,
                a_renewal_never_shortens_a_lease,
                a_lease_that_is_over_is_reported_and_not_revived,
                an_absent_lease_is_reported,
                a_lease_of_another_epoch_is_reported,
                a_tombstone_has_no_lease,
                versions_are_told_in_the_order_asked_for,
                reports_name_only_what_was_not_renewed,
            }
            read {
                a_room_shows_all_but_tombstones_in_order,
                one_connection_is_shown_also_as_a_tombstone,
                a_forgotten_tombstone_is_not_shown,
                lapsed_records_are_shown_as_lapsed,
                a_floor_raises_the_version_and_never_lowers_it,
                a_floor_counts_for_the_next_event,
                reading_a_room_that_is_not_there_leaves_nothing,
                a_raised_version_is_forgotten_when_the_clock_has_passed_it,
            }
            due {
                what_is_over_is_due_those_first_that_have_waited_longest,
                no_more_than_the_limit_is_returned,
                a_lease_that_was_renewed_or_replaced_is_not_due,
                a_lease_is_over_at_its_deadline,
                a_lease_that_is_too_long_is_clamped,
                tombstones_are_forgotten_and_never_due,
                rooms_and_records_are_forgotten_in_the_end,
            }
            feed {
                events_of_a_room_arrive_in_order_and_chained,
                only_subscribed_rooms_are_heard,
                after_unsubscribing_nothing_more_is_committed_to_it,
                a_write_without_an_event_publishes_nothing,
                conflicts_and_retries_publish_nothing,
                subscribing_twice_brings_each_event_once,
            }
        }
    };
    ($store:ident, $open:expr, $($module:ident { $($case:ident,)* })*) => {
        mod $store {
            $(mod $module {
                $(#[test]
                fn $case() {
                    super::super::run($open, super::super::$module::$case);
                })*
            })*
        }
    };
}

store_contract!(in_memory, || {
    Some(crate::store_contract::subject::Memory::open())
});
store_contract!(simulated, || {
    Some(crate::store_contract::subject::Simulated::open())
});
store_contract!(
    on_redis,
    crate::store_contract::redis::OnServer::open_sharded
);
store_contract!(
    on_redis_with_plain_channels,
    crate::store_contract::redis::OnServer::open_plain
);

/// Runs one case on a fresh store.
fn run<S: Subject>(open: impl FnOnce() -> Option<S>, case: impl AsyncFnOnce(&S)) {
    let Some(subject) = open() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        case(&subject).await;
    });
}
