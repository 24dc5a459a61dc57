//! What a fresh machine of Debian's kind lacks.

use anyhow::bail;

use crate::shell::{Step, find};
use crate::venv::python;

/// Programs that the tests use, and Debian's packages that hold them.
const NEEDED: [(&str, &str); 8] = [
    ("mariadbd", "mariadb-server"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("haproxy", "haproxy"),
    ("nginx", "nginx-light"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
];

/// Installs what is missing as root; without root, says what will be skipped.
pub(crate) fn prepare() -> anyhow::Result<()> {
    let missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| find(program).is_none())
        .map(|(_, package)| *package)
        .chain(venv_is_missing().then_some("python3-venv"))
        .collect();
    if missing.is_empty() {
        println!("everything needed is here");
        return Ok(());
    }
    if !is_root() || find("apt-get").is_none() {
        println!(
            "\x1b[1;33mnot here: {}; what needs them is skipped by name\x1b[0m",
            missing.join(", ")
        );
        return Ok(());
    }
    println!("installing {}", missing.join(", "));
    Step::new("apt-get").args(["-q", "update"]).run()?;
    Step::new("apt-get")
        .args(["-q", "install", "--yes", "--no-install-recommends"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()?;
    if find("mariadbd").is_none() {
        bail!("mariadb-server was installed, but mariadbd is not to be found");
    }
    Ok(())
}

/// Tells whether this is root.
pub(crate) fn is_root() -> bool {
    Step::new("id")
        .args(["-u"])
        .output()
        .is_ok_and(|text| text.trim() == "0")
}

/// Debian splits `ensurepip` from Python; without it no virtual environment can be made.
fn venv_is_missing() -> bool {
    !Step::new(python())
        .args(["-c", "import ensurepip"])
        .succeeds()
}
