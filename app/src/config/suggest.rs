//! What someone may have meant.

use std::cmp::Reverse;

/// The candidate most like `word`, if it is like it at all.
pub(super) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A third of the letters may be wrong: fewer miss `PRESENCE_TTL`, more take `HOST` for `PORT`.
    let tolerance = (word.chars().count() / 3).max(1);
    // `warning` and `PORTS` are a known word and more, however much more.
    let distance = |candidate: &str| match word.starts_with(candidate) {
        true => 0,
        false => strsim::damerau_levenshtein(word, candidate),
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, candidate)| (*distance, Reverse(candidate.len())))
        .map(|(_, candidate)| candidate)
}

/// The question to go with a candidate.
pub(super) fn did_you_mean(candidate: &str) -> String {
    format!("did you mean {candidate}?")
}

/// A value as it may appear in a message: on one line, without control characters, not endless.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", quoted_part(value))
}

/// As [`quoted`], without the quotes.
pub(super) fn quoted_part(value: &str) -> String {
    const SHOWN_MAX: usize = 80;
    let mut shown: String = value
        .chars()
        .take(SHOWN_MAX)
        .flat_map(char::escape_debug)
        .collect();
    if value.chars().count() > SHOWN_MAX {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_close_name_is_suggested() {
        let names = ["PORT", "HOST", "PRESENCE_TTL_MS", "PRESENCE_LEASE"];
        assert_eq!(closest("PROT", names), Some("PORT"));
        assert_eq!(closest("PRESENCE_TTL", names), Some("PRESENCE_TTL_MS"));
        assert_eq!(closest("PRESENCE_LAESE", names), Some("PRESENCE_LEASE"));
        assert_eq!(closest("PORTS", names), Some("PORT"));
        assert_eq!(closest("DATABASE", names), None);
    }

    #[test]
    fn a_shown_value_stays_on_one_short_line() {
        assert_eq!(quoted("a\nb\u{1b}"), "\"a\\nb\\u{1b}\"");
        assert!(quoted(&"x".repeat(10_000)).chars().count() < 100);
    }
}
