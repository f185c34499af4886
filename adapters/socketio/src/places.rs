//! Places of this node: one for each transport session, from its handshake to its end, whether
//! it ever enters the namespace or not.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dashmap::DashMap;
use http::request::Parts;
use rtm_protocol::{ConnectRefusal, ErrorCode};

use crate::limits::Limits;

/// How many sessions there are.
#[derive(Debug)]
pub(crate) struct Places {
    node_max: usize,
    address_max: usize,
    taken: AtomicUsize,
    /// Sessions above a limit that wait to be told so.
    told: AtomicUsize,
    per_address: DashMap<IpAddr, usize>,
}

/// The place of one session, which is free again when it is released or dropped. The session's
/// request carries it as an extension, and the transport keeps that as long as the session.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
    over: Option<Full>,
    released: AtomicBool,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Node { max: usize },
    Address { max: usize },
}

impl Full {
    /// The limit's name in the configuration.
    pub(crate) fn limit(self) -> &'static str {
        match self {
            Full::Node { .. } => "MAX_CONNECTIONS",
            Full::Address { .. } => "MAX_CONNECTIONS_PER_ADDRESS",
        }
    }
}

impl From<Full> for ConnectRefusal {
    fn from(full: Full) -> Self {
        let message = match full {
            Full::Node { max } => format!("this server takes {max} connections: MAX_CONNECTIONS"),
            Full::Address { max } => {
                format!(
                    "this server takes {max} connections of one address: MAX_CONNECTIONS_PER_ADDRESS"
                )
            }
        };
        Self {
            code: ErrorCode::TooLarge,
            message,
        }
    }
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            node_max: limits.connections_max,
            address_max: limits.connections_per_address_max,
            taken: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            per_address: DashMap::new(),
        }
    }

    /// A place for a session of an address. One above a limit is let through so far that its
    /// client can be told why; beyond [`Limits::REFUSED_SESSIONS_MAX`] of those there is none.
    pub(crate) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Arc<Place>, Full> {
        let over = self.count(address).err();
        if let Some(full) = over
            && self.told.fetch_add(1, Ordering::SeqCst) >= Limits::REFUSED_SESSIONS_MAX
        {
            self.told.fetch_sub(1, Ordering::SeqCst);
            return Err(full);
        }
        Ok(Arc::new(Place {
            places: self.clone(),
            address,
            over,
            released: AtomicBool::new(false),
        }))
    }

    fn count(&self, address: Option<IpAddr>) -> Result<(), Full> {
        let max = self.node_max;
        if self.taken.fetch_add(1, Ordering::SeqCst) >= max && max > 0 {
            self.taken.fetch_sub(1, Ordering::SeqCst);
            return Err(Full::Node { max });
        }
        if let Some(address) = address {
            let max = self.address_max;
            let mut here = self.per_address.entry(address).or_insert(0);
            if *here >= max && max > 0 {
                self.taken.fetch_sub(1, Ordering::SeqCst);
                return Err(Full::Address { max });
            }
            *here += 1;
        }
        Ok(())
    }
}

impl Place {
    /// The limit that it is above, if it is.
    pub(crate) fn over(&self) -> Option<Full> {
        self.over
    }

    /// Makes it free for others.
    pub(crate) fn release(&self) {
        if self.released.swap(true, Ordering::SeqCst) {
            return;
        }
        if self.over.is_some() {
            self.places.told.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        self.places.taken.fetch_sub(1, Ordering::SeqCst);
        if let Some(address) = self.address {
            self.places.per_address.remove_if_mut(&address, |_, here| {
                *here = here.saturating_sub(1);
                *here == 0
            });
        }
    }
}

/// The place that a session's first request was given.
pub(crate) fn place_of(session: &Parts) -> Option<&Arc<Place>> {
    session.extensions.get::<Arc<Place>>()
}

impl Drop for Place {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    const THERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::BROADCAST));

    fn places(connections_max: usize, connections_per_address_max: usize) -> Arc<Places> {
        Arc::new(Places::new(&Limits {
            connections_max,
            connections_per_address_max,
            ..Limits::default()
        }))
    }

    #[test]
    fn one_above_a_limit_is_told_which() {
        let places = places(3, 2);
        let _taken = [(); 2].map(|()| places.take(HERE).unwrap());
        let over = |address| places.take(address).unwrap().over();
        assert_eq!(over(HERE), Some(Full::Address { max: 2 }));
        let _there = places.take(THERE).unwrap();
        assert_eq!(over(THERE), Some(Full::Node { max: 3 }));
    }

    #[test]
    fn a_place_is_free_again_once() {
        let places = places(1, 1);
        let first = places.take(HERE).unwrap();
        first.release();
        let second = places.take(HERE).unwrap();
        assert_eq!(second.over(), None);
        drop(first);
        assert_eq!(
            places.take(HERE).unwrap().over(),
            Some(Full::Node { max: 1 })
        );
        drop(second);
        assert_eq!(places.take(HERE).unwrap().over(), None);
        assert!(places.per_address.is_empty());
    }

    #[test]
    fn those_that_are_told_have_a_limit_too() {
        let places = places(1, 0);
        let _taken = places.take(HERE).unwrap();
        let told: Vec<_> = (0..Limits::REFUSED_SESSIONS_MAX)
            .map(|_| places.take(HERE).unwrap())
            .collect();
        assert_eq!(places.take(HERE).err(), Some(Full::Node { max: 1 }));
        drop(told);
        assert!(places.take(HERE).is_ok());
    }

    #[test]
    fn no_limit_is_none() {
        let places = places(0, 0);
        let taken: Vec<_> = (0..1_000).map(|_| places.take(HERE).unwrap()).collect();
        assert!(taken.iter().all(|place| place.over().is_none()));
    }
}
