use std::path::Path;

use chrono::TimeZone;
use octavia_model::ManualClock;
use tempfile::TempDir;

use super::*;
use crate::policy::Credentials;

struct Files {
    folder: TempDir,
    clock: Arc<ManualClock>,
}

impl Files {
    fn new() -> Self {
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new(start)),
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self) -> Result<Policy, PolicyError> {
        let settings = PolicySettings {
            folders: vec![
                Path::new("/nonexistent").to_owned(),
                self.folder.path().to_owned(),
            ],
            ..PolicySettings::default()
        };
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        Policy::load(settings, clock)
    }

    fn tick(&self) {
        self.clock.advance(TimeDelta::seconds(1));
    }
}

fn holds(policy: &Policy, rule: &str) -> bool {
    policy.rules().allows(rule, &Credentials::default(), None)
}

#[test]
fn without_files_the_defaults_hold() {
    let policy = Files::new().load().unwrap();
    assert_eq!(policy.rules().names().len(), 97);
}

#[test]
fn a_changed_file_is_in_force_within_a_second_and_not_looked_at_before() {
    let files = Files::new();
    files.write("policy.yaml", "own: '@'");
    let policy = files.load().unwrap();
    assert!(holds(&policy, "own"));
    files.write("policy.yaml", "own: '!' # changed");
    assert!(holds(&policy, "own"), "the second is not over");
    files.tick();
    assert!(!holds(&policy, "own"));
}

#[test]
fn files_of_the_folder_win_in_the_order_of_their_names() {
    let files = Files::new();
    files.write("policy.yaml", "own: '!'");
    files.write("policy.d/20.yaml", "own: '@'");
    files.write("policy.d/10.yaml", "own: '!'");
    files.write("policy.d/.30.yaml", "own: '!'");
    let policy = files.load().unwrap();
    assert!(holds(&policy, "own"));
    files.write("policy.d/40.json", "{\"own\": \"!\"}");
    files.tick();
    assert!(!holds(&policy, "own"), "a new file counts");
}

#[test]
fn a_file_with_errors_is_refused_at_the_start_and_kept_out_later() {
    let files = Files::new();
    files.write("policy.yaml", "own: '@'\nother: role");
    let error = files.load().err().unwrap();
    assert_eq!(
        (error.line, error.rule.as_deref()),
        (Some(2), Some("other"))
    );

    files.write("policy.yaml", "own: '@'");
    let policy = files.load().unwrap();
    files.write("policy.yaml", "own: '!'\nother: role");
    files.tick();
    assert!(holds(&policy, "own"), "the old rules stay");
    let complaint = || policy.live.lock().unwrap().complaint.clone();
    assert!(complaint().is_some(), "and it was said why");
    files.write("policy.yaml", "own: '!'");
    files.tick();
    assert!(!holds(&policy, "own"), "a mended file is in force");
    assert_eq!(complaint(), None);
}

#[test]
fn a_file_that_is_gone_takes_no_rules_away() {
    let files = Files::new();
    files.write("policy.yaml", "\"load-balancer:read\": '!'\nown: '@'");
    let policy = files.load().unwrap();
    fs::remove_file(files.folder.path().join("policy.yaml")).unwrap();
    for _ in 0..2 {
        files.tick();
        assert!(holds(&policy, "own"));
    }
}
