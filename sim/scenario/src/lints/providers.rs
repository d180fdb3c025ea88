//! Lint [`Code::CannotIssue`]: a requirer asks a provider for a certificate that it never issues.
//!
//! Each rule is a function that returns a [`Finding`] or nothing; a further rule is a line in `cannot_issue`.

use super::Lints;
use trustsim_charms::{
    Authority, CertificatesProfile, EndpointProfile, Mode, Requests, Unnamed, acme_refusal,
};
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{ApplicationIndex, RelationSpec};

/// What is wrong with a relation, and what to do.
struct Finding {
    message: String,
    help: String,
}

/// A relation over which certificates are requested.
#[derive(Clone, Copy)]
struct Sides<'a> {
    provider: ApplicationIndex,
    requirer: ApplicationIndex,
    /// The requirer's endpoint.
    endpoint: &'a str,
}

impl Lints<'_> {
    /// Requirers that ask for what their provider never issues: a CA certificate from a charm that issues leaves only, a
    /// name from a public CA that it refuses, a certificate for a whole application from a relay that reads units.
    pub(super) fn lint_cannot_issue(&mut self) {
        for index in self.deployment.relations.keys() {
            let relation = self.deployment.relations[index].clone();
            if relation.interface != "tls-certificates" {
                continue;
            }
            if let Some(finding) = self.cannot_issue(&relation) {
                let place = self.places.relations[index];
                let diagnostic = Diagnostic::warning(Code::CannotIssue, place, finding.message);
                self.push(diagnostic.help(finding.help));
            }
        }
    }

    fn cannot_issue(&self, relation: &RelationSpec) -> Option<Finding> {
        let [provider, requirer] = &relation.sides;
        let sides = Sides {
            provider: self.deployment.application_of(provider.party)?,
            requirer: self.deployment.application_of(requirer.party)?,
            endpoint: &requirer.endpoint,
        };
        self.unread_by_relay(sides)
            .or_else(|| self.ca_certificate_from_leaf_issuer(sides))
            .or_else(|| self.name_from_public_ca(sides))
    }

    fn certificates_profile(&self, sides: Sides<'_>) -> Option<&CertificatesProfile> {
        let endpoint = self.charm(sides.requirer).endpoint(sides.endpoint)?;
        match &endpoint.profile {
            Some(EndpointProfile::Certificates(profile)) => Some(profile),
            _ => None,
        }
    }

    /// A relay reads unit databags only: tls-constraints, the one relay there is, is on
    /// `tls_certificates_interface.v3`.
    fn unread_by_relay(&self, sides: Sides<'_>) -> Option<Finding> {
        let Authority::Relay { .. } = self.charm(sides.provider).implementation.authority else {
            return None;
        };
        if self.certificates_profile(sides)?.mode == Mode::Unit {
            return None;
        }
        let requirer = self.deployment.application_address(sides.requirer);
        let provider = self.deployment.application_address(sides.provider);
        Some(Finding {
            message: format!(
                "`{requirer}` requests one certificate for the whole application in the application databag, which \
                 `{provider}` does not read"
            ),
            help:
                "its library (v3) reads the databags of units only; relate it to the provider above"
                    .to_owned(),
        })
    }

    /// Neither a public CA nor the role of a Vault signs a CA.
    fn ca_certificate_from_leaf_issuer(&self, sides: Sides<'_>) -> Option<Finding> {
        let implementation = self.charm(sides.provider).implementation;
        let reason = if implementation.orders_from_acme() {
            "no public CA signs a CA"
        } else if implementation.pki_role.is_some() {
            "Vault's role signs leaves only"
        } else {
            return None;
        };
        let ca_endpoints = self.charm(sides.requirer).implementation.ca_endpoints;
        if !ca_endpoints.contains(&sides.endpoint) {
            return None;
        }
        let requirer = self.deployment.application_address(sides.requirer);
        let provider = self.deployment.application_address(sides.provider);
        Some(Finding {
            message: format!(
                "`{requirer}` requests a CA certificate, but `{provider}` issues only leaf certificates"
            ),
            help: format!(
                "{reason}; use self-signed-certificates or manual-tls-certificates above it"
            ),
        })
    }

    /// A public CA issues for public names only.
    fn name_from_public_ca(&self, sides: Sides<'_>) -> Option<Finding> {
        if !self.charm(sides.provider).implementation.orders_from_acme() {
            return None;
        }
        let spec = &self.deployment.applications[sides.requirer];
        // Whose names a charm requests may be unknown; then nothing can be said.
        if spec.charm.implementation.requests == Requests::Unknown {
            return None;
        }
        let profile = self.certificates_profile(sides)?;
        let option = profile.name_option.as_deref();
        let configured = option.and_then(|option| {
            let default = || spec.charm.options.get(option)?.default.clone();
            spec.options.get(option).cloned().or_else(default)
        });
        let configured = configured.filter(|name| !name.is_empty());
        let (requested, reason) = match &configured {
            Some(name) => (format!("`{name}`"), acme_refusal(name)?.to_owned()),
            // It asks for nothing then, or for what cannot be told.
            None if profile.unnamed != Unnamed::OwnName => return None,
            None => {
                let reason = "it is known inside its model only".to_owned();
                ("its Juju unit name".to_owned(), reason)
            }
        };
        let requirer = self.deployment.application_address(sides.requirer);
        let provider = self.deployment.application_address(sides.provider);
        let help = match option {
            Some(option) => format!(
                "set its option `{option}` to a public name, or relate it to another provider"
            ),
            None => "relate it to another provider of certificates".to_owned(),
        };
        Some(Finding {
            message: format!(
                "`{requirer}` requests {requested}, and no public CA behind `{provider}` can issue it: {reason}"
            ),
            help,
        })
    }
}
