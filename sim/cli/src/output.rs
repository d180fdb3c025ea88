//! How an answer is written: as tables for people, or as JSON or YAML for programs; onto standard
//! output or into files. A new format is a value of [`Format`] and a case in [`render`].

use std::path::Path;

use serde_json::Value;

use super::args::{DataFormat, Format};
use super::console::Console;
use super::error::{CliError, ErrorKind};
use trustsim_report::{DataTable, tables_json, write_folder};

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

/// Tables as CSV files of a folder, where one is named, and in a format onto standard output.
pub(super) fn deliver_tables(
    tables_of_data: &[DataTable],
    tables: impl FnOnce() -> String,
    format: Format,
    folder: Option<&Path>,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    if let Some(folder) = folder {
        let files: Vec<_> = tables_of_data.iter().map(DataTable::csv).collect();
        write_folder(folder, &files).map_err(|error| {
            CliError::new(ErrorKind::Io, "failed to write the CSV files").caused_by(error)
        })?;
    }
    console.print(&render(format, tables, || tables_json(tables_of_data))?)
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

/// Onto standard output or, whole or not at all, into a file.
pub(super) fn deliver(
    text: &str,
    output: Option<&Path>,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let Some(path) = output.filter(|path| *path != Path::new("-")) else {
        return console.print(text);
    };
    let name = path.file_name().ok_or_else(|| {
        CliError::usage(format!(
            "failed to write `{}`: it names no file",
            path.display()
        ))
    })?;
    let failed = |error| {
        CliError::new(
            ErrorKind::Io,
            format!("failed to write `{}`", path.display()),
        )
        .caused_by(Box::<dyn std::error::Error + Send + Sync>::from(error))
    };
    let partial = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    let written = std::fs::write(&partial, text).and_then(|()| std::fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one that says something.
        let _ = std::fs::remove_file(&partial);
    }
    written.map_err(failed)
}
