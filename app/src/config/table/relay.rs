//! The rows of the relay.

use super::count;
use crate::config::kind::Kind;
use crate::config::setting::Setting;
use crate::modules::RelaySettings;

pub(super) fn rows() -> impl Iterator<Item = Setting> {
    let rows = [
        Setting::new(
            "RELAY_EVENTS",
            "cursor:move",
            "Names of an application's own events that members of a room send each other, with commas between them.",
            Kind::Text {
                form: "names such as cursor:move, or none",
                list: true,
                set: |c, t| {
                    let names = t.split(',').map(str::trim);
                    let names: Vec<String> = match t {
                        "none" => Vec::new(),
                        _ => names.map(ToOwned::to_owned).collect(),
                    };
                    if let Some(why) = names.iter().find_map(|name| RelaySettings::refuse(name)) {
                        return Err(why.into());
                    }
                    c.relay.events = names;
                    Ok(())
                },
            },
        ),
        Setting::new(
            "RELAY_EVENTS_PER_SECOND",
            "100",
            "How many of them one connection may send.",
            count("events a second", 1..=10_000, |c, n| {
                c.relay.events_per_second = n
            }),
        ),
    ];
    Setting::under("Relay", rows)
}
