//! A forecast as tables: `expiries`, `request_bursts`, `hook_queues`, `request_queues`,
//! `tolerated_downtime`.

use super::data_table::{DataTable, Field};
use crate::words::certificate;
use trustsim_diagnosis::Forecast;
use trustsim_model::Manifest;
use trustsim_whatif::Proof;

/// Every table of a forecast, with the downtimes that were played.
pub fn forecast(manifest: &Manifest, forecast: &Forecast, proofs: &[Proof]) -> Vec<DataTable> {
    vec![
        expiries(forecast),
        crowds(forecast),
        hooks(forecast),
        requests(forecast),
        patience(manifest, forecast, proofs),
    ]
}

/// `margin_s` is how long before its end another was issued; `expired_in_service` says that it was
/// still served when it ended.
fn expiries(forecast: &Forecast) -> DataTable {
    let rows = forecast.expiries.iter().map(|one| {
        let certificate = &one.record.certificate;
        vec![
            Field::time(certificate.not_after()),
            Field::text(certificate.subject()),
            Field::text(certificate.serial()),
            Field::text(certificate::kind(one.record.kind)),
            Field::text(&*one.record.model),
            Field::text(&*one.record.application),
            Field::optional(one.record.unit.as_deref(), Field::text),
            Field::time(one.issued_at),
            Field::optional(one.renewed_at, Field::time),
            Field::optional(one.margin(), Field::seconds),
            Field::optional(one.served_from, Field::time),
            Field::optional(one.served_until, Field::time),
            Field::Flag(one.has_ended),
            Field::Flag(one.expired_in_service),
        ]
    });
    DataTable {
        name: "expiries",
        header: &[
            "not_after",
            "subject",
            "serial",
            "kind",
            "model",
            "application",
            "unit",
            "issued_at",
            "renewed_at",
            "margin_s",
            "served_from",
            "served_until",
            "has_ended",
            "expired_in_service",
        ],
        rows: rows.collect(),
    }
}

fn crowds(forecast: &Forecast) -> DataTable {
    let rows = forecast.request_peaks.iter().map(|one| {
        vec![
            Field::text(one.provider.as_str()),
            Field::text(one.what),
            Field::text(&one.subject),
            Field::seconds(one.window),
            Field::Count(one.peak),
            Field::time(one.at),
            Field::Count(one.total),
            Field::optional(one.limit, Field::Count),
        ]
    });
    DataTable {
        name: "request_bursts",
        header: &[
            "provider", "what", "subject", "window_s", "peak", "at", "total", "limit",
        ],
        rows: rows.collect(),
    }
}

fn hooks(forecast: &Forecast) -> DataTable {
    let rows = forecast.hooks.iter().map(|one| {
        vec![
            Field::text(one.unit.as_str()),
            Field::text(&one.hook),
            Field::seconds(one.longest),
            Field::time(one.at),
            Field::Count(one.own_hooks_before),
            Field::Count(one.hooks),
            Field::seconds(one.total),
        ]
    });
    DataTable {
        name: "hook_queues",
        header: &[
            "unit",
            "hook",
            "longest_s",
            "at",
            "own_hooks_before",
            "hooks",
            "total_s",
        ],
        rows: rows.collect(),
    }
}

fn requests(forecast: &Forecast) -> DataTable {
    let rows = forecast.requests.iter().map(|one| {
        vec![
            Field::text(one.provider.as_str()),
            Field::text(one.requirer.as_str()),
            Field::seconds(one.longest),
            Field::time(one.at),
            Field::Count(one.answered),
            Field::seconds(one.total),
        ]
    });
    DataTable {
        name: "request_queues",
        header: &[
            "provider",
            "holder",
            "longest_s",
            "at",
            "answered",
            "total_s",
        ],
        rows: rows.collect(),
    }
}

/// `survived_s` and `fatal_s` are outages that were played: the connection held after the one and
/// failed after the other.
fn patience(manifest: &Manifest, forecast: &Forecast, proofs: &[Proof]) -> DataTable {
    let proven = proofs.iter().map(|proof| proof.tolerance);
    assert!(
        proven.clone().is_sorted_by(|one, next| one < next)
            && proven
                .max()
                .is_none_or(|last| last < forecast.tolerances.len()),
        "each downtime that was played is one of {} that are told, once: {proofs:?}",
        forecast.tolerances.len()
    );
    let rows = forecast.tolerances.iter().enumerate().map(|(index, one)| {
        let proof = proofs.iter().find(|proof| proof.tolerance == index);
        let connection = &manifest.connections[one.connection as usize];
        vec![
            Field::text(&connection.name),
            Field::text(one.provider.as_str()),
            Field::seconds(one.longest),
            Field::time(one.asked_at),
            Field::time(one.ends_at),
            Field::text(&one.certificate),
            Field::text(one.holder.as_str()),
            Field::optional(proof, |proof| Field::seconds(proof.survived)),
            Field::optional(proof.and_then(|proof| proof.fatal), Field::seconds),
        ]
    });
    DataTable {
        name: "tolerated_downtime",
        header: &[
            "connection",
            "provider",
            "longest_s",
            "asked_at",
            "ends_at",
            "certificate",
            "holder",
            "survived_s",
            "fatal_s",
        ],
        rows: rows.collect(),
    }
}
