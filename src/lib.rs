//! The Callbox gateway: a Next-Gen 911 real-time reporting gateway as a library, so that tests can hold its parts.

pub mod app;
pub mod auth;
pub mod backbone;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod evidence;
pub mod http;
pub mod logging;
pub mod media;
pub mod node;
pub mod probes;
pub mod shutdown;
pub mod transport;
