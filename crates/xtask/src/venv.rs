//! Virtual environments of Python, made once and kept with the build's results.

use std::path::PathBuf;

use crate::shell::{Step, target};

/// Makes a virtual environment with the packages, unless it is there; returns its path.
pub(crate) fn install(name: &str, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let venv = target().join(name);
    let marker = venv.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(venv);
    }
    Step::new(python())
        .args(["-m", "venv", "--clear"])
        .args([venv.as_os_str()])
        .run()?;
    Step::new(venv.join("bin/pip"))
        .args(["install", "--quiet"])
        .args(packages)
        .run()?;
    std::fs::write(&marker, wanted)?;
    Ok(venv)
}

/// Returns Debian's Python before any other: one below a home directory is closed to `nobody`.
pub(crate) fn python() -> PathBuf {
    let debian = PathBuf::from("/usr/bin/python3");
    if debian.is_file() {
        debian
    } else {
        PathBuf::from("python3")
    }
}
