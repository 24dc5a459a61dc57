//! The whole: the binary as a process, and rules that hold for the whole workspace.

#![cfg(test)]

mod amphora;
mod help;
mod octavia;
mod refusals;
mod site;
mod tidy;
mod traffic;
