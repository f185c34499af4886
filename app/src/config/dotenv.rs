//! The file `.env`. It is read into a layer, never into the environment, and `$` in a value is a plain
//! character: passwords have them.

use std::path::Path;
use std::{fs, io};

use super::error::{ConfigErrors, Fault};
use super::layer::Layer;
use super::place::Place;
use super::variables;

/// Reads `.env` of a directory, if there is one.
pub(super) fn read(dir: &Path, errors: &mut ConfigErrors) -> Layer {
    let mut layer = Layer::default();
    match fs::read_to_string(dir.join(".env")) {
        Ok(text) => {
            for entry in parse(&text) {
                match entry {
                    Entry::Variable { line, name, value } => {
                        variables::dotenv(&mut layer, line, name, value, errors);
                    }
                    Entry::Broken { line, reason } => {
                        let place = Place::DotEnv {
                            line,
                            name: String::new(),
                        };
                        errors.push(
                            place,
                            Fault::Unreadable {
                                reason: reason.into(),
                            },
                            "write NAME=value",
                        );
                    }
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            let place = Place::DotEnv {
                line: 0,
                name: String::new(),
            };
            let reason = format!("cannot be read: {error}");
            errors.push(
                place,
                Fault::Unreadable { reason },
                "make it a readable text file, or remove it",
            );
        }
    }
    layer
}

enum Entry<'a> {
    Variable {
        line: usize,
        name: &'a str,
        value: String,
    },
    Broken {
        line: usize,
        reason: &'static str,
    },
}

/// Lines of `NAME=value`, `export NAME=value` or comment. A value in quotes may span lines.
fn parse(text: &str) -> Vec<Entry<'_>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (entry, next) = statement(rest, line);
        entries.extend(entry);
        line += rest[..rest.len() - next.len()].matches('\n').count();
        rest = next;
    }
    entries
}

/// Reads what begins with this line, and gives back the lines behind it.
fn statement(rest: &str, line: usize) -> (Option<Entry<'_>>, &str) {
    let (head, next) = first_line(rest);
    if head.trim().is_empty() || head.trim_start().starts_with('#') {
        return (None, next);
    }
    let Some((name, value)) = head.split_once('=') else {
        return (
            Some(Entry::Broken {
                line,
                reason: "has no =",
            }),
            next,
        );
    };
    let behind_equals = rest[name.len() + 1..].trim_start_matches([' ', '\t']);
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim_start();
    let Some(quote) = behind_equals
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))
    else {
        return (
            Some(Entry::Variable {
                line,
                name,
                value: unquoted(value),
            }),
            next,
        );
    };
    let Some((value, behind)) = quoted(&behind_equals[1..], quote) else {
        return (
            Some(Entry::Broken {
                line,
                reason: "has a quote that never ends",
            }),
            next,
        );
    };
    let (tail, next) = first_line(behind);
    if !unquoted(tail).is_empty() {
        return (
            Some(Entry::Broken {
                line,
                reason: "has text behind its quote",
            }),
            next,
        );
    }
    (Some(Entry::Variable { line, name, value }), next)
}

fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Up to a `#` with a space before it.
fn unquoted(value: &str) -> String {
    let comment = value
        .char_indices()
        .find(|(at, c)| *c == '#' && !value[..*at].ends_with(|c: char| !c.is_whitespace()));
    value[..comment.map_or(value.len(), |(at, _)| at)]
        .trim()
        .to_owned()
}

/// The value up to the closing quote, and what is behind it. Only double quotes know escapes.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, &text[at + 1..])),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                plain @ ('"' | '\\' | '$') => value.push(plain),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_of_writing_a_line_is_read() {
        let text = "\u{feff}# a comment\nA=1\r\n\n export B = two words # why\nC='$x \\n # y'\n\
            D=\"a\\n\\\"b\\\"\" # z\n\
            E=\nF=p#a$s=s\nG= # nothing\nH=\"one\ntwo\"\nI=last";
        let expected = "2 A=1|4 B=two words|5 C=$x \\n # y|6 D=a\n\"b\"|7 E=|8 F=p#a$s=s|9 G=|\
            10 H=one\ntwo|12 I=last";
        assert_eq!(render(text), expected);
    }

    #[test]
    fn a_broken_line_is_named_and_the_others_are_read() {
        let expected = "1 ! has no =|2 A=1|3 ! has text behind its quote|\
            4 ! has a quote that never ends|5 B=2";
        assert_eq!(render("words\nA=1\nX='y'z\nY=\"open\nB=2\n"), expected);
    }

    fn render(text: &str) -> String {
        let entries = parse(text);
        let lines = entries.iter().map(|entry| match entry {
            Entry::Variable { line, name, value } => format!("{line} {name}={value}"),
            Entry::Broken { line, reason } => format!("{line} ! {reason}"),
        });
        lines.collect::<Vec<_>>().join("|")
    }
}
