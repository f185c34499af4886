//! The table of settings as a page of documentation.

use std::fmt::Write;

use super::table::settings;

const INTRODUCTION: &str = "\
# Configuration

Generated from the table of settings; `rtm --help` shows the same.

Each setting has one name in three spellings: a variable (`PRESENCE_TTL_MS`), a flag (`--presence-ttl-ms`) and a key of
a TOML file (`presence_ttl_ms`). The first place that has it wins:

1. the flag;
2. the variable in the environment;
3. the variable in the file `.env` of the working directory, where `$` is a plain character;
4. the key in the TOML file: `--config PATH`, else `RTM_CONFIG`, else `rtm.toml` in the working directory if there is one;
5. the default.

An empty variable counts as not set. Numbers may be written with `_` between digits. Whatever is wrong is reported at once,
with its place and what to write instead, and the server does not start (exit code 2): an unknown flag, an unknown key, an
unknown variable with one of our prefixes, a value that is not allowed. A value that a stronger place overrides is not checked.
";

/// The text of the page `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut section = "";
    for setting in settings() {
        if setting.section() != section {
            section = setting.section();
            let head = "| variable | flag | default | allowed | meaning |\n|---|---|---|---|---|\n";
            // Writing to a string cannot fail.
            let _ = write!(page, "\n## {section}\n\n{head}");
        }
        let (name, flag, default) = (setting.name(), setting.flag(), setting.default_text());
        let _ = writeln!(
            page,
            "| `{name}` | `{flag}` | {default} | {} | {} |",
            setting.allowed(),
            setting.about()
        );
    }
    page.replace("| * |", "| `*` |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_row_for_every_setting() {
        let page = markdown();
        for setting in settings() {
            assert!(page.contains(&format!("| `{}` | `{}` |", setting.name(), setting.flag())));
        }
        let is_row = |line: &&str| line.starts_with("| `");
        assert_eq!(page.lines().filter(is_row).count(), settings().len());
        assert!(
            page.lines()
                .filter(is_row)
                .all(|line| line.matches('|').count() == 6)
        );
    }

    #[test]
    fn the_page_in_docs_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        if std::env::var_os("RTM_WRITE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        let advice = "RTM_WRITE_DOCS=1 cargo test -p rtm markdown writes it anew";
        assert_eq!(page, markdown(), "{advice}");
    }
}
