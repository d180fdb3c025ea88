//! How an answer is written: as tables for people, or as JSON or YAML for programs; onto standard
//! output or into files. A new format is a value of [`Format`] and a case in [`render`].

use std::path::Path;

use serde_json::{Map, Value};

use super::args::{AskAnswer, AskFormat, DataFormat, Format};
use super::console::Console;
use super::error::{CliError, ErrorKind};
use trustsim_files::{
    Access, Contents, FileWriter, FolderError, NamedFile, WriteError, write_folder,
};
use trustsim_report::{DataTable, tables_json};

/// The answer in a format: `tables` for people, `value` for programs. Only the one that is asked for
/// is made.
pub(super) fn render(
    format: Format,
    tables: impl FnOnce() -> String,
    value: impl FnOnce() -> Value,
) -> Result<String, CliError> {
    match format {
        Format::Tabular => Ok(tables()),
        Format::Json => data_text(&value(), DataFormat::Json),
        Format::Yaml => data_text(&value(), DataFormat::Yaml),
    }
}

/// The answer in a format, onto standard output.
pub(super) fn print_answer(
    format: Format,
    tables: impl FnOnce() -> String,
    value: impl FnOnce() -> Value,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let text = render(format, tables, value)?;
    match format {
        Format::Tabular => console.print(&text),
        Format::Json | Format::Yaml => console.print_data(&text),
    }
}

/// Tables as CSV files of a folder, where one is named, and in a format onto standard output. `seal` names the JSON
/// file with the digests of the others, by which the next answer of this kind knows what it may replace.
pub(super) fn deliver_tables(
    tables_of_data: &[DataTable],
    seal: &str,
    tables: impl FnOnce() -> String,
    format: Format,
    folder: Option<&Path>,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    if let Some(folder) = folder {
        let files = tables_of_data.iter().map(DataTable::csv).collect();
        let contents = Contents::sealed(files, seal, Map::new());
        deliver_folder(&contents, folder, Access::Shared, "the CSV files")?;
    }
    print_answer(format, tables, || tables_json(tables_of_data), console)
}

/// The answer to a question.
pub(super) struct Answer<'a> {
    /// The question, which is the name of its main table.
    pub(super) question: &'static str,
    /// Every table.
    pub(super) tables: &'a [DataTable],
    /// What is written into a folder beside them.
    pub(super) files: Vec<NamedFile>,
}

/// The answer to a question: its tables as CSV files of a folder, where one is named, and in a format onto standard
/// output.
pub(super) fn deliver_answer(
    answer: Answer<'_>,
    tables: impl FnOnce() -> String,
    how: &AskAnswer,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let Answer {
        question,
        tables: data,
        files,
    } = answer;
    if let Some(folder) = how.output.as_deref() {
        let csv = data.iter().map(DataTable::csv);
        let seal = format!("ask-{question}.json");
        let contents = Contents::sealed(csv.chain(files).collect(), &seal, Map::new());
        deliver_folder(&contents, folder, Access::Shared, "the CSV files")?;
    }
    let format = match how.format {
        AskFormat::Tabular => Format::Tabular,
        AskFormat::Json => Format::Json,
        AskFormat::Yaml => Format::Yaml,
        AskFormat::Csv => return print_csv(question, data, console),
    };
    print_answer(format, tables, || tables_json(data), console)
}

/// The main table as CSV; that there are others is said.
fn print_csv(
    question: &str,
    tables: &[DataTable],
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let (main, others): (Vec<&DataTable>, Vec<&DataTable>) =
        tables.iter().partition(|table| table.name == question);
    let [main] = main[..] else {
        panic!("the answer to `{question}` has one table of that name");
    };
    let (_, bytes) = main.csv();
    let text = String::from_utf8(bytes).expect("cells are texts");
    console.print_data(&text)?;
    let others: Vec<String> = others
        .iter()
        .map(|other| format!("{}.csv", other.name))
        .collect();
    match others.is_empty() {
        true => Ok(()),
        false => console.say(&format!(
            "this is {question}.csv; -o FOLDER writes {} too\n",
            others.join(", ")
        )),
    }
}

/// A value as text, with a line break at its end.
pub(super) fn data_text(value: &Value, format: DataFormat) -> Result<String, CliError> {
    let text = match format {
        DataFormat::Json => serde_json::to_string_pretty(value).map_err(|error| error.to_string()),
        DataFormat::Yaml => serde_saphyr::to_string(value).map_err(|error| error.to_string()),
    };
    let text = text.map_err(|error| {
        CliError::new(ErrorKind::Io, "failed to write the answer as text").caused_by(error)
    })?;
    Ok(format!("{}\n", text.trim_end()))
}

/// Into a folder. Gives the names of files of an earlier writing that are no longer part of it and were removed.
pub(super) fn deliver_folder(
    contents: &Contents<'_>,
    folder: &Path,
    access: Access,
    what: &str,
) -> Result<Vec<String>, CliError> {
    write_folder(folder, contents, access).map_err(|error| {
        let hint = match &error {
            FolderError::InTheWay(_) => Some("name another folder with -o, or move it away"),
            FolderError::Busy(_) => Some("name another folder with -o, or wait until it has ended"),
            FolderError::NotAFolder(_) => Some("name a folder with -o"),
            FolderError::Io { .. } => None,
        };
        let said = CliError::new(ErrorKind::Io, format!("failed to write {what}")).caused_by(error);
        hint.into_iter().fold(said, CliError::hint)
    })
}

/// Onto standard output or, whole or not at all, into a file.
pub(super) fn deliver(
    text: &str,
    output: Option<&Path>,
    access: Access,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let mut delivery = Delivery::begin(output, access)?;
    delivery.write(text, console)?;
    delivery.finish()
}

/// An answer that is written part by part, as [`deliver`] writes one. A file is there from [`Delivery::finish`] on.
pub(super) struct Delivery<'p> {
    /// `None` is standard output.
    file: Option<(FileWriter, &'p Path)>,
}

impl<'p> Delivery<'p> {
    /// Opens what is written into.
    pub(super) fn begin(output: Option<&'p Path>, access: Access) -> Result<Self, CliError> {
        // By name `/dev/stdout` cannot be opened where it is a socket.
        let is_console = |path: &&Path| [Path::new("-"), Path::new("/dev/stdout")].contains(path);
        let file = match output.filter(|path| !is_console(path)) {
            Some(path) => {
                let writer = FileWriter::begin(path, access);
                Some((writer.map_err(|error| not_written(path, error))?, path))
            }
            None => None,
        };
        Ok(Self { file })
    }

    /// Writes what comes next.
    pub(super) fn write(&mut self, text: &str, console: &mut Console<'_>) -> Result<(), CliError> {
        let Some((writer, path)) = &mut self.file else {
            return console.print_data(text);
        };
        let written = writer.write(text.as_bytes());
        written.map_err(|error| not_written(path, error))
    }

    /// Puts the file in place.
    pub(super) fn finish(self) -> Result<(), CliError> {
        match self.file {
            Some((writer, path)) => writer.finish().map_err(|error| not_written(path, error)),
            None => Ok(()),
        }
    }
}

/// Why a file was not written.
fn not_written(path: &Path, error: WriteError) -> CliError {
    let said = CliError::new(
        ErrorKind::Io,
        format!("failed to write `{}`", path.display()),
    );
    match error {
        WriteError::FolderNotWritable { .. } => said.caused_by(error).hint(
            "without -o it goes to standard output, which a shell writes into the file: > FILE",
        ),
        WriteError::Io(source) => said.caused_by(source),
        error => said.caused_by(error),
    }
}
