//! An event for many connections, encoded once.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use rtm_domain::ports::Message;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::packet;
use crate::stream::Urgency;

/// An event and its arguments as JSON text.
#[derive(Debug)]
pub struct Frame {
    event: Cow<'static, str>,
    payload: Box<RawValue>,
    /// A second argument.
    besides: Option<Box<RawValue>>,
    urgency: Urgency,
    /// As a WebSocket message, once somebody needs that.
    message: OnceLock<Bytes>,
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
            urgency: Urgency::Prompt,
            message: OnceLock::new(),
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

    /// It can wait for its turn while more urgent ones are sent to others.
    #[must_use]
    pub fn in_turn(mut self) -> Self {
        self.urgency = Urgency::InTurn;
        self
    }

    /// What the presence service hands to the members of a room.
    pub fn message(self) -> Message {
        Arc::new(self)
    }

    /// As a WebSocket message, which all recipients share.
    pub(crate) fn shared(&self) -> &Bytes {
        self.message.get_or_init(|| match &self.besides {
            Some(besides) => packet::event(&self.event, &[&self.payload, besides]),
            None => packet::event(&self.event, &[&self.payload]),
        })
    }

    pub(crate) fn urgency(&self) -> Urgency {
        self.urgency
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
