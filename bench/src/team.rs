//! The workers of a run: one in this process, or several in processes of their own.

use std::process::Stdio;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::message::{Order, Word};
use crate::plan::Plan;
use crate::worker::{Line, work};

/// Orders and words that may wait to be taken.
const WAITING_MAX: usize = 64;

pub(crate) struct Team {
    orders: Vec<mpsc::Sender<Order>>,
    words: mpsc::Receiver<(usize, Word)>,
    /// Ended with the team.
    processes: Vec<Child>,
}

impl Team {
    /// Starts the workers, and lets them get ready.
    pub(crate) async fn start(plan: &Plan) -> Result<Self, String> {
        let (tell, words) = mpsc::channel(WAITING_MAX);
        let mut team = Self {
            orders: Vec::new(),
            words,
            processes: Vec::new(),
        };
        for number in 0..plan.processes as usize {
            let (order, orders) = mpsc::channel(WAITING_MAX);
            let (word, said) = mpsc::channel(WAITING_MAX);
            if plan.processes == 1 {
                let line = Line {
                    orders,
                    words: word,
                };
                tokio::spawn(work(line));
            } else {
                team.processes.push(spawn(orders, word)?);
            }
            tokio::spawn(pass_on(number, said, tell.clone()));
            team.orders.push(order);
        }
        for (number, orders) in (0..).zip(&team.orders) {
            let prepare = Order::Prepare(Box::new(plan.clone()), number);
            let sent = orders.send(prepare).await;
            sent.map_err(|_| "a worker ended before it began".to_owned())?;
        }
        Ok(team)
    }

    pub(crate) fn size(&self) -> usize {
        self.orders.len()
    }

    /// The processes in which the workers are.
    pub(crate) fn pids(&self) -> Vec<u32> {
        if self.processes.is_empty() {
            return vec![std::process::id()];
        }
        self.processes.iter().filter_map(Child::id).collect()
    }

    /// Orders all. Who is gone is found out by its last word.
    pub(crate) async fn order(&self, order: &Order) {
        for orders in &self.orders {
            let _ = orders.send(order.clone()).await;
        }
    }

    /// The next word, and whose.
    pub(crate) async fn hear(&mut self) -> (usize, Word) {
        let ended = || (0, Word::Failed("all workers have ended".into()));
        self.words.recv().await.unwrap_or_else(ended)
    }
}

async fn pass_on(number: usize, mut said: mpsc::Receiver<Word>, tell: mpsc::Sender<(usize, Word)>) {
    let mut reported = false;
    while let Some(word) = said.recv().await {
        reported |= matches!(word, Word::Report(_));
        if tell.send((number, word)).await.is_err() {
            return;
        }
    }
    if !reported {
        let failed = Word::Failed(format!("worker {number} ended before its report"));
        let _ = tell.send((number, failed)).await;
    }
}

fn spawn(orders: mpsc::Receiver<Order>, words: mpsc::Sender<Word>) -> Result<Child, String> {
    let cannot = |error: std::io::Error| format!("cannot start a process: {error}");
    let program = std::env::current_exe().map_err(cannot)?;
    let mut child = Command::new(program)
        .args(["bench", "worker"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("a process has no standard streams".into());
    };
    tokio::spawn(write_lines(stdin, orders));
    tokio::spawn(read_lines(stdout, words));
    Ok(child)
}

/// What the process of a worker does: the same lines, from the other end.
pub(crate) async fn serve() {
    let (order, orders) = mpsc::channel(WAITING_MAX);
    let (words, said) = mpsc::channel(WAITING_MAX);
    tokio::spawn(read_lines(tokio::io::stdin(), order));
    let written = tokio::spawn(write_lines(tokio::io::stdout(), said));
    // An interrupt is for the coordinator, which tells its workers.
    let ignore = async {
        loop {
            let _ = tokio::signal::ctrl_c().await;
        }
    };
    tokio::select! {
        _ = work(Line { orders, words }) => {}
        () = ignore => {}
    }
    let _ = written.await;
}

async fn read_lines<T: DeserializeOwned>(from: impl AsyncRead + Unpin, to: mpsc::Sender<T>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(read) = serde_json::from_str(&line) else {
            return;
        };
        if to.send(read).await.is_err() {
            return;
        }
    }
}

async fn write_lines<T: Serialize>(mut to: impl AsyncWrite + Unpin, mut from: mpsc::Receiver<T>) {
    while let Some(written) = from.recv().await {
        let Ok(mut line) = serde_json::to_vec(&written) else {
            return;
        };
        line.push(b'\n');
        if to.write_all(&line).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}
