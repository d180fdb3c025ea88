//! Rows with named columns that become CSV or JSON alike. Times are RFC 3339 in UTC, spans are
//! seconds; what does not apply is an empty field or null.

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::csv::Table;
use crate::words::time::{seconds, seconds_json};
use trustsim_kernel::{Span, Time};

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A text.
    Text(String),
    /// A count.
    Count(u64),
    /// How long.
    Seconds(Span),
    /// Yes or no.
    Flag(bool),
    /// Does not apply.
    Nothing,
}

impl Field {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn time(time: Time) -> Self {
        Self::Text(time.to_string())
    }

    pub(super) fn seconds(span: Span) -> Self {
        Self::Seconds(span)
    }

    pub(super) fn optional<T>(value: Option<T>, field: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Nothing, field)
    }

    fn csv(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Seconds(span) => seconds(*span),
            Self::Flag(flag) => flag.to_string(),
            Self::Nothing => String::new(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Count(count) => Value::from(*count),
            Self::Seconds(span) => seconds_json(*span),
            Self::Flag(flag) => Value::from(*flag),
            Self::Nothing => Value::Null,
        }
    }
}

/// A table. Its columns are a contract: new ones go to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataTable {
    /// Its file is `NAME.csv`.
    pub name: &'static str,
    /// Names of its columns.
    pub header: &'static [&'static str],
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<Field>>,
}

impl DataTable {
    /// The file's name and bytes.
    pub fn csv(&self) -> (String, Vec<u8>) {
        let mut bytes = Vec::new();
        self.write(&mut bytes).expect("memory takes every byte");
        (format!("{}.csv", self.name), bytes)
    }

    fn write(&self, writer: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(writer, self.header)?;
        for row in &self.rows {
            table.row(row.iter().map(Field::csv))?;
        }
        table.finish()
    }
}

/// An object of lists: one list a table, one object a row.
pub fn tables_json(tables: &[DataTable]) -> Value {
    let list = |table: &DataTable| {
        let rows = table.rows.iter().map(|row| {
            assert_eq!(
                row.len(),
                table.header.len(),
                "a row of {} has a field for each column",
                table.name
            );
            let fields = table.header.iter().zip(row);
            let fields = fields.map(|(name, field)| ((*name).to_owned(), field.json()));
            Value::Object(fields.collect::<Map<_, _>>())
        });
        Value::Array(rows.collect())
    };
    let all = tables
        .iter()
        .map(|table| (table.name.to_owned(), list(table)));
    Value::Object(all.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_the_same_in_csv_and_in_json() {
        let table = DataTable {
            name: "things",
            header: &["name", "count", "life_s", "is_so", "at"],
            rows: vec![vec![
                Field::text("a, b"),
                Field::Count(3),
                Field::seconds(Span::from_millis(1_500)),
                Field::Flag(true),
                Field::Nothing,
            ]],
        };
        let (name, bytes) = table.csv();
        assert_eq!(name, "things.csv");
        assert_eq!(bytes, b"name,count,life_s,is_so,at\n\"a, b\",3,1.5,true,\n");
        let json = tables_json(&[table]).to_string();
        assert_eq!(
            json,
            r#"{"things":[{"name":"a, b","count":3,"life_s":1.5,"is_so":true,"at":null}]}"#
        );
    }
}
