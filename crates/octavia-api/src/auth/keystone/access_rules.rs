use regex::Regex;

/// Tells whether the path of an access rule stands for a path: `*` and `{name}` for one part of it,
/// `**` for anything, all else for itself.
pub(super) fn matches(rule: &str, path: &str) -> bool {
    // Users write rules: one that is too large to be compiled allows nothing.
    Regex::new(&pattern(rule)).is_ok_and(|pattern| pattern.is_match(path))
}

fn pattern(rule: &str) -> String {
    let mut pattern = "^".to_owned();
    let mut rest = rule;
    while let Some(first) = rest.chars().next() {
        let tag = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        if let Some(behind) = rest.strip_prefix("**") {
            pattern.push_str(".*");
            rest = behind;
        } else if let Some(behind) = tag.map_or_else(|| rest.strip_prefix('*'), |(_, it)| Some(it))
        {
            pattern.push_str("[^/]+");
            rest = behind;
        } else {
            let (literal, behind) = rest.split_at(first.len_utf8());
            pattern.push_str(&regex::escape(literal));
            rest = behind;
        }
    }
    pattern.push('$');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_names_stand_for_parts_of_a_path() {
        for (rule, path) in [
            ("/v2.0/lbaas/pools", "/v2.0/lbaas/pools"),
            ("/v2.0/lbaas/pools/*", "/v2.0/lbaas/pools/p1"),
            (
                "/v2.0/lbaas/pools/{id}/members",
                "/v2.0/lbaas/pools/p1/members",
            ),
            ("/v2.0/**", "/v2.0/lbaas/pools/p1/members"),
            ("**/members", "/v2.0/lbaas/pools/p1/members"),
            ("/*.json", "/pools.json"),
        ] {
            assert!(matches(rule, path), "{rule} {path}");
        }
        for (rule, path) in [
            ("/v2.0/lbaas/pools", "/v2.0/lbaas/pools/p1"),
            ("/v2.0/lbaas/pools/*", "/v2.0/lbaas/pools/"),
            ("/v2.0/lbaas/pools/*", "/v2.0/lbaas/pools/p1/members"),
            ("/v2.0/lbaas/pools/{id}", "/v2.0/lbaas/pools/p1/members"),
            ("/v2.0/lbaas", "/v2x0/lbaas"),
            ("/{open", "/x"),
            ("", "/"),
        ] {
            assert!(!matches(rule, path), "{rule} {path}");
        }
    }
}
