//! What is trusted, for a terminal: each CA with how it came, then each connection with the CA that it needs.

use std::collections::BTreeSet;

use super::names::not_played;
use super::requests::played;
use super::style::{self, paint};
use super::{Align, Cell, Detail, Table};
use crate::unplayed::Unplayed;
use crate::words::{standing, trusted as words};
use trustsim_kernel::visible;
use trustsim_model::{Coverage, Manifest};
use trustsim_whatif::{TrustCheck, TrustFound, TrustRoute};

/// The system's roots of a holder are so many that only the verbose form has them where nothing rests on them.
fn is_shown(one: &trustsim_whatif::TrustedRoot, detail: Detail) -> bool {
    detail == Detail::Verbose || one.route != TrustRoute::Own || !one.used_by.is_empty()
}

/// Renders it.
pub fn trusted(
    found: &TrustFound,
    unplayed: &Unplayed,
    manifest: &Manifest,
    detail: Detail,
) -> String {
    let coverage = Coverage::of(&manifest.deployment);
    let checks = distinct(found, &coverage);
    let each: Vec<&TrustCheck> = checks.iter().map(|(check, _)| *check).collect();
    let mut text = played(manifest, found.at);
    text.push_str(&format!("{}\n", words::counts(&each)));
    let roots = roots(found, detail);
    if !roots.is_empty() {
        text.push_str(&format!("\n{}", roots.render()));
    }
    if !checks.is_empty() {
        text.push_str(&format!("\n{}", table_of(&checks)));
    }
    text.push_str(&missing(found));
    text.push_str(&otherwise(found));
    text.push_str(&not_played(unplayed));
    text
}

fn roots(found: &TrustFound, detail: Detail) -> Table {
    let mut table = Table::new(&[
        ("Holder", Align::Left),
        ("Trusts", Align::Left),
        ("Of", Align::Left),
        ("Came over", Align::Left),
        ("Used by", Align::Right),
    ]);
    for one in found.trusted.iter().filter(|one| is_shown(one, detail)) {
        table.row([
            Cell::plain(one.holder.as_str()),
            Cell::plain(&words::ca(&one.certificate)),
            Cell::plain(one.owner.as_deref().unwrap_or("-")),
            Cell::plain(&words::route(&one.route)),
            Cell::plain(&one.used_by.len().to_string()),
        ]);
    }
    table
}

/// The checks, with what each rests on: of several connections of one client to one server that end alike, one.
fn distinct<'a>(found: &'a TrustFound, coverage: &Coverage) -> Vec<(&'a TrustCheck, &'static str)> {
    let mut seen = BTreeSet::new();
    let checks = found.checks.iter();
    let checks = checks.map(|check| {
        let basis = &coverage.bases[check.connection.spec];
        (check, standing::word(basis.standing))
    });
    checks
        .filter(|(check, standing)| {
            let sides = (check.holder.as_str(), check.presenter.as_str());
            let signed = (check.signer.as_deref(), words::needed(check));
            seen.insert((sides, signed, words::answer(check), *standing))
        })
        .collect()
}

fn table_of(checks: &[(&TrustCheck, &'static str)]) -> String {
    let mut table = Table::new(&[
        ("Checks", Align::Left),
        ("Certificate of", Align::Left),
        ("Signed by", Align::Left),
        ("Needs", Align::Left),
        ("Trusted", Align::Left),
        ("Standing", Align::Left),
    ]);
    for (check, standing) in checks {
        let colour = match (&check.needed, &check.anchor) {
            (None, _) => style::WAIT,
            (Some(_), Some(_)) => style::GOOD,
            (Some(_), None) => style::BAD,
        };
        table.row([
            Cell::plain(check.holder.as_str()),
            Cell::plain(check.presenter.as_str()),
            Cell::plain(check.signer.as_deref().unwrap_or("-")),
            Cell::plain(&words::needed(check)),
            Cell::new(words::answer(check), colour),
            Cell::plain(standing),
        ]);
    }
    table.render()
}

/// Connections that fail though the CA is trusted, once each.
fn otherwise(found: &TrustFound) -> String {
    let mut lines: Vec<String> = Vec::new();
    for name in found.checks.iter().map(|check| &check.connection.name) {
        let mut own = found
            .checks
            .iter()
            .filter(|check| check.connection.name == *name);
        let error = own.clone().find_map(|check| check.error);
        if let Some(error) = error
            && own.all(|check| check.anchor.is_some())
        {
            let line = format!("{name}: {error}");
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    let lines = lines.iter().map(|line| {
        let word = paint(style::BAD, "fails for another reason");
        format!("\n{word}: {}\n", visible(line))
    });
    lines.collect()
}

/// What is missing, once for each CA that one side lacks, and what would bring it.
fn missing(found: &TrustFound) -> String {
    let mut lacking: Vec<(&TrustCheck, Vec<&str>)> = Vec::new();
    for check in &found.checks {
        if check.needed.is_none() || check.anchor.is_some() {
            continue;
        }
        let is_same = |other: &TrustCheck| {
            other.holder == check.holder
                && other.needed == check.needed
                && other.missing == check.missing
        };
        match lacking.iter_mut().find(|(other, _)| is_same(other)) {
            Some((_, of)) => of.push(check.presenter.as_str()),
            None => lacking.push((check, vec![check.presenter.as_str()])),
        }
    }
    let mut text = String::new();
    for (check, of) in lacking {
        let line = format!(
            "{} does not trust {}, which is above the certificate of {}",
            check.holder,
            words::needed(check),
            of.join(", "),
        );
        text.push_str(&format!(
            "\n{}: {}\n",
            paint(style::BAD, "missing"),
            visible(&line)
        ));
        if let Some(what) = &check.missing {
            text.push_str(&format!("  {}\n", visible(&words::missing(what))));
        }
    }
    text
}
