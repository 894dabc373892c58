//! The Callbox gateway.
