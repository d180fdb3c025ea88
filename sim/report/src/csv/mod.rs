//! The CSV files of a run's folder, one renderer a file.
//!
//! The columns are a contract with the programs that read them; new ones go to the end. Rows have
//! a stable order; instants are RFC 3339 in UTC beside `offset_s`, seconds from the start.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula. `Table` writes every cell of every
//! CSV file, and puts an apostrophe before such a text (OWASP, "CSV Injection"): the common name `=1+1` is `'=1+1`.
//! Numbers and a lone hyphen are as they are.

use std::borrow::Cow;
use std::io::{self, Write};

mod certificates;
mod failures;
mod handshakes;
mod journal;
mod outages;
mod relation_secrets;
mod seeds;

pub use certificates::certificates;
pub use failures::failures;
pub use handshakes::handshakes;
pub use journal::journal;
pub use outages::outages;
pub use relation_secrets::relation_secrets;
pub use seeds::seeds;

/// A table with its header.
pub(crate) struct Table<'w> {
    writer: ::csv::Writer<&'w mut dyn Write>,
}

impl<'w> Table<'w> {
    pub(crate) fn new(writer: &'w mut dyn Write, header: &[&str]) -> io::Result<Self> {
        let mut table = Self {
            writer: ::csv::Writer::from_writer(writer),
        };
        table.row(header)?;
        Ok(table)
    }

    /// # Panics
    ///
    /// Where a row has more or fewer fields than the header.
    pub(crate) fn row<T: AsRef<str>>(
        &mut self,
        fields: impl IntoIterator<Item = T>,
    ) -> io::Result<()> {
        for field in fields {
            let field = inert(field.as_ref());
            self.write(|writer| writer.write_field(field.as_bytes()))?;
        }
        self.write(|writer| writer.write_record(None::<&[u8]>))
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut ::csv::Writer<&'w mut dyn Write>) -> Result<(), ::csv::Error>,
    ) -> io::Result<()> {
        write(&mut self.writer).map_err(|error| match error.into_kind() {
            ::csv::ErrorKind::Io(source) => source,
            other => panic!("a row has as many fields as the header: {other:?}"),
        })
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A cell that no spreadsheet calculates.
fn inert(cell: &str) -> Cow<'_, str> {
    let may_be_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let is_number = || {
        let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        let begins = digits.starts_with(|first: char| first.is_ascii_digit());
        begins && digits.parse::<f64>().is_ok()
    };
    match may_be_formula && cell != "-" && !is_number() {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// A field that is empty where there is no value.
fn optional(value: Option<&str>) -> &str {
    value.unwrap_or_default()
}

fn text(value: Option<&std::sync::Arc<str>>) -> String {
    value.map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("-inf", "'-inf"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("-5", "-5"),
            ("-0.25", "-0.25"),
            ("+5", "+5"),
            ("1e3", "1e3"),
            ("-", "-"),
            ("", ""),
            ("a=b", "a=b"),
            ("'=1", "'=1"),
        ] {
            assert_eq!(inert(cell), written);
        }
    }

    #[test]
    fn a_row_is_written_with_inert_cells() {
        let mut written = Vec::new();
        let mut table = Table::new(&mut written, &["name", "count"]).expect("written");
        table.row(["=1+1, x", "-7"]).expect("written");
        table.finish().expect("written");
        assert_eq!(written, b"name,count\n\"'=1+1, x\",-7\n");
    }
}
