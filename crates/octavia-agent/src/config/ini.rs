//! As much of oslo.config's INI as `agent.conf` needs.

use std::collections::HashMap;

/// The options of a file, by section and name. The last of several values counts.
#[derive(Default)]
pub(super) struct Ini<'a>(HashMap<&'a str, HashMap<&'a str, String>>);

impl<'a> Ini<'a> {
    /// Reads the text; an error is the number of the line that is at fault.
    pub(super) fn parse(text: &'a str) -> Result<Self, usize> {
        let mut ini = Self::default();
        let mut section = "DEFAULT";
        let mut open = None;
        for (index, line) in text.lines().enumerate() {
            let continues = line.starts_with([' ', '\t']);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                open = None;
            } else if let Some(rest) = line.strip_prefix('[') {
                section = rest.strip_suffix(']').ok_or(index + 1)?;
                open = None;
            } else if continues {
                let name = open.ok_or(index + 1)?;
                ini.lengthen(section, name, line);
            } else {
                let (name, value) = line.split_once(['=', ':']).ok_or(index + 1)?;
                let options = ini.0.entry(section).or_default();
                options.insert(name.trim(), unquoted(value.trim()).to_owned());
                open = Some(name.trim());
            }
        }
        Ok(ini)
    }

    pub(super) fn value(&self, section: &str, option: &str) -> Option<&str> {
        self.0.get(section)?.get(option).map(String::as_str)
    }

    fn lengthen(&mut self, section: &'a str, option: &'a str, line: &str) {
        let value = self
            .0
            .entry(section)
            .or_default()
            .entry(option)
            .or_default();
        value.push('\n');
        value.push_str(line);
    }
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}
