//! The table of settings. A new setting is a row here and a field in its struct, nothing else.

mod auth;
mod chat;
mod limits;
mod metrics;
mod presence;
mod redis;
mod relay;
mod server;

use std::ops::RangeInclusive;
use std::sync::LazyLock;
use std::time::Duration;

use super::Config;
use super::kind::{Kind, Set, Unit};
use super::setting::Setting;

/// Every setting, in the order in which help and documentation list them.
#[must_use]
pub fn settings() -> &'static [Setting] {
    static TABLE: LazyLock<Vec<Setting>> = LazyLock::new(|| {
        let rows = server::server()
            .chain(redis::rows())
            .chain(auth::rows())
            .chain(server::connections())
            .chain(presence::rows());
        rows.chain(chat::rows())
            .chain(relay::rows())
            .chain(limits::rows())
            .chain(metrics::rows())
            .chain(server::logs())
            .collect()
    });
    &TABLE
}

const MINUTE: u32 = 60_000;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

fn text(form: &'static str, set: fn(&mut Config, &str) -> Result<(), String>) -> Kind {
    Kind::Text {
        form,
        list: false,
        set,
    }
}

fn count(what: &'static str, range: RangeInclusive<u32>, set: fn(&mut Config, u32)) -> Kind {
    Kind::Number {
        unit: Unit::Count(what),
        range,
        set: Set::Plain(set),
    }
}

fn millis(range: RangeInclusive<u32>, set: fn(&mut Config, Duration)) -> Kind {
    Kind::Number {
        unit: Unit::Millis,
        range,
        set: Set::Time(set),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_default_in_the_table_is_the_default_of_the_struct() {
        for setting in settings() {
            let mut config = Config::default();
            if is_derived(setting) {
                continue;
            }
            setting.apply(&mut config, setting.default_text()).unwrap();
            assert_eq!(config, Config::default(), "{}", setting.name());
        }
    }

    #[test]
    fn only_three_defaults_are_derived() {
        let derived: Vec<_> = settings()
            .iter()
            .filter(|s| is_derived(s))
            .map(Setting::name)
            .collect();
        assert_eq!(
            derived,
            [
                "PING_INTERVAL_MS",
                "PING_TIMEOUT_MS",
                "PRESENCE_REAPER_LOOKBACK_MS"
            ]
        );
    }

    #[test]
    fn names_are_unique_and_every_row_is_complete() {
        let names: BTreeSet<_> = settings().iter().map(Setting::name).collect();
        assert_eq!(names.len(), settings().len());
        for setting in settings() {
            assert!(!setting.section().is_empty(), "{}", setting.name());
            assert!(setting.about().ends_with('.'), "{}", setting.name());
            assert!(!setting.allowed().is_empty(), "{}", setting.name());
        }
    }

    fn is_derived(setting: &Setting) -> bool {
        setting.default_text().contains("PRESENCE_TTL_MS")
    }
}
