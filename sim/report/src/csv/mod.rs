//! The CSV files of a run's folder, one renderer a file.
//!
//! The columns are a contract with the programs that read them; new ones go to the end. Rows have
//! a stable order; instants are RFC 3339 in UTC beside `offset_s`, seconds from the start.

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
struct Table {
    writer: ::csv::Writer<Vec<u8>>,
}

impl Table {
    fn new(header: &[&str]) -> Self {
        let mut table = Self {
            writer: ::csv::Writer::from_writer(Vec::new()),
        };
        table.row(header);
        table
    }

    fn row<T: AsRef<[u8]>>(&mut self, fields: impl IntoIterator<Item = T>) {
        self.writer
            .write_record(fields)
            .expect("a row has as many fields as the header and memory does not fail");
    }

    fn finish(self) -> Vec<u8> {
        self.writer
            .into_inner()
            .expect("flushing into memory does not fail")
    }
}

/// A field that is empty where there is no value.
fn optional(value: Option<&str>) -> &str {
    value.unwrap_or_default()
}

fn text(value: Option<&std::sync::Arc<str>>) -> String {
    value.map_or_else(String::new, ToString::to_string)
}
