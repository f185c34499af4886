//! What one source says, before anything is parsed.

use std::collections::BTreeMap;
use std::iter;

use super::place::Place;
use super::setting::Setting;
use super::suggest;
use super::table::settings;

/// The variable that names the TOML file; its flag is `--config`.
pub(super) const CONFIG_VARIABLE: &str = "RTM_CONFIG";

/// The values of one source. It may hold secrets, so it has no `Debug`.
#[derive(Default)]
pub(super) struct Layer {
    /// By name of the setting.
    values: BTreeMap<&'static str, Found>,
    /// Path of the TOML file, where the source may name it.
    pub(super) config: Option<Found>,
}

/// A text and where it was.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) text: String,
}

impl Layer {
    /// Remembers a value; a later one of the same source wins.
    pub(super) fn insert(&mut self, setting: &Setting, place: Place, text: String) {
        self.values.insert(setting.name(), Found { place, text });
    }

    pub(super) fn value(&self, setting: &Setting) -> Option<&Found> {
        self.values.get(setting.name())
    }
}

/// The setting a word may have meant, in whichever spelling it was written: a flag with `_`, a
/// variable in lower case, a name with the prefix `RTM_`.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    let name = word
        .trim_start_matches('-')
        .replace('-', "_")
        .to_ascii_uppercase();
    let names = || {
        settings()
            .iter()
            .map(Setting::name)
            .chain(iter::once(CONFIG_VARIABLE))
    };
    if name == "CONFIG" {
        return Some(CONFIG_VARIABLE);
    }
    let bare = name.strip_prefix("RTM_").unwrap_or(&name);
    names()
        .find(|known| *known == bare)
        .or_else(|| suggest::closest(&name, names()))
}
