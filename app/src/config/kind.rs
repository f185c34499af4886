//! What sorts of value there are; `value.rs` reads them.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Config;

/// What sort of value a setting takes, and where it goes.
pub(super) enum Kind {
    /// A whole number in a range.
    Number {
        unit: Unit,
        range: RangeInclusive<u32>,
        set: Set,
    },
    /// On or off.
    Switch { set: fn(&mut Config, bool) },
    /// One of a few words.
    Choice { options: &'static [Choice] },
    /// Anything else; `set` refuses with a hint. In TOML a list may stand for text with commas.
    Text {
        form: &'static str,
        list: bool,
        set: fn(&mut Config, &str) -> Result<(), String>,
    },
}

/// A word and what it sets.
pub(super) type Choice = (&'static str, fn(&mut Config));

impl Kind {
    /// What is allowed, with the unit.
    pub(super) fn allowed(&self) -> String {
        match self {
            Self::Number { unit, range, .. } => {
                let text = format!(
                    "{} to {} {}",
                    grouped(*range.start()),
                    grouped(*range.end()),
                    unit.label()
                );
                text.trim_end().to_owned()
            }
            Self::Switch { .. } => "true or false".to_owned(),
            Self::Choice { options } => {
                let names: Vec<_> = options.iter().map(|(name, _)| *name).collect();
                match names.split_last() {
                    Some((last, [])) => (*last).to_owned(),
                    Some((last, others)) => format!("{} or {last}", others.join(", ")),
                    None => String::new(),
                }
            }
            Self::Text { form, .. } => (*form).to_owned(),
        }
    }
}

/// How a number enters the configuration.
pub(super) enum Set {
    Plain(fn(&mut Config, u32)),
    Bytes(fn(&mut Config, usize)),
    Time(fn(&mut Config, Duration)),
}

/// What a number counts.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Millis,
    Bytes,
    Count(&'static str),
}

impl Unit {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Millis => "ms",
            Self::Bytes => "bytes",
            Self::Count(what) => what,
        }
    }

    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::Millis => "MS",
            Self::Bytes => "BYTES",
            Self::Count(_) => "NUMBER",
        }
    }
}

/// A number as it may also be written in a setting: `1_000_000`.
pub(super) fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        let texts = [0, 100, 3000, 10_000, 86_400_000].map(grouped);
        assert_eq!(texts, ["0", "100", "3000", "10_000", "86_400_000"]);
    }
}
