//! Takes apart what a script returns.

use std::collections::VecDeque;

use fred::types::Value;
use rtm_domain::error::StoreError;
use rtm_domain::ports::{Identity, Witness};
use rtm_domain::presence::epoch::Version;
use rtm_domain::presence::record::Found;
use rtm_domain::time::Timestamp;

use crate::codec::{corrupt, record_from_bytes, revision_from_text};

/// What a script returned.
pub(super) struct Answer(pub(super) Value);

/// A list of it, taken from the front.
pub(super) struct List(VecDeque<Value>);

impl Answer {
    pub(super) fn list(self) -> Result<List, StoreError> {
        match self.0 {
            Value::Array(values) => Ok(List(values.into())),
            other => Err(corrupt(format!("a script answers {:?}", other.kind()))),
        }
    }
}

impl List {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn value(&mut self) -> Result<Value, StoreError> {
        let next = self.0.pop_front();
        next.ok_or_else(|| corrupt("a script answers too little"))
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        let text = self.value()?.into_string();
        text.ok_or_else(|| corrupt("a script answers no text"))
    }

    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        let number = self.value()?.as_u64();
        number.ok_or_else(|| corrupt("a script answers no number"))
    }

    pub(super) fn numbers(&mut self) -> Result<Vec<u64>, StoreError> {
        let mut list = Answer(self.value()?).list()?;
        let mut numbers = Vec::with_capacity(list.0.len());
        while !list.is_empty() {
            numbers.push(list.number()?);
        }
        Ok(numbers)
    }

    pub(super) fn lists(&mut self) -> Result<Vec<List>, StoreError> {
        let List(lists) = Answer(self.value()?).list()?;
        lists.into_iter().map(|list| Answer(list).list()).collect()
    }

    /// The time and the server's identity.
    pub(super) fn witness(&mut self) -> Result<Witness, StoreError> {
        let time = Timestamp(self.number()?);
        let identity = Identity(self.text()?.into());
        Ok(Witness { identity, time })
    }

    /// A record: version, revision, whether it is lapsed, bytes.
    pub(super) fn found(&mut self) -> Result<Found, StoreError> {
        let (version, revision) = (self.number()?, self.text()?);
        let lapsed = self.number()? == 1;
        self.record(version, &revision, lapsed)
    }

    /// A record that is lapsed: version, revision, bytes.
    pub(super) fn lapsed(&mut self) -> Result<Found, StoreError> {
        let (version, revision) = (self.number()?, self.text()?);
        self.record(version, &revision, true)
    }

    fn record(&mut self, version: u64, revision: &str, lapsed: bool) -> Result<Found, StoreError> {
        let bytes = self.value()?.into_owned_bytes();
        let bytes = bytes.ok_or_else(|| corrupt("a script answers no record"))?;
        Ok(Found {
            revision: revision_from_text(revision)?,
            version: Version(version),
            lapsed,
            record: record_from_bytes(&bytes)?,
        })
    }
}
