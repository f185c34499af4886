//! From options to a plan: what was left out depends on the scenario.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use url::Url;

use super::Options;
use crate::plan::{Pace, Plan, Scenario, Target};

impl Options {
    /// The plan, or why there is none.
    pub(crate) fn plan(&self) -> Result<Plan, String> {
        let (rooms, users) = self.size();
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let churners = self.churners(rooms);
        let senders = match self.scenario {
            Scenario::Presence if self.patch_every == 0 && self.is_open() => users,
            Scenario::Churn => churners,
            Scenario::Storm | Scenario::Idle => 0,
            Scenario::Fanout | Scenario::Chat => self.senders.unwrap_or(users).min(users),
            Scenario::Presence | Scenario::Worker => users,
        };
        Ok(Plan {
            scenario: self.scenario,
            url: self.url.join(", "),
            targets: self.targets()?,
            local_addresses: self
                .local_addresses
                .iter()
                .flat_map(|it| it.to_vec())
                .collect(),
            run: run_id(),
            processes: self.processes,
            rooms,
            users,
            senders,
            churners,
            pace: self.pace(rooms, users, senders),
            until: self.until,
            patch_every: self.patch_every,
            payload_bytes: self.payload_bytes,
            reconnect: self.reconnect && self.scenario == Scenario::Churn,
            join: !(self.no_join && self.scenario == Scenario::Idle),
            hold_ns: ns(self.hold),
            ramp_ns: ns(self.ramp),
            warm_up_ns: ns(self.warm_up),
            duration_ns: ns(self.duration),
            ack_timeout_ns: ns(self.ack_timeout),
            late_ns: ns(self.late),
            settle_ns: ns(self.settle),
        })
    }

    fn size(&self) -> (u32, u32) {
        let (rooms, users) = match self.scenario {
            Scenario::Presence => (100, 2),
            Scenario::Storm => (1, 1_000),
            Scenario::Churn => (10, 2),
            Scenario::Idle => (100, 10),
            Scenario::Fanout | Scenario::Chat | Scenario::Worker => (10, 10),
        };
        (self.rooms.unwrap_or(rooms), self.users.unwrap_or(users))
    }

    fn is_open(&self) -> bool {
        self.in_flight.is_none() && !self.saturate
    }

    fn rate(&self) -> f64 {
        self.rate.unwrap_or(match self.scenario {
            Scenario::Chat => 1.0,
            Scenario::Churn => 50.0,
            _ => 10.0,
        })
    }

    /// Enough for the rate, where each stays a while, and the server takes a second more.
    fn churners(&self, rooms: u32) -> u32 {
        if self.scenario != Scenario::Churn {
            return 0;
        }
        let enough = match self.in_flight {
            Some(in_flight) => f64::from(in_flight),
            None => self.rate() / f64::from(rooms) * (self.hold.as_secs_f64() + 1.0) + 1.0,
        };
        self.churners
            .unwrap_or((enough.ceil() as u32).clamp(1, 100_000))
    }

    fn pace(&self, rooms: u32, users: u32, senders: u32) -> Pace {
        let closed = match self.in_flight {
            None if self.saturate => Some(senders),
            in_flight => in_flight,
        };
        let rooms = f64::from(rooms);
        match (self.scenario, closed) {
            (Scenario::Storm | Scenario::Idle | Scenario::Worker, _) => Pace::Still,
            (_, Some(in_flight)) => Pace::Closed(in_flight),
            (Scenario::Presence, None) => Pace::Open(self.heartbeats * rooms * f64::from(users)),
            (Scenario::Churn, None) => Pace::Open(self.rate()),
            (Scenario::Fanout | Scenario::Chat, None) => Pace::Open(self.rate() * rooms),
        }
    }

    fn targets(&self) -> Result<Vec<Target>, String> {
        let target = |url: &String| {
            Ok(Target {
                address: self.address(url)?,
                url: url.clone(),
            })
        };
        self.url.iter().map(target).collect()
    }

    /// Where to connect to, asked once: what a name stands for may be asked slowly.
    fn address(&self, text: &str) -> Result<SocketAddr, String> {
        let url = Url::parse(text).map_err(|error| format!("--url {text}: {error}"))?;
        let host = url
            .host_str()
            .filter(|_| ["http", "https"].contains(&url.scheme()));
        let host = host.ok_or_else(|| format!("--url {text}: no http or https URL"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = url.port_or_known_default().unwrap_or(80);
        let found = (host, port).to_socket_addrs();
        let found = found.map_err(|error| format!("--url {text}: {error}"))?;
        let from = self.local_addresses.as_deref().and_then(<[_]>::first);
        // A name may stand for addresses of both versions, of which a server may have one.
        let mut fits: Vec<SocketAddr> = found
            .filter(|to| from.is_none_or(|from| from.is_ipv4() == to.is_ipv4()))
            .collect();
        fits.sort_by_key(|to| !to.is_ipv4());
        let second = Duration::from_secs(2);
        let answers = |to: &&SocketAddr| std::net::TcpStream::connect_timeout(to, second).is_ok();
        let answering = fits.iter().find(answers);
        let any = answering.or(fits.first()).copied();
        any.ok_or_else(|| format!("--url {text}: no address that fits --local-addresses"))
    }
}

/// Short, and another one for each run.
fn run_id() -> String {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let number = since_1970.as_nanos() as u64 ^ u64::from(std::process::id()) << 40;
    format!("b{:x}", number & 0xffff_ffff_ffff)
}
