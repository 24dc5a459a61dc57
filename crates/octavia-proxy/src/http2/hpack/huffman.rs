//! The Huffman code of RFC 7541, appendix B.
//!
//! It is canonical: the lengths of its codes, in order of their symbols, are all of it.

use super::BadBlock;

const SYMBOLS: usize = 257;
const END_OF_STRING: usize = 256;
const LONGEST: usize = 30;

/// The length of the code of each symbol.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
    6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
    7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
    23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
    22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
    23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
    27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
    24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/// What codes of one length mean.
#[derive(Clone, Copy)]
struct Row {
    /// The first code, and the first that is longer, at the top of 32 bits.
    first: u32,
    limit: u64,
    /// Where the symbols of this length begin in the order of codes.
    start: usize,
}

struct Code {
    rows: [Row; LONGEST + 1],
    symbols: [u16; SYMBOLS],
    /// What the next eight bits mean, where that is a whole code: a symbol and its length.
    short: [(u8, u8); 256],
}

static CODE: Code = code();

#[expect(
    clippy::cast_possible_truncation,
    reason = "symbols, codes and their lengths are smaller"
)]
const fn code() -> Code {
    let mut rows = [Row {
        first: 0,
        limit: 0,
        start: 0,
    }; LONGEST + 1];
    let mut symbols = [0; SYMBOLS];
    let mut short = [(0, 0); 256];
    let (mut next, mut placed, mut length) = (0_u64, 0, 1);
    while length <= LONGEST {
        let shift = 32 - length;
        rows[length].first = (next << shift) as u32;
        rows[length].start = placed;
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] as usize == length {
                symbols[placed] = symbol as u16;
                let mut low = 0;
                while length <= 8 && low < 1 << (8 - length) {
                    let at = (next << (8 - length)) as usize | low;
                    short[at] = (symbol as u8, length as u8);
                    low += 1;
                }
                placed += 1;
                next += 1;
            }
            symbol += 1;
        }
        rows[length].limit = next << shift;
        next <<= 1;
        length += 1;
    }
    Code {
        rows,
        symbols,
        short,
    }
}

impl Code {
    /// Finds the symbol whose code is at the top of `bits`, and its length.
    fn find(&self, bits: u32) -> (usize, u32) {
        let rows = self.rows.iter().zip(0..).skip(9);
        for (row, length) in rows {
            if u64::from(bits) < row.limit {
                let offset = (bits - row.first) >> (32 - length);
                let symbol = self.symbols[row.start + offset as usize];
                return (usize::from(symbol), length);
            }
        }
        (END_OF_STRING, 30)
    }
}

/// Appends what `coded` stands for to `out`.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), BadBlock> {
    let (mut bits, mut count) = (0_u64, 0_u32);
    let mut coded = coded.iter();
    // Most codes are shorter than a byte.
    out.reserve(coded.len() + coded.len() / 2);
    loop {
        while count <= 56 {
            let Some(byte) = coded.next() else { break };
            bits |= u64::from(*byte) << (56 - count);
            count += 8;
        }
        let (symbol, length) = CODE.short[usize::from(bits.to_be_bytes()[0])];
        let (mut symbol, mut length) = (usize::from(symbol), u32::from(length));
        if length == 0 {
            let top = u32::try_from(bits >> 32).unwrap_or(u32::MAX);
            (symbol, length) = CODE.find(top);
        }
        if length > count {
            break;
        }
        // The end of the string may not be said, only hinted at.
        out.push(u8::try_from(symbol).map_err(|_| BadBlock)?);
        bits <<= length;
        count -= length;
    }
    let is_padding = count < 8 && bits >> (64 - count.max(1)) == (1 << count.max(1)) - 1;
    if count == 0 || is_padding {
        Ok(())
    } else {
        Err(BadBlock)
    }
}

/// Appends the code of `text` to `out`.
#[cfg(test)]
pub(super) fn encode(text: &[u8], out: &mut Vec<u8>) {
    let code_of = |symbol: usize| {
        let length = usize::from(LENGTHS[symbol]);
        let row = CODE.rows[length];
        let rank = CODE.symbols[row.start..]
            .iter()
            .position(|other| usize::from(*other) == symbol)
            .expect("every symbol has a code");
        ((row.first >> (32 - length)) as usize + rank, length)
    };
    let (mut bits, mut count) = (0_u64, 0);
    for byte in text {
        let (code, length) = code_of(usize::from(*byte));
        bits = bits << length | code as u64;
        count += length;
        while count >= 8 {
            count -= 8;
            out.push(low_byte(bits >> count));
        }
    }
    if count > 0 {
        out.push(low_byte(bits << (8 - count) | (0xff >> count)));
    }
}

#[cfg(test)]
fn low_byte(bits: u64) -> u8 {
    bits.to_le_bytes()[0]
}
