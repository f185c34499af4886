//! Takes apart what a script returns.

use std::collections::VecDeque;
use std::sync::Arc;

use rtm_domain::error::StoreError;
use rtm_redis::fred::types::Value;

use super::body;
use crate::modules::chat::MsgId;
use crate::modules::chat::store::Stored;

/// A list of texts, taken from the front.
pub(super) struct List(VecDeque<Value>);

impl List {
    pub(super) fn of(answer: Value) -> Result<Self, StoreError> {
        match answer {
            Value::Array(values) => Ok(Self(values.into())),
            other => Err(corrupt(format!("a script answers {:?}", other.kind()))),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        let text = self.0.pop_front().and_then(Value::into_string);
        text.ok_or_else(|| corrupt("a script answers no text"))
    }

    pub(super) fn id(&mut self) -> Result<MsgId, StoreError> {
        let number = self.text()?.parse();
        let number = number.map_err(|_| corrupt("a script answers no id"))?;
        Ok(MsgId::from_number(number))
    }

    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.text()? == "1")
    }

    pub(super) fn ids(mut self) -> Result<Vec<MsgId>, StoreError> {
        let mut ids = Vec::with_capacity(self.0.len());
        while !self.is_empty() {
            ids.push(self.id()?);
        }
        Ok(ids)
    }

    /// The rest: messages.
    pub(super) fn messages(&mut self) -> Result<Vec<Arc<Stored>>, StoreError> {
        let mut messages = Vec::with_capacity(self.0.len() / 2);
        while !self.is_empty() {
            let (id, text) = (self.id()?, self.text()?);
            let draft = body::to_draft(&text)?;
            messages.push(Arc::new(Stored { id, draft }));
        }
        Ok(messages)
    }
}

pub(super) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt(what.into())
}
