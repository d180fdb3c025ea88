//! Names that are dialled beside those of certificates, for a terminal.

use super::requests::played;
use super::style::{self, paint};
use super::{Align, Cell, Detail, Table};
use crate::unplayed::Unplayed;
use crate::words::{names as words, standing};
use trustsim_model::{Coverage, Manifest};
use trustsim_whatif::{DialledName, DialledNames, NameVerdict};

/// Names of a certificate that are shown; the verbose form shows all.
const NAMES: usize = 3;

/// Renders them.
pub fn names(
    found: &DialledNames,
    unplayed: &Unplayed,
    manifest: &Manifest,
    detail: Detail,
) -> String {
    let mut text = played(manifest, found.at);
    text.push_str(&format!("{}\n", words::counts(found)));
    if !found.dialled.is_empty() {
        text.push('\n');
        text.push_str(&table(found, manifest, detail));
    }
    for one in &found.dialled {
        if one.verdict == NameVerdict::Differs {
            text.push_str(&differs(one));
        }
    }
    text.push_str(&not_played(unplayed));
    text
}

fn table(found: &DialledNames, manifest: &Manifest, detail: Detail) -> String {
    let coverage = Coverage::of(&manifest.deployment);
    let mut table = Table::new(&[
        ("Client", Align::Left),
        ("Server", Align::Left),
        ("Dials", Align::Left),
        ("Certificate is for", Align::Left),
        ("Matches", Align::Left),
        ("Validator", Align::Left),
        ("Standing", Align::Left),
    ]);
    for one in &found.dialled {
        let connection = &one.connection;
        let basis = &coverage.bases[connection.spec];
        table.row([
            Cell::plain(connection.client.as_str()),
            Cell::plain(connection.server.as_str()),
            Cell::plain(&connection.server_name),
            Cell::plain(&certificate_names(one, detail)),
            Cell::new(&words::answer(one.verdict), colour(one.verdict)),
            Cell::plain(&connection.validator),
            Cell::plain(standing::word(basis.standing)),
        ]);
    }
    table.render()
}

fn certificate_names(one: &DialledName, detail: Detail) -> String {
    let Some(certificate) = &one.presented else {
        return "-".to_owned();
    };
    super::first_of(words::names(certificate), NAMES, detail)
}

const fn colour(verdict: NameVerdict) -> anstyle::Style {
    match verdict {
        NameVerdict::Matches => style::GOOD,
        NameVerdict::Differs => style::BAD,
        NameVerdict::NothingPresented | NameVerdict::Untold(_) => style::WAIT,
    }
}

fn differs(one: &DialledName) -> String {
    let presented = one.presented.as_ref();
    let names = words::names(presented.expect("a name differs from those of a certificate"));
    let connection = &one.connection;
    let line = format!(
        "{} dials `{}`, and the certificate of {} is for {}",
        connection.client,
        connection.server_name,
        connection.server,
        names.join(", "),
    );
    format!(
        "\n{}: {}\n",
        paint(style::BAD, "does not match"),
        trustsim_kernel::visible(&line)
    )
}

/// What is not played, a line each; where nothing could be, what would have to be written.
pub(super) fn not_played(unplayed: &Unplayed) -> String {
    let mut text = match (unplayed.has_connections, unplayed.is_derived) {
        (true, _) => String::new(),
        (false, true) => "\nThe relations give no connection over TLS that can be played.\n".to_owned(),
        (false, false) => "\nThe scenario has no connection: `connections: derived` makes connections of what follows \
                           from its relations.\n"
            .to_owned(),
    };
    let before = text.len();
    for edge in &unplayed.edges {
        let name = match &edge.name {
            Some(name) => format!(" by {name}"),
            None => String::new(),
        };
        let line = format!("{} -> {}{name}: {}", edge.client, edge.server, edge.why);
        let word = paint(style::WAIT, "not played");
        text.push_str(&format!("\n{word}: {}", trustsim_kernel::visible(&line)));
    }
    if text.len() > before {
        text.push('\n');
    }
    text
}
