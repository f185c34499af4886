//! Reading requests as the server: strict, linear in the input, without recursion on it, and with
//! errors that name the place.
//!
//! Unknown fields are ignored, of a field given twice the last counts, and `null` stands for a
//! field left out in `epoch` alone. Nesting is not looked at: check a whole message with
//! [`exceeds_depth`] first. Payloads are what [`split_event`] gives; `null` counts as none.

mod auth;
mod chat;
mod depth;
mod epoch;
mod heartbeat;
mod join;
mod leave;
mod limits;
mod packet;
mod payload;
mod refusal;
mod state;
mod sync;
mod text;

pub use auth::auth_refresh;
pub use chat::{chat_history, chat_read, chat_receipts, chat_send, chat_since, chat_typing};
pub use depth::{DEPTH_MAX, exceeds_depth};
pub use heartbeat::heartbeat;
pub use join::{Identity, join};
pub use leave::leave;
pub use limits::DecodeLimits;
pub use packet::{EventPacket, MAX_ARGS, split_event};
pub use refusal::{BadRequest, Refusal, TooLarge};
pub use sync::sync;
