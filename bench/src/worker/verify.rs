//! Compares what was told with what was due, and what clients show with what the server shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use rtm_client::{ClientError, Connection, NoListener};
use serde_json::json;
use tokio::task::JoinSet;

use crate::audit::{Audited, Ledger, Truth};
use crate::mark::{Who, observer_id, room_id};
use crate::plan::{Plan, Scenario, Target};
use crate::wire::{History, Joined};

use super::connect::options;
use super::state::{Shared, State};

/// Rooms that are asked for at once.
const OBSERVERS_MAX: usize = 32;
/// Messages of a room's history that are looked at.
const HISTORY_MAX: usize = 50;

/// What a room looks like to who joins it now.
struct Observed {
    room: u32,
    truth: Truth,
    /// Sender and number of the last messages, oldest first, and whether their ids are in order.
    history: Option<(Vec<(u32, u32)>, bool)>,
}

/// The sum of all clients' audits.
pub(super) fn audit(state: &State, ledger: &Ledger) -> Audited {
    let mut sum = Audited::default();
    for user in state.users.iter().filter(|user| user.joined) {
        let (Some(receiver), Some(room)) = (&user.receiver, ledger.room(user.room)) else {
            continue;
        };
        let audited = receiver.audit(room);
        sum.expected += audited.expected;
        sum.received += audited.received;
        sum.missing += audited.missing;
        sum.unexpected += audited.unexpected;
    }
    sum
}

/// Joins each room as one who was not there, on each server, and compares. Returns how many views were
/// compared.
pub(super) async fn verify(shared: &Arc<Shared>, ledger: &Ledger, process: u32) -> u64 {
    let (plan, rooms) = {
        let state = shared.lock();
        let rooms: Vec<u32> = state.rooms.keys().copied().collect();
        (state.plan.clone(), rooms)
    };
    if !plan.join {
        return 0;
    }
    let targets = 0..plan.targets.len();
    let mut looks = rooms
        .into_iter()
        .flat_map(|room| targets.clone().map(move |target| (room, target)));
    let mut asked = JoinSet::new();
    let mut views = 0;
    loop {
        while asked.len() < OBSERVERS_MAX
            && let Some((room, target)) = looks.next()
        {
            let plan = plan.clone();
            let observed = async move {
                observe(&plan, room, &plan.targets[target], process)
                    .await
                    .ok()
            };
            asked.spawn(observed);
        }
        let Some(observed) = asked.join_next().await else {
            return views;
        };
        let mut state = shared.lock();
        match observed.ok().flatten() {
            Some(observed) => views += compare(&mut state, &observed, ledger, process),
            None => state.faults.unverified += 1,
        }
    }
}

async fn observe(
    plan: &Plan,
    room: u32,
    target: &Target,
    process: u32,
) -> Result<Observed, ClientError> {
    let options = options(plan, target, room as usize);
    let connection = Connection::open(&target.url, options, NoListener).await?;
    let id = room_id(&plan.run, room);
    let join = json!({ "roomId": id, "userId": observer_id(&plan.run, room, process) });
    let answer = connection.ask("presence:join", &join).await?;
    let unreadable = |_| ClientError::Timeout;
    let joined: Joined<'_> = serde_json::from_str(answer.get()).map_err(unreadable)?;
    let mut truth = Truth::new();
    for entry in &joined.snapshot {
        if let Some(Who { member, life }) = Who::read(&plan.run, &entry.user_id) {
            truth.insert(member, (life, entry.mark.map_or(0, |mark| mark.number)));
        }
    }
    let mut history = None;
    if plan.scenario == Scenario::Chat {
        let ask = json!({ "roomId": id, "limit": HISTORY_MAX });
        let answer = connection.ask("chat:history", &ask).await?;
        let read: History<'_> = serde_json::from_str(answer.get()).map_err(unreadable)?;
        let marks = read.messages.iter().filter_map(|it| it.mark());
        let marks = marks.map(|mark| (mark.sender, mark.number)).collect();
        let orders: Vec<_> = read.messages.iter().filter_map(|it| it.order()).collect();
        history = Some((marks, orders.is_sorted()));
    }
    connection.close().await;
    Ok(Observed {
        room,
        truth,
        history,
    })
}

fn compare(state: &mut State, observed: &Observed, ledger: &Ledger, process: u32) -> u64 {
    let nothing = Default::default();
    let known = ledger.room(observed.room).unwrap_or(&nothing);
    let mut views = 0;
    let members = state.rooms.get(&observed.room).map(|room| &room.members);
    for &at in members.into_iter().flatten() {
        let user = &state.users[at];
        if let Some(receiver) = user.receiver.as_ref().filter(|_| user.joined) {
            views += 1;
            let agrees = receiver.agrees(&observed.truth);
            state.faults.diverged += u64::from(!agrees);
        }
    }
    // One process speaks for the room.
    if state.plan.process_of(observed.room, 0) == process {
        let absent = known
            .there
            .iter()
            .filter(|it| !observed.truth.contains_key(it));
        state.faults.absent += absent.count() as u64;
        if let Some((history, in_order)) = &observed.history {
            let sent: BTreeMap<u32, _> = known.sent.iter().map(|(at, it)| (*at, it)).collect();
            let wrong = history_faults(history, *in_order, |sender| {
                sent.get(&sender)
                    .map(|it| (it.last, it.unsure.len() as u32))
            });
            let sure: u32 = sent
                .values()
                .map(|it| it.last - it.unsure.len() as u32)
                .sum();
            let due = (sure as usize).min(HISTORY_MAX);
            state.faults.history += wrong + due.saturating_sub(history.len()) as u64;
        }
    }
    views
}

/// The last messages of a room are, of each sender, its last ones, each once, in their order.
fn history_faults(
    history: &[(u32, u32)],
    in_order: bool,
    sent: impl Fn(u32) -> Option<(u32, u32)>,
) -> u64 {
    let mut faults = u64::from(!in_order);
    let mut last: BTreeMap<u32, u32> = BTreeMap::new();
    for &(sender, number) in history {
        let Some((highest, _)) = sent(sender).filter(|(highest, _)| number <= *highest) else {
            faults += 1;
            continue;
        };
        if let Some(before) = last.insert(sender, number) {
            let left_out = number.saturating_sub(before + 1);
            let unsure = sent(sender).map_or(0, |(_, unsure)| unsure);
            faults += u64::from(number <= before || left_out > unsure);
        }
        let _ = highest;
    }
    // What is in it goes on to the end.
    for (sender, number) in last {
        let (highest, unsure) = sent(sender).unwrap_or_default();
        faults += u64::from(highest - number > unsure);
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_the_end_of_what_was_sent() {
        let sent = |sender| (sender < 2).then_some((5, 0));
        let good = [(0, 4), (1, 4), (1, 5), (0, 5)];
        assert_eq!(history_faults(&good, true, sent), 0);
        assert_eq!(history_faults(&good, false, sent), 1);
        for bad in [
            &[(0, 3), (0, 5)][..],
            &[(0, 5), (0, 5)],
            &[(0, 5), (0, 4)],
            &[(0, 3), (0, 4)],
            &[(0, 6)],
            &[(7, 1)],
        ] {
            assert!(history_faults(bad, true, sent) > 0, "{bad:?}");
        }
        let unsure = |_| Some((5, 1));
        assert_eq!(history_faults(&[(0, 3), (0, 5)], true, unsure), 0);
    }
}
