//! Leads a run through its parts, and gathers what the workers say.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use crate::audit::{Faults, Ledger};
use crate::clock::{self, MILLISECOND, SECOND};
use crate::message::{Counts, Order, Second, Span, Word};
use crate::metric::Metric;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::record::{Errors, add_sparse, histogram};
use crate::team::Team;
use crate::watch::Watched;

/// From the order to the start: all processes have it by then.
const LEAD_NS: u64 = 100 * MILLISECOND;
/// Time between two looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

/// All that a run has found out.
pub(crate) struct Gathered {
    pub(crate) span: Option<Span>,
    pub(crate) partial: bool,
    pub(crate) counts: Counts,
    pub(crate) latencies: BTreeMap<Metric, Histogram<u64>>,
    pub(crate) errors: Errors,
    pub(crate) faults: Faults,
    pub(crate) expected: u64,
    pub(crate) received: u64,
    pub(crate) views: u64,
    pub(crate) seconds: BTreeMap<u64, BTreeMap<Metric, Histogram<u64>>>,
    pub(crate) server: Option<Watched>,
    pub(crate) redis: Option<Watched>,
    /// The workers' processes.
    pub(crate) generators: Vec<Watched>,
}

/// Why a run has no result.
pub(crate) enum Broken {
    /// It went wrong.
    Because(String),
    /// It was interrupted for the second time.
    Interrupted,
}

pub(crate) struct Coordinator<'a> {
    plan: &'a Plan,
    team: Team,
    progress: Progress,
    gathered: Gathered,
    counts: Vec<Counts>,
    ledger: Ledger,
    measuring: Measuring,
    interrupts: Signal,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Measuring {
    NotYet,
    Now(u64),
    Over,
}

impl<'a> Coordinator<'a> {
    pub(crate) async fn start(
        plan: &'a Plan,
        progress: Progress,
        server: Option<Watched>,
        redis: Option<Watched>,
    ) -> Result<Self, Broken> {
        let interrupts = signal(SignalKind::interrupt());
        let interrupts = interrupts.map_err(|error| Broken::Because(error.to_string()))?;
        let team = Team::start(plan).await.map_err(Broken::Because)?;
        let mut gathered = Gathered::new(server, redis);
        let own: Result<_, _> = team.pids().into_iter().map(Watched::new).collect();
        gathered.generators = own.map_err(Broken::Because)?;
        Ok(Self {
            plan,
            counts: vec![Counts::default(); team.size()],
            team,
            progress,
            gathered,
            ledger: Ledger::default(),
            measuring: Measuring::NotYet,
            interrupts,
        })
    }

    /// Leads the run to its end. When interrupted it hurries there.
    pub(crate) async fn lead(mut self) -> Result<Gathered, Broken> {
        self.part("ramp", self.plan.ramp_ns, Order::Ramp).await?;
        if !self.gathered.partial {
            let start = clock::now() + LEAD_NS;
            let measure = start + self.plan.warm_up_ns;
            let end = measure + self.plan.duration_ns;
            let span = Span {
                start,
                measure,
                end,
            };
            self.gathered.span = Some(span);
            self.part("load", end - start, Order::Run(span)).await?;
            self.measure(u64::MAX);
        } else {
            // The ledger also says who is there.
            let now = clock::now();
            let nothing = Span {
                start: now,
                measure: now,
                end: now,
            };
            self.part("load", 0, Order::Run(nothing)).await?;
        }
        let ledger = Box::new(std::mem::take(&mut self.ledger));
        self.part("settle", self.plan.settle_ns, Order::Settle(ledger))
            .await?;
        self.part("verify", 0, Order::Verify).await?;
        self.progress.finish();
        Ok(self.gathered)
    }

