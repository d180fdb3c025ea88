//! A small deployment, and what its connections went through.

use std::sync::Arc;

use trustsim::diagnosis::{Explanation, Findings, diagnose};
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::validators::ErrorKind;
use trustsim::world::{Entry, Kind, Options, Record, Simulation};

use crate::common::deployed;

/// A finished run with what was found in it.
pub(crate) struct Played {
    pub(crate) record: Record,
    pub(crate) findings: Findings,
}

/// Plays a scenario text.
pub(crate) fn played(text: &str) -> Played {
    let deployment = Arc::new(deployed(text));
    let record = Simulation::new(Arc::clone(&deployment), Options::default()).finish();
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    Played { record, findings }
}

/// One CA and one web application of two units in a Kubernetes model, with a client of their own.
pub(crate) fn shop(faults: &str) -> Played {
    played(&shop_text(faults))
}

pub(crate) fn shop_text(faults: &str) -> String {
    format!(
        "duration: 2d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      web: {{charm: web, scale: 2}}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web: {{config: {{options: {{level: {{type: string, default: info}}}}}}, requires: {{certificates: {{interface: tls-certificates}}}}}}
clients:
  browser: {{trusts: [ca]}}
connections:
  - {{from: browser, to: web, every: 1s}}
faults:
{faults}"
    )
}

impl Played {
    /// Every outage: connection, seconds from the start, seconds it took, errors.
    pub(crate) fn outages(&self) -> Vec<(String, f64, Option<f64>, String)> {
        let start = self.record.manifest.start;
        let outages = self.findings.outages.iter();
        outages
            .map(|outage| {
                let name = &self.record.manifest.connections[outage.connection as usize].name;
                let errors: Vec<&str> = outage.errors().map(ErrorKind::kebab).collect();
                let seconds = |span: Span| span.as_nanos() as f64 / 1e9;
                (
                    name.clone(),
                    seconds(outage.from.since(start)),
                    outage.until.map(|until| seconds(until.since(outage.from))),
                    errors.join(" "),
                )
            })
            .collect()
    }

    /// Why, for each outage.
    pub(crate) fn explanations(&self) -> &[Explanation] {
        &self.findings.explanations
    }

    /// What started each outage, in words.
    pub(crate) fn roots(&self) -> Vec<String> {
        let explanations = self.findings.explanations.iter();
        explanations
            .map(|each| words::explanation::trigger(each.trigger.as_ref().expect("a start")))
            .collect()
    }

    /// What the diagnosis of the first outage says first.
    pub(crate) fn first_line(&self) -> String {
        let line = words::explanation::line(&self.findings.explanations[0]);
        line.split("; ").next().unwrap_or_default().to_owned()
    }

    /// Entries that say `what` in one word, with their detail and seconds from the start.
    pub(crate) fn entries(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
        let entries = self.record.journal.entries().iter();
        entries.filter(|entry| wanted(entry)).collect()
    }

    /// Hooks of a unit that began at or after so many seconds from the start.
    pub(crate) fn hooks_from(&self, unit: &str, seconds: u64) -> Vec<String> {
        let from = self.record.manifest.start + Span::from_secs(seconds);
        let begun =
            self.entries(|entry| entry.time >= from && entry.subject.unit.as_deref() == Some(unit));
        begun
            .into_iter()
            .filter_map(|entry| match &entry.kind {
                Kind::HookStarted { hook } => Some(hook.to_string()),
                _ => None,
            })
            .collect()
    }
}
