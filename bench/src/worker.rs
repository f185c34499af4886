//! One process's share of a run: obeys the coordinator's orders, part by part.

mod connect;
mod cycle;
mod hear;
mod load;
mod send;
mod state;
mod verify;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::audit::Ledger;
use crate::clock::{self, Alarm, MILLISECOND, SECOND};
use crate::message::{Order, Second, Span, Word, WorkerReport};
use crate::plan::Plan;

pub(crate) use connect::options;
use load::Load;
use state::{Part, Shared};

/// Where the coordinator's orders come from, and where to answer.
pub(crate) struct Line {
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) words: mpsc::Sender<Word>,
}

/// How long nothing must have come before all that was due counts as having come: a duplicate
/// would come right behind.
const QUIET_NS: u64 = 200 * MILLISECOND;
/// Time between two looks whether all has come.
const LOOK_NS: u64 = 50 * MILLISECOND;

/// The coordinator is gone, or the machine has no timers.
pub(crate) struct GivenUp;

/// Works until the report is given.
pub(crate) async fn work(mut line: Line) -> Result<(), GivenUp> {
    let Some(Order::Prepare(plan, process)) = line.orders.recv().await else {
        return Err(GivenUp);
    };
    let mut worker = Worker::new(*plan, process, line)?;
    worker
        .await_order(|order| matches!(order, Order::Ramp))
        .await?;
    worker.ramp().await?;
    worker.say(Word::Ramped).await?;
    let ledger = loop {
        match worker.turn(u64::MAX).await? {
            Some(Order::Run(span)) => {
                worker.run(span).await?;
                let ledger = worker.shared.lock().ledger();
                worker.say(Word::Ran(Box::new(ledger))).await?;
            }
            Some(Order::Settle(ledger)) => break ledger,
            _ => {}
        }
    };
    worker.settle(&ledger).await?;
    worker.say(Word::Settled).await?;
    worker
        .await_order(|order| matches!(order, Order::Verify))
        .await?;
    let report = worker.report(&ledger).await;
    worker.say(Word::Report(Box::new(report))).await?;
    // Others may still compare: its clients stay until the coordinator lets go.
    while worker.line.orders.recv().await.is_some() {}
    Ok(())
}

struct Worker {
    shared: Arc<Shared>,
    line: Line,
    load: Load,
    alarm: Alarm,
    process: u32,
    second: u64,
    ramping: bool,
}

impl Worker {
    fn new(plan: Plan, process: u32, line: Line) -> Result<Self, GivenUp> {
        Ok(Self {
            shared: Arc::new(Shared::new(Arc::new(plan), process)),
            line,
            load: Load::new(),
            alarm: Alarm::new().map_err(|_| GivenUp)?,
            process,
            second: clock::now(),
            ramping: false,
        })
    }

    async fn say(&self, word: Word) -> Result<(), GivenUp> {
        self.line.words.send(word).await.map_err(|_| GivenUp)
    }

    async fn await_order(&mut self, is_it: impl Fn(&Order) -> bool) -> Result<(), GivenUp> {
        while !self
            .turn(u64::MAX)
            .await?
            .is_some_and(|order| is_it(&order))
        {}
        Ok(())
    }

    /// Does what is due, and waits until something else is, or an order comes.
    async fn turn(&mut self, until: u64) -> Result<Option<Order>, GivenUp> {
        let next = self.load.turn(&self.shared, self.ramping);
        self.tell_second().await?;
        let next = next.min(self.second + SECOND).min(until);
        tokio::select! {
            order = self.line.orders.recv() => order.map(Some).ok_or(GivenUp),
            done = self.alarm.until(next) => done.map(|()| None).map_err(|_| GivenUp),
            () = self.shared.changed.notified() => Ok(None),
        }
    }

    async fn tell_second(&mut self) -> Result<(), GivenUp> {
        if clock::now() < self.second + SECOND {
            return Ok(());
        }
        self.second += SECOND;
        let second = {
            let mut state = self.shared.lock();
            let start = state.span.map(|span| span.start);
            let number = start.map_or(0, |start| self.second.saturating_sub(start) / SECOND);
            Second {
                number,
                counts: state.counts,
                latencies: state.record.take_second(),
            }
        };
        self.say(Word::Second(Box::new(second))).await
    }

    async fn ramp(&mut self) -> Result<(), GivenUp> {
        self.ramping = true;
        self.load = Load::new();
        while !self.load.has_ramped(&self.shared.lock()) {
            let soon = clock::now() + LOOK_NS;
            if let Some(Order::Hurry) = self.turn(soon).await? {
                self.load.cut_ramp(&mut self.shared.lock());
                break;
            }
        }
        self.ramping = false;
        Ok(())
    }

    async fn run(&mut self, span: Span) -> Result<(), GivenUp> {
        {
            let mut state = self.shared.lock();
            state.span = Some(span);
            state.part = Part::Run;
            // What came before is not part of the first second.
            state.record.take_second();
        }
        self.second = span.start;
        let mut end = span.end;
        loop {
            let now = clock::now();
            let wake = if now < end { end } else { now + LOOK_NS };
            if now >= end {
                self.load.turn(&self.shared, false);
                let mut state = self.shared.lock();
                for at in 0..state.users.len() {
                    state.not_begun(at);
                }
                if !state.is_busy() {
                    state.part = Part::Settle;
                    return Ok(());
                }
            }
            if let Some(Order::Hurry) = self.turn(wake).await? {
                end = end.min(clock::now());
                if let Some(span) = &mut self.shared.lock().span {
                    span.end = end;
                }
            }
        }
    }

    async fn settle(&mut self, ledger: &Ledger) -> Result<(), GivenUp> {
        let start = clock::now();
        let (mut last, mut since) = (u64::MAX, start);
        let settle_ns = self.shared.lock().plan.settle_ns;
        loop {
            let now = clock::now();
            let (events, missing) = {
                let state = self.shared.lock();
                (state.counts.events, verify::audit(&state, ledger).missing)
            };
            if events != last {
                (last, since) = (events, now);
            }
            let quiet = missing == 0 && now - since >= QUIET_NS;
            if quiet || now - start >= settle_ns {
                return Ok(());
            }
            if let Some(Order::Hurry) = self.turn(now + LOOK_NS).await? {
                return Ok(());
            }
        }
    }

    async fn report(&mut self, ledger: &Ledger) -> WorkerReport {
        let audited = {
            let mut state = self.shared.lock();
            let audited = verify::audit(&state, ledger);
            state.faults.missing = audited.missing;
            state.faults.unexpected = audited.unexpected;
            state.part = Part::Over;
            audited
        };
        let views = verify::verify(&self.shared, ledger, self.process).await;
        let state = self.shared.lock();
        WorkerReport {
            counts: state.counts,
            totals: state.record.totals(),
            faults: state.faults,
            expected: audited.expected,
            received: audited.received,
            views,
        }
    }
}
