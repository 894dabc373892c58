//! The integration tests of the gateway: one binary, one module per behaviour.
#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod backbone;
mod command_line;
mod config;
mod documents;
mod gateway;
mod http_admin;
mod http_client;
mod http_gateway;
mod http_policy;
mod http_server;
mod http_tls;
mod mutations;
mod nodes;
mod photos;
mod pictures;
mod redis;
mod simulation;
mod store_commands;
mod triage_rules;
mod upload_desk;
mod uploads;
