//! What an attacker could do with each key, for a terminal: one row a key.

use std::collections::BTreeSet;

use super::style::{self, paint};
use super::{Align, Cell, Table};
use crate::words::certificate;
use trustsim_whatif::{BlastRadius, Need};

/// Renders it: which sides are deceived, as what the attacker passes, and which sides need not be deceived.
pub fn blast_radius(radius: &BlastRadius) -> String {
    let mut table = Table::new(&[
        ("Key of", Align::Left),
        ("Kind", Align::Left),
        ("Owner", Align::Left),
        ("Deceives", Align::Right),
        ("As", Align::Right),
        ("Excess", Align::Right),
        ("Readable by", Align::Left),
    ]);
    for (index, stolen) in radius.stolen.iter().enumerate() {
        let victims: BTreeSet<&str> = radius
            .successes(index)
            .map(|one| one.victim.as_str())
            .collect();
        let claimed: BTreeSet<Option<&str>> = radius
            .successes(index)
            .map(|one| one.claimed.as_deref())
            .collect();
        let excess: BTreeSet<&str> = radius
            .successes(index)
            .filter(|one| one.need != Need::Needed)
            .map(|one| one.victim.as_str())
            .collect();
        let colour = match (victims.is_empty(), excess.is_empty()) {
            (true, _) => style::GOOD,
            (false, true) => style::PLAIN,
            (false, false) => style::BAD,
        };
        table.row([
            Cell::plain(&certificate::name(&stolen.certificate)),
            Cell::plain(certificate::kind(stolen.kind)),
            Cell::plain(&stolen.owner),
            Cell::new(&victims.len().to_string(), colour),
            Cell::plain(&claimed.len().to_string()),
            Cell::new(&excess.len().to_string(), colour),
            Cell::plain(&stolen.readers.join(" ")),
        ]);
    }
    let tried = radius.tries.len();
    let done = radius
        .tries
        .iter()
        .filter(|one| one.verdict.is_ok())
        .count();
    let head = format!(
        "at {}: {tried} handshakes with forged or stolen certificates, {done} succeeded",
        radius.at
    );
    format!("{}\n{}", paint(style::STRONG, &head), table.render())
}
