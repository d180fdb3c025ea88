//! The contents of a run's folder: every file that `trustsim run` writes, with what renders it.
//!
//! A new file is one more line of [`CONTENTS`] and a module that renders it. The folder's CSV files
//! are a contract: their columns do not change, more may follow them. `summary.json` seals the folder: to what
//! it says of the run it adds the digest of every other file, under `files`.

use std::io::{self, Write};

use super::{Run, csv, plots, summary};
use plots::PlotError;
use serde_json::Value;
use trustsim_files::{Contents, NamedFile};

/// The file that seals a run's folder.
pub const SUMMARY: &str = "summary.json";

/// Writes a file.
type RenderFile = fn(&Run<'_>, &mut dyn Write) -> io::Result<()>;

/// What renders a file, or the two of a plot.
enum Renderer {
    /// One file of this name.
    File(&'static str, RenderFile),
    /// A plot as SVG and as PNG, named by the plot.
    Plot(fn(&Run<'_>) -> Result<Vec<NamedFile>, PlotError>),
}

/// Every file but the summary, in the order in which they are written.
const CONTENTS: [Renderer; 10] = [
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
];

/// Every file of a run's folder, [`SUMMARY`] last. Tables are rendered while they are written: a journal may be larger
/// than memory.
///
/// # Errors
///
/// [`PlotError`] where a plot could not be drawn.
pub fn files<'a>(run: &'a Run<'_>) -> Result<Contents<'a>, PlotError> {
    run.check();
    let Value::Object(says) = summary(run) else {
        panic!("a summary is an object");
    };
    let mut contents = Contents::new(SUMMARY, says);
    for renderer in &CONTENTS {
        match renderer {
            Renderer::File(name, render) => {
                contents.add((*name).to_owned(), |writer| render(run, writer));
            }
            Renderer::Plot(draw) => {
                for (name, bytes) in draw(run)? {
                    contents.add(name, move |writer| writer.write_all(&bytes));
                }
            }
        }
    }
    Ok(contents)
}
