//! The Callbox gateway.
pub mod evidence;
pub mod http;
