//! Drawing in units that mean the same in an SVG and in a PNG of any scale.
//!
//! A text is drawn in letters that are seen and that XML allows, and no longer than a plot is wide: a name of 10 kB has
//! its middle left out.

use std::borrow::Cow;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement, Polygon, RGBColor, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, IntoFont, RGBAColor, ShapeStyle, TextStyle};
use trustsim_kernel::visible;

/// The family all text is set in.
pub(super) const FONT: &str = "sans-serif";

/// Okabe and Ito, "Color universal design", 2008.
pub(super) mod palette {
    use plotters::style::RGBColor;

    pub(in super::super) const BLUE: RGBColor = RGBColor(0, 114, 178);
    pub(in super::super) const SKY: RGBColor = RGBColor(86, 180, 233);
    pub(in super::super) const VERMILION: RGBColor = RGBColor(213, 94, 0);
    pub(in super::super) const ORANGE: RGBColor = RGBColor(230, 159, 0);
    pub(in super::super) const PURPLE: RGBColor = RGBColor(204, 121, 167);
    pub(in super::super) const GREEN: RGBColor = RGBColor(0, 158, 115);
    pub(in super::super) const INK: RGBColor = RGBColor(34, 34, 34);
    pub(in super::super) const GREY: RGBColor = RGBColor(110, 110, 110);
    pub(in super::super) const RULE: RGBColor = RGBColor(222, 222, 222);
    pub(in super::super) const LANE: RGBColor = RGBColor(226, 235, 242);
}

/// On which side of its point a text is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) colour: RGBColor,
    pub(super) anchor: Anchor,
}

impl Face {
    pub(super) const fn new(size: f64, colour: RGBColor) -> Self {
        Self {
            size,
            bold: false,
            colour,
            anchor: Anchor::Start,
        }
    }

    pub(super) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(super) const fn anchored(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }
}

/// A rectangle in units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// An area and the pixels of a unit.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    pub(super) area: &'a DrawingArea<DB, Shift>,
    scale: f64,
}

type Drawn = Result<(), String>;

impl<'a, DB: DrawingBackend> Canvas<'a, DB> {
    pub(super) fn new(area: &'a DrawingArea<DB, Shift>, scale: u32) -> Self {
        Self {
            area,
            scale: f64::from(scale),
        }
    }

    fn pixel(&self, x: f64, y: f64) -> (i32, i32) {
        // Plots are a few thousand pixels wide.
        (
            (x * self.scale).round() as i32,
            (y * self.scale).round() as i32,
        )
    }

    fn stroke(&self, width: f64) -> u32 {
        (width * self.scale).round().max(1.0) as u32
    }

    pub(super) fn fill(&self, frame: Frame, colour: RGBColor) -> Drawn {
        let corners = [
            self.pixel(frame.left, frame.top),
            self.pixel(frame.right, frame.bottom),
        ];
        let shape = Rectangle::new(corners, colour.filled());
        self.area.draw(&shape).map_err(|error| error.to_string())
    }

    pub(super) fn line(&self, from: (f64, f64), to: (f64, f64), colour: RGBColor) -> Drawn {
        self.path(&[from, to], colour.to_rgba(), 1.0)
    }

    pub(super) fn path(&self, points: &[(f64, f64)], colour: RGBAColor, width: f64) -> Drawn {
        let points: Vec<(i32, i32)> = points.iter().map(|&(x, y)| self.pixel(x, y)).collect();
        let style: ShapeStyle = colour.stroke_width(self.stroke(width));
        let shape = PathElement::new(points, style);
        self.area.draw(&shape).map_err(|error| error.to_string())
    }

    /// An upright dashed line.
    pub(super) fn dashes(&self, x: f64, top: f64, bottom: f64, colour: RGBColor) -> Drawn {
        let mut y = top;
        while y < bottom {
            self.line((x, y), (x, (y + 4.0).min(bottom)), colour)?;
            y += 7.0;
        }
        Ok(())
    }

    pub(super) fn polygon(&self, points: &[(f64, f64)], colour: RGBColor) -> Drawn {
        let points: Vec<(i32, i32)> = points.iter().map(|&(x, y)| self.pixel(x, y)).collect();
        let shape = Polygon::new(points, colour.filled());
        self.area.draw(&shape).map_err(|error| error.to_string())
    }

    /// Text whose middle line is at `y`.
    pub(super) fn text(&self, x: f64, y: f64, text: &str, face: Face) -> Drawn {
        if text.is_empty() {
            return Ok(());
        }
        let horizontal = match face.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = TextStyle::from(self.font(face))
            .color(&face.colour)
            .pos(Pos::new(horizontal, VPos::Center));
        self.area
            .draw_text(&drawable(text), &style, self.pixel(x, y))
            .map_err(|error| error.to_string())
    }

    /// How wide a text is, in units.
    pub(super) fn width(&self, text: &str, face: Face) -> f64 {
        let measured = self.font(face).box_size(&drawable(text));
        measured.map_or(0.0, |(width, _)| f64::from(width) / self.scale)
    }

    /// `text`, with its middle left out where it is wider than `room`.
    pub(super) fn fitted(&self, text: &str, face: Face, room: f64) -> String {
        let text = drawable(text);
        if self.width(&text, face) <= room {
            return text.into_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        // With more letters a text is wider, so the most that fit are found by halving.
        let (mut fits, mut too_wide) = (3, letters.len());
        while fits + 1 < too_wide {
            let kept = fits.midpoint(too_wide);
            match self.width(&cut(&letters, kept), face) <= room {
                true => fits = kept,
                false => too_wide = kept,
            }
        }
        match fits {
            3 => String::new(),
            kept => cut(&letters, kept),
        }
    }

    fn font(&self, face: Face) -> plotters::style::FontDesc<'static> {
        let style = if face.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        (FontFamily::SansSerif, face.size * self.scale, style).into_font()
    }
}

/// The most letters of a text that are drawn: of the narrowest, more do not go onto a plot.
const LETTERS: usize = 500;

/// A text in letters that are seen and that XML allows, with the middle left out of one that is longer than a plot.
fn drawable(text: &str) -> Cow<'_, str> {
    let seen = visible(text);
    let is_forbidden = |letter: char| matches!(letter, '\u{fffe}' | '\u{ffff}');
    let seen = match seen.contains(is_forbidden) {
        true => Cow::Owned(seen.replace(is_forbidden, "\u{fffd}")),
        false => seen,
    };
    // A letter has at most four bytes, so that most texts need not be counted.
    if seen.len() <= LETTERS || seen.chars().count() <= LETTERS {
        return seen;
    }
    let letters: Vec<char> = seen.chars().collect();
    Cow::Owned(cut(&letters, LETTERS))
}

/// So many letters of a text, with its middle left out.
fn cut(letters: &[char], kept: usize) -> String {
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let behind = &letters[letters.len() - tail..];
    letters[..head]
        .iter()
        .chain(&['.', '.'])
        .chain(behind)
        .collect()
}
