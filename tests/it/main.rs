//! The integration tests: one binary, one module per behaviour.

mod command_line;
mod config;
mod http_client;
mod http_server;
mod http_tls;
