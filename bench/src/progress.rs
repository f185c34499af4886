//! How a run goes: a bar on a terminal, elsewhere a line now and then.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::{self, MILLISECOND};
use crate::message::Counts;
use crate::metric::Metric;
use crate::plan::Plan;
use crate::record::{Sparse, add_sparse, histogram};

pub(crate) struct Progress {
    /// None where there is no terminal.
    bar: Option<ProgressBar>,
    interval_ns: u64,
    part: &'static str,
    part_start: u64,
    part_ns: u64,
    last_line: u64,
    last: (u64, Counts),
}

impl Progress {
    pub(crate) fn new(line_interval: Duration) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(1_000), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix:>7} {bar:30} {elapsed:>4}  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self {
            bar,
            interval_ns: u64::try_from(line_interval.as_nanos()).unwrap_or(u64::MAX),
            part: "",
            part_start: 0,
            part_ns: 0,
            last_line: clock::now(),
            last: (clock::now(), Counts::default()),
        }
    }

    /// Another part of the run begins.
    pub(crate) fn part(&mut self, name: &'static str, ns: u64) {
        (self.part, self.part_start, self.part_ns) = (name, clock::now(), ns);
        match &self.bar {
            Some(bar) => bar.set_prefix(name),
            None => eprintln!("{name}"),
        }
    }

    pub(crate) fn tick(&self) {
        if let Some(bar) = &self.bar {
            let gone = (clock::now() - self.part_start).min(self.part_ns);
            let thousandths = u128::from(gone) * 1_000 / u128::from(self.part_ns.max(1));
            bar.set_position(thousandths as u64);
        }
    }

    /// A second of a worker is over.
    pub(crate) fn second(
        &mut self,
        plan: &Plan,
        counts: &Counts,
        latencies: &BTreeMap<Metric, Sparse>,
    ) {
        let now = clock::now();
        let wait_ns = if self.bar.is_some() {
            900 * MILLISECOND
        } else {
            self.interval_ns
        };
        if now - self.last_line < wait_ns {
            return;
        }
        let (then, before) = self.last;
        let seconds = (now - then).max(1) as f64 / 1e9;
        let rate = |new: u64, old: u64| new.saturating_sub(old) as f64 / seconds;
        let mut line = format!(
            "{} connected, {} joined, {:.0} operations/s, {:.0} events/s",
            counts.connected,
            counts.joined,
            rate(counts.begun, before.begun),
            rate(counts.events, before.events),
        );
        let metric = plan.main_metric();
        if let Some(sparse) = latencies.get(&metric) {
            let mut second = histogram();
            add_sparse(&mut second, sparse);
            let ms = |quantile| second.value_at_quantile(quantile) as f64 / 1e3;
            let name = metric.name();
            line += &format!(", {name} p50 {:.2} ms, p99 {:.2} ms", ms(0.5), ms(0.99));
        }
        line += &format!(", {} errors", counts.errors);
        (self.last_line, self.last) = (now, (now, *counts));
        match &self.bar {
            Some(bar) => bar.set_message(line),
            None => eprintln!("{:<7} {line}", self.part),
        }
    }

    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
