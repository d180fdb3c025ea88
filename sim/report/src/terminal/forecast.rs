//! A forecast for a terminal: which certificates expire, where requests come in bursts, what waits,
//! and how long each provider may be unavailable.

use super::style::{self, paint};
use super::{Align, Cell, Table};
use crate::words::certificate;
use trustsim_diagnosis::{Expiry, Forecast};
use trustsim_kernel::format_duration;
use trustsim_model::Manifest;
use trustsim_whatif::Proof;

/// Rows of a table; the files have them all.
const ROWS: usize = 12;

/// Renders it.
pub fn forecast(manifest: &Manifest, forecast: &Forecast, proofs: &[Proof]) -> String {
    let mut text = String::new();
    expiries(forecast, &mut text);
    crowds(forecast, &mut text);
    queues(forecast, &mut text);
    patience(manifest, forecast, proofs, &mut text);
    text
}

fn title(text: &mut String, title: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&paint(style::STRONG, title));
    text.push('\n');
}

fn more(text: &mut String, shown: usize, all: usize, file: &str) {
    if all > shown {
        text.push_str(&format!("{} more are in {file}\n", all - shown));
    }
}

fn expiries(forecast: &Forecast, text: &mut String) {
    let over = forecast.expiries.iter().filter(|one| one.has_ended).count();
    let lapsed: Vec<&Expiry> = forecast
        .expiries
        .iter()
        .filter(|one| one.expired_in_service)
        .collect();
    title(
        text,
        &format!(
            "{} certificates, {over} end within the run, {} while they are served",
            forecast.expiries.len(),
            lapsed.len()
        ),
    );
    // What lapsed, then what comes next after the end of the run.
    let next = forecast
        .expiries
        .iter()
        .filter(|one| !one.has_ended && one.served_from.is_some() && one.served_until.is_none());
    let shown: Vec<&Expiry> = lapsed.iter().copied().chain(next).collect();
    let mut table = Table::new(&[
        ("Ends", Align::Left),
        ("Certificate", Align::Left),
        ("Holder", Align::Left),
        ("Renewed before", Align::Right),
    ]);
    for one in shown.iter().take(ROWS) {
        let end = one.record.certificate.not_after().to_string();
        let end = match one.expired_in_service {
            true => Cell::new(&format!("{end} expired in service"), style::BAD),
            false => Cell::plain(&end),
        };
        let margin = one.margin().map_or_else(|| "-".to_owned(), format_duration);
        table.row([
            end,
            Cell::plain(&certificate::name(&one.record.certificate)),
            Cell::plain(&format!(
                "{}.{}",
                one.record.model,
                one.record
                    .unit
                    .as_deref()
                    .unwrap_or(&one.record.application)
            )),
            Cell::plain(&margin),
        ]);
    }
    if !table.is_empty() {
        text.push_str(&table.render());
    }
    more(text, ROWS, shown.len(), "expiries.csv");
}

fn crowds(forecast: &Forecast, text: &mut String) {
    if forecast.request_peaks.is_empty() {
        return;
    }
    title(text, "the largest bursts of requests");
    let mut table = Table::new(&[
        ("Provider", Align::Left),
        ("What", Align::Left),
        ("Within", Align::Right),
        ("Most", Align::Right),
        ("Allowed", Align::Right),
        ("From", Align::Left),
    ]);
    for one in forecast.request_peaks.iter().take(ROWS) {
        let is_over = one.limit.is_some_and(|limit| one.peak >= limit);
        let what = match one.subject.is_empty() {
            true => one.what.to_owned(),
            false => format!("{} of {}", one.what, one.subject),
        };
        let limit = one
            .limit
            .map_or_else(|| "-".to_owned(), |limit| limit.to_string());
        let colour = if is_over { style::BAD } else { style::PLAIN };
        table.row([
            Cell::plain(&one.provider),
            Cell::plain(&what),
            Cell::plain(&format_duration(one.window)),
            Cell::new(&one.peak.to_string(), colour),
            Cell::plain(&limit),
            Cell::plain(&one.at.truncated_to_seconds().to_string()),
        ]);
    }
    text.push_str(&table.render());
    more(
        text,
        ROWS,
        forecast.request_peaks.len(),
        "request_bursts.csv",
    );
}

fn queues(forecast: &Forecast, text: &mut String) {
    title(text, "the longest waits");
    let mut table = Table::new(&[
        ("Holder", Align::Left),
        ("For", Align::Left),
        ("Waited", Align::Right),
        ("Until", Align::Left),
    ]);
    let mut requests: Vec<_> = forecast.requests.iter().collect();
    requests.sort_by_key(|one| std::cmp::Reverse(one.longest));
    for one in requests.into_iter().take(ROWS / 2) {
        table.row([
            Cell::plain(&one.requirer),
            Cell::plain(&format!("a certificate of {}", one.provider)),
            Cell::plain(&format_duration(one.longest)),
            Cell::plain(&one.at.truncated_to_seconds().to_string()),
        ]);
    }
    let mut hooks: Vec<_> = forecast.hooks.iter().collect();
    hooks.sort_by_key(|one| std::cmp::Reverse(one.longest));
    for one in hooks.into_iter().take(ROWS / 2) {
        table.row([
            Cell::plain(&one.unit),
            Cell::plain(&format!("hook {}", one.hook)),
            Cell::plain(&format_duration(one.longest)),
            Cell::plain(&one.at.truncated_to_seconds().to_string()),
        ]);
    }
    text.push_str(&table.render());
}

fn patience(manifest: &Manifest, forecast: &Forecast, proofs: &[Proof], text: &mut String) {
    if forecast.tolerances.is_empty() {
        return;
    }
    title(text, "how long a provider may be unavailable");
    let mut table = Table::new(&[
        ("Connection", Align::Left),
        ("Provider", Align::Left),
        ("At most", Align::Right),
        ("From", Align::Left),
        ("Proven", Align::Left),
    ]);
    for (index, one) in forecast.tolerances.iter().enumerate().take(ROWS) {
        let proof = proofs.iter().find(|proof| proof.tolerance == index);
        let proven = match proof {
            None => Cell::plain("by arithmetic"),
            Some(Proof {
                survived,
                fatal: Some(fatal),
                ..
            }) => Cell::new(
                &format!(
                    "{} held, {} failed",
                    format_duration(*survived),
                    format_duration(*fatal)
                ),
                style::GOOD,
            ),
            Some(proof) => Cell::new(
                &format!("{} held too", format_duration(proof.survived)),
                style::WAIT,
            ),
        };
        table.row([
            Cell::plain(&manifest.connections[one.connection as usize].name),
            Cell::plain(&one.provider),
            Cell::plain(&format_duration(one.longest)),
            Cell::plain(&one.asked_at.truncated_to_seconds().to_string()),
            proven,
        ]);
    }
    text.push_str(&table.render());
    more(
        text,
        ROWS,
        forecast.tolerances.len(),
        "tolerated_downtime.csv",
    );
}
