//! Tables as `juju status` prints them: no borders, two spaces between columns, words as
//! headers.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::style::{PLAIN, paint};
use trustsim_kernel::visible;

/// On which side of its column a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Counts.
    Right,
}

/// A text and its colour.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A coloured text, in one line of letters that are seen.
    pub fn new(text: &str, style: Style) -> Self {
        Self {
            text: visible(text).into_owned(),
            style,
        }
    }

    /// A text as it is.
    pub fn plain(text: &str) -> Self {
        Self::new(text, PLAIN)
    }
}

/// Rows under headers.
#[derive(Clone, Debug)]
pub struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headers and no row.
    pub fn new(header: &[(&str, Align)]) -> Self {
        let names = header.iter().map(|(name, _)| Cell::plain(name)).collect();
        Self {
            align: header.iter().map(|&(_, align)| align).collect(),
            rows: vec![names],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<Cell> = cells.into_iter().collect();
        assert_eq!(
            cells.len(),
            self.align.len(),
            "a row has a cell for each column"
        );
        self.rows.push(cells);
    }

    /// Whether there is any row.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// The table as text, each line without trailing space.
    pub fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.align.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| &row[column]);
                let widest = cells.map(|cell| cell.text.width()).max();
                widest.expect("a table has a row of headers")
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            let mut gap = 0;
            for ((cell, &wide), align) in row.iter().zip(&widths).zip(&self.align) {
                let blank = wide - cell.text.width();
                let (before, after) = match align {
                    Align::Left => (0, blank),
                    Align::Right => (blank, 0),
                };
                if !cell.text.is_empty() {
                    line.push_str(&" ".repeat(gap + before));
                    line.push_str(&paint(cell.style, &cell.text));
                    gap = after + 2;
                } else {
                    gap += wide + 2;
                }
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_two_spaces_apart_without_trailing_space() {
        let mut table = Table::new(&[
            ("Unit", Align::Left),
            ("Failed", Align::Right),
            ("Message", Align::Left),
        ]);
        assert!(table.is_empty());
        table.row(["ca/0*", "0", ""].map(Cell::plain));
        table.row(["traefik/10", "1 024", "blocked"].map(Cell::plain));
        insta::assert_snapshot!(table.render(), @r"
        Unit        Failed  Message
        ca/0*            0
        traefik/10   1 024  blocked
        ");
    }

    /// A cell would end its line, or clear the screen.
    #[test]
    fn a_cell_is_one_line_of_letters_that_are_seen() {
        let mut table = Table::new(&[("Message", Align::Left), ("Count", Align::Right)]);
        table.row(["a\nb\u{1b}[2J", "1"].map(Cell::plain));
        insta::assert_snapshot!(table.render(), @r"
        Message        Count
        a\nb\u{1b}[2J      1
        ");
    }

    /// East Asian characters take two columns of a terminal.
    #[test]
    fn wide_characters_take_two_columns() {
        let mut table = Table::new(&[("Scenario", Align::Left), ("Seed", Align::Right)]);
        table.row(["証明書", "1"].map(Cell::plain));
        table.row(["certificate", "2"].map(Cell::plain));
        insta::assert_snapshot!(table.render(), @r"
        Scenario     Seed
        証明書          1
        certificate     2
        ");
    }
}
