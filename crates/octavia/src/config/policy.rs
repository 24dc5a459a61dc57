//! `[oslo_policy]`: which files say who may do what.

use octavia_api::policy::PolicySettings;

use super::reader::Reader;
use super::sources::Sources;

const SECTION: &str = "oslo_policy";

/// Reads the options. Relative names are looked for where `octavia.conf` may lie.
pub(super) fn read(reader: &Reader<'_>, sources: &Sources) -> PolicySettings {
    let text = |name| reader.text((SECTION, name)).unwrap_or_default();
    PolicySettings {
        policy_file: text("policy_file"),
        policy_dirs: reader.list((SECTION, "policy_dirs")),
        folders: sources.places(),
        enforce_new_defaults: reader.boolean((SECTION, "enforce_new_defaults")),
        policy_default_rule: text("policy_default_rule"),
    }
}
