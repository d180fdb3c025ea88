//! What is trusted, as tables: `trust`, `trust_checks`, `not_played`, `played`.

use super::data_table::{DataTable, Field};
use super::unplayed::Unplayed;
use super::words::{standing, trusted as words};
use trustsim_model::{Coverage, Manifest};
use trustsim_whatif::{TrustCheck, TrustFound, TrustRoute, TrustedRoot};

/// Every table. `trust` has a row for each CA in each trust store and each way in which it came; `trust_checks` one for
/// each side of a connection that verifies the other.
pub fn trusted(found: &TrustFound, unplayed: &Unplayed, manifest: &Manifest) -> Vec<DataTable> {
    vec![
        roots(found),
        checks(found, manifest),
        unplayed.table(),
        super::requests::played(manifest, found.at),
    ]
}

fn roots(found: &TrustFound) -> DataTable {
    DataTable {
        name: "trust",
        header: &[
            "holder",
            "subject",
            "serial",
            "owner",
            "not_after",
            "route",
            "interfaces",
            "used_by_count",
            "used_by",
        ],
        rows: found.trusted.iter().map(root).collect(),
    }
}

fn root(one: &TrustedRoot) -> Vec<Field> {
    let interfaces: Vec<&str> = match &one.route {
        TrustRoute::Relations(relations) => {
            let all = relations.iter();
            all.map(|relation| relation.interface.as_str()).collect()
        }
        TrustRoute::ByHand | TrustRoute::Given | TrustRoute::AmongUnits | TrustRoute::Own => {
            Vec::new()
        }
    };
    let count = u64::try_from(one.used_by.len()).expect("a count of connections");
    vec![
        Field::text(one.holder.as_str()),
        Field::text(one.certificate.subject()),
        Field::text(one.certificate.serial()),
        Field::optional(one.owner.as_deref(), Field::text),
        Field::time(one.certificate.not_after()),
        Field::text(words::route(&one.route)),
        Field::text(interfaces.join(" ")),
        Field::Count(count),
        Field::text(one.used_by.join("; ")),
    ]
}

fn checks(found: &TrustFound, manifest: &Manifest) -> DataTable {
    let coverage = Coverage::of(&manifest.deployment);
    let row = |check: &TrustCheck| {
        let basis = &coverage.bases[check.connection.spec];
        vec![
            Field::text(&check.connection.name),
            Field::text(check.holder.as_str()),
            Field::text(check.presenter.as_str()),
            Field::optional(check.signer.as_deref(), Field::text),
            Field::optional(check.needed.as_ref(), |ca| Field::text(ca.subject())),
            Field::optional(check.anchor.as_ref(), |ca| Field::text(ca.subject())),
            Field::Flag(check.anchor.is_some()),
            Field::optional(check.missing.as_ref(), |missing| {
                Field::text(words::missing(missing))
            }),
            Field::optional(check.error, |error| Field::text(error.kebab())),
            Field::text(standing::word(basis.standing)),
        ]
    };
    DataTable {
        name: "trust_checks",
        header: &[
            "connection",
            "holder",
            "presenter",
            "signer",
            "needed",
            "anchor",
            "is_trusted",
            "missing",
            "error",
            "standing",
        ],
        rows: found.checks.iter().map(row).collect(),
    }
}
