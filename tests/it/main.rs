//! Integration tests of the gateway: one module per behaviour, one binary.

mod backbone;
