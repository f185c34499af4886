//! A revision as text: `epoch:seat:attempt`, unique for ever.

use rtm_domain::error::StoreError;
use rtm_domain::ids::SeatId;
use rtm_domain::presence::epoch::{Epoch, Revision};

use super::corrupt;

pub(crate) fn revision_to_text(revision: &Revision) -> String {
    let Revision {
        epoch,
        seat,
        attempt,
    } = revision;
    format!("{}:{:016x}:{attempt}", epoch.number(), seat.0)
}

pub(crate) fn revision_from_text(text: &str) -> Result<Revision, StoreError> {
    let read = || {
        let mut parts = text.splitn(3, ':');
        let epoch = parts.next()?.parse().ok().and_then(Epoch::new)?;
        let seat = SeatId(u64::from_str_radix(parts.next()?, 16).ok()?);
        let attempt = parts.next()?.parse().ok()?;
        Some(Revision {
            epoch,
            seat,
            attempt,
        })
    };
    read().ok_or_else(|| corrupt(format!("no revision: {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_comes_back_as_it_went() {
        let revision = Revision {
            epoch: Epoch::MAX,
            seat: SeatId(u64::MAX - 1),
            attempt: 7,
        };
        let text = revision_to_text(&revision);
        assert_eq!(text, "9007199254740991:fffffffffffffffe:7");
        assert_eq!(revision_from_text(&text), Ok(revision));
    }

    #[test]
    fn what_is_no_revision_is_told() {
        for text in [
            "",
            "1",
            "1:2",
            "a:b:c",
            "9007199254740992:0:1",
            "1:g:1",
            "-1:0:1",
        ] {
            assert!(revision_from_text(text).is_err(), "{text}");
        }
    }
}
