use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use octavia_model::Clock;

use super::error::PolicyError;
use super::file::{self, LARGEST_FILE};
use super::rule_set::RuleSet;

/// How long a look at the files is good for.
const LOOK_INTERVAL: TimeDelta = TimeDelta::seconds(1);

/// Section `[oslo_policy]`, and where its relative names are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// The file with rules; it may be missing.
    pub policy_file: String,
    /// Folders with more files; they may be missing.
    pub policy_dirs: Vec<String>,
    /// Where relative names are looked for; the first place that has one counts.
    pub folders: Vec<PathBuf>,
    /// The roles of earlier releases do nothing by themselves.
    pub enforce_new_defaults: bool,
    /// The rule that stands in for those that do not exist.
    pub policy_default_rule: String,
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self {
            policy_file: "policy.yaml".to_owned(),
            policy_dirs: vec!["policy.d".to_owned()],
            folders: Vec::new(),
            enforce_new_defaults: true,
            policy_default_rule: "default".to_owned(),
        }
    }
}

/// The rules in force, kept up to date with their files.
pub struct Policy {
    settings: PolicySettings,
    clock: Arc<dyn Clock>,
    live: Mutex<Live>,
    rules: Mutex<Arc<RuleSet>>,
}

/// What was last seen of the files.
struct Live {
    looked_at: DateTime<Utc>,
    /// The files whose rules are in force.
    seen: Vec<Stamp>,
    /// What is wrong with the files since the last look, so that it is logged once.
    complaint: Option<PolicyError>,
}

/// How a file looked: it is read again when any of this is another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
}

impl Policy {
    /// Reads the rules.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or a rule in it makes no sense.
    pub fn load(settings: PolicySettings, clock: Arc<dyn Clock>) -> Result<Self, PolicyError> {
        let seen = stamps(&settings)?;
        let rules = read(&settings, &seen)?;
        let looked_at = clock.now();
        Ok(Self {
            settings,
            clock,
            live: Mutex::new(Live {
                looked_at,
                seen,
                complaint: None,
            }),
            rules: Mutex::new(Arc::new(rules)),
        })
    }

    /// Returns the rules in force. At most once a second the files are looked at, and read again if
    /// they changed; files with errors change nothing.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.refresh();
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&rules)
    }

    fn refresh(&self) {
        // Whoever comes while another looks goes on with what there is.
        let mut live = match self.live.try_lock() {
            Ok(live) => live,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let now = self.clock.now();
        if (now - live.looked_at).abs() < LOOK_INTERVAL {
            return;
        }
        live.looked_at = now;
        match self.look(&live.seen) {
            Ok(None) => live.complaint = None,
            Ok(Some((seen, rules))) => {
                live.seen = seen;
                live.complaint = None;
                *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
                tracing::info!("the policy files changed; their rules are in force");
            }
            Err(error) if live.complaint.as_ref() == Some(&error) => {}
            Err(error) => {
                tracing::error!(%error, "policy files cannot be used, the old rules stay: {error}");
                live.complaint = Some(error);
            }
        }
    }

    /// Reads the files again if they are not as they were.
    fn look(&self, before: &[Stamp]) -> Result<Option<(Vec<Stamp>, RuleSet)>, PolicyError> {
        let seen = stamps(&self.settings)?;
        if seen == before {
            return Ok(None);
        }
        kept(before, &seen)?;
        let rules = read(&self.settings, &seen)?;
        Ok(Some((seen, rules)))
    }
}

/// Refuses that the file that had the rules is gone: what it forbade would be allowed.
fn kept(before: &[Stamp], now: &[Stamp]) -> Result<(), PolicyError> {
    let gone = before
        .iter()
        .find(|stamp| !now.iter().any(|other| other.path == stamp.path));
    gone.map_or(Ok(()), |gone| {
        Err(at(
            &gone.path,
            "the file is gone; a restart goes on without it",
        ))
    })
}

/// Looks at the files: first the one, then those of the folders in the order of their names.
fn stamps(settings: &PolicySettings) -> Result<Vec<Stamp>, PolicyError> {
    let mut files: Vec<PathBuf> = find(settings, &settings.policy_file).into_iter().collect();
    for name in &settings.policy_dirs {
        if let Some(folder) = find(settings, name) {
            files.extend(files_in(&folder)?);
        }
    }
    files
        .into_iter()
        .map(|path| {
            let data = fs::metadata(&path).map_err(|error| at(&path, error.to_string()))?;
            Ok(Stamp {
                modified: data.modified().ok(),
                length: data.len(),
                path,
            })
        })
        .collect()
}

fn find(settings: &PolicySettings, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    if name.is_absolute() {
        return name.exists().then(|| name.to_owned());
    }
    let places = settings.folders.iter().map(|folder| folder.join(name));
    places.into_iter().find(|path| path.exists())
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    let wrong = |error: std::io::Error| at(folder, error.to_string());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_file() && !name.starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(settings: &PolicySettings, files: &[Stamp]) -> Result<RuleSet, PolicyError> {
    let mut overrides = Vec::new();
    for stamp in files {
        overrides.extend(file::read(&stamp.path, &text(&stamp.path)?)?);
    }
    RuleSet::new(
        overrides,
        settings.enforce_new_defaults,
        &settings.policy_default_rule,
    )
}

fn text(path: &Path) -> Result<String, PolicyError> {
    let mut text = String::new();
    let mut file = fs::File::open(path)
        .map_err(|error| at(path, error.to_string()))?
        .take(LARGEST_FILE + 1);
    file.read_to_string(&mut text)
        .map_err(|error| at(path, error.to_string()))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(at(path, "the file is larger than 4 MiB"));
    }
    Ok(text)
}

fn at(path: &Path, cause: impl Into<String>) -> PolicyError {
    PolicyError {
        file: Some(path.to_owned()),
        line: None,
        rule: None,
        cause: cause.into(),
    }
}

#[cfg(test)]
mod tests;
