//! What the targets begin with. Requests and bodies are those of the smuggling corpus, documents
//! those that run beside HAProxy; the rest lies in `fuzz/seeds`.

#[path = "../../../octavia-proxy/tests/it/smuggling/corpus.rs"]
#[expect(
    dead_code,
    reason = "only names and bytes of the cases are wanted here"
)]
mod corpus;

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::shell::root;

/// Writes the seeds of every target into a directory of its name.
pub(super) fn write(directory: &Path) -> anyhow::Result<()> {
    for case in corpus::cases() {
        put(&directory.join("request_head"), &case.name, &case.bytes)?;
        let end = case.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(body) = end.and_then(|end| case.bytes.get(end + 4..)) {
            put(&directory.join("chunked"), &case.name, body)?;
        }
        let answer = String::from_utf8_lossy(&case.bytes);
        let answer = answer.replacen("POST / HTTP/1.1", "HTTP/1.1 200 OK", 1);
        put(&directory.join("response"), &case.name, answer.as_bytes())?;
    }
    put(&directory.join("cookies"), "pairs", b"a=b; SRV=c;d\x01SRV=")?;
    let documents = root().join("crates/octavia-proxy/tests/data/haproxy");
    copy(&documents, &directory.join("configuration"))?;
    for target in fs::read_dir(root().join("fuzz/seeds"))? {
        let target = target?;
        copy(&target.path(), &directory.join(target.file_name()))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for seed in fs::read_dir(from)? {
        let seed = seed?;
        let bytes = fs::read(seed.path())?;
        put(to, &seed.file_name().to_string_lossy(), &bytes)?;
    }
    Ok(())
}

fn put(directory: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    let file = directory.join(name);
    fs::write(&file, bytes).with_context(|| format!("write {}", file.display()))
}
