//! Wire types, codec and error codes of the Callbox protocol.

pub mod ids;
