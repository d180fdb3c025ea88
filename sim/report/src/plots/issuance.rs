//! Issuance over time: how many certificates of each kind, and which CA signed when.

use std::collections::BTreeMap;

use plotters::prelude::DrawingBackend;

use super::Picture;
use super::axis::{CountAxis, TimeAxis};
use super::canvas::palette::{BLUE, GREY, INK, ORANGE, PURPLE, RULE};
use super::canvas::{Anchor, Canvas, Face, Frame};
use super::marks::{Actions, legend, title};
use super::panel::Panel;
use crate::Run;
use crate::words::certificate::short_serial;
use crate::words::number::grouped;
use trustsim_kernel::{Span, format_duration};
use trustsim_model::{CertificateKind, Kind};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 290.0;
const RIGHT: f64 = WIDTH - 130.0;
const TOP: f64 = 112.0;
const PANEL: f64 = 170.0;
const GAP: f64 = 50.0;
const LANE_HEIGHT: f64 = 20.0;
/// CAs drawn; the rest is counted.
const LANES: usize = 40;

/// Certificates of one bin, by kind: roots, intermediates, leaves.
type Counts = [u64; 3];

/// One CA: the application that has it, its name and serial.
struct Authority {
    label: String,
    bins: BTreeMap<usize, Counts>,
    leaves: u64,
}

pub(super) struct Issuance<'a> {
    run: &'a Run<'a>,
    actions: Actions,
    axis: TimeAxis,
    bin: Span,
    bins: Vec<Counts>,
    authorities: Vec<Authority>,
    hidden: usize,
    totals: Counts,
}

impl<'a> Issuance<'a> {
    pub(super) fn new(run: &'a Run<'a>) -> Self {
        let axis = TimeAxis::new(run.manifest, LEFT, RIGHT);
        let bin = axis.bin(200);
        let mut bins = vec![[0; 3]; axis.bin_of(run.end(), bin) + 1];
        let last = bins.len() - 1;
        let mut totals = [0; 3];
        let mut authorities: Vec<Authority> = Vec::new();
        let mut by_serial: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in run.journal.entries() {
            let Kind::CertificateIssued(record) = &entry.kind else {
                continue;
            };
            let kind = kind_index(record.kind);
            let at = axis.bin_of(entry.time, bin).min(last);
            bins[at][kind] += 1;
            totals[kind] += 1;
            if record.kind != CertificateKind::Leaf {
                by_serial.insert(record.certificate.serial(), authorities.len());
                authorities.push(Authority {
                    label: format!(
                        "{}.{} {}",
                        record.model,
                        record.application,
                        short_serial(record.certificate.serial())
                    ),
                    bins: BTreeMap::from([(at, mark(kind))]),
                    leaves: 0,
                });
            }
            if record.kind.is_root() {
                continue;
            }
            if let Some(&signer) = by_serial.get(&*record.issuer_serial) {
                let authority = &mut authorities[signer];
                authority.bins.entry(at).or_default()[kind] += 1;
                authority.leaves += u64::from(record.kind == CertificateKind::Leaf);
            }
        }
        // None where every CA has a lane.
        let hidden = authorities.len().saturating_sub(LANES);
        if hidden > 0 {
            // Those that sign most say most; their order stays that of their issue.
            let mut busiest: Vec<u64> = authorities.iter().map(|each| each.leaves).collect();
            busiest.sort_unstable_by(|a, b| b.cmp(a));
            let least = busiest[LANES - 1];
            let mut spare = LANES - busiest.iter().filter(|&&leaves| leaves > least).count();
            authorities.retain(|each| {
                let kept = each.leaves > least || (each.leaves == least && spare > 0);
                spare -= usize::from(kept && each.leaves == least);
                kept
            });
        }
        Self {
            run,
            actions: Actions::new(run),
            axis,
            bin,
            bins,
            authorities,
            hidden,
            totals,
        }
    }

