//! The HTTP surface of the gateway.
pub mod uploads;
