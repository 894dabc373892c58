//! The integration tests: one binary, one module per behaviour.

mod config;
mod http_client;
mod http_server;
mod http_tls;
