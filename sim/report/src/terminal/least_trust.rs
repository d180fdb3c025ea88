//! Trust that no connection needs, and trust that every connection needs, for a terminal.

use std::collections::{BTreeMap, BTreeSet};

use super::style::{self, paint};
use super::{Align, Cell, Table};
use crate::words::certificate;
use trustsim_whatif::LeastTrust;

/// Rows of a table; the files have them all.
const ROWS: usize = 20;

/// Renders it.
pub fn least_trust(found: &LeastTrust) -> String {
    let mut text = String::new();
    excess(found, &mut text);
    single(found, &mut text);
    masked(found, &mut text);
    text
}

fn title(text: &mut String, title: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&paint(style::STRONG, title));
    text.push('\n');
}

/// CAs that are still trusted and that no connection ever needed, or needs no more.
fn excess(found: &LeastTrust, text: &mut String) {
    let idle: Vec<_> = found
        .authorities
        .iter()
        .filter(|one| one.is_trusted && one.needed_by.is_empty())
        .collect();
    let trusted = found
        .authorities
        .iter()
        .filter(|one| one.is_trusted)
        .count();
    title(
        text,
        &format!(
            "{} of {trusted} trusted CAs are needed by no connection ({} handshakes repeated with \
             less trust)",
            idle.len(),
            found.repeated
        ),
    );
    if idle.is_empty() {
        return;
    }
    let mut holders: BTreeMap<(&str, String), BTreeSet<&str>> = BTreeMap::new();
    for one in &idle {
        // A public CA, or one from before the run, is of no application.
        let owner = one.owner.as_deref().unwrap_or("-");
        let key = (owner, certificate::name(&one.certificate));
        holders.entry(key).or_default().insert(&one.holder);
    }
    let mut table = Table::new(&[
        ("CA of", Align::Left),
        ("Certificate", Align::Left),
        ("Trusted by", Align::Left),
    ]);
    for ((owner, name), holders) in holders.iter().take(ROWS) {
        let holders: Vec<&str> = holders.iter().copied().collect();
        table.row([
            Cell::plain(owner),
            Cell::plain(name),
            Cell::new(&holders.join(", "), style::WAIT),
        ]);
    }
    text.push_str(&table.render());
    if holders.len() > ROWS {
        text.push_str(&format!(
            "{} more are in trusted_authorities.csv\n",
            holders.len() - ROWS
        ));
    }
}

/// Sources that all connections of their holder need, and those that none needs.
fn single(found: &LeastTrust, text: &mut String) {
    title(text, "where trust comes from");
    let mut table = Table::new(&[
        ("Holder", Align::Left),
        ("Source", Align::Left),
        ("Connections", Align::Right),
        ("Fail without it", Align::Right),
        ("Status", Align::Left),
    ]);
    for one in found.sources.iter().take(ROWS) {
        let hidden = found
            .masked
            .iter()
            .find(|pair| pair.holder == one.holder && pair.sources.contains(&one.source));
        // A source that all needed may have been masked by another one since.
        let status = match (hidden, one.is_single(), one.needed_by.is_empty()) {
            (Some(_), _, _) => Cell::new("masked", style::WAIT),
            (None, true, _) => Cell::new("all need it", style::BAD),
            (None, false, true) => Cell::new("not needed", style::WAIT),
            (None, false, false) => Cell::new("needed", style::GOOD),
        };
        table.row([
            Cell::plain(&one.holder),
            Cell::plain(&one.source),
            Cell::plain(&one.connections.to_string()),
            Cell::plain(&one.needed_by.len().to_string()),
            status,
        ]);
    }
    text.push_str(&table.render());
    if found.sources.len() > ROWS {
        text.push_str(&format!(
            "{} more are in trust_sources.csv\n",
            found.sources.len() - ROWS
        ));
    }
}

fn masked(found: &LeastTrust, text: &mut String) {
    if found.masked.is_empty() {
        return;
    }
    title(
        text,
        "masked: the loss of either source would not be noticed while the other is there",
    );
    for one in &found.masked {
        let [first, second] = &one.sources;
        let count = one.needed_by.len();
        text.push_str(&format!(
            "{}: {first} and {second} bring the same CA; without both {count} connections fail\n",
            one.holder
        ));
    }
}
