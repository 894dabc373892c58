//! Several nodes over one backbone, in one process: what crosses from one to another, and what follows when one is gone.
//!
//! The same scenarios with real programs over a real shared tier are in `gateway`; here is what needs a look inside, and what must
//! be exact.

mod bus;
mod cluster;
mod crossing;
mod desk;
mod loss;
mod media;
mod people;
mod settings;
mod words;
