//! Columns of text, aligned by what a terminal shows.

use unicode_width::UnicodeWidthStr;

use crate::terminal::{HEADING, styled};

/// Which side of its column a cell stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table without lines: headings, then rows.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table, each line indented by two columns.
    pub(crate) fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|c| {
                let cells = self.rows.iter().filter_map(|row| row.get(c)).map(|cell| width(cell));
                cells.max().unwrap_or(0).max(width(self.columns[c].0))
            })
            .collect();
        let mut text = String::new();
        let headings = self.columns.iter().map(|(name, _)| styled(HEADING, name)).collect::<Vec<_>>();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (c, (cell, &(_, align))) in row.iter().zip(&self.columns).enumerate() {
                line.push_str("  ");
                let pad = " ".repeat(widths[c].saturating_sub(width(cell)));
                match align {
                    Align::Left => line.extend([cell.as_str(), &pad]),
                    Align::Right => line.extend([pad.as_str(), cell]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Columns that a text takes on a terminal, its styles left out.
pub(crate) fn width(text: &str) -> usize {
    anstream::adapter::strip_str(text).map(|part| part.width()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_and_styles_keep_columns_aligned() {
        let mut table = Table::new(&[("name", Align::Left), ("size", Align::Right)]);
        table.row(["名前".to_owned(), "8".to_owned()]);
        table.row([styled(HEADING, "x"), "16".to_owned()]);
        let plain: String = anstream::adapter::strip_str(&table.render()).collect();
        assert_eq!(plain, "  name  size\n  名前     8\n  x       16\n");
    }
}
