//! One row of the table of settings: its three spellings, its kind, its default and its meaning.

use std::fmt;

use super::kind::Kind;
use super::suggest;

/// One setting. Its name gives the variable (`PRESENCE_TTL_MS`), the flag and the key.
pub struct Setting {
    name: &'static str,
    flag: String,
    key: String,
    section: &'static str,
    default: &'static str,
    about: &'static str,
    secret: bool,
    pub(super) kind: Kind,
}

impl Setting {
    pub(super) fn new(
        name: &'static str,
        default: &'static str,
        about: &'static str,
        kind: Kind,
    ) -> Self {
        let key = name.to_ascii_lowercase();
        let flag = format!("--{}", key.replace('_', "-"));
        Self {
            name,
            flag,
            key,
            section: "",
            default,
            about,
            secret: false,
            kind,
        }
    }

    /// Marks a setting whose value is never shown.
    pub(super) fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    /// Puts rows under a heading.
    pub(super) fn under<const N: usize>(
        section: &'static str,
        rows: [Self; N],
    ) -> impl Iterator<Item = Self> {
        rows.into_iter().map(move |row| Self { section, ..row })
    }

    /// Name of the variable, such as `PRESENCE_TTL_MS`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The flag, such as `--presence-ttl-ms`.
    pub fn flag(&self) -> &str {
        &self.flag
    }

    /// The key in a TOML file, such as `presence_ttl_ms`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Heading it belongs under.
    pub fn section(&self) -> &'static str {
        self.section
    }

    /// The default as text: a value, or the rule that derives it.
    pub fn default_text(&self) -> &'static str {
        self.default
    }

    /// What it is for, in one line.
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// Whether its value must not be shown.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// What is allowed, with the unit.
    pub fn allowed(&self) -> String {
        self.kind.allowed()
    }

    /// A value as it may be shown.
    pub(super) fn shown(&self, value: &str) -> String {
        if self.secret {
            "***".to_owned()
        } else {
            suggest::quoted_part(value)
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_the_flag_and_the_key() {
        let kind = Kind::Switch { set: |_, _| {} };
        let setting = Setting::new("PRESENCE_TTL_MS", "", "", kind);
        assert_eq!(
            (setting.flag(), setting.key()),
            ("--presence-ttl-ms", "presence_ttl_ms")
        );
    }
}
