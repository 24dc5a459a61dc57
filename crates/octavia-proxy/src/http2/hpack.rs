//! Header compression (RFC 7541).
//!
//! What comes is read with all that the RFC has. What is sent refers to the static table only:
//! heads of answers are short, and nothing needs to be remembered for each connection.

mod decoder;
mod dynamic;
pub(super) mod encoder;
mod huffman;
mod integer;
mod table;

pub(super) use decoder::Decoder;

/// A block is not what RFC 7541 has; nothing after it can be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadBlock;

#[cfg(test)]
mod tests;
