//! An event for many connections, encoded once.

use std::borrow::Cow;
use std::sync::Arc;

use rtm_domain::ports::Message;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// An event and its arguments as JSON text.
#[derive(Debug)]
pub struct Frame {
    event: Cow<'static, str>,
    payload: Box<RawValue>,
    /// A second argument.
    besides: Option<Box<RawValue>>,
}

impl Frame {
    /// An event with one argument.
    ///
    /// # Errors
    ///
    /// The argument cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(
        event: impl Into<Cow<'static, str>>,
        payload: &T,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            event: event.into(),
            payload: to_raw_value(payload)?,
            besides: None,
        })
    }

    /// The same with a second argument.
    ///
    /// # Errors
    ///
    /// It cannot be written as JSON.
    pub fn and<T: Serialize + ?Sized>(mut self, besides: &T) -> Result<Self, serde_json::Error> {
        self.besides = Some(to_raw_value(besides)?);
        Ok(self)
    }

    /// What the presence service hands to the members of a room.
    pub fn message(self) -> Message {
        Arc::new(self)
    }

    pub(crate) fn event(&self) -> &str {
        &self.event
    }

    pub(crate) fn payload(&self) -> &RawValue {
        &self.payload
    }

    pub(crate) fn besides(&self) -> Option<&RawValue> {
        self.besides.as_deref()
    }
}
