//! Variables of the environment and of `.env`, and which unknown ones are taken for mistakes.

use super::error::{ConfigErrors, Fault};
use super::layer::{CONFIG_VARIABLE, Found, Layer, meant};
use super::place::Place;
use super::suggest;
use super::table::settings;

/// Prefixes that are ours alone.
const OWN: &[&str] = &["PRESENCE_", "RTM_", "CHAT_", "AUTH_"];

/// Prefixes that other programs use too: refused in `.env`, which is ours, not in the environment.
const SHARED: &[&str] = &[
    "MAX_",
    "PING_",
    "SHUTDOWN_",
    "CONNECT_",
    "LOG_",
    "UPGRADE_",
    "WRITE_",
];

/// The variables of this process. What is no Unicode comes with replacement characters.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (lossy(name), lossy(value)))
}

/// Reads the environment.
pub(super) fn environment(
    vars: impl Iterator<Item = (String, String)>,
    errors: &mut ConfigErrors,
) -> Layer {
    let mut layer = Layer::default();
    for (name, value) in vars {
        let refused = has_prefix(&name, OWN) && !is_service_link(&name, &value);
        take(
            &mut layer,
            Place::Environment(name.clone()),
            &name,
            value,
            refused,
            errors,
        );
    }
    layer
}

/// Reads one variable of `.env`.
pub(super) fn dotenv(
    layer: &mut Layer,
    line: usize,
    name: &str,
    value: String,
    errors: &mut ConfigErrors,
) {
    let refused = has_prefix(name, OWN) || has_prefix(name, SHARED);
    take(
        layer,
        Place::DotEnv {
            line,
            name: name.to_owned(),
        },
        name,
        value,
        refused,
        errors,
    );
}

fn take(
    layer: &mut Layer,
    place: Place,
    name: &str,
    text: String,
    refused: bool,
    errors: &mut ConfigErrors,
) {
    // An empty variable is the usual way to unset one in a compose file.
    if text.trim().is_empty() {
        return;
    }
    if name == CONFIG_VARIABLE {
        layer.config = Some(Found { place, text });
    } else if let Some(setting) = settings().iter().find(|setting| setting.name() == name) {
        layer.insert(setting, place, text);
    } else if refused {
        let hint = match meant(name) {
            Some(known) => suggest::did_you_mean(known),
            None => "rtm --help lists all of them".to_owned(),
        };
        errors.push(place, Fault::Unknown { what: "variable" }, hint);
    }
}

fn has_prefix(name: &str, prefixes: &[&str]) -> bool {
    let name = name.to_ascii_uppercase();
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Kubernetes puts such variables into every container for every service of the namespace, so a
/// service called `rtm` or `auth` would otherwise stop the server.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    let has_port_and_protocol = ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
        name.split_once(protocol).is_some_and(|(before, after)| {
            before.ends_with(|c: char| c.is_ascii_digit())
                && before.contains("_PORT_")
                && ["", "_PROTO", "_PORT", "_ADDR"].contains(&after)
        })
    });
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && is_address)
        || has_port_and_protocol
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_variable_of_ours_is_refused_with_the_closest_name() {
        let report = read(&[
            ("PRESENCE_TTL", "1"),
            ("RTM_PORT", "1"),
            ("presence_lease", "x"),
            ("AUTH_JTW", "hunter2"),
        ]);
        assert!(report.contains(
            "environment: PRESENCE_TTL: no such variable\n      did you mean PRESENCE_TTL_MS?"
        ));
        assert!(
            report.contains("environment: RTM_PORT: no such variable\n      did you mean PORT?")
        );
        assert!(report.contains(
            "environment: presence_lease: no such variable\n      did you mean PRESENCE_LEASE?"
        ));
        assert!(report.contains("environment: AUTH_JTW: no such variable"));
        assert!(!report.contains("hunter2"));
    }

    #[test]
    fn foreign_and_empty_variables_are_left_alone() {
        assert_eq!(
            read(&[
                ("MAX_JOBS", "1"),
                ("LOG_DIR", "/x"),
                ("PATH", "/bin"),
                ("RTM_NOTHING", " ")
            ]),
            ""
        );
    }

    #[test]
    fn variables_of_a_kubernetes_service_are_left_alone() {
        let links = [
            ("RTM_SERVICE_HOST", "10.0.0.1"),
            ("RTM_SERVICE_PORT", "3000"),
            ("RTM_SERVICE_PORT_HTTP", "3000"),
            ("RTM_PORT", "tcp://10.0.0.1:3000"),
            ("RTM_PORT_3000_TCP", "tcp://10.0.0.1:3000"),
            ("RTM_PORT_3000_TCP_PROTO", "tcp"),
            ("AUTH_PORT_80_TCP_ADDR", "10.0.0.2"),
        ];
        assert_eq!(read(&links), "");
    }

    fn read(vars: &[(&str, &str)]) -> String {
        let mut errors = ConfigErrors::default();
        environment(
            vars.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
            &mut errors,
        );
        if errors.is_empty() {
            String::new()
        } else {
            errors.to_string()
        }
    }
}
