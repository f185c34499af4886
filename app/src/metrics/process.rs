//! The process, under the names that Prometheus uses for any.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Ticks of a second in `/proc/self/stat`: a part of Linux' interface, the same everywhere.
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads `/proc` when asked; says nothing where there is none.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        if let Some(bytes) = resident_bytes() {
            let gauge = ConstGauge::new(bytes);
            let about = "Resident memory in bytes";
            let metric = encoder.encode_descriptor(
                "process_resident_memory_bytes",
                about,
                None,
                gauge.metric_type(),
            )?;
            gauge.encode(metric)?;
        }
        if let Some(seconds) = cpu_seconds() {
            let counter = ConstCounter::new(seconds);
            let about = "Processor time used, user and system";
            let metric = encoder.encode_descriptor(
                "process_cpu_seconds",
                about,
                None,
                counter.metric_type(),
            )?;
            counter.encode(metric)?;
        }
        Ok(())
    }
}

fn resident_bytes() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the process, in brackets, may contain anything.
    let (_, fields) = stat.rsplit_once(')')?;
    // utime and stime, counted from the state that follows the name.
    let mut times = fields.split_whitespace().skip(11);
    let user: f64 = times.next()?.parse().ok()?;
    let system: f64 = times.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_uses_time() {
        assert!(resident_bytes().unwrap() > 1_000_000);
        let before = cpu_seconds().unwrap();
        while cpu_seconds().unwrap() <= before {
            std::hint::spin_loop();
        }
    }
}
