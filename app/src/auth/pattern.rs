//! Patterns of room names.

use std::fmt;

/// A pattern: `*` stands for any characters, also none; everything else for itself. `\*` is a
/// star and `\\` a backslash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What must follow each other, with anything in between.
    pieces: Vec<String>,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let piece = pieces.last_mut().map(|piece| (piece, c));
            match piece {
                Some((_, '*')) => pieces.push(String::new()),
                Some((piece, '\\')) => piece.push(chars.next().unwrap_or('\\')),
                Some((piece, c)) => piece.push(c),
                None => {}
            }
        }
        Self { pieces }
    }

    /// Whether it stands for `name`. Takes time in proportion to the name for each piece.
    pub(super) fn matches(&self, name: &str) -> bool {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else {
            return false;
        };
        if self.pieces.len() == 1 {
            return name == first;
        }
        let Some(mut rest) = name.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in &self.pieces[1..self.pieces.len() - 1] {
            match rest.split_once(piece.as_str()) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.join("*").fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_the_rest_for_itself() {
        for (pattern, yes, no) in [
            ("*", &["", "a", "a:b*"][..], &[][..]),
            ("lobby", &["lobby"], &["", "lobby2", "Lobby"]),
            ("team-*", &["team-", "team-1"], &["team", "a-team-1"]),
            ("*-public", &["-public", "x-public"], &["x-public-"]),
            ("a*b*c", &["abc", "aXbYc", "abbc"], &["ac", "acb", "abcd"]),
            ("a*a", &["aa", "aba"], &["a"]),
            (r"\*", &["*"], &["a", r"\*"]),
            (r"a\\*", &[r"a\", r"a\b"], &["ab"]),
            (r"end\", &[r"end\"], &["end"]),
            ("doc.?", &["doc.?"], &["doc.1"]),
        ] {
            let parsed = Pattern::parse(pattern);
            for name in yes {
                assert!(parsed.matches(name), "{pattern} ~ {name}");
            }
            for name in no {
                assert!(!parsed.matches(name), "{pattern} !~ {name}");
            }
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = Pattern::parse(&"a*".repeat(128));
        assert!(!pattern.matches(&"b".repeat(256)));
        assert!(!Pattern::parse(&format!("{}c", "*a".repeat(100))).matches(&"a".repeat(256)));
    }
}
