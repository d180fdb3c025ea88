//! Lints: providers of certificates that cannot play the part they are given.

use std::collections::BTreeSet;

use super::Resolver;
use super::relations::SideDraft;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use trustsim_charms::{Authority, EndpointProfile, Mode, Requests, Role, acme_refusal};
use trustsim_model::RelationSpec;

impl Resolver<'_> {
    /// Two providers of which neither can ask the other for a CA certificate.
    pub(super) fn not_an_intermediate(
        &self,
        left: &SideDraft,
        right: &SideDraft,
    ) -> Option<Diagnostic> {
        let has = |side: &SideDraft, role: Role| {
            let charm = self.charm(side.application);
            let api = charm.implementation.api.map(|api| api.endpoint);
            charm.endpoints.iter().any(|endpoint| {
                endpoint.interface == "tls-certificates"
                    && endpoint.role == role
                    && api != Some(endpoint.name.as_str())
            })
        };
        let fits = |side| has(side, Role::Provider) && !has(side, Role::Requirer);
        if !fits(left) || !fits(right) {
            return None;
        }
        let charm = self.charm(left.application);
        let (below, above) = (
            self.deployment.party_name(left.party),
            self.deployment.party_name(right.party),
        );
        let message = format!(
            "`{below}` cannot be an intermediate under `{above}`: `{}` has no endpoint that asks for a CA certificate",
            charm.name
        );
        let help = match charm.implementation.authority {
            Authority::OwnRoot => {
                "it makes its own root; vault-k8s and vault can stand under another CA"
            }
            Authority::SignedByHand => {
                "an operator does it by hand: `get-csr`, then `upload-signed-csr` (`operators`, `signs-with`)"
            }
            Authority::People { .. } => {
                "people sign for it with the CA they have: declare its `chain` under `operators`, `signs-with`"
            }
            Authority::Acme => "its CA is the public one, which stands under nobody else's",
            Authority::Declared => "declare its chain under `issuer`",
            Authority::None | Authority::Intermediate { .. } | Authority::Relay { .. } => {
                "use a provider that can"
            }
        };
        let diagnostic = Diagnostic::error(Code::NotAnIntermediate, left.text.place, message);
        Some(diagnostic.help(help))
    }

    /// Whether one of these orders from a public CA, or has one sign for it.
    pub(super) fn are_public(&self, issuers: &BTreeSet<usize>) -> bool {
        let mut issuers = issuers.iter();
        issuers.any(|issuer| {
            let signer = self.signer_of(*issuer);
            self.charm(*issuer).implementation.orders_from_acme()
                || signer.is_some_and(|profile| profile.public)
        })
    }

    /// Requirers that ask lego for what a public CA does not issue.
    pub(super) fn cannot_issue(&mut self) {
        for index in 0..self.deployment.relations.len() {
            let relation = self.deployment.relations[index].clone();
            if relation.interface != "tls-certificates" {
                continue;
            }
            if let Some((message, help)) = self.why_not(&relation) {
                let place = self.relation_places.get(index).copied().unwrap_or_default();
                let diagnostic = Diagnostic::warning(Code::CannotIssue, place, message);
                self.push(diagnostic.help(help));
            }
        }
    }

    fn why_not(&self, relation: &RelationSpec) -> Option<(String, String)> {
        let [provider, requirer] = &relation.sides;
        let issuer = self.application_behind(provider.party)?;
        let asker = self.application_behind(requirer.party)?;
        let signer = self.charm(issuer).implementation;
        if let Authority::Relay { .. } = signer.authority {
            return self.never_relayed(asker, issuer, &requirer.endpoint);
        }
        let is_public = signer.orders_from_acme();
        if !is_public && signer.pki_role.is_none() {
            return None;
        }
        let who = self.deployment.application_address(asker);
        let by = self.deployment.application_address(issuer);
        let ca_endpoints = self.charm(asker).implementation.ca_endpoints;
        if ca_endpoints.contains(&requirer.endpoint.as_str()) {
            let message = format!("`{who}` wants a CA certificate, and `{by}` gives it a leaf");
            let help = match is_public {
                true => {
                    "no public CA signs a CA; use self-signed-certificates or manual-tls-certificates above it"
                }
                false => {
                    "Vault's role signs leaves only; use self-signed-certificates or manual-tls-certificates above it"
                }
            };
            return Some((message, help.to_owned()));
        }
        if !is_public {
            return None;
        }
        let spec = &self.deployment.applications[asker];
        // Others ask for what they are asked for themselves.
        if spec.charm.implementation.requests == Requests::Unknown {
            return None;
        }
        let endpoint = spec.charm.endpoint(&requirer.endpoint)?;
        let Some(EndpointProfile::Certificates(profile)) = &endpoint.profile else {
            return None;
        };
        let option = profile.name_option.as_deref();
        let set = option.and_then(|option| {
            let default = || spec.charm.options.get(option)?.default.clone();
            spec.options.get(option).cloned().or_else(default)
        });
        let set = set.filter(|name| !name.is_empty());
        let (asked, why) = match &set {
            Some(name) => (format!("for `{name}`"), acme_refusal(name)?.to_owned()),
            None => {
                let why = "it is known inside its model only".to_owned();
                ("for what Juju calls it".to_owned(), why)
            }
        };
        let message =
            format!("`{who}` asks {asked}, and `{by}` gets that from no public CA: {why}");
        let help = match option {
            Some(option) => format!(
                "set its option `{option}` to a public name, or relate it to another provider"
            ),
            None => "relate it to another provider of certificates".to_owned(),
        };
        Some((message, help))
    }

    /// tls-constraints reads unit databags only (tls_certificates_interface.v3).
    fn never_relayed(&self, asker: usize, issuer: usize, name: &str) -> Option<(String, String)> {
        let endpoint = self.charm(asker).endpoint(name)?;
        let Some(EndpointProfile::Certificates(profile)) = &endpoint.profile else {
            return None;
        };
        if profile.mode == Mode::Unit {
            return None;
        }
        let who = self.deployment.application_address(asker);
        let by = self.deployment.application_address(issuer);
        let message = format!("`{who}` asks for its application, and `{by}` never answers that");
        let help =
            "its library (v3) reads the databags of units only; relate it to the provider above";
        Some((message, help.to_owned()))
    }
}
