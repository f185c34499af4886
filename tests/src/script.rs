//! Runs scenarios: commands and what they are answered, as text. `tests/scenarios/README.md`
//! lists the commands.

use std::fmt::Write;
use std::sync::Arc;

use rtm_domain::ids::{RoomId, UserId};
use rtm_domain::presence::epoch::Epoch;
use rtm_domain::presence::policy::{LeaseMode, Policy};
use rtm_domain::presence::state::State;
use rtm_domain::service::{Farewell, ResumeAsk};

use crate::backend::Backend;
use crate::faults::Fault;
use crate::peer::Heard;
use crate::text::{self, Names};
use crate::world::{Ask, World, ms};

/// Why a line cannot be carried out.
type Unclear = String;

/// Runs a scenario and returns it with the actual output in place of the expected.
pub fn run(scenario: &str, backend: &dyn Backend) -> Result<String, String> {
    let mut stage = Stage::new(backend);
    let mut actual = String::new();
    for (nth, line) in scenario.lines().enumerate() {
        if line.starts_with('>') {
            continue;
        }
        let _ = writeln!(actual, "{line}");
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() || line.starts_with('#') {
            continue;
        }
        stage
            .perform(&words)
            .map_err(|unclear| format!("line {}: {line}: {unclear}", nth + 1))?;
        for said in stage.said() {
            let _ = writeln!(actual, "> {said}");
        }
    }
    Ok(actual)
}

struct Stage<'a> {
    backend: &'a dyn Backend,
    policy: Policy,
    nodes: usize,
    world: Option<World>,
    sockets: Vec<String>,
    names: Names,
    notes: Vec<String>,
}

impl<'a> Stage<'a> {
    fn new(backend: &'a dyn Backend) -> Self {
        Self {
            backend,
            policy: Policy {
                ttl: ms(3000),
                sweep_interval: ms(500),
                lookback: ms(6000),
                ..Policy::default()
            },
            nodes: 1,
            world: None,
            sockets: Vec::new(),
            names: Names::default(),
            notes: Vec::new(),
        }
    }

    fn perform(&mut self, words: &[&str]) -> Result<(), Unclear> {
        match *words {
            ["ttl", span] => self.policy.ttl = ms(number(span)?),
            ["sweep", span] => self.policy.sweep_interval = ms(number(span)?),
            ["lookback", span] => self.policy.lookback = ms(number(span)?),
            ["linger", span] => self.policy.linger = ms(number(span)?),
            ["lease", "transport"] => self.policy.lease = LeaseMode::Transport,
            ["max", "state", max] => self.policy.state_bytes_max = number(max)? as usize,
            ["max", "rooms", max] => self.policy.rooms_per_connection_max = number(max)? as usize,
            ["max", "room", max] => self.policy.connections_per_room_max = number(max)? as usize,
            ["nodes", count] => self.nodes = number(count)? as usize,
            ["connect", ref names @ .., "on", node] => self.connect(names, self.node(node)?)?,
            ["connect", ref names @ ..] => self.connect(names, 0)?,
            ["advance", span] => self.world().advance(number(span)?),
            ["together", ref words @ ..] => {
                for words in words.split(|word| *word == "/") {
                    self.socket_command(words)?;
                }
                self.world().settle();
            }
            _ if self.node_command(words)? => {}
            _ if self.store_command(words)? => {}
            _ => {
                self.socket_command(words)?;
                self.world().settle();
            }
        }
        Ok(())
    }

