//! What an attacker could do with each key, as tables: `stolen_keys` and `blast_radius`.

use super::data_table::{DataTable, Field};
use crate::words::{certificate, need, verdict};
use trustsim_whatif::BlastRadius;

/// Both tables. `outcome` of a try is `ok` where the attacker was taken for what it claimed to be.
pub fn blast_radius(radius: &BlastRadius) -> Vec<DataTable> {
    vec![keys(radius), tries(radius)]
}

fn keys(radius: &BlastRadius) -> DataTable {
    let rows = radius.stolen.iter().enumerate().map(|(index, one)| {
        vec![
            Field::time(radius.at),
            Field::text(one.certificate.subject()),
            Field::text(one.certificate.serial()),
            Field::text(certificate::kind(one.kind)),
            Field::text(one.owner.as_str()),
            Field::text(one.readers.join(" ")),
            Field::Count(radius.successes(index).count() as u64),
        ]
    });
    DataTable {
        name: "stolen_keys",
        header: &[
            "at",
            "subject",
            "serial",
            "kind",
            "owner",
            "readable_by",
            "impersonations",
        ],
        rows: rows.collect(),
    }
}

fn tries(radius: &BlastRadius) -> DataTable {
    let rows = radius.tries.iter().map(|one| {
        let stolen = &radius.stolen[one.stolen];
        vec![
            Field::time(radius.at),
            Field::text(stolen.certificate.subject()),
            Field::text(stolen.certificate.serial()),
            Field::text(certificate::kind(stolen.kind)),
            Field::text(stolen.owner.as_str()),
            Field::text(one.claimed.as_deref().unwrap_or("anyone")),
            Field::text(&one.name),
            Field::text(one.victim.as_str()),
            Field::text(verdict::side(one.attacker)),
            Field::text(one.validator),
            Field::text(verdict::outcome(&one.verdict)),
            Field::optional(verdict::code(&one.verdict), Field::text),
            Field::optional(verdict::error(&one.verdict), Field::text),
            Field::text(need::word(one.need)),
        ]
    });
    DataTable {
        name: "blast_radius",
        header: &[
            "at",
            "subject",
            "serial",
            "kind",
            "owner",
            "impersonates",
            "name",
            "victim",
            "attacker_side",
            "validator",
            "outcome",
            "code",
            "error",
            "need",
        ],
        rows: rows.collect(),
    }
}
