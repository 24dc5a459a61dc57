//! The whole: the binary as a process, and rules that hold for the whole workspace.

#![cfg(test)]

mod amphora;
mod cutter;
mod datagrams;
mod demo;
mod help;
mod killed;
mod octavia;
mod pair;
mod policy;
mod probe;
mod refusals;
mod roles;
mod site;
mod stop;
mod tidy;
mod traffic;
mod upgrade;
