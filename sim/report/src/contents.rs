//! The contents of a run's folder: every file that `trustsim run` writes, with what renders it.
//!
//! A new file is one more line of [`CONTENTS`] and a module that renders it. The folder's CSV files
//! are a contract: their columns do not change, more may follow them.

use super::{Run, csv, plots, summary};
use plots::PlotError;

/// The file that seals a run's folder: it is written last, so a folder that has it is whole.
pub const SUMMARY: &str = "summary.json";

/// A file by its name, with its bytes.
pub type NamedFile = (String, Vec<u8>);

/// What renders a file, or the two of a plot.
enum Renderer {
    /// One file of this name.
    File(&'static str, fn(&Run<'_>) -> Vec<u8>),
    /// A plot as SVG and as PNG, named by the plot.
    Plot(fn(&Run<'_>) -> Result<Vec<NamedFile>, PlotError>),
}

/// Every file, in the order in which they are written.
const CONTENTS: [Renderer; 11] = [
    Renderer::File("handshakes.csv", csv::handshakes),
    Renderer::File("failures.csv", csv::failures),
    Renderer::File("outages.csv", csv::outages),
    Renderer::File("certificates.csv", csv::certificates),
    Renderer::File("relation_secrets.csv", csv::relation_secrets),
    Renderer::File("seeds.csv", csv::seeds),
    Renderer::File("journal.csv", csv::journal),
    Renderer::Plot(plots::handshakes),
    Renderer::Plot(plots::outages),
    Renderer::Plot(plots::issuance),
    Renderer::File(SUMMARY, summary::render),
];

/// Every file of a run's folder, [`SUMMARY`] last.
///
/// # Errors
///
/// [`PlotError`] where a plot could not be drawn.
pub fn files(run: &Run<'_>) -> Result<Vec<NamedFile>, PlotError> {
    run.check();
    let mut files = Vec::new();
    for renderer in &CONTENTS {
        match renderer {
            Renderer::File(name, render) => files.push(((*name).to_owned(), render(run))),
            Renderer::Plot(draw) => files.extend(draw(run)?),
        }
    }
    let is_sealed = files.last().is_some_and(|(name, _)| name == SUMMARY);
    assert!(is_sealed, "{SUMMARY} is written after every other file");
    Ok(files)
}
