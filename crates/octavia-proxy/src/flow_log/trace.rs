//! W3C Trace Context: a request that belongs to a trace keeps it, another one begins its own.

use std::io::Write;

use crate::runtime::clock;

/// The field, in the forms that clients send it.
const FIELD: &[u8] = b"traceparent:";

/// Numbers for new traces, of one loop.
#[derive(Debug)]
pub(crate) struct Traces(u64);

impl Traces {
    /// Begins where no other loop and no earlier process does.
    pub(crate) fn of_loop(index: usize) -> Self {
        Self(clock::wall_micros().rotate_left(8) ^ index as u64)
    }

    /// Returns the trace that the head of a request belongs to; begins one if there is none, and
    /// adds it to what the member gets.
    pub(crate) fn of_request(&mut self, head: &[u8], request: &mut Vec<u8>) -> u128 {
        let told = field(head);
        if let Some(trace) = told.and_then(read) {
            return trace;
        }
        let trace = u128::from(self.next()) << 64 | u128::from(self.next());
        let span = self.next();
        if told.is_some() {
            // The member sees the field that we cannot read, and a second one would be no better.
            return trace;
        }
        // The empty line that ends the head moves.
        request.truncate(request.len() - b"\r\n".len());
        write!(
            request,
            "traceparent: 00-{trace:032x}-{span:016x}-00\r\n\r\n"
        )
        .expect("a vector takes every byte");
        trace
    }

    /// `SplitMix64`; never zero, which would be no trace.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)).max(1)
    }
}

/// Returns the value of the field in the head of a request.
fn field(head: &[u8]) -> Option<&[u8]> {
    let mut lines = head.split(|byte| *byte == b'\n');
    lines.find_map(|line| {
        let (name, value) = line.split_at_checked(FIELD.len())?;
        name.eq_ignore_ascii_case(FIELD)
            .then_some(value.trim_ascii())
    })
}

/// Returns the trace that a value of the field names, if it is valid.
fn read(value: &[u8]) -> Option<u128> {
    let mut parts = std::str::from_utf8(value).ok()?.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let is_valid = version.len() == 2 && version != "ff" && trace.len() == 32;
    let trace = u128::from_str_radix(trace, 16).ok().filter(|_| is_valid)?;
    (trace != 0).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::{Traces, field, read};

    #[test]
    fn a_trace_is_passed_on() {
        let head = b"GET / HTTP/1.1\r\nTraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
        let mut request = head.to_vec();
        let trace = Traces::of_loop(0).of_request(head, &mut request);
        assert_eq!(trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(request, head);
    }

    #[test]
    fn a_request_without_one_begins_a_trace() {
        let mut traces = Traces::of_loop(0);
        let mut begin = || {
            let mut request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
            let trace = traces.of_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut request);
            assert_eq!(field(&request).and_then(read), Some(trace));
            assert!(request.ends_with(b"-00\r\n\r\n"));
            trace
        };
        assert_ne!(begin(), begin());
    }

    #[test]
    fn what_is_no_trace_is_none() {
        for value in [
            "",
            "00",
            "00-0-1-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ] {
            assert_eq!(read(value.as_bytes()), None, "{value}");
        }
    }
}
