//! Integration tests of the gateway: one module per behaviour, one binary.
#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod backbone;
