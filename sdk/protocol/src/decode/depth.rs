//! How deeply a JSON text is nested, without parsing it.

/// How many arrays and objects a message may have inside each other.
pub const DEPTH_MAX: usize = 128;

/// Whether arrays and objects of `json` lie inside each other more than `max` levels deep: `1` has
/// none, `[{}]` two. Brackets in strings do not count. Of a text that is no JSON the answer means
/// nothing, but it comes.
pub fn exceeds_depth(json: &str, max: usize) -> bool {
    let mut depth = 0usize;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > max {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    false
}

/// Moves past the closing quote.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            // Whatever is escaped, a quote or a backslash above all, does not end the string.
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_arrays_and_objects() {
        for (json, depth) in [
            ("1", 0),
            ("[]", 1),
            ("[[],[],{}]", 2),
            (r#"{"a":[{"b":{}}]}"#, 4),
            (r#"["[[[", "\"[[", "\\", []]"#, 2),
        ] {
            assert!(!exceeds_depth(json, depth), "{json}");
            assert!(depth == 0 || exceeds_depth(json, depth - 1), "{json}");
        }
    }

    #[test]
    fn broken_text_gets_an_answer() {
        for json in ["", "]]]]", "\"", "\"\\", "[\"[", "}}{{"] {
            assert!(!exceeds_depth(json, 2), "{json}");
        }
    }
}
