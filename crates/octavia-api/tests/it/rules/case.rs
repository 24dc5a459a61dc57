use serde_json::{Value, json};

/// A rule of upstream's, as `rules.json` has it.
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) operation: String,
    pub(super) status: u64,
    pub(super) message: String,
}

/// Reads upstream's rules.
pub(super) fn rules() -> Vec<Rule> {
    let rules: Vec<Value> = serde_json::from_str(include_str!("rules.json")).unwrap();
    let text = |rule: &Value, key: &str| rule[key].as_str().unwrap().to_owned();
    rules
        .iter()
        .map(|rule| Rule {
            id: text(rule, "id"),
            operation: text(rule, "operation"),
            status: rule["http"].as_u64().unwrap(),
            message: text(rule, "message"),
        })
        .collect()
}

/// A call that a rule refuses.
#[derive(Default)]
pub(super) struct Case {
    pub(super) rule: String,
    pub(super) method: String,
    path: String,
    body: String,
    is_whole_body: bool,
    options: Vec<(String, String)>,
}

/// Reads the calls; names stand for what `fill` puts there.
pub(super) fn cases(fill: impl Fn(&str) -> String) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("cases.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = fill(line);
        if let Some(option) = line.strip_prefix("  ") {
            let (name, value) = option.split_once(' ').unwrap();
            let options = &mut cases.last_mut().unwrap().options;
            options.push((name.to_owned(), value.trim_start().to_owned()));
        } else {
            cases.push(Case::of(&line));
        }
    }
    cases
}

impl Case {
    fn of(line: &str) -> Self {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (rule, method, path, body) = (word(), word(), word(), word());
        Self {
            rule,
            is_whole_body: method.ends_with('!'),
            method: method.trim_end_matches('!').to_owned(),
            path,
            body,
            options: Vec::new(),
        }
    }

    pub(super) fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn path(&self) -> String {
        if self.path.starts_with("octavia/") {
            return format!("/v2.0/{}", self.path);
        }
        format!("/v2.0/lbaas/{}", self.path)
    }

    pub(super) fn body(&self) -> String {
        if self.body.is_empty() || self.is_whole_body {
            return self.body.clone();
        }
        let fields: Value = serde_json::from_str(&self.body).expect(&self.body);
        json!({ root(&self.path): fields }).to_string()
    }

    /// Says how an answer differs from what the rule, or the case, says.
    pub(super) fn judge(&self, rule: &Rule, status: u16, body: &Value) -> Result<(), String> {
        let (wanted, text) = match self.option("ours") {
            Some(ours) => {
                let (status, text) = ours.split_once(' ').unwrap();
                (status.parse().unwrap(), text)
            }
            None => (rule.status, self.option("says").unwrap_or(&rule.message)),
        };
        if u64::from(status) != wanted {
            return Err(format!("{status} instead of {wanted}: {body}"));
        }
        let said = says(text, body);
        said.then_some(())
            .ok_or_else(|| format!("{body} instead of {text}"))
    }
}

/// The root key of a body sent to a path: that of the last kind of objects in it.
fn root(path: &str) -> &'static str {
    const ROOTS: [(&str, &str); 11] = [
        ("loadbalancers", "loadbalancer"),
        ("listeners", "listener"),
        ("members", "member"),
        ("pools", "pool"),
        ("healthmonitors", "healthmonitor"),
        ("rules", "rule"),
        ("l7policies", "l7policy"),
        ("flavors", "flavor"),
        ("flavorprofiles", "flavorprofile"),
        ("availabilityzones", "availability_zone"),
        ("availabilityzoneprofiles", "availability_zone_profile"),
    ];
    let parts: Vec<_> = path.split('/').collect();
    let of = |(kind, _): &&(&str, &str)| parts.contains(kind);
    ROOTS.iter().find(of).unwrap().1
}

/// Tells whether a body says a text; one that is JSON is the whole body.
fn says(text: &str, body: &Value) -> bool {
    if let Ok(Value::Object(fields)) = serde_json::from_str(text) {
        return fields.iter().all(|(key, value)| {
            let (wanted, said) = (value.as_str(), body[key].as_str());
            let template = wanted.zip(said);
            template.map_or(body[key] == *value, |(wanted, said)| fits(wanted, said))
        });
    }
    let said = [&body["faultstring"], &body["description"]];
    let said = said.into_iter().find_map(Value::as_str);
    said.is_some_and(|said| fits(text, said))
}

/// Tells whether a text is what a template says: `%(name)s` and `[...]` stand for anything.
fn fits(template: &str, text: &str) -> bool {
    let template = template.replace("[...]", "%()s").replace(")d", ")s");
    let mut pieces = template.split("%(");
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut open = false;
    for piece in pieces {
        let Some((_, literal)) = piece.split_once(")s") else {
            return false;
        };
        open = literal.is_empty();
        match rest.find(literal) {
            Some(at) if open || at > 0 => rest = &rest[at + literal.len()..],
            Some(_) | None => return false,
        }
    }
    open || rest.is_empty()
}

#[test]
fn a_template_fits_what_it_was_filled_to() {
    for (template, text) in [
        ("a", "a"),
        ("Pool %(id)s not found.", "Pool x not found."),
        ("%(a)s < %(b)s", "1 < 2"),
        ("dict_keys([...]) is", "dict_keys(['a']) is"),
    ] {
        assert!(fits(template, text), "{template}");
        assert!(!fits(template, "a thing"), "{template}");
        assert!(!fits(template, &format!("{text} not found")) || template.ends_with(")s"));
    }
}
