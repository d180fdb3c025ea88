//! Trust that no connection needs, as tables: `trusted_authorities`, `trust_sources`, `masked_trust`.

use std::collections::BTreeSet;

use super::data_table::{DataTable, Field};
use trustsim_whatif::LeastTrust;

/// Every table. A row without `needed_by` is trust that no watched connection needs.
pub fn least_trust(found: &LeastTrust) -> Vec<DataTable> {
    vec![authorities(found), sources(found), masked(found)]
}

fn names(all: &BTreeSet<String>) -> Field {
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    Field::text(names.join("; "))
}

fn authorities(found: &LeastTrust) -> DataTable {
    let rows = found.authorities.iter().map(|one| {
        vec![
            Field::text(one.holder.as_str()),
            Field::text(one.certificate.subject()),
            Field::text(one.certificate.serial()),
            Field::optional(one.owner.as_deref(), Field::text),
            Field::time(one.certificate.not_after()),
            Field::Flag(one.is_trusted),
            Field::Count(one.needed_by.len() as u64),
            Field::optional(one.needed_until, Field::time),
            names(&one.needed_by),
        ]
    });
    DataTable {
        name: "trusted_authorities",
        header: &[
            "holder",
            "subject",
            "serial",
            "owner",
            "not_after",
            "is_trusted_at_end",
            "needed_by_count",
            "needed_until",
            "needed_by",
        ],
        rows: rows.collect(),
    }
}

fn sources(found: &LeastTrust) -> DataTable {
    let rows = found.sources.iter().map(|one| {
        vec![
            Field::text(one.holder.as_str()),
            Field::text(&one.source),
            Field::Count(one.needed_by.len() as u64),
            Field::Count(one.connections as u64),
            Field::Flag(one.is_single()),
            names(&one.needed_by),
        ]
    });
    DataTable {
        name: "trust_sources",
        header: &[
            "holder",
            "source",
            "needed_by_count",
            "connections",
            "is_single",
            "needed_by",
        ],
        rows: rows.collect(),
    }
}

fn masked(found: &LeastTrust) -> DataTable {
    let rows = found.masked.iter().map(|one| {
        vec![
            Field::text(one.holder.as_str()),
            Field::text(&one.sources[0]),
            Field::text(&one.sources[1]),
            names(&one.needed_by),
        ]
    });
    DataTable {
        name: "masked_trust",
        header: &["holder", "source", "hidden_by", "needed_by"],
        rows: rows.collect(),
    }
}
