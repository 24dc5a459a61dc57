//! The corpus; its file says how it is written.

/// Bytes on a connection, and what must become of them.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) bytes: Vec<u8>,
    /// The codes of the answers, in order.
    pub(super) expected: Vec<u16>,
    /// Why they are those, with the section of the RFC.
    pub(super) why: String,
    /// Why we accept what a peer refuses.
    pub(super) lenient: Option<String>,
}

/// Reads all cases.
pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut why = String::new();
    let text = include_str!("../../data/smuggling.txt");
    for (index, line) in text.lines().enumerate() {
        if let Some(reason) = line.strip_prefix("# ") {
            reason.clone_into(&mut why);
        } else if let Some(reason) = line.strip_prefix("~ ") {
            let case = cases.last_mut().expect("a reason follows its case");
            case.lenient = Some(reason.to_owned());
        } else if !line.is_empty() && !line.starts_with('%') {
            let case = case(line, index + 1, &why);
            assert!(case.is_some(), "line {} is not a case", index + 1);
            cases.extend(case);
        }
    }
    cases
}

fn case(text: &str, line: usize, why: &str) -> Option<Case> {
    let (name, rest) = text.split_once(" = ")?;
    let (answers, bytes) = rest.split_once(" | ")?;
    let answers = answers.split(' ').filter(|answer| *answer != "-");
    Some(Case {
        name: name.to_owned(),
        line,
        bytes: unescape(bytes)?,
        expected: answers
            .map(|answer| answer.parse().ok())
            .collect::<Option<_>>()?,
        why: why.to_owned(),
        lenient: None,
    })
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let sign = escaped.chars().next()?;
        rest = &escaped[sign.len_utf8()..];
        match sign {
            'r' => bytes.push(b'\r'),
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            '0' => bytes.push(0),
            '\\' => bytes.push(b'\\'),
            'x' => {
                bytes.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
                rest = &rest[2..];
            }
            '{' => {
                let (word, after) = rest.split_once('}')?;
                bytes.extend(expand(word)?);
                rest = after;
            }
            _ => return None,
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

fn expand(word: &str) -> Option<Vec<u8>> {
    match word {
        "get" => Some(b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec()),
        "post" => Some(b"POST / HTTP/1.1\r\nHost: x\r\n".to_vec()),
        "next" => Some(b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        repeated => {
            let (unit, count) = repeated.rsplit_once('*')?;
            Some(unescape(unit)?.repeat(count.parse().ok()?))
        }
    }
}
