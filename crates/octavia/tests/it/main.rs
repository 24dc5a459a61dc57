//! The whole: the binary as a process, and rules that hold for the whole workspace.

mod tidy;
