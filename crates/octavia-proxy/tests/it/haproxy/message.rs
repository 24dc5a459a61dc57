//! What came over a connection, in a form that can be compared.

/// Splits what came into lines: status line or request line, then the fields in order of their
/// names, then what the body is. What differs by the moment or the place is left out.
pub(super) fn lines(mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut head = head.split("\r\n").map(field).collect::<Vec<_>>();
        let first = head.remove(0);
        head.retain(|field| !field.starts_with("date: "));
        head.sort();
        let rest = &bytes[end + 4..];
        let length = body_length(&first, &head, rest);
        lines.push(first);
        lines.append(&mut head);
        if length > 0 {
            lines.push(format!(
                "body {:?}",
                String::from_utf8_lossy(&rest[..length])
            ));
        }
        bytes = &rest[length..];
    }
    if !bytes.is_empty() {
        lines.push(format!("bytes {:?}", String::from_utf8_lossy(bytes)));
    }
    lines
}

/// Names are the same in any case.
fn field(line: &str) -> String {
    match line.split_once(':') {
        Some((name, value)) if !name.contains(' ') => {
            format!("{}: {}", name.to_ascii_lowercase(), value.trim())
        }
        _ => line.to_owned(),
    }
}

fn body_length(first: &str, fields: &[String], rest: &[u8]) -> usize {
    let value = |name: &str| fields.iter().find_map(|field| field.strip_prefix(name));
    if let Some(length) = value("content-length: ") {
        return length.parse().unwrap_or(0).min(rest.len());
    }
    let chunked = value("transfer-encoding: ").is_some();
    let end = rest
        .windows(5)
        .position(|five| five == b"0\r\n\r\n")
        .map(|at| at + 5);
    match end.filter(|_| chunked) {
        Some(end) => end,
        None if chunked => rest.len(),
        // Requests end with their head; answers, unless they are interim, with the connection.
        None if first.starts_with("HTTP/1.1 1") || !first.starts_with("HTTP/") => 0,
        None => rest.len(),
    }
}
