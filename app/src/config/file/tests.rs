//! What a TOML file may hold, and what is reported otherwise.

use super::*;

#[test]
fn every_type_of_value_becomes_text() {
    let layer = read_text(
        "port = 0x10\nhost = \"::1\"\npresence_enabled = false\nmax_message_bytes = 2_000\n\
         cors_origins = [\"https://a.example\", \"https://b.example\"]\nmax_nesting = 1.5",
    );
    let (layer, errors) = layer;
    assert_eq!(errors, "");
    let text = |name| {
        let setting = settings()
            .iter()
            .find(|setting| setting.key() == name)
            .unwrap();
        layer.value(setting).unwrap().text.clone()
    };
    assert_eq!(
        ["port", "host", "presence_enabled", "max_message_bytes"].map(text),
        ["16", "::1", "false", "2000"]
    );
    assert_eq!(text("cors_origins"), "https://a.example,https://b.example");
    assert_eq!(text("max_nesting"), "1.5");
}

#[test]
fn an_unknown_key_is_refused_with_line_column_and_the_closest_name() {
    let (_, errors) =
        read_text("port = 1\n  presence-ttl-ms = 5\nPORT = 2\n[presence]\nttl_ms = 5\n");
    assert!(
        errors.contains(
            "x.toml:2:3: presence-ttl-ms: no such key\n      did you mean presence_ttl_ms?"
        )
    );
    assert!(errors.contains("x.toml:3:1: PORT: no such key\n      did you mean port?"));
    assert!(
        errors.contains("x.toml:4:2: presence: no such key\n      keys stand at the top"),
        "{errors}"
    );
}

#[test]
fn a_list_or_table_is_no_single_value() {
    let (_, errors) =
        read_text("port = [1]\nredis_url = [\"redis://:hunter2@h\"]\nlog_level = { a = 1 }");
    assert!(
        errors.contains("x.toml:1:1: port is \"[1]\", allowed is 0 to 65_535"),
        "{errors}"
    );
    assert!(
        errors.contains("x.toml:2:1: redis_url has a wrong value (not shown)"),
        "{errors}"
    );
    assert!(errors.contains("x.toml:3:1: log_level is"), "{errors}");
    assert!(!errors.contains("hunter2"));
}

#[test]
fn mistakes_in_the_syntax_are_all_named_without_quoting_the_line() {
    let (_, errors) = read_text(
        "port = \nredis_url = \"redis://:hunter2@h\nhost = \"::1\" \"hunter2\"\nport 3\n",
    );
    assert!(errors.contains("x.toml:1:8"), "{errors}");
    assert!(errors.contains("x.toml:2:"), "{errors}");
    assert!(errors.contains("x.toml:4:"), "{errors}");
    assert!(!errors.contains("hunter2"), "{errors}");
}

#[test]
fn a_key_given_twice_is_refused() {
    let (_, errors) = read_text("port = 1\nport = 2\n");
    assert!(errors.contains("x.toml:2:1: duplicate key"), "{errors}");
}

fn read_text(text: &str) -> (Layer, String) {
    let mut errors = ConfigErrors::default();
    let layer = Document {
        path: "x.toml",
        text,
    }
    .read(&mut errors);
    let report = if errors.is_empty() {
        String::new()
    } else {
        errors.to_string()
    };
    (layer, report)
}
