//! The scripts. What they share stands before each.

use rtm_redis::Script;

const COMMON: &str = include_str!("scripts/common.lua");

pub(super) struct Scripts {
    pub(super) append: Script,
    pub(super) page: Script,
    pub(super) since: Script,
    pub(super) lasts: Script,
    pub(super) mark_read: Script,
    pub(super) receipts: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |body: &str| Script::new(format!("{COMMON}{body}"));
        Self {
            append: script(include_str!("scripts/append.lua")),
            page: script(include_str!("scripts/page.lua")),
            since: script(include_str!("scripts/since.lua")),
            lasts: script(include_str!("scripts/lasts.lua")),
            mark_read: script(include_str!("scripts/mark_read.lua")),
            receipts: script(include_str!("scripts/receipts.lua")),
        }
    }
}
