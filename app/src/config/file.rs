//! The TOML file: flat keys, named like the variables in lower case.

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{ConfigErrors, Fault};
use super::kind::Kind;
use super::layer::{CONFIG_VARIABLE, Found, Layer, meant};
use super::place::Place;
use super::setting::Setting;
use super::suggest;
use super::table::settings;

/// Read when it exists and no other file is named.
const DEFAULT_NAME: &str = "rtm.toml";

/// Reads the file that was named, or `rtm.toml` if there is one. A path is relative to `dir`.
pub(super) fn read(dir: &Path, named: Option<&Found>, errors: &mut ConfigErrors) -> Layer {
    let path = named.map_or(DEFAULT_NAME, |found| found.text.as_str());
    match fs::read_to_string(dir.join(path)) {
        Ok(text) => Document { path, text: &text }.read(errors),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            Layer::default()
        }
        Err(error) => {
            let whole = Place::File {
                path: path.to_owned(),
                line: 0,
                column: 0,
                key: String::new(),
            };
            let place = named.map_or(whole, |found| found.place.clone());
            let reason = format!("the file {} cannot be read: {error}", suggest::quoted(path));
            errors.push(
                place,
                Fault::Unreadable { reason },
                "name a readable TOML file",
            );
            Layer::default()
        }
    }
}

struct Document<'a> {
    path: &'a str,
    text: &'a str,
}

impl Document<'_> {
    fn read(&self, errors: &mut ConfigErrors) -> Layer {
        let mut layer = Layer::default();
        let (table, syntax_errors) = DeTable::parse_recoverable(self.text);
        if !syntax_errors.is_empty() {
            // Values around a broken place may be misread, so the mistakes in the syntax come alone.
            // Only the message is repeated: the parser's full report quotes the line, which may hold
            // a password.
            for error in syntax_errors {
                let place = self.place(error.span().unwrap_or_default(), "");
                errors.push(
                    place,
                    Fault::Unreadable {
                        reason: error.message().to_owned(),
                    },
                    "write key = value",
                );
            }
            return layer;
        }
        let mut entries: Vec<_> = table.get_ref().iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let place = self.place(key.span(), name);
            match settings().iter().find(|setting| setting.key() == name) {
                Some(setting) => match self.text_of(setting, value.get_ref(), value.span()) {
                    Some(text) => layer.insert(setting, place, text),
                    None => {
                        let fault = Fault::BadValue {
                            value: (!setting.is_secret())
                                .then(|| self.text[value.span()].to_owned()),
                            allowed: setting.allowed(),
                        };
                        errors.push(place, fault, "write a single value");
                    }
                },
                None => errors.push(
                    place,
                    Fault::Unknown { what: "key" },
                    hint(name, value.get_ref()),
                ),
            }
        }
        layer
    }

    /// The value as it would stand in a variable; nothing for a list or table where none fits.
    fn text_of(
        &self,
        setting: &Setting,
        value: &DeValue<'_>,
        span: Range<usize>,
    ) -> Option<String> {
        match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                let number =
                    u64::from_str_radix(&digits, number.radix()).map(|number| number.to_string());
                Some(number.unwrap_or_else(|_| self.text[span].to_owned()))
            }
            DeValue::Boolean(on) => Some(on.to_string()),
            DeValue::Float(_) | DeValue::Datetime(_) => Some(self.text[span].to_owned()),
            DeValue::Array(items) if matches!(setting.kind, Kind::Text { list: true, .. }) => {
                let texts: Option<Vec<_>> =
                    items.iter().map(|item| item.get_ref().as_str()).collect();
                Some(texts?.join(","))
            }
            DeValue::Array(_) | DeValue::Table(_) => None,
        }
    }

    fn place(&self, span: Range<usize>, key: &str) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key: key.to_owned(),
        }
    }
}

fn hint(name: &str, value: &DeValue<'_>) -> String {
    if matches!(value, DeValue::Table(_)) {
        return "keys stand at the top, without a table: presence_ttl_ms = 30000".to_owned();
    }
    match meant(name) {
        Some(CONFIG_VARIABLE) => "a file names no other file".to_owned(),
        Some(known) => suggest::did_you_mean(&known.to_ascii_lowercase()),
        None => "rtm --help lists all of them, in lower case here".to_owned(),
    }
}
