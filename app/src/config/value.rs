//! From text to a value of a setting, or to a refusal that helps.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Config;
use super::kind::{Kind, Set, Unit, grouped};
use super::setting::Setting;
use super::suggest;

impl Setting {
    /// Sets the value. The error is a hint on what to write instead; it never repeats a secret.
    pub(super) fn apply(&self, config: &mut Config, text: &str) -> Result<(), String> {
        let text = text.trim();
        match &self.kind {
            Kind::Number { unit, range, set } => {
                let number =
                    parse_number(text, *unit, range).map_err(|hint| self.or_example(hint))?;
                match set {
                    Set::Plain(set) => set(config, number),
                    Set::Bytes(set) => set(config, number as usize),
                    Set::Time(set) => set(config, Duration::from_millis(number.into())),
                }
            }
            Kind::Switch { set } => set(config, parse_switch(text)?),
            Kind::Choice { options } => {
                let chosen = options
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(text));
                let Some((_, choose)) = chosen else {
                    let names = options.iter().map(|(name, _)| *name);
                    let close = suggest::closest(&text.to_ascii_lowercase(), names)
                        .map(suggest::did_you_mean);
                    return Err(self.or_example(close));
                };
                choose(config);
            }
            Kind::Text { set, .. } => set(config, text)?,
        }
        Ok(())
    }

    fn or_example(&self, hint: Option<String>) -> String {
        hint.unwrap_or_else(|| format!("leave it out for the default: {}", self.default_text()))
    }
}

fn parse_number(
    text: &str,
    unit: Unit,
    range: &RangeInclusive<u32>,
) -> Result<u32, Option<String>> {
    if text.strip_prefix('-').and_then(digits).is_some() {
        return Err(Some(format!(
            "the nearest allowed value is {}",
            grouped(*range.start())
        )));
    }
    let Some(digits) = digits(text) else {
        let plain = with_suffix(text, unit).and_then(|number| u32::try_from(number).ok());
        let allowed = plain.filter(|number| range.contains(number));
        return Err(
            allowed.map(|number| format!("write it in {}: {}", unit.label(), grouped(number)))
        );
    };
    // So many digits that they fit no type are only too large.
    let number = digits.parse().unwrap_or(u64::MAX);
    let fitting = u32::try_from(number)
        .ok()
        .filter(|number| range.contains(number));
    fitting.ok_or_else(|| {
        let nearest = if number < u64::from(*range.start()) {
            range.start()
        } else {
            range.end()
        };
        Some(format!(
            "the nearest allowed value is {}",
            grouped(*nearest)
        ))
    })
}

/// Digits without the `_` between them; nothing if there is anything else, a sign too.
fn digits(text: &str) -> Option<String> {
    let mut parts = text.split('_');
    let all_digits = parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    all_digits.then(|| text.replace('_', ""))
}

/// Reads `30s` or `64k`, which are not accepted but easily explained.
fn with_suffix(text: &str, unit: Unit) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '_')?;
    let number: u64 = digits(&text[..split])?.parse().ok()?;
    let factor = match (unit, text[split..].trim().to_ascii_lowercase().as_str()) {
        (Unit::Millis, "ms") | (Unit::Bytes, "b") => 1,
        (Unit::Millis, "s" | "sec") => 1000,
        (Unit::Millis, "m" | "min") => 60_000,
        (Unit::Millis, "h") => 3_600_000,
        (Unit::Bytes, "kb") => 1000,
        (Unit::Bytes, "k" | "kib") => 1 << 10,
        (Unit::Bytes, "mb") => 1_000_000,
        (Unit::Bytes, "m" | "mib") => 1 << 20,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        other => Err(match suggest::closest(other, ["true", "false"]) {
            Some(word) => suggest::did_you_mean(word),
            None => "write true or false".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings;

    #[test]
    fn numbers_may_have_underscores_and_spaces_around_them() {
        let mut config = Config::default();
        apply(&mut config, "MAX_MESSAGE_BYTES", " 2_000_000 ").unwrap();
        assert_eq!(config.limits.message_bytes, 2_000_000);
        for text in [
            "_1", "1_", "1__0", "+1", "-1", "1e3", "", "3.5", "0x10", "٣",
        ] {
            assert!(
                apply(&mut config, "MAX_MESSAGE_BYTES", text).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_number_out_of_range_is_answered_with_the_nearest() {
        let hint = |text| apply(&mut Config::default(), "PRESENCE_TTL_MS", text).unwrap_err();
        assert_eq!(hint("99"), "the nearest allowed value is 100");
        assert_eq!(hint("86400001"), "the nearest allowed value is 86_400_000");
        assert_eq!(
            hint("99999999999999999999999"),
            "the nearest allowed value is 86_400_000"
        );
        for edge in ["100", "86_400_000"] {
            apply(&mut Config::default(), "PRESENCE_TTL_MS", edge).unwrap();
        }
    }

    #[test]
    fn a_unit_is_answered_with_the_number_it_stands_for() {
        let hint = |name, text| apply(&mut Config::default(), name, text).unwrap_err();
        assert_eq!(hint("PRESENCE_TTL_MS", "30s"), "write it in ms: 30_000");
        assert_eq!(
            hint("MAX_QUEUE_BYTES", "64 KiB"),
            "write it in bytes: 65_536"
        );
        assert_eq!(
            hint("PRESENCE_TTL_MS", "90d"),
            "leave it out for the default: 30000"
        );
        assert_eq!(
            hint("PRESENCE_TTL_MS", "99h"),
            "leave it out for the default: 30000"
        );
    }

    #[test]
    fn words_are_accepted_in_any_case_and_corrected() {
        let mut config = Config::default();
        apply(&mut config, "PRESENCE_LEASE", "Transport").unwrap();
        apply(&mut config, "PRESENCE_ENABLED", "OFF").unwrap();
        assert_eq!(config.presence.lease, crate::config::LeaseMode::Transport);
        assert!(!config.presence.enabled);
        assert_eq!(
            apply(&mut config, "LOG_FORMAT", "jsno").unwrap_err(),
            "did you mean json?"
        );
        assert_eq!(
            apply(&mut config, "PRESENCE_ENABLED", "flase").unwrap_err(),
            "did you mean false?"
        );
        assert_eq!(
            apply(&mut config, "LOG_FORMAT", "xml").unwrap_err(),
            "leave it out for the default: auto"
        );
    }

    fn apply(config: &mut Config, name: &str, text: &str) -> Result<(), String> {
        settings()
            .iter()
            .find(|setting| setting.name() == name)
            .unwrap()
            .apply(config, text)
    }
}