    async fn part(&mut self, name: &'static str, ns: u64, order: Order) -> Result<(), Broken> {
        self.progress.part(name, ns);
        self.team.order(&order).await;
        let mut left = self.team.size();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while left > 0 {
            tokio::select! {
                (worker, word) = self.team.hear() => {
                    left -= usize::from(self.take(worker, word)?);
                }
                _ = looks.tick() => {
                    self.measure(clock::now());
                    self.progress.tick();
                }
                _ = self.interrupts.recv() => {
                    if std::mem::replace(&mut self.gathered.partial, true) {
                        return Err(Broken::Interrupted);
                    }
                    self.progress.say("interrupted: the report will be partial; once more ends it at once");
                    self.end_measuring_early();
                    self.team.order(&Order::Hurry).await;
                }
            }
        }
        Ok(())
    }

    /// Takes in a word. True if it ends its worker's part.
    fn take(&mut self, worker: usize, word: Word) -> Result<bool, Broken> {
        match word {
            Word::Second(second) => {
                self.second(worker, *second);
                Ok(false)
            }
            Word::Ramped | Word::Settled => Ok(true),
            Word::Ran(ledger) => {
                self.ledger.add(*ledger);
                Ok(true)
            }
            Word::Report(report) => {
                let gathered = &mut self.gathered;
                gathered.counts.add(&report.counts);
                for (metric, sparse) in &report.totals.latencies {
                    let all = gathered.latencies.entry(*metric).or_insert_with(histogram);
                    add_sparse(all, sparse);
                }
                for (metric, reasons) in report.totals.errors {
                    let all = gathered.errors.entry(metric).or_default();
                    for (reason, count) in reasons {
                        *all.entry(reason).or_default() += count;
                    }
                }
                gathered.faults.add(&report.faults);
                gathered.expected += report.expected;
                gathered.received += report.received;
                gathered.views += report.views;
                Ok(true)
            }
            Word::Failed(why) => Err(Broken::Because(why)),
        }
    }

    fn second(&mut self, worker: usize, second: Second) {
        self.counts[worker] = second.counts;
        let mut sum = Counts::default();
        self.counts.iter().for_each(|counts| sum.add(counts));
        if second.number > 0 && self.gathered.span.is_some() {
            let merged = self.gathered.seconds.entry(second.number).or_default();
            for (metric, sparse) in &second.latencies {
                add_sparse(merged.entry(*metric).or_insert_with(histogram), sparse);
            }
        }
        self.progress.second(self.plan, &sum, &second.latencies);
    }

    /// Looks at the processes that are watched when it is time.
    fn measure(&mut self, now: u64) {
        let Some(span) = self.gathered.span else {
            return;
        };
        let gathered = &mut self.gathered;
        let watched = [&mut gathered.server, &mut gathered.redis];
        let watched = watched.into_iter().flatten();
        for watched in watched.chain(&mut gathered.generators) {
            match self.measuring {
                Measuring::NotYet if now >= span.measure => watched.begin(),
                Measuring::Now(next) if now < span.end && now >= next => {
                    watched.sample((next - span.start) / SECOND);
                }
                Measuring::Now(_) if now >= span.end => watched.end(),
                _ => {}
            }
        }
        self.measuring = match self.measuring {
            Measuring::NotYet if now >= span.measure => Measuring::Now(span.measure + SECOND),
            Measuring::Now(_) if now >= span.end => Measuring::Over,
            Measuring::Now(next) if now >= next => Measuring::Now(next + SECOND),
            same => same,
        };
    }

    fn end_measuring_early(&mut self) {
        let now = clock::now();
        if let Some(span) = &mut self.gathered.span {
            span.end = span.end.min(now);
            span.measure = span.measure.min(span.end);
        }
        self.measure(now);
    }
}

impl Gathered {
    fn new(server: Option<Watched>, redis: Option<Watched>) -> Self {
        Self {
            span: None,
            partial: false,
            counts: Counts::default(),
            latencies: BTreeMap::new(),
            errors: Errors::new(),
            faults: Faults::default(),
            expected: 0,
            received: 0,
            views: 0,
            seconds: BTreeMap::new(),
            server,
            redis,
            generators: Vec::new(),
        }
    }
}
