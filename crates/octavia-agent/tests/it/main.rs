//! The agent as controllers see it: real TLS, real datagrams, a data plane that behaves.

#![cfg(test)]

mod amphora;
mod authority;
mod configuration;
mod data_plane;
mod heartbeats;
mod interfaces;
mod pair;
mod shutdown;
mod tls;