    fn node_command(&mut self, words: &[&str]) -> Result<bool, Unclear> {
        match *words {
            ["pause", node] => {
                let node = self.node(node)?;
                self.world().pause(node);
            }
            ["unpause", node, ref how @ ..] => {
                let node = self.node(node)?;
                self.world().unpause(node, how == ["timers-first"]);
                self.world().settle();
            }
            ["kill", node] => {
                let node = self.node(node)?;
                self.world().kill(node);
            }
            ["drain", node] => {
                let node = self.node(node)?;
                let service = self.world().node(node).service.clone();
                self.world().run(node, async move { service.drain().await });
            }
            ["kick", room, conn, ref node @ ..] => {
                let node = node.first().map_or(Ok(0), |node| self.node(node))?;
                let known = self.names.known(conn).ok_or("no such connection")?;
                let (room, conn) = (RoomId::trusted(room), known.conn.clone());
                let service = self.world().node(node).service.clone();
                let kick = async move { service.kick(&room, &conn).await };
                let note = match self.world().run(node, kick) {
                    Some(Ok(true)) => "kicked".into(),
                    Some(Ok(false)) => "nobody to kick".into(),
                    other => format!("kick {other:?}"),
                };
                self.notes.push(note);
            }
            ["kick-user", room, user] => {
                let (room, user) = (RoomId::trusted(room), UserId::trusted(user));
                let service = self.world().node(0).service.clone();
                let kick = async move { service.kick_user(&room, &user).await };
                let note = match self.world().run(0, kick) {
                    Some(Ok(count)) => format!("kicked {count}"),
                    other => format!("kick {other:?}"),
                };
                self.notes.push(note);
            }
            ["load", node] => {
                let node = self.node(node)?;
                let (sockets, rooms) = self.world().node(node).service.load();
                self.notes.push(format!("{sockets} sockets, {rooms} rooms"));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn store_command(&mut self, words: &[&str]) -> Result<bool, Unclear> {
        match *words {
            ["store", node, "arrive"] => {
                let node = self.node(node)?;
                let store = self.world().node(node).store.clone();
                self.world().run(node, async move { store.arrive().await });
            }
            ["store", node, how] => {
                let node = self.node(node)?;
                let fault = match how {
                    "down" => Fault::Down,
                    "up" => Fault::None,
                    "commits-lost" => Fault::CommitsLost,
                    "commits-late" => Fault::CommitsLate,
                    "answers-lost" => Fault::AnswersLost,
                    _ => return Err("no such fault".into()),
                };
                self.world().node(node).store.set(fault);
            }
            ["calls", node] => {
                let node = self.node(node)?;
                let calls = self.world().node(node).store.take_calls();
                self.notes.push(format!("{calls} calls"));
            }
            ["lose", node, count] => {
                let (node, count) = (self.node(node)?, number(count)? as usize);
                if !self.world().stage.lose_events(node, count) {
                    return Err("events cannot be lost here".into());
                }
            }
            ["size"] => match self.world().stage.size() {
                Some((rooms, records)) => {
                    self.notes.push(format!("{rooms} rooms, {records} records"));
                }
                None => return Err("this store does not tell".into()),
            },
            ["snapshot", room, ref node @ ..] => {
                let node = node.first().map_or(Ok(0), |node| self.node(node))?;
                let room = RoomId::trusted(room);
                let service = self.world().node(node).service.clone();
                let read = async move { service.snapshot(&room).await };
                match self.world().run(node, read) {
                    Some(Ok(snapshot)) => {
                        let members = self.names.members(&snapshot);
                        self.notes.push(format!("stored {members}"));
                    }
                    other => self.notes.push(format!("{other:?}")),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn socket_command(&mut self, words: &[&str]) -> Result<(), Unclear> {
        let [socket, ref command @ ..] = *words else {
            return Err("no command".into());
        };
        let named = self.sockets.iter().position(|name| name == socket);
        let socket = named.ok_or("neither a command nor a socket")?;
        let ask = match *command {
            ["join", room, user, ref rest @ ..] => self.join(room, user, rest)?,
            ["heartbeat", ref rest @ ..] => self.heartbeat(socket, rest)?,
            ["leave"] => Ask::Leave(None),
            ["leave", room] => Ask::Leave(Some(RoomId::trusted(room))),
            ["sync", room] => Ask::Sync(RoomId::trusted(room)),
            ["cut"] => Ask::Close(Farewell::None),
            ["bye"] => Ask::Close(Farewell::Said),
            ["sign"] => {
                self.world().socket(socket).peer.gives_sign();
                return Ok(());
            }
            ["ages", room] => {
                self.ages(socket, &RoomId::trusted(room));
                return Ok(());
            }
            _ => return Err("no such command".into()),
        };
        self.world().send(socket, ask);
        Ok(())
    }

    /// `[state] [resume <conn> [e<n>] [wrong-key]]`
    fn join(&self, room: &str, user: &str, rest: &[&str]) -> Result<Ask, Unclear> {
        let (mut state, mut resume) = (None, None);
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            match *word {
                "resume" => {
                    let name = words.next().ok_or("resume which?")?;
                    let known = self.names.known(name).ok_or("no such connection")?;
                    resume = Some(ResumeAsk {
                        conn: known.conn.clone(),
                        key: known.key.clone().ok_or("its key was told to nobody")?,
                        epoch: None,
                    });
                }
                "wrong-key" => {
                    let resume = resume.as_mut().ok_or("resume first")?;
                    resume.key = rtm_domain::ids::ResumeKey::mint(1);
                }
                epoch if epoch.starts_with('e') => {
                    let resume = resume.as_mut().ok_or("resume first")?;
                    let known = self.names.of(&resume.conn).ok_or("no such connection")?;
                    resume.epoch = Some(later(known.first, epoch)?);
                }
                json => state = Some(parse(json)?),
            }
        }
        let (room, user) = (RoomId::trusted(room), UserId::trusted(user));
        Ok(Ask::Join(room, user, state, resume))
    }

    /// `[<room>] [e<n>] [<patch>]`
    fn heartbeat(&mut self, socket: usize, rest: &[&str]) -> Result<Ask, Unclear> {
        let (mut room, mut epoch, mut patch) = (None, None, None);
        for word in rest {
            if word.starts_with('{') {
                patch = Some(parse(word)?);
            } else if word.starts_with('e') {
                let peer = self.world().socket(socket).peer.clone();
                let rooms = room.clone().map_or(peer.rooms(), |room| vec![room]);
                let roster = rooms.first().and_then(|room| peer.roster(room));
                let roster = roster.ok_or("it is in no room")?;
                let known = self
                    .names
                    .of(roster.own())
                    .ok_or("its connection has no name")?;
                epoch = Some(later(known.first, word)?);
            } else {
                room = Some(RoomId::trusted(*word));
            }
        }
        Ok(Ask::Heartbeat(room, epoch, patch))
    }

    /// How long ago everyone was seen, as a snapshot says.
    fn ages(&mut self, socket: usize, room: &RoomId) {
        let now = rtm_domain::ports::Clock::wall(&*self.world().clock);
        let peer = self.world().socket(socket).peer.clone();
        self.world().send(socket, Ask::Sync(room.clone()));
        self.world().settle();
        for heard in peer.take() {
            let Heard::Synced(_, Ok(snapshot)) = heard else {
                continue;
            };
            let mut ages: Vec<String> = Vec::new();
            for entry in &snapshot.entries {
                let age = i128::from(now.0) - i128::from(entry.last_seen.0);
                ages.push(format!("{} {age} ms ago", self.names.name(&entry.conn)));
            }
            ages.sort();
            self.notes.push(format!("seen: {}", ages.join(", ")));
        }
    }

    fn connect(&mut self, names: &[&str], node: usize) -> Result<(), Unclear> {
        for name in names {
            if self.sockets.iter().any(|known| known == name) {
                return Err(format!("{name} exists"));
            }
            self.world().connect(node);
            self.sockets.push((*name).into());
        }
        self.world().settle();
        Ok(())
    }

    /// What was said since the last call, socket by socket, and what is wrong.
    fn said(&mut self) -> Vec<String> {
        let mut said = std::mem::take(&mut self.notes);
        let Some(world) = &self.world else {
            return said;
        };
        let heard: Vec<(usize, Vec<Heard>)> = world
            .sockets()
            .iter()
            .enumerate()
            .map(|(nth, socket)| (nth, Arc::clone(&socket.peer).take()))
            .collect();
        self.names.learn(heard.iter().flat_map(|(_, heard)| heard));
        for (socket, heard) in &heard {
            for heard in heard {
                let line = self.names.line(heard);
                said.push(format!("{} {line}", self.sockets[*socket]));
            }
        }
        let violations = world.violations().into_iter();
        said.extend(violations.map(|violation| format!("VIOLATION {violation}")));
        said
    }

    fn world(&mut self) -> &mut World {
        let (backend, policy, nodes) = (self.backend, self.policy, self.nodes);
        self.world
            .get_or_insert_with(|| World::new(backend, policy, nodes, None))
    }

    fn node(&self, name: &str) -> Result<usize, Unclear> {
        let nth = name.strip_prefix('n').map_or(Ok(0), number)? as usize;
        match (1..=self.nodes).contains(&nth) {
            true => Ok(nth - 1),
            false => Err(format!("{name} is no node")),
        }
    }
}

fn number(word: &str) -> Result<u64, Unclear> {
    word.parse().map_err(|_| format!("{word} is no number"))
}

fn later(first: Epoch, word: &str) -> Result<Epoch, Unclear> {
    let steps: i64 = word[1..]
        .parse()
        .map_err(|_| format!("{word} is no epoch"))?;
    let number = first.number().checked_add_signed(steps);
    number
        .and_then(Epoch::new)
        .ok_or(format!("{word} is too far"))
}

fn parse(json: &str) -> Result<State, Unclear> {
    text::state(json).map_err(|error| format!("{json}: {error}"))
}
