//! Users who are shut out although their tokens are still good.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rtm_domain::ids::UserId;
use rtm_domain::time::Timestamp;
use rtm_socketio::Identity;

use super::Unauthorized;

/// Until when each user's proofs are void: what was proven later counts again.
#[derive(Debug, Default)]
pub struct Revocations {
    void_until: Mutex<HashMap<UserId, Timestamp>>,
}

impl Revocations {
    /// How long a revocation is kept: longer than any token should live.
    pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// Users that are kept; with more, the oldest are forgotten.
    pub const USERS_MAX: usize = 100_000;

    /// Voids what the user proved until `until`. An earlier one never shortens a later one.
    pub fn add(&self, user: UserId, until: Timestamp) {
        let mut users = self.lock();
        let oldest_kept = until.before(Self::KEPT);
        if users.len() >= Self::USERS_MAX && !users.contains_key(&user) {
            users.retain(|_, until| *until >= oldest_kept);
            if users.len() >= Self::USERS_MAX {
                let oldest = users.iter().min_by_key(|(_, until)| **until);
                if let Some(oldest) = oldest.map(|(user, _)| user.clone()) {
                    users.remove(&oldest);
                }
            }
        }
        let known = users.entry(user).or_insert(until);
        *known = until.max(*known);
    }

    /// Whether this would change anything.
    pub fn is_news(&self, user: &UserId, until: Timestamp) -> bool {
        self.lock().get(user).is_none_or(|known| *known < until)
    }

    /// Who is shut out by what is known here, and not, or not for as long, by what is `stored`.
    /// Leaves out who was before `oldest`, and who would be the first that a full store forgets.
    pub fn missing_from(
        &self,
        stored: &HashMap<UserId, Timestamp>,
        oldest: Timestamp,
    ) -> Vec<(UserId, Timestamp)> {
        let earliest = stored
            .values()
            .min()
            .filter(|_| stored.len() >= Self::USERS_MAX);
        let users = self.lock();
        let is_missing = |(user, until): &(&UserId, &Timestamp)| {
            **until >= oldest
                && earliest.is_none_or(|earliest| earliest < *until)
                && stored.get(*user).is_none_or(|stored| stored < *until)
        };
        let missing = users.iter().filter(is_missing);
        missing
            .map(|(user, until)| (user.clone(), *until))
            .collect()
    }

    /// Whether an identity still counts. One that does not say when it was proven does not, for
    /// as long as the revocation is kept.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn check(&self, identity: &Identity) -> Result<(), Unauthorized> {
        let users = self.lock();
        let void_until = users.get(&identity.user);
        let is_void =
            void_until.is_some_and(|until| identity.issued.is_none_or(|issued| issued <= *until));
        if is_void {
            return Err(Unauthorized("this user was shut out: sign in again".into()));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Timestamp>> {
        self.void_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtm_socketio::Everything;
    use std::sync::Arc;

    fn proven(user: &str, issued: Option<u64>) -> Identity {
        Identity {
            user: UserId::trusted(user),
            issued: issued.map(Timestamp),
            expires: None,
            authority: Arc::new(Everything),
        }
    }

    #[test]
    fn what_was_proven_before_is_void_and_what_is_proven_later_counts() {
        let revocations = Revocations::default();
        let check = |user, issued| revocations.check(&proven(user, issued)).is_ok();
        assert!(check("ada", Some(5)) && check("ada", None));
        revocations.add(UserId::trusted("ada"), Timestamp(10));
        revocations.add(UserId::trusted("ada"), Timestamp(8));
        assert!(!check("ada", Some(10)) && !check("ada", None));
        assert!(check("ada", Some(11)) && check("bob", Some(1)));
    }

    #[test]
    fn a_store_misses_what_it_has_forgotten_or_knows_less_of_unless_that_has_lapsed() {
        let revocations = Revocations::default();
        let user = |name: &str| UserId::trusted(name);
        for (name, until) in [("lapsed", 9), ("gone", 10), ("earlier", 12), ("same", 14)] {
            revocations.add(user(name), Timestamp(until));
        }
        let stored = [("earlier", 11), ("same", 14), ("later", 90)];
        let stored = stored.map(|(name, until)| (user(name), Timestamp(until)));
        let mut missing = revocations.missing_from(&stored.into(), Timestamp(10));
        missing.sort();
        let expected = [("earlier", 12), ("gone", 10)];
        assert_eq!(
            missing,
            expected.map(|(name, until)| (user(name), Timestamp(until)))
        );
    }

    #[test]
    fn a_full_store_misses_only_what_it_would_not_forget_first() {
        let revocations = Revocations::default();
        for (name, until) in [("earliest", 99), ("tied", 100), ("later", 101)] {
            revocations.add(UserId::trusted(name), Timestamp(until));
        }
        let many = 0..Revocations::USERS_MAX as u64;
        let mut stored: HashMap<_, _> = many
            .map(|nth| (UserId::trusted(nth.to_string()), Timestamp(100 + nth)))
            .collect();
        let later = (UserId::trusted("later"), Timestamp(101));
        assert_eq!(revocations.missing_from(&stored, Timestamp(0)), [later]);
        stored.remove(&UserId::trusted("5"));
        assert_eq!(revocations.missing_from(&stored, Timestamp(0)).len(), 3);
    }

    #[test]
    fn no_more_users_are_kept_than_may_be() {
        let revocations = Revocations::default();
        for nth in 0..=Revocations::USERS_MAX as u64 {
            revocations.add(UserId::trusted(nth.to_string()), Timestamp(nth + 1));
        }
        assert_eq!(revocations.lock().len(), Revocations::USERS_MAX);
        assert!(revocations.check(&proven("0", Some(1))).is_ok());
        assert!(revocations.check(&proven("1", Some(1))).is_err());
    }
}
