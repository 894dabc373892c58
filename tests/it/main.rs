//! The integration tests: one binary, one module per behaviour.

mod command_line;
mod config;
mod http_admin;
mod http_client;
mod http_gateway;
mod http_policy;
mod http_server;
mod http_tls;
