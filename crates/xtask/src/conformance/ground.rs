//! What the tests stand on: Python's packages, a database of upstream's, a folder for logs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::bench::process::Program;
use crate::mariadb::Mariadb;
use crate::shell::{Step, root, target};
use crate::venv;

/// The packages, each with the reason for its bounds.
const PACKAGES: &str = include_str!("../../conformance/requirements.txt");

/// Lists are ordered by time of creation, and the tests were written for SQLite, which keeps
/// microseconds: the same columns, more digits.
const MICROSECONDS: &str = "SELECT CONCAT('ALTER TABLE `', table_name, '` MODIFY `', column_name, \
    '` DATETIME(6) ', IF(is_nullable = 'YES', 'NULL', 'NOT NULL'), ';') \
    FROM information_schema.columns \
    WHERE table_schema = 'octavia' AND data_type = 'datetime' AND datetime_precision = 0";

/// Everything that outlives a single test.
pub(super) struct Ground {
    venv: PathBuf,
    database: Mariadb,
    directory: PathBuf,
    /// Removed at the end, the database's files with it.
    _files: tempfile::TempDir,
}

impl Ground {
    /// Installs the packages, starts a database, and brings it to upstream's newest revision.
    pub(super) fn prepare(binary: &Path) -> anyhow::Result<Self> {
        let packages: Vec<_> = PACKAGES
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let venv = venv::install("conformance/venv", &packages)?;
        let files = tempfile::tempdir().context("make a temporary folder")?;
        let database = Mariadb::start(files.path(), |mut command| {
            command
                .arg("--innodb-flush-log-at-trx-commit=0")
                .arg("--skip-log-bin")
                .arg("--max-connections=500");
            Program::start_anywhere(command)
        })?;
        let directory = target().join("conformance/run");
        if directory.exists() {
            std::fs::remove_dir_all(&directory).context("clear the last run away")?;
        }
        std::fs::create_dir_all(&directory)?;
        let ground = Self {
            venv,
            database,
            directory,
            _files: files,
        };
        ground.migrate(binary)?;
        Ok(ground)
    }

    /// Runs upstream's own migrations, and adds our tables to them.
    fn migrate(&self, binary: &Path) -> anyhow::Result<()> {
        let configuration = self.directory.join("database.conf");
        let url = self.database.url();
        std::fs::write(
            &configuration,
            format!("[database]\nconnection = {url}\n[DEFAULT]\ntransport_url = fake://\n"),
        )?;
        println!("bringing a database to upstream's newest revision");
        Step::new(self.venv.join("bin/octavia-db-manage"))
            .args(["--config-file"])
            .args([&configuration])
            .args(["upgrade", "head"])
            .output()?;
        let widen = self.database.sql(MICROSECONDS)?;
        self.database.sql(&widen)?;
        Step::new(binary)
            .args(["--config-file"])
            .args([&configuration])
            .args(["db", "upgrade"])
            .run()
    }

    /// Returns where configurations, logs and results are kept after the run.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the command that runs tests against servers of this binary.
    pub(super) fn pytest(&self, binary: &Path) -> Step {
        let adapter = root().join("crates/xtask/conformance");
        let server = format!("{} --config-file {{config}} api", binary.display());
        Step::new(self.venv.join("bin/python"))
            .args(["-m", "pytest", "-q", "--timeout", "300", "--no-header"])
            .args(["--tb", "no", "-W", "ignore", "-p", "no:cacheprovider"])
            .args(["-p", "octavia_conformance.plugin"])
            .env("PYTHONPATH", adapter)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("CONFORMANCE_DB_URL", self.database.url())
            .env("CONFORMANCE_SERVER_CMD", server)
            .env("CONFORMANCE_WORKDIR", &self.directory)
    }

    /// Names the tests to run: these modules, or all of them.
    pub(super) fn select(&self, pytest: Step, modules: &[String]) -> anyhow::Result<Step> {
        let found = Step::new(self.venv.join("bin/python"))
            .args([
                "-c",
                "import os, octavia; print(os.path.dirname(octavia.__file__))",
            ])
            .output()?;
        let tests = PathBuf::from(found.trim()).join("tests/functional/api");
        if modules.is_empty() {
            // The tests of drivers call Python, and no API.
            let without = format!("--ignore={}", tests.join("drivers").display());
            return Ok(pytest.args([tests.as_os_str()]).args([without]));
        }
        let mut files = Vec::new();
        for module in modules {
            let file = format!("{module}.py");
            let found = [tests.join(&file), tests.join("v2").join(&file)]
                .into_iter()
                .find(|file| file.is_file());
            files.push(found.with_context(|| format!("upstream has no module {module}"))?);
        }
        Ok(pytest.args(files))
    }
}
