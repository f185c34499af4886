//! What a caught panic said, for the log.

use std::any::Any;

/// The panic's message, if it is text.
pub fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(owned).unwrap_or("it did not say why")
}
