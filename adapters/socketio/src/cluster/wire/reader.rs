//! Reads the parts of a message. What it reads may be anything: it neither panics nor allocates
//! more than the message is long, by a small factor.

use std::collections::VecDeque;

use bytes::Bytes;
use socketioxide::{AckError, SocketError};
use socketioxide_core::adapter::{BroadcastFlags, BroadcastOptions, Room};
use socketioxide_core::{Sid, Uid, Value};

use super::{Foreign, ack, value};

/// The bytes that are left.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Foreign> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Foreign)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Foreign> {
        self.0.is_empty().then_some(()).ok_or(Foreign)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Foreign> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn flag(&mut self) -> Result<bool, Foreign> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Foreign),
        }
    }

    pub(super) fn long(&mut self) -> Result<u64, Foreign> {
        let bytes = self.take(8)?.try_into().map_err(|_| Foreign)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn length(&mut self) -> Result<usize, Foreign> {
        let bytes = self.take(4)?.try_into().map_err(|_| Foreign)?;
        usize::try_from(u32::from_be_bytes(bytes)).map_err(|_| Foreign)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Foreign> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<String, Foreign> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| Foreign)?;
        Ok(text.to_owned())
    }

    pub(super) fn room(&mut self) -> Result<Room, Foreign> {
        Ok(self.text()?.into())
    }

    pub(super) fn sid(&mut self) -> Result<Sid, Foreign> {
        let text = std::str::from_utf8(self.take(16)?).map_err(|_| Foreign)?;
        text.parse().map_err(|_| Foreign)
    }

    pub(super) fn uid(&mut self) -> Result<Uid, Foreign> {
        let text = std::str::from_utf8(self.take(16)?).map_err(|_| Foreign)?;
        text.parse().map_err(|_| Foreign)
    }

    /// A list, however long it claims to be: every item takes a byte at least.
    pub(super) fn list<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, Foreign>,
    ) -> Result<Vec<T>, Foreign> {
        let length = self.length()?;
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(super) fn options(&mut self) -> Result<BroadcastOptions, Foreign> {
        let flags = self.byte()?;
        let mut opts = BroadcastOptions::default();
        opts.rooms = self.list(Self::room)?.into();
        opts.except = self.list(Self::room)?.into();
        // It is for this node, so it cannot be for its sender alone.
        for flag in [BroadcastFlags::Broadcast, BroadcastFlags::Volatile] {
            if flags & flag as u8 != 0 {
                opts.add_flag(flag);
            }
        }
        if self.flag()? {
            opts.sid = Some(self.sid()?);
        }
        Ok(opts)
    }

    pub(super) fn value(&mut self) -> Result<Value, Foreign> {
        match self.byte()? {
            value::TEXT => Ok(Value::Str(self.text()?.into(), None)),
            value::TEXT_AND_ATTACHMENTS => {
                let text = self.text()?.into();
                let attachments = self.list(|from| from.bytes().map(Bytes::copy_from_slice))?;
                Ok(Value::Str(text, Some(VecDeque::from(attachments))))
            }
            value::BYTES => Ok(Value::Bytes(Bytes::copy_from_slice(self.bytes()?))),
            _ => Err(Foreign),
        }
    }

    pub(super) fn ack(&mut self) -> Result<(Sid, Result<Value, AckError>), Foreign> {
        let sid = self.sid()?;
        let answer = match self.byte()? {
            ack::ANSWERED => Ok(self.value()?),
            ack::TIMEOUT => Err(AckError::Timeout),
            ack::CLOSED => Err(AckError::Socket(SocketError::Closed)),
            ack::QUEUE_FULL => Err(AckError::Socket(SocketError::InternalChannelFull)),
            _ => return Err(Foreign),
        };
        Ok((sid, answer))
    }
}
