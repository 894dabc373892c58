//! Sessions, queue order, triage and permissions of Callbox, without any IO.
