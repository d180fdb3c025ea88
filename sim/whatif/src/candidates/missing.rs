//! What an operator looks for first: a name that the certificate does not have, certificates that no relation brings.

use super::obstacles::failing_hook;
use super::{CandidateSearch, NOTICE};
use crate::change::Change;
use trustsim_charm_model::{EndpointProfile, Role};
use trustsim_diagnosis::{Cause, CertificateCause, Explanation};
use trustsim_interfaces::Interface;
use trustsim_kernel::Span;
use trustsim_validators::ErrorKind;
use trustsim_world::{Action, ApplicationIndex, Party, Side};

/// Options in which charms take further names, beside those that a profile names, with what is between two of them:
/// canonical/vault-k8s-operator, charmed-kubernetes, canonical/tls-certificates-requirer-operator.
const NAME_OPTIONS: [(&str, char); 4] = [
    ("access_sans_dns", ','),
    ("access_sans_ip", ','),
    ("extra_sans", ' '),
    ("sans_dns", ','),
];
/// Providers that are tried for a server without certificates.
const PROVIDERS: usize = 3;

impl CandidateSearch<'_> {
    /// Options that give the presenter the name that is asked for.
    pub(super) fn named(&self, explanation: &Explanation, server_name: &str) -> Vec<Change> {
        let (index, asked, is_extra) = match &explanation.cause.what {
            Cause::WrongName {
                presenter, asked, ..
            } => (
                self.deployment.application_at(presenter),
                asked.as_str(),
                true,
            ),
            // A hook may fail because no option says by which name the application is called.
            what => {
                let unit = failing_hook(what).map(|(unit, _)| unit);
                let index = unit.and_then(|unit| self.deployment.application_at(unit));
                (index, server_name, false)
            }
        };
        let Some(index) = index else {
            return Vec::new();
        };
        let spec = &self.deployment.applications[index];
        let own = self.name_options(index);
        let more = NAME_OPTIONS.iter().filter(|_| is_extra);
        let more = more.map(|(option, _)| *option);
        let options = own.into_iter().chain(more);
        let set = options.filter_map(|option| {
            let given = spec.options.get(option).filter(|value| !value.is_empty());
            // An option of one name is set; a list gets one more.
            let mut lists = NAME_OPTIONS.iter().filter(|(list, _)| *list == option);
            match (given, lists.next()) {
                (Some(_), _) if !is_extra => None,
                (Some(value), Some((_, between))) => {
                    self.set(index, option, format!("{value}{between}{asked}"))
                }
                _ => self.set(index, option, asked.to_owned()),
            }
        });
        set.collect()
    }

    /// Certificates for a server that has none, from a provider of the deployment; and its CA for the client.
    pub(super) fn certified(
        &self,
        explanation: &Explanation,
        [client, server]: [Option<ApplicationIndex>; 2],
    ) -> Vec<Change> {
        let lacks = matches!(
            explanation.symptom.error,
            ErrorKind::NoCertificate | ErrorKind::PlaintextPeer | ErrorKind::UnknownIssuer
        );
        let Some(requirer) = server.filter(|server| lacks && !self.has_certificates(*server))
        else {
            return Vec::new();
        };
        let providers = self.providers_for(requirer);
        let changes = providers.into_iter().flat_map(|provider| {
            let certify = |trusted_by| Change::Certify {
                provider,
                requirer,
                trusted_by,
                at: Span::ZERO,
            };
            [
                Some(certify(None)),
                client.map(|client| certify(Some(client))),
            ]
        });
        changes.flatten().collect()
    }

    /// Certificates for a provider whose own server has none that is good: it made one itself, which has ended, and its
    /// charm says that it waits. As notary-k8s with its endpoint `access-certificates`.
    pub(super) fn certified_provider(&self, explanation: &Explanation) -> Vec<Change> {
        let Cause::Blocked { unit, since, .. } = explanation.cause.what.innermost() else {
            return Vec::new();
        };
        let waiting = self.deployment.application_at(unit);
        let lacks = |index: &ApplicationIndex| {
            self.has_certificate_endpoint(*index, Role::Provider)
                && self.has_certificate_endpoint(*index, Role::Requirer)
                && !self.has_certificates(*index)
        };
        let Some(requirer) = waiting.filter(lacks) else {
            return Vec::new();
        };
        let providers = self.providers_for(requirer).into_iter();
        let certify = |provider| Change::Certify {
            provider,
            requirer,
            trusted_by: None,
            at: since.since(self.manifest.start) + NOTICE,
        };
        providers.map(certify).collect()
    }

    /// Certificates for a client that has none, of the provider whose CA it lacks: its charm trusts the CA that comes beside
    /// them, also where it keeps one only of those that come in a set.
    pub(super) fn trusted_beside(
        &self,
        explanation: &Explanation,
        client: Option<ApplicationIndex>,
        at: Span,
    ) -> Option<Change> {
        let signer = explanation
            .symptom
            .signer()
            .filter(|_| explanation.symptom.lacks_trust());
        let provider = self.deployment.application_at(signer?)?;
        let requirer = client.filter(|client| !self.has_certificates(*client))?;
        let mut endpoints = self.deployment.applications[requirer]
            .charm
            .endpoints
            .iter();
        let trusts = endpoints.any(|endpoint| match &endpoint.profile {
            Some(EndpointProfile::Certificates(profile)) => profile.trusts_ca,
            _ => false,
        });
        let gives = self.has_certificate_endpoint(provider, Role::Provider);
        (trusts && gives && requirer != provider).then_some(Change::Certify {
            provider,
            requirer,
            trusted_by: None,
            at,
        })
    }

    /// A CA of the deployment above one that issues nothing without; and that one's CA for the client.
    pub(super) fn put_under(
        &self,
        explanation: &Explanation,
        client: Option<ApplicationIndex>,
    ) -> Vec<Change> {
        let Cause::Certificate(CertificateCause::NoParent { provider, .. }) =
            explanation.cause.what.innermost()
        else {
            return Vec::new();
        };
        let Some(ca) = self.deployment.application_at(provider) else {
            return Vec::new();
        };
        let parents = self.providers_for(ca);
        let changes = parents.into_iter().flat_map(|parent| {
            let put_under = |trusted_by| Change::PutUnder {
                parent,
                ca,
                trusted_by,
            };
            [
                Some(put_under(None)),
                client.map(|client| put_under(Some(client))),
            ]
        });
        changes.flatten().collect()
    }

    /// The others that provide certificates, those of its model first.
    fn providers_for(&self, requirer: ApplicationIndex) -> Vec<ApplicationIndex> {
        let applications = &self.deployment.applications;
        let model = applications[requirer].model;
        let provides = |index: &ApplicationIndex| {
            *index != requirer && self.has_certificate_endpoint(*index, Role::Provider)
        };
        let mut providers: Vec<ApplicationIndex> = applications.keys().filter(provides).collect();
        providers.sort_by_key(|index| applications[*index].model != model);
        providers.truncate(PROVIDERS);
        providers
    }

    fn has_certificate_endpoint(&self, application: ApplicationIndex, role: Role) -> bool {
        let charm = &self.deployment.applications[application].charm;
        let mut endpoints = charm.endpoints.iter();
        endpoints.any(|each| each.role == role && Interface::TlsCertificates.is(&each.interface))
    }

    /// Whether an application has certificates over a relation, at the start or later.
    fn has_certificates(&self, application: ApplicationIndex) -> bool {
        let takes = |side: &Side, interface: Option<&str>| {
            let charm = &self.deployment.applications[application].charm;
            let is_own = side.party == Party::Application(application);
            let mut endpoints = charm.endpoints.iter();
            is_own
                && endpoints.any(|each| {
                    each.name == side.endpoint
                        && each.role == Role::Requirer
                        && Interface::TlsCertificates.is(interface.unwrap_or(&each.interface))
                })
        };
        let relations = self.deployment.relations.iter();
        let mut at_start = relations.map(|each| (&each.sides[1], Some(&*each.interface)));
        let mut later = self.deployment.actions.iter().filter_map(|timed| {
            let Action::Integrate { sides, .. } = &timed.action else {
                return None;
            };
            Some(sides)
        });
        at_start.any(|(side, interface)| takes(side, interface))
            || later.any(|sides| sides.iter().any(|side| takes(side, None)))
    }

    /// An option with a value, where the charm has it and it has another one.
    pub(super) fn set(
        &self,
        index: ApplicationIndex,
        option: &str,
        value: String,
    ) -> Option<Change> {
        let spec = &self.deployment.applications[index];
        let is_new =
            spec.charm.options.contains_key(option) && spec.options.get(option) != Some(&value);
        is_new.then(|| Change::Option {
            application: index,
            option: option.to_owned(),
            value,
        })
    }

    /// The options in which a charm takes its names, as its profile says.
    fn name_options(&self, index: ApplicationIndex) -> Vec<&str> {
        let endpoints = self.deployment.applications[index].charm.endpoints.iter();
        let profiles = endpoints.filter_map(|endpoint| match &endpoint.profile {
            Some(EndpointProfile::Certificates(profile)) => Some(profile),
            _ => None,
        });
        let names = profiles.flat_map(|profile| {
            let more = profile.extra_name_options.iter().map(String::as_str);
            profile.name_option.as_deref().into_iter().chain(more)
        });
        names.collect()
    }
}
