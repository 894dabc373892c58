//! The whole gateway as its users have it: the real program, real sockets, real disk.

#![allow(dead_code)] // the harness serves further modules than the ones here

mod agencies;
mod apart;
mod bad_disk;
mod bad_input;
mod category;
mod cluster;
mod custody;
mod damage;
mod deletions;
mod drain;
mod exactly_once;
mod examples;
mod exports;
mod fields;
pub mod harness;
mod incidents;
mod island;
mod life;
mod links;
mod live;
mod logged;
mod lost_consoles;
pub mod media_client;
mod neighbours;
mod nodes;
mod ownership;
mod photo_client;
mod photos;
mod providers;
mod rates;
mod report_links;
mod responders;
mod roles;
mod settings;
mod shared_tier;
mod slow_readers;
mod suspicion;
mod tls;
mod triage_try;
mod waiting;
mod wallboard;
mod words;
