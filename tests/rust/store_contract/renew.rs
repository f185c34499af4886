//! `PresenceStore::renew`: longer, never shorter, and never from the dead.

use rtm_domain::ids::RoomId;
use rtm_domain::ports::Part;
use rtm_domain::presence::epoch::Version;

use super::subject::{Subject, end, epoch, over, renewal, write};

pub(crate) async fn a_renewal_lets_a_lease_run_longer(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    it.advance(900).await;
    assert!(!it.reports(&first, 1000).await);
    it.advance(999).await;
    assert!(!it.find(&first).await.expect("it is there").lapsed);
    it.advance(1).await;
    assert!(it.find(&first).await.expect("it is there").lapsed);
}

pub(crate) async fn a_renewal_never_shortens_a_lease(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    assert!(!it.reports(&first, 10).await);
    it.advance(500).await;
    assert!(!it.find(&first).await.expect("it is there").lapsed);
    assert_eq!(it.due(10).await, [""; 0]);
}

pub(crate) async fn a_lease_that_is_over_is_reported_and_not_revived(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    it.advance(1000).await;
    assert!(it.reports(&first, 5000).await);
    assert!(it.find(&first).await.expect("it is there").lapsed);
    assert_eq!(it.due(10).await, ["r/a"]);
}

pub(crate) async fn an_absent_lease_is_reported(it: &impl Subject) {
    assert!(it.reports(&write("r", "a"), 1000).await);
    assert_eq!(it.read("r").await.records, []);
    assert!(it.is_empty().await);
}

pub(crate) async fn a_lease_of_another_epoch_is_reported(it: &impl Subject) {
    let mut first = write("r", "a");
    first.revision.epoch = epoch(5);
    first.record.epoch = epoch(5);
    it.applied(&first).await;
    for other in [4, 6] {
        let mut stale = first.clone();
        stale.revision.epoch = epoch(other);
        assert!(it.reports(&stale, 5000).await);
    }
    it.advance(1000).await;
    assert!(it.find(&first).await.expect("it is there").lapsed);
}

pub(crate) async fn a_tombstone_has_no_lease(it: &impl Subject) {
    let first = write("r", "a");
    it.applied(&first).await;
    let ended = end(&first);
    it.applied(&ended).await;
    assert!(it.reports(&ended, 5000).await);
    it.advance(1000).await;
    assert_eq!(it.find(&ended).await, None);
}

pub(crate) async fn versions_are_told_in_the_order_asked_for(it: &impl Subject) {
    let a = it.applied(&write("a", "x")).await;
    let first = write("b", "x");
    it.applied(&first).await;
    let b = it.applied(&over(&first)).await;
    let rooms = ["b", "nowhere", "a", "b"].map(RoomId::trusted);
    let renewed = it
        .store()
        .renew(Part(0), &[], &rooms)
        .await
        .expect("it answers");
    assert_eq!(renewed.versions, [b, Version(0), a, b]);
    assert_eq!(renewed.reported, []);
}

pub(crate) async fn reports_name_only_what_was_not_renewed(it: &impl Subject) {
    let (here, gone) = (write("r", "a"), write("r", "b"));
    it.applied(&here).await;
    let asked = [renewal(&gone, 2000), renewal(&here, 2000)];
    let renewed = it
        .store()
        .renew(Part(0), &asked, &[])
        .await
        .expect("it answers");
    assert_eq!(renewed.reported, [asked[0].lease.clone()]);
    it.advance(1500).await;
    assert!(!it.find(&here).await.expect("it is there").lapsed);
}
