//! The local cloud, with real files, processes and namespaces.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod addresses;
mod interruption;
mod lifecycle;
mod namespace;
mod support;