    fn bars<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: Frame,
    ) -> Result<(), String> {
        let most = self.bins.iter().map(|bin| bin.iter().sum()).max();
        // Where this CA signs nothing there is nothing to scale.
        let most = most.unwrap_or(0).max(1);
        let scale = CountAxis::new(most);
        let panel = Panel::new(frame, scale, most, 0);
        let y = |count: u64| panel.up(count);
        let face = Face::new(11.0, GREY).anchored(Anchor::End);
        for tick in std::iter::once(0).chain(scale.ticks()) {
            canvas.line((LEFT, y(tick)), (RIGHT, y(tick)), RULE)?;
            canvas.text(LEFT - 6.0, y(tick), &tick.to_string(), face)?;
        }
        for (index, counts) in self.bins.iter().enumerate() {
            let (left, right) = self.axis.bin_edges(index, self.bin);
            let right = right.max(left + 2.0) - 0.5;
            let mut below = 0;
            for (kind, &count) in counts.iter().enumerate() {
                if count > 0 {
                    let bar = Frame {
                        left,
                        top: y(below + count),
                        right,
                        bottom: y(below),
                    };
                    canvas.fill(bar, KINDS[kind].0)?;
                    below += count;
                }
            }
        }
        let label = format!(
            "certificates issued per {}{}",
            format_duration(self.bin),
            scale.scale_word()
        );
        canvas.text(LEFT, frame.top - 24.0, &label, Face::new(12.0, INK).bold())
    }

    fn lanes<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: Frame,
    ) -> Result<(), String> {
        let bold = Face::new(12.0, INK).bold();
        canvas.text(LEFT, frame.top - 24.0, "what each CA signed", bold)?;
        for (row, authority) in self.authorities.iter().enumerate() {
            let y = frame.top + (row as f64 + 0.5) * LANE_HEIGHT;
            let face = Face::new(12.0, INK).anchored(Anchor::End);
            let label = canvas.fitted(&authority.label, face, LEFT - 24.0);
            canvas.text(LEFT - 8.0, y, &label, face)?;
            canvas.line((LEFT, y), (RIGHT, y), RULE)?;
            for (&index, counts) in &authority.bins {
                let (left, right) = self.axis.bin_edges(index, self.bin);
                let x = f64::midpoint(left, right);
                // Leaves first, so that the rarer marks stay on top.
                for kind in [2, 1, 0] {
                    if counts[kind] > 0 {
                        mark_at(canvas, x, y, kind, counts[kind])?;
                    }
                }
            }
            let leaves = match authority.leaves {
                1 => "1 leaf".to_owned(),
                leaves => format!("{leaves} leaves"),
            };
            canvas.text(RIGHT + 8.0, y, &leaves, Face::new(12.0, GREY))?;
        }
        Ok(())
    }

    fn frames(&self) -> (Frame, Frame) {
        let upper = Frame {
            left: LEFT,
            top: TOP,
            right: RIGHT,
            bottom: TOP + PANEL,
        };
        let lanes = self.authorities.len().max(1) as f64 * LANE_HEIGHT;
        let lower = Frame {
            top: upper.bottom + GAP,
            bottom: upper.bottom + GAP + lanes,
            ..upper
        };
        (upper, lower)
    }
}

impl Picture for Issuance<'_> {
    const NAME: &'static str = "plot-issuance";

    fn size(&self) -> (u32, u32) {
        let height = self.frames().1.bottom + 74.0 + self.actions.height();
        (WIDTH as u32, height as u32)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), String> {
        let [roots, intermediates, leaves] = self.totals;
        title(
            canvas,
            &format!("{}: issuance", self.run.manifest.name),
            &format!(
                "certificates issued: {} (root {roots}, intermediate {intermediates}, leaf {})",
                grouped(roots + intermediates + leaves),
                grouped(leaves)
            ),
        )?;
        legend(canvas, 16.0, 62.0, &KINDS)?;
        let (upper, lower) = self.frames();
        self.axis.draw(canvas, upper, false)?;
        self.axis.draw(canvas, lower, true)?;
        self.bars(canvas, upper)?;
        self.lanes(canvas, lower)?;
        self.actions.rules(canvas, &self.axis, upper)?;
        self.actions.rules(canvas, &self.axis, lower)?;
        if self.hidden > 0 {
            let note = format!("{} more CAs are not drawn", self.hidden);
            let face = Face::new(12.0, INK);
            canvas.text(16.0, lower.bottom + 39.0, &note, face)?;
        }
        let list = lower.bottom + 62.0;
        self.actions.list(canvas, 40.0, list, WIDTH - 70.0)
    }
}

const KINDS: [(plotters::style::RGBColor, &str); 3] = [
    (PURPLE, "root (diamond)"),
    (ORANGE, "intermediate (triangle)"),
    (BLUE, "leaf (bar; taller is more)"),
];

const fn kind_index(kind: CertificateKind) -> usize {
    match kind {
        CertificateKind::Root | CertificateKind::OwnRoot => 0,
        CertificateKind::Intermediate => 1,
        CertificateKind::Leaf => 2,
    }
}

const fn mark(kind: usize) -> Counts {
    let mut counts = [0; 3];
    counts[kind] = 1;
    counts
}

/// A diamond, a triangle or an upright bar: kinds are told apart by shape too.
fn mark_at<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    x: f64,
    y: f64,
    kind: usize,
    count: u64,
) -> Result<(), String> {
    let colour = KINDS[kind].0;
    match kind {
        0 => {
            let points = [(x, y - 6.0), (x + 6.0, y), (x, y + 6.0), (x - 6.0, y)];
            canvas.polygon(&points, colour)
        }
        1 => {
            let points = [(x, y - 6.0), (x + 6.0, y + 5.0), (x - 6.0, y + 5.0)];
            canvas.polygon(&points, colour)
        }
        _ => {
            let half = 2.5 + 6.0 * CountAxis::new(100).share(count - 1);
            let bar = Frame {
                left: x - 1.5,
                top: y - half,
                right: x + 1.5,
                bottom: y + half,
            };
            canvas.fill(bar, colour)
        }
    }
}
