//! Plots of a run: handshakes and failures over time, the outages of each connection, and
//! issuance; each as SVG and as PNG.
//!
//! The font of the PNGs is built in, so that the same run gives the same bytes on a machine
//! without fonts. Colours are those of Okabe and Ito, told apart by people with any colour
//! vision; whatever a colour says, a word says too.

mod axis;
mod canvas;
mod handshakes;
mod issuance;
mod marks;
mod outages;
mod panel;
mod png;

use std::sync::OnceLock;

use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend, WHITE};
use plotters::style::{FontStyle, register_font};
use thiserror::Error;

use super::Run;
use canvas::Canvas;
use trustsim_files::NamedFile;
use trustsim_packed::packed;

/// Why a plot could not be drawn.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlotError {
    /// The backend refused.
    #[error("failed to draw the plot {plot}: {reason}")]
    Drawing {
        /// Name of the plot.
        plot: &'static str,
        /// What the backend said.
        reason: String,
    },
    /// The built-in font could not be read.
    #[error("failed to read the built-in font")]
    Font,
}

/// Pixels of a PNG for each unit of a plot: sharp text on dense screens.
const PNG_SCALE: u32 = 2;

/// One picture: its size in units and how it is drawn.
trait Picture {
    const NAME: &'static str;

    fn size(&self) -> (u32, u32);

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), String>;
}

/// Handshakes and failures over time.
///
/// # Errors
///
/// [`PlotError`] where it could not be drawn.
pub fn handshakes(run: &Run<'_>) -> Result<Vec<NamedFile>, PlotError> {
    draw(&handshakes::Handshakes::new(run))
}

/// The outages of each connection.
///
/// # Errors
///
/// [`PlotError`] where it could not be drawn.
pub fn outages(run: &Run<'_>) -> Result<Vec<NamedFile>, PlotError> {
    draw(&outages::Outages::new(run))
}

/// Certificates issued over time.
///
/// # Errors
///
/// [`PlotError`] where it could not be drawn.
pub fn issuance(run: &Run<'_>) -> Result<Vec<NamedFile>, PlotError> {
    draw(&issuance::Issuance::new(run))
}

/// A picture as SVG and as PNG.
fn draw<P: Picture>(picture: &P) -> Result<Vec<NamedFile>, PlotError> {
    register_fonts()?;
    Ok(vec![
        (format!("{}.svg", P::NAME), svg(picture)?),
        (format!("{}.png", P::NAME), png(picture)?),
    ])
}

fn register_fonts() -> Result<(), PlotError> {
    static FONTS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    // Registered as the generic family: in an SVG the viewer's own sans-serif font is used.
    let fonts = FONTS.get_or_init(|| [packed!("regular"), packed!("bold")]);
    for (style, bytes) in [FontStyle::Normal, FontStyle::Bold].into_iter().zip(fonts) {
        register_font(canvas::FONT, style, bytes).map_err(|_| PlotError::Font)?;
    }
    Ok(())
}

fn svg<P: Picture>(picture: &P) -> Result<Vec<u8>, PlotError> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, picture.size()).into_drawing_area();
        paint(picture, &Canvas::new(&area, 1))?;
    }
    Ok(text.into_bytes())
}

fn png<P: Picture>(picture: &P) -> Result<Vec<u8>, PlotError> {
    let (width, height) = picture.size();
    let (width, height) = (width * PNG_SCALE, height * PNG_SCALE);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        let area = backend.into_drawing_area();
        paint(picture, &Canvas::new(&area, PNG_SCALE))?;
    }
    self::png::encode(&pixels, (width, height)).map_err(drawing::<P>)
}

fn paint<P: Picture, DB: DrawingBackend>(
    picture: &P,
    canvas: &Canvas<'_, DB>,
) -> Result<(), PlotError> {
    canvas.area.fill(&WHITE).map_err(drawing::<P>)?;
    picture.draw(canvas).map_err(drawing::<P>)?;
    canvas.area.present().map_err(drawing::<P>)
}

fn drawing<P: Picture>(error: impl ToString) -> PlotError {
    PlotError::Drawing {
        plot: P::NAME,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use trustsim_testkit::rotation;

    /// A text of an SVG may not have control characters at all, and a name of 10 kB was measured ten thousand times.
    #[test]
    fn every_svg_is_xml_and_ends_whatever_the_names_are() {
        let (deployment, mut script) = rotation();
        let findings = trustsim_diagnosis::diagnose(&deployment, &script.manifest, &script.journal);
        let hostile = "a&b<c>]]>\"'\u{1b}[2J\u{0}\u{fffe}\u{ffff}\u{202e}\r\n-->";
        let long = format!("{hostile}{}", "m".repeat(10_000));
        let manifest = &mut script.manifest;
        manifest.name.clone_from(&long);
        let deployment = Arc::make_mut(&mut manifest.deployment);
        for application in &mut deployment.applications {
            application.name.clone_from(&long);
        }
        for (connection, name) in manifest.connections.iter_mut().zip([hostile, &long]) {
            name.clone_into(&mut connection.name);
            name.clone_into(&mut connection.server_name);
        }
        let run = Run {
            manifest: &script.manifest,
            journal: &script.journal,
            findings: &findings,
            provenance: None,
        };
        for draw in [handshakes, outages, issuance] {
            for (name, bytes) in draw(&run).expect("it is drawn") {
                if name.ends_with(".svg") {
                    let text = String::from_utf8(bytes).expect("text");
                    assert!(text.len() < 200_000, "{name} has {} bytes", text.len());
                    let read = roxmltree::Document::parse(&text);
                    assert!(read.is_ok(), "{name}: {:?}", read.err());
                }
            }
        }
    }
}
