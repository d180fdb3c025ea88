//! Lints: providers of certificates that cannot play the part they are given.

use std::collections::BTreeSet;

use super::Lints;
use trustsim_charms::{Authority, EndpointProfile, Mode, Requests, acme_refusal};
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{ApplicationIndex, RelationSpec};

impl Lints<'_> {
    /// Whether one of these orders from a public CA, or has one sign for it.
    pub(super) fn are_public(&self, issuers: &BTreeSet<ApplicationIndex>) -> bool {
        let mut issuers = issuers.iter();
        issuers.any(|issuer| {
            let signer = self.signer_of(*issuer);
            self.charm(*issuer).implementation.orders_from_acme()
                || signer.is_some_and(|profile| profile.public)
        })
    }

    /// Requirers that ask lego for what a public CA does not issue.
    pub(super) fn cannot_issue(&mut self) {
        for index in self.deployment.relations.keys() {
            let relation = self.deployment.relations[index].clone();
            if relation.interface != "tls-certificates" {
                continue;
            }
            if let Some((message, help)) = self.why_not(&relation) {
                let place = self.places.relations[index];
                let diagnostic = Diagnostic::warning(Code::CannotIssue, place, message);
                self.push(diagnostic.help(help));
            }
        }
    }

    fn why_not(&self, relation: &RelationSpec) -> Option<(String, String)> {
        let [provider, requirer] = &relation.sides;
        let issuer = self.deployment.application_of(provider.party)?;
        let asker = self.deployment.application_of(requirer.party)?;
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
    fn never_relayed(
        &self,
        asker: ApplicationIndex,
        issuer: ApplicationIndex,
        name: &str,
    ) -> Option<(String, String)> {
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
