//! Damage to bytes and to lines, and the numbers that decide it.

use crate::common::random::Draw;

impl Draw {
    /// Whether something that happens once in so many times happens.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A small number of changes, mostly one.
    pub(crate) fn few(&mut self) -> usize {
        match self.below(8) {
            0..4 => 1,
            4..6 => 2,
            6 => 4,
            _ => 12,
        }
    }

    /// A part of so many things, possibly none of them.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        let longest = (length - from).min(1 << self.below(10));
        from..from + self.below(longest + 1)
    }
}

/// Letters that mean something to YAML, JSON, PEM or a terminal.
const SHARP: &[u8] = b"\0\t\n\r\x1b\x07\x85\xff\xc3:-#&*!|>'\"%@`{}[],?=+~<0123456789eE.x_Zz";

/// A few changes to bytes: flipped, cut, repeated, overwritten.
pub(crate) fn bytes(draw: &mut Draw, text: &mut Vec<u8>) {
    for _ in 0..draw.few() {
        if text.is_empty() {
            return;
        }
        let at = draw.below(text.len());
        match draw.below(7) {
            0 => text[at] ^= 1 << draw.below(8),
            1 => text[at] = draw.of(SHARP),
            2 => text.insert(at, draw.of(SHARP)),
            3 => {
                let part = draw.part(text.len());
                text.drain(part);
            }
            4 => {
                let part = draw.part(text.len());
                let copy = text[part].to_vec();
                text.splice(at..at, copy);
            }
            5 => text.truncate(at),
            _ => {
                let times = 1 << draw.below(14);
                let byte = text[at];
                text.splice(at..at, std::iter::repeat_n(byte, times));
            }
        }
    }
}

/// A few changes to lines; lines of another text come in between.
pub(crate) fn lines(draw: &mut Draw, text: &str, other: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let others: Vec<&str> = other.lines().collect();
    for _ in 0..draw.few() {
        if lines.is_empty() {
            break;
        }
        let at = draw.below(lines.len());
        let part = draw.part(lines.len());
        match draw.below(6) {
            0 => drop(lines.drain(part)),
            1 => {
                let copy = lines[part].to_vec();
                lines.splice(at..at, copy);
            }
            2 => {
                let with = draw.below(lines.len());
                lines.swap(at, with);
            }
            3 => lines[at].insert_str(0, draw.of(&["  ", "    ", "\t", "- ", "? "])),
            4 => {
                let shorter = lines[at].trim_start_matches([' ', '-']).to_owned();
                lines[at] = shorter;
            }
            _ => {
                let part = draw.part(others.len());
                let copy = others[part].iter().map(|&line| line.to_owned());
                lines.splice(at..at, copy);
            }
        }
    }
    lines.join("\n") + "\n"
}
