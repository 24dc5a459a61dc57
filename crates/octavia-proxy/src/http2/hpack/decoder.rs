//! Header blocks, read.

use super::BadBlock;
use super::dynamic::Dynamic;
use super::table::STATIC;
use super::{huffman, integer};
use crate::limits;

/// Reads the header blocks of one connection, in order.
#[derive(Debug)]
pub(crate) struct Decoder {
    dynamic: Dynamic,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Decoder {
    /// Makes the decoder of a new connection.
    pub(crate) fn new() -> Self {
        Self {
            dynamic: Dynamic::new(limits::HEADER_TABLE_BYTES),
            name: Vec::new(),
            value: Vec::new(),
        }
    }

    /// Reads a whole block; tells each of its fields.
    pub(crate) fn decode(
        &mut self,
        mut block: &[u8],
        mut field: impl FnMut(&[u8], &[u8]),
    ) -> Result<(), BadBlock> {
        let mut may_resize = true;
        while let Some(first) = block.first() {
            let is_resize = first & 0xe0 == 0x20;
            match first {
                0x80.. => self.indexed(&mut block, &mut field)?,
                0x40.. => self.literal(&mut block, 6, &mut field)?,
                0x20.. if may_resize => self.resize(&mut block)?,
                0x20.. => return Err(BadBlock),
                _ => self.literal(&mut block, 4, &mut field)?,
            }
            may_resize &= is_resize;
        }
        Ok(())
    }

    fn indexed(
        &self,
        block: &mut &[u8],
        field: &mut impl FnMut(&[u8], &[u8]),
    ) -> Result<(), BadBlock> {
        let index = integer::take(block, 7)?;
        let (name, value) = self.entry(index)?;
        field(name, value);
        Ok(())
    }

    fn entry(&self, index: usize) -> Result<(&[u8], &[u8]), BadBlock> {
        let index = index.checked_sub(1).ok_or(BadBlock)?;
        match STATIC.get(index) {
            Some((name, value)) => Ok((name.as_bytes(), value.as_bytes())),
            None => self.dynamic.get(index - STATIC.len()).ok_or(BadBlock),
        }
    }

    /// Reads a field that is not in a table as a whole. With a prefix of 6 it is added.
    fn literal(
        &mut self,
        block: &mut &[u8],
        prefix: u32,
        field: &mut impl FnMut(&[u8], &[u8]),
    ) -> Result<(), BadBlock> {
        let index = integer::take(block, prefix)?;
        let is_added = prefix == 6;
        if index == 0 {
            let name = string(block, &mut self.name)?;
            let value = string(block, &mut self.value)?;
            field(name, value);
            if is_added {
                self.dynamic.add(name, value);
            }
            return Ok(());
        }
        let mut scratch = std::mem::take(&mut self.value);
        let read = string(block, &mut scratch).and_then(|value| {
            let (name, _) = self.entry(index)?;
            field(name, value);
            if is_added {
                match index.checked_sub(STATIC.len() + 1) {
                    Some(index) => self.dynamic.add_named_like(index, value),
                    None => self.dynamic.add(STATIC[index - 1].0.as_bytes(), value),
                }
            }
            Ok(())
        });
        self.value = scratch;
        read
    }

    fn resize(&mut self, block: &mut &[u8]) -> Result<(), BadBlock> {
        let size = integer::take(block, 5)?;
        if size > limits::HEADER_TABLE_BYTES {
            return Err(BadBlock);
        }
        self.dynamic.set_limit(size);
        Ok(())
    }
}

/// Takes a string; one that is coded comes to lie in `scratch`.
fn string<'s, 'b: 's>(
    block: &mut &'b [u8],
    scratch: &'s mut Vec<u8>,
) -> Result<&'s [u8], BadBlock> {
    let is_coded = block.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer::take(block, 7)?;
    let (text, rest) = block.split_at_checked(length).ok_or(BadBlock)?;
    *block = rest;
    if !is_coded {
        return Ok(text);
    }
    scratch.clear();
    huffman::decode(text, scratch)?;
    Ok(scratch)
}
