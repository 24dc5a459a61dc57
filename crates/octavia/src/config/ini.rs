//! The file format: oslo.config's INI, to the letter.
//!
//! `[section]`, `option = value` or `option: value` (whichever sign comes first), lines that begin with a
//! blank continue the value above, `#` and `;` begin comment lines, a pair of quotes around a whole value
//! is dropped. A blank line or a comment ends a value. Nothing is a comment behind a value.

/// One `option = value`, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) section: String,
    pub(super) option: String,
    pub(super) value: String,
    pub(super) line: usize,
}

/// A line that is none of the forms above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) problem: &'static str,
}

/// Reads all assignments of a file, in order.
pub(super) fn parse(text: &str) -> Result<Vec<Assignment>, SyntaxError> {
    let mut parser = Parser::default();
    for (index, line) in text.lines().enumerate() {
        parser
            .line(index + 1, line.trim_end())
            .map_err(|problem| SyntaxError {
                line: index + 1,
                problem,
            })?;
    }
    Ok(parser.assignments)
}

#[derive(Default)]
struct Parser {
    section: Option<String>,
    assignments: Vec<Assignment>,
    /// Whether the last assignment may still be continued.
    open: bool,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) -> Result<(), &'static str> {
        if line.starts_with([' ', '\t']) {
            return self.continuation(line.trim_start());
        }
        self.open = false;
        if line.is_empty() || line.starts_with(['#', ';']) {
            Ok(())
        } else if let Some(rest) = line.strip_prefix('[') {
            self.section(rest)
        } else {
            self.assignment(number, line)
        }
    }

    fn continuation(&mut self, text: &str) -> Result<(), &'static str> {
        match self.assignments.last_mut() {
            Some(last) if self.open => {
                last.value.push('\n');
                last.value.push_str(text);
                Ok(())
            }
            Some(_) | None => {
                Err("a line that begins with a blank continues a value, and none is open here")
            }
        }
    }

    fn section(&mut self, rest: &str) -> Result<(), &'static str> {
        let name = rest
            .strip_suffix(']')
            .ok_or("a section ends with a bracket: [api_settings]")?;
        if name.is_empty() {
            return Err("a section needs a name: [api_settings]");
        }
        self.section = Some(normal_section(name));
        Ok(())
    }

    fn assignment(&mut self, line_number: usize, line: &str) -> Result<(), &'static str> {
        let (option, value) = line
            .split_once(['=', ':'])
            .ok_or("neither a [section] nor an option = value")?;
        if option.trim().is_empty() {
            return Err("the name of the option is missing");
        }
        let section = self
            .section
            .clone()
            .ok_or("an option before the first [section]")?;
        self.assignments.push(Assignment {
            section,
            option: option.trim().to_owned(),
            value: unquoted(value.trim()).to_owned(),
            line: line_number,
        });
        self.open = true;
        Ok(())
    }
}

/// Section names are the same in any case; `DEFAULT` is written large.
fn normal_section(name: &str) -> String {
    if name.eq_ignore_ascii_case("default") {
        "DEFAULT".to_owned()
    } else {
        name.to_lowercase()
    }
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, String)> {
        parse(text)
            .unwrap()
            .into_iter()
            .map(|a| (a.section, a.option, a.value))
            .collect()
    }

    fn one(section: &str, option: &str, value: &str) -> (String, String, String) {
        (section.to_owned(), option.to_owned(), value.to_owned())
    }

    #[test]
    fn both_signs_assign_and_the_first_one_counts() {
        assert_eq!(
            read("[a]\nx = 1\ny: 2\nurl = mysql://u:p@h/d\nz : a=b\n"),
            [
                one("a", "x", "1"),
                one("a", "y", "2"),
                one("a", "url", "mysql://u:p@h/d"),
                one("a", "z", "a=b"),
            ]
        );
    }

    #[test]
    fn a_line_that_begins_with_a_blank_continues_the_value() {
        assert_eq!(
            read("[a]\nx = one,\n  two,\n\tthree\ny = 1\n"),
            [one("a", "x", "one,\ntwo,\nthree"), one("a", "y", "1")]
        );
    }

    #[test]
    fn comments_are_whole_lines_and_end_a_value() {
        assert_eq!(
            read("# c\n; c\n[a]\nx = 1 # kept\n"),
            [one("a", "x", "1 # kept")]
        );
        assert_eq!(
            parse("[a]\nx = 1\n# c\n  2\n").unwrap_err().line,
            4,
            "a comment ends the value above"
        );
    }

    #[test]
    fn section_names_are_the_same_in_any_case() {
        assert_eq!(
            read("[default]\na=1\n[API_Settings]\nb=2"),
            [one("DEFAULT", "a", "1"), one("api_settings", "b", "2")]
        );
    }

    #[test]
    fn one_pair_of_quotes_around_a_value_is_dropped() {
        assert_eq!(
            read("[a]\nx = \" 1 \"\ny = 'z'\nw = \"a\nv = \"\n"),
            [
                one("a", "x", " 1 "),
                one("a", "y", "z"),
                one("a", "w", "\"a"),
                one("a", "v", "\""),
            ]
        );
    }

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        for (text, line) in [
            ("x = 1\n", 1),
            ("[a\n", 1),
            ("[]\n", 1),
            ("[a]\n\njust words\n", 3),
            ("[a]\n= 1\n", 2),
            ("  x = 1\n", 1),
        ] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(
            section in "[a-z][a-z_]{0,11}",
            option in "[A-Za-z][A-Za-z_0-9-]{0,15}",
            value in "[!-~--[\"']]([ -~]{0,20}[!-~--[\"']])?",
            sign in "[ \t]*[=:][ \t]*",
        ) {
            let text = format!("[{section}]\n{option}{sign}{value}\n");
            proptest::prop_assert_eq!(read(&text), [one(&normal_section(&section), &option, &value)]);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(\\[|\\]|=|:|\n|\t| |[#;]|\"|'|[a-z]|\\PC){0,60}") {
            if let Err(error) = parse(&text) {
                proptest::prop_assert!(error.line <= text.lines().count());
            }
        }
    }
}
