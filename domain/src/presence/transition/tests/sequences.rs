//! Random sequences of commands against one record, whose lease lapses and whose tombstone is
//! forgotten in between.

use proptest::prelude::*;

use super::given::*;
use crate::presence::command::Command;
use crate::presence::epoch::Epoch;
use crate::presence::event::Happened;
use crate::presence::record::{Found, Phase, Standing};
use crate::presence::state::State;
use crate::presence::transition::{Decision, transition};

const OWNER_EPOCHS: u64 = 8;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// P2, P3 and the limits of a state, after every step.
    #[test]
    fn every_change_is_one_event_and_no_epoch_falls(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut kept = None;
        for step in steps {
            match step {
                Step::Lapse => lapse(&mut kept),
                Step::Forget => forget(&mut kept),
                Step::Ask(command) => kept = ask(kept, command)?,
                Step::Close => {
                    if let Some(found) = kept.clone().filter(|kept| shown(Some(kept)).is_some()) {
                        let own = Box::new(found.record);
                        kept = ask(kept, Command::Close { own })?;
                    }
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Ask(Command),
    /// By an owner that knows what is kept.
    Close,
    Lapse,
    Forget,
}

fn ask(kept: Option<Found>, command: Command) -> Result<Option<Found>, TestCaseError> {
    let decide = || {
        let standing = Standing::of(kept.as_ref());
        transition(standing, command.clone(), NOW, &policy())
    };
    let decision = decide();
    prop_assert_eq!(&decision, &decide(), "same input, same decision");
    let before = kept.as_ref();
    if let (Some(found), Some(asked)) = (before, epoch_of(&command)) {
        let unchanged = matches!(decision, Decision::Keep | Decision::Refuse(_));
        prop_assert!(
            asked >= found.record.epoch || unchanged,
            "P2: an older epoch changed something"
        );
    }
    let (record, event) = match decision {
        Decision::Keep | Decision::Refuse(_) => return Ok(kept),
        Decision::Put { record, event } => (record, event),
        Decision::End { record, reason } => {
            prop_assert_eq!(record.phase, Phase::Ended(reason));
            (record, Happened::Left(reason))
        }
    };
    if let Some(Found { record: old, .. }) = before {
        prop_assert!(record.epoch >= old.epoch, "P2: the epoch fell");
        prop_assert_eq!((&old.user, &old.key), (&record.user, &record.key));
    }
    prop_assert!(record.state.bytes() <= policy().state_bytes_max);
    let after = Some(found(record, false));
    let (was, is) = (shown(before), shown(after.as_ref()));
    match &event {
        Happened::Joined(state) => {
            prop_assert_eq!(is.as_ref().map(|is| &is.1), Some(state));
        }
        Happened::Updated(state) => {
            prop_assert_eq!(is.as_ref().map(|is| &is.1), Some(state));
            prop_assert!(was.is_some(), "an update of nobody");
        }
        Happened::Left(_) => prop_assert_eq!(&is, &None),
    }
    if !may_repeat(&command) {
        prop_assert_ne!(was, is, "P3: an event that changes nothing");
    }
    Ok(after)
}

/// What others see of it.
fn shown(kept: Option<&Found>) -> Option<(Epoch, State)> {
    match Standing::of(kept) {
        Standing::Live(record) | Standing::Lapsed(record) => {
            Some((record.epoch, record.state.clone()))
        }
        Standing::Absent | Standing::Ended(..) => None,
    }
}

/// Whether it writes what may be there already: so that what is still on its way conflicts, or
/// so that those who left a lapsed record out see it.
fn may_repeat(command: &Command) -> bool {
    matches!(
        command,
        Command::Reassert { .. }
            | Command::Rejoin { .. }
            | Command::Close { .. }
            | Command::End { .. }
    )
}

fn epoch_of(command: &Command) -> Option<Epoch> {
    match command {
        Command::Rejoin { own, .. }
        | Command::Reassert { own }
        | Command::Close { own }
        | Command::End { own, .. } => Some(own.epoch),
        Command::Patch { epoch, .. } => Some(*epoch),
        Command::Resume { asked, .. } => *asked,
        Command::Join { .. } | Command::Kick | Command::Expire => None,
    }
}

fn lapse(kept: &mut Option<Found>) {
    if let Some(found) = kept {
        found.lapsed = true;
    }
}

/// Only tombstones are forgotten.
fn forget(kept: &mut Option<Found>) {
    if matches!(Standing::of(kept.as_ref()), Standing::Ended(..)) {
        *kept = None;
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => command().prop_map(Step::Ask),
        1 => Just(Step::Close),
        2 => Just(Step::Lapse),
        1 => Just(Step::Forget),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let epoch = || 1..=OWNER_EPOCHS;
    let small = || (0..4u8).prop_map(|value| value.to_string());
    let text = move || prop_oneof![9 => small(), 1 => Just("7".repeat(80))];
    let maybe_text = move || proptest::option::of(text());
    let reason = proptest::sample::select(REASONS.to_vec());
    prop_oneof![
        (epoch(), text()).prop_map(|(epoch, text)| join(epoch, &text)),
        (proptest::option::of(epoch()), maybe_text())
            .prop_map(|(asked, text)| resume(asked, text.as_deref())),
        (epoch(), maybe_text()).prop_map(|(epoch, text)| rejoin(epoch, text.as_deref())),
        (epoch(), text()).prop_map(|(epoch, text)| patch(epoch, &text)),
        (epoch(), small()).prop_map(|(epoch, value)| {
            let own = Box::new(record(epoch, &value, Phase::Open));
            Command::Reassert { own }
        }),
        (epoch(), reason).prop_map(|(epoch, reason)| end(epoch, reason)),
        Just(Command::Kick),
        Just(Command::Expire),
    ]
}
