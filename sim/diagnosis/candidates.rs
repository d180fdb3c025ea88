//! Which changes might end an outage: guesses from its explanation, to be tried and not believed.

use std::collections::BTreeMap;

use super::Findings;
use super::carrier::{Carrier, application};
use super::change::{Change, ChangeKind};
use super::expectations::application_of;
use super::explanation::Explanation;
use super::outages::Outage;
use crate::kernel::Span;
use crate::world::{Deployment, Manifest};

/// How soon an operator acts who watches.
const REACTION: Span = Span::from_secs(1);
/// Ten years: a root that is not renewed within any run.
const LONG_ROOT: &str = "3650d";
const DAY: Span = Span::from_secs(86_400);

/// Every change that might help, once each: those for the costliest outages first.
pub(super) fn candidates(
    deployment: &Deployment,
    manifest: &Manifest,
    findings: &Findings,
) -> Vec<Change> {
    let end = manifest.start + manifest.duration;
    let guesser = Guesser {
        deployment,
        manifest,
    };
    let mut cost: Vec<(Change, Span)> = Vec::new();
    let mut seen: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for (outage, explanation) in findings.outages.iter().zip(&findings.explanations) {
        let connection = &manifest.connections[outage.connection as usize];
        let (client, server) = (
            application_of(&connection.client),
            application_of(&connection.server),
        );
        // Units of one application fail alike: the first few speak for the others.
        let alike = seen.entry((client, server, outage.error)).or_default();
        *alike += 1;
        for change in guesser.changes(outage, explanation, *alike) {
            let length = outage.length(end);
            match cost.iter_mut().find(|(known, _)| *known == change) {
                Some((_, sum)) => *sum += length,
                None => cost.push((change, length)),
            }
        }
    }
    cost.sort_by_key(|(change, sum)| (std::cmp::Reverse(*sum), change.at));
    cost.into_iter().map(|(change, _)| change).collect()
}

struct Guesser<'a> {
    deployment: &'a Deployment,
    manifest: &'a Manifest,
}

impl Guesser<'_> {
    /// What might help one outage; an instant of its own only for the first alike.
    fn changes(&self, outage: &Outage, explanation: &Explanation, alike: usize) -> Vec<Change> {
        let connection = &self.manifest.connections[outage.connection as usize];
        let find = |address: &str| application(self.deployment, application_of(address));
        let (client, server) = (find(&connection.client), find(&connection.server));
        let mut kinds = Vec::new();
        let mut reactions = Vec::new();
        if let Some(signer) = &explanation.signer {
            let provider = application(self.deployment, signer);
            let transfer = |requirer| {
                Some(ChangeKind::Transfer {
                    provider: provider?,
                    requirer: requirer?,
                })
            };
            let judge = explanation.judge.as_deref().and_then(find);
            match &explanation.carrier {
                Some(Carrier::Missing {
                    removed: Some(_), ..
                }) => {
                    reactions.extend(transfer(judge));
                }
                Some(Carrier::Missing { .. }) => kinds.extend(transfer(judge)),
                Some(Carrier::Relation { interface, .. }) if interface == "tls-certificates" => {
                    kinds.extend(transfer(judge));
                }
                _ => {}
            }
            kinds.extend(provider.and_then(|provider| self.longer_root(provider, explanation)));
        }
        if alike == 1 {
            let restart = |application| ChangeKind::Restart { application };
            reactions.extend(client.map(restart));
            reactions.extend(server.filter(|_| server != client).map(restart));
        }
        let since_start = outage.from.since(self.manifest.start);
        let early = kinds.into_iter().map(|kind| (Span::ZERO, kind));
        let late = reactions
            .into_iter()
            .map(|kind| (since_start + REACTION, kind));
        early
            .chain(late)
            .map(|(at, kind)| Change { at, kind })
            .collect()
    }

    /// Where a root that came in the course of the run has to do with it, and its charm lets
    /// people say how long roots live.
    fn longer_root(&self, provider: usize, explanation: &Explanation) -> Option<ChangeKind> {
        const OPTION: &str = "root-ca-validity";
        let spec = &self.deployment.applications[provider];
        spec.charm.options.get(OPTION)?;
        let known = explanation.presented.iter().skip(1);
        let trusted = explanation.trusted.iter().flatten();
        let is_later = known
            .chain(trusted)
            .any(|root| root.not_before().since(self.manifest.start) > DAY);
        let is_set = spec
            .options
            .get(OPTION)
            .is_some_and(|value| value == LONG_ROOT);
        (is_later && !is_set).then(|| ChangeKind::SetOption {
            application: provider,
            option: OPTION.to_owned(),
            value: LONG_ROOT.to_owned(),
        })
    }
}
