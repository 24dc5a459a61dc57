//! What a measurement found: a table for people, JSON for programs.

use serde_json::{Map, Value, json};

/// What was found.
pub(crate) struct Report {
    title: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// Says how it goes, where it does not mix with the result.
#[expect(
    clippy::print_stderr,
    reason = "the result alone goes to standard output"
)]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// One cell of the table.
pub(crate) enum Cell {
    /// A name.
    Text(String),
    /// A number; shown with two digits after the point, or none when it is large. Not a number
    /// where there is nothing to say.
    Number(f64),
}

/// From this size on, digits after the point are noise.
const LARGE: f64 = 1000.0;

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) if number.is_nan() => "-".to_owned(),
            Self::Number(number) if number.abs() >= LARGE => format!("{number:.0}"),
            Self::Number(number) => format!("{number:.2}"),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
        }
    }
}

impl Report {
    /// Starts a report. The first column holds names.
    pub(crate) fn new(title: &'static str, columns: Vec<&'static str>) -> Self {
        Self {
            title,
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row: its name, numbers, and words behind them, one for each column.
    pub(crate) fn add<const WORDS: usize>(
        &mut self,
        name: &str,
        numbers: &[f64],
        words: [String; WORDS],
    ) {
        let name = Cell::Text(name.to_owned());
        let numbers = numbers.iter().map(|number| Cell::Number(*number));
        let words = words.into_iter().map(Cell::Text);
        let row = std::iter::once(name).chain(numbers).chain(words);
        self.rows.push(row.collect());
    }

    /// Returns the table for people.
    pub(crate) fn table(&self) -> String {
        let texts = self.rows.iter();
        let texts: Vec<Vec<String>> = texts
            .map(|row| row.iter().map(Cell::text).collect())
            .collect();
        let width = |column: usize| {
            let cells = texts.iter().map(|row| row[column].chars().count());
            let title = self.columns[column].chars().count();
            cells.chain([title]).max().unwrap_or(title)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let line = |cells: Vec<&str>| {
            let padded = cells.iter().zip(&widths).enumerate();
            let padded = padded.map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            padded.collect::<Vec<_>>().join("  ")
        };
        let mut lines = vec![
            self.title.to_owned(),
            String::new(),
            line(self.columns.clone()),
        ];
        lines.extend(
            texts
                .iter()
                .map(|row| line(row.iter().map(String::as_str).collect())),
        );
        lines.join("\n")
    }

    /// Returns an object a row.
    pub(crate) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let cells = self.columns.iter().zip(row);
            let cells = cells.map(|(column, cell)| ((*column).to_owned(), cell.json()));
            Value::Object(cells.collect::<Map<_, _>>())
        });
        json!({"title": self.title, "rows": rows.collect::<Vec<_>>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_up_and_json_has_an_object_a_row() {
        let mut report = Report::new("CPU", vec!["what", "ours", "ratio"]);
        report.add("HTTP keep-alive", &[12.345, 0.7], []);
        report.add("bulk", &[12345.6, f64::NAN], []);
        let expected = "CPU\n\n\
            what              ours  ratio\n\
            HTTP keep-alive  12.35   0.70\n\
            bulk             12346      -";
        assert_eq!(report.table(), expected);
        assert_eq!(
            report.json()["rows"][0],
            json!({"what": "HTTP keep-alive", "ours": 12.345, "ratio": 0.7})
        );
    }
}
