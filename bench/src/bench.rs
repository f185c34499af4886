//! The command: reads the options, runs, reports.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use rtm_client::{Connection, NoListener};

use crate::coordinator::{Broken, Coordinator, Gathered};
use crate::exit::Outcome;
use crate::options::Options;
use crate::plan::{Plan, Scenario};
use crate::progress::Progress;
use crate::report::{FORMAT, Report, build, html, text};
use crate::threshold::Threshold;
use crate::watch::Watched;
use crate::{files, team, worker};

const EXAMPLES: &str = "\
Examples:
  rtm bench                                        200 users, a heartbeat each ten seconds
  rtm bench presence --saturate --patch-every 0    as many plain heartbeats as the server answers
  rtm bench fanout --rooms 1 --users 250 --rate 20 --threshold 'event.update.p99<50ms'
  rtm bench storm --users 1000                     a thousand join one room at once

Exit codes:
  0  all is well
  1  the run failed: no server, nothing done, a report that cannot be written
  2  the options cannot be understood
  3  a threshold was missed
  4  the audit failed: something was lost, doubled, out of order or late, a view was wrong, or a
     connection broke
  130  interrupted; the report is partial

docs/benchmarks.md says how to read the report, and how it is measured.";

/// The command, for the command line of a program.
pub fn command() -> Command {
    let command = Command::new("bench")
        .about("Put load on a server, measure it, and audit what it delivers")
        .after_help(EXAMPLES);
    Options::augment_args(command)
}

/// What was asked for, checked.
#[derive(Debug, Clone)]
pub struct Bench {
    options: Options,
    thresholds: Vec<Threshold>,
}

impl Bench {
    /// Reads what [`command`] has parsed.
    ///
    /// # Errors
    ///
    /// What is wrong with the options.
    pub fn read(matches: &ArgMatches) -> Result<Self, String> {
        let options = Options::from_arg_matches(matches).map_err(|error| error.to_string())?;
        let mut texts = options.thresholds.clone();
        let main = main_metric(options.scenario);
        texts.push(format!("errors.rate<={}", options.max_error_rate));
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        texts.extend(
            options
                .min_success_rate
                .map(|it| format!("success.rate>={it}")),
        );
        texts.extend(
            options
                .max_p95
                .map(|it| format!("{main}.p95<={}ms", ms(it))),
        );
        texts.extend(
            options
                .max_p99
                .map(|it| format!("{main}.p99<={}ms", ms(it))),
        );
        let thresholds: Result<_, String> = texts.iter().map(|it| Threshold::parse(it)).collect();
        Ok(Self {
            thresholds: thresholds?,
            options,
        })
    }

    /// Runs, and prints the report.
    pub fn run(&self) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let done = match runtime {
            Ok(runtime) if self.options.scenario == Scenario::Worker => {
                runtime.block_on(team::serve());
                return Outcome::Passed;
            }
            Ok(runtime) => runtime.block_on(self.measure()),
            Err(error) => Err(Broken::Because(error.to_string())),
        };
        match done {
            Ok(outcome) => outcome,
            Err(Broken::Because(why)) => {
                eprintln!("rtm bench: {why}");
                Outcome::Failed
            }
            Err(Broken::Interrupted) => Outcome::Interrupted,
        }
    }

    async fn measure(&self) -> Result<Outcome, Broken> {
        let options = &self.options;
        let baseline = self.baseline().map_err(Broken::Because)?;
        let plan = options.plan().map_err(Broken::Because)?;
        files::allow(plan.connections_per_process()).map_err(Broken::Because)?;
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        greet(&plan).await?;
        let watch = |pid: Option<u32>| pid.map(Watched::new).transpose().map_err(Broken::Because);
        let (server, redis) = (watch(options.server_pid)?, watch(options.redis_pid)?);
        let progress = Progress::new(options.report_interval);
        let coordinator = Coordinator::start(&plan, progress, server, redis).await?;
        let gathered: Gathered = coordinator.lead().await?;
        let started_ms = u64::try_from(since_1970.as_millis()).unwrap_or_default();
        let (report, outcome) = build::build(&plan, &gathered, &self.thresholds, started_ms);
        self.write(&report, baseline.as_ref())
            .map_err(Broken::Because)?;
        Ok(outcome)
    }

    fn baseline(&self) -> Result<Option<Report>, String> {
        let Some(path) = &self.options.baseline else {
            return Ok(None);
        };
        let wrong = |why: String| format!("--baseline {}: {why}", path.display());
        let json = fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let report: Report = serde_json::from_slice(&json)
            .map_err(|error| wrong(format!("this is no report of rtm bench: {error}")))?;
        if report.format != FORMAT {
            return Err(wrong(format!(
                "its format is {}, not {FORMAT}",
                report.format
            )));
        }
        Ok(Some(report))
    }

    fn write(&self, report: &Report, baseline: Option<&Report>) -> Result<(), String> {
        print!("{}", text::text(report, baseline));
        let options = &self.options;
        if let Some(path) = &options.json {
            let json = serde_json::to_vec_pretty(report).map_err(|error| error.to_string())?;
            fs::write(path, json).map_err(|error| format!("--json {}: {error}", path.display()))?;
        }
        if let Some(path) = &options.html {
            let page = html::page(report, baseline);
            fs::write(path, page).map_err(|error| format!("--html {}: {error}", path.display()))?;
        }
        Ok(())
    }
}

/// Is there a server at all?
async fn greet(plan: &Plan) -> Result<(), Broken> {
    for target in &plan.targets {
        let options = worker::options(plan, target, 0);
        match Connection::open(&target.url, options, NoListener).await {
            Ok(connection) => connection.close().await,
            Err(error) => {
                let why = format!("no server to measure at {}: {error}", target.url);
                return Err(Broken::Because(why));
            }
        }
    }
    Ok(())
}

fn main_metric(scenario: Scenario) -> &'static str {
    scenario.main_metric().name()
}
