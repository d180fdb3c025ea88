//! Names that are dialled beside those of certificates, as tables: `names`, `not_played`, `played`.

use super::data_table::{DataTable, Field};
use super::unplayed::Unplayed;
use super::words::{names as words, standing};
use trustsim_model::{Coverage, Manifest};
use trustsim_pki::Certificate;
use trustsim_whatif::{DialledName, DialledNames, NameVerdict};

/// Every table. `names` has a row for each connection that is played, one unit (or client) to one unit.
pub fn names(found: &DialledNames, unplayed: &Unplayed, manifest: &Manifest) -> Vec<DataTable> {
    let coverage = Coverage::of(&manifest.deployment);
    let rows = found.dialled.iter();
    let names = DataTable {
        name: "names",
        header: &[
            "client",
            "server",
            "name",
            "outcome",
            "error",
            "subject",
            "alternative_names",
            "serial",
            "validator",
            "standing",
            "standing_because",
        ],
        rows: rows.map(|one| row(one, &coverage, manifest)).collect(),
    };
    vec![
        names,
        unplayed.table(),
        super::requests::played(manifest, found.at),
    ]
}

fn row(one: &DialledName, coverage: &Coverage, manifest: &Manifest) -> Vec<Field> {
    let connection = &one.connection;
    let presented = one.presented.as_ref();
    let error = match one.verdict {
        NameVerdict::Untold(error) => Field::text(error.kebab()),
        NameVerdict::Matches | NameVerdict::Differs | NameVerdict::NothingPresented => {
            Field::Nothing
        }
    };
    let basis = &coverage.bases[connection.spec];
    let because = basis.reasons.iter();
    let because: Vec<String> = because
        .map(|reason| standing::reason(reason, &manifest.deployment))
        .collect();
    vec![
        Field::text(connection.client.as_str()),
        Field::text(connection.server.as_str()),
        Field::text(&connection.server_name),
        Field::text(words::verdict(one.verdict)),
        error,
        Field::optional(presented.map(Certificate::subject), Field::text),
        Field::optional(presented, |leaf| Field::text(leaf.sans().join(" "))),
        Field::optional(presented.map(Certificate::serial), Field::text),
        Field::text(&connection.validator),
        Field::text(standing::word(basis.standing)),
        match because.is_empty() {
            true => Field::Nothing,
            false => Field::text(because.join("; ")),
        },
    ]
}
