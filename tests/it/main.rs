//! The integration tests of the gateway: one binary, one module per behaviour.
#![allow(clippy::unwrap_used)]

mod photos;
mod pictures;
mod upload_desk;
mod uploads;
