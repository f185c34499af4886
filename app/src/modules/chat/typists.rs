//! Who types in one room, as its members on this node are shown: a pure machine.

use std::collections::BTreeMap;
use std::time::Duration;

use rtm_domain::ids::{ConnId, UserId};
use rtm_domain::time::Moment;

use super::ChatSettings;

/// Those who type, and until when they are shown if they do not say so again.
#[derive(Debug, Default)]
pub(super) struct Typists(BTreeMap<ConnId, (UserId, Moment)>);

impl Typists {
    /// Somebody says that they type, or have ceased to. True if that changes what is shown.
    pub(super) fn set(
        &mut self,
        conn: &ConnId,
        user: &UserId,
        typing: bool,
        (now, span): (Moment, Duration),
    ) -> bool {
        if !typing {
            return self.0.remove(conn).is_some();
        }
        let until = now.after(span);
        let is_full = self.0.len() >= ChatSettings::TYPISTS_MAX;
        match self.0.get_mut(conn) {
            Some((_, shown_until)) => {
                *shown_until = until;
                false
            }
            None if is_full => false,
            None => {
                self.0.insert(conn.clone(), (user.clone(), until));
                true
            }
        }
    }

    /// Whether somebody is shown as typing.
    pub(super) fn shows(&self, conn: &ConnId) -> bool {
        self.0.contains_key(conn)
    }

    /// Until when somebody is shown.
    pub(super) fn until(&self, conn: &ConnId) -> Option<Moment> {
        self.0.get(conn).map(|(_, until)| *until)
    }

    /// Ends somebody whose time is over. Returns who it was.
    pub(super) fn expire(&mut self, conn: &ConnId, now: Moment) -> Option<UserId> {
        if self.until(conn)? > now {
            return None;
        }
        self.0.remove(conn).map(|(user, _)| user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_millis(10);

    #[test]
    fn typing_is_shown_once_and_ends_once() {
        let mut typists = Typists::default();
        let (conn, user) = (ConnId::trusted("c"), UserId::trusted("u"));
        let mut set = |typing, at| typists.set(&conn, &user, typing, (Moment(at), SPAN));
        assert!(!set(false, 0));
        assert!(set(true, 0) && !set(true, 5));
        assert_eq!(typists.expire(&conn, Moment(14)), None);
        assert_eq!(typists.expire(&conn, Moment(15)), Some(user.clone()));
        assert_eq!(typists.expire(&conn, Moment(99)), None);
        let mut set = |typing, at| typists.set(&conn, &user, typing, (Moment(at), SPAN));
        assert!(set(true, 20) && set(false, 21) && !set(false, 22));
    }

    #[test]
    fn no_more_are_shown_than_may_be() {
        let mut typists = Typists::default();
        let user = UserId::trusted("u");
        let mut set = |nth: usize| {
            let conn = ConnId::trusted(nth.to_string());
            typists.set(&conn, &user, true, (Moment(0), SPAN))
        };
        assert!((0..ChatSettings::TYPISTS_MAX).all(&mut set));
        assert!(!set(ChatSettings::TYPISTS_MAX));
    }
}
