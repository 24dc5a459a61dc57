//! Integers with a prefix (RFC 7541 section 5.1).

use super::BadBlock;

/// No table, string or size is larger than this.
const LARGEST: u32 = 1 << 28;

/// Takes an integer whose first byte has `prefix` bits of it.
pub(super) fn take(block: &mut &[u8], prefix: u32) -> Result<usize, BadBlock> {
    let (first, mut rest) = block.split_first().ok_or(BadBlock)?;
    let most = (1_u32 << prefix) - 1;
    let mut value = u32::from(*first) & most;
    if value == most {
        let mut shift = 0;
        loop {
            let (byte, after) = rest.split_first().ok_or(BadBlock)?;
            rest = after;
            if shift > 21 {
                return Err(BadBlock);
            }
            value += u32::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    if value > LARGEST {
        return Err(BadBlock);
    }
    *block = rest;
    usize::try_from(value).map_err(|_| BadBlock)
}

/// Appends `value` behind the bits of `first` that are not its prefix.
pub(super) fn put(first: u8, prefix: u32, value: usize, out: &mut Vec<u8>) {
    let most = (1_usize << prefix) - 1;
    let low = |value: usize| u8::try_from(value & 0xff).unwrap_or(0);
    if value < most {
        out.push(first | low(value));
        return;
    }
    out.push(first | low(most));
    let mut left = value - most;
    while left >= 0x80 {
        out.push(low(left) | 0x80);
        left >>= 7;
    }
    out.push(low(left));
}
