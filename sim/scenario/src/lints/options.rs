//! Lints of what a provider is told: options with which it does nothing, names that its role does
//! not let through, a database that is not there.

use super::Lints;
use trustsim_charms::{
    EndpointProfile, OptionFault, Requests, Role, Unnamed, filled_name, names_in,
};
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{ApplicationIndex, ModelKind, RelationSpec};
use trustsim_pki::RequestAttributes;

impl Lints<'_> {
    /// Options with which a provider is blocked or fails.
    pub(super) fn impossible_options(&mut self) {
        for application in self.deployment.applications.keys() {
            for fault in self.faulty_options(application) {
                let address = self.deployment.application_address(application);
                let charm = self.charm(application).name.clone();
                let option = fault.option;
                let place = self.places.option(application, &[option]);
                let (code, message, help) = if fault.is_no_pem {
                    (
                        Code::NotPem,
                        format!("`{option}` of `{address}` holds no certificate"),
                        "it takes PEM: `-----BEGIN CERTIFICATE-----` and so on, one or several",
                    )
                } else {
                    (
                        Code::ImpossibleOption,
                        format!("with `{option}` as it is, `{address}` does nothing"),
                        "set it to what the charm takes",
                    )
                };
                let diagnostic = Diagnostic::warning(code, place, message);
                let note = format!("`{charm}` says: {}", fault.outcome);
                self.push(diagnostic.note(note).help(help));
            }
        }
    }

    /// Options with which an application does nothing, as it is related.
    fn faulty_options(&self, application: ApplicationIndex) -> Vec<OptionFault> {
        let spec = &self.deployment.applications[application];
        let mut faults = spec.charm.option_faults(&spec.options);
        faults.retain(|fault| {
            let mut endpoints = fault.only_with.iter();
            fault.only_with.is_empty() || endpoints.any(|own| self.is_related(application, own))
        });
        faults
    }

    /// Requests that the role of a Vault refuses.
    pub(super) fn refused_names(&mut self) {
        for index in self.deployment.relations.keys() {
            let relation = self.deployment.relations[index].clone();
            let Some((message, note)) = self.refused_name(&relation) else {
                continue;
            };
            let place = self.places.relations[index];
            let diagnostic = Diagnostic::warning(Code::RoleRefuses, place, message);
            let help = "set `pki_allowed_domains`, `pki_allow_subdomains`, `pki_allow_any_name` or `pki_allow_ip_sans`, or have another name asked for";
            self.push(diagnostic.note(note).help(help));
        }
    }

    fn refused_name(&self, relation: &RelationSpec) -> Option<(String, String)> {
        let [provider, requirer] = &relation.sides;
        let issuer = self.deployment.application_of(provider.party)?;
        let asker = self.deployment.application_of(requirer.party)?;
        let signer = &self.deployment.applications[issuer];
        if relation.interface != "tls-certificates" || provider.endpoint != "vault-pki" {
            return None;
        }
        if !self.faulty_options(issuer).is_empty() {
            return None;
        }
        let role = signer.charm.pki_role(&signer.options)?;
        let attributes = self.names_asked(asker, &requirer.endpoint)?;
        let refusal = role.refuses_name(&attributes)?;
        let name = attributes.common_name.unwrap_or_default();
        let message = format!(
            "`{}` asks for `{name}`, which the role of `{}` refuses",
            self.deployment.application_address(asker),
            self.deployment.application_address(issuer)
        );
        Some((message, format!("Vault says: {refusal}")))
    }

    /// The names that an application's first unit asks for, where that can be told.
    fn names_asked(
        &self,
        application: ApplicationIndex,
        endpoint: &str,
    ) -> Option<RequestAttributes> {
        let spec = &self.deployment.applications[application];
        let model = &self.deployment.models[spec.model];
        let Some(EndpointProfile::Certificates(profile)) = &spec.charm.endpoint(endpoint)?.profile
        else {
            return None;
        };
        let value = |option: &String| {
            let default = || spec.charm.options.get(option)?.default.clone();
            let set = spec.options.get(option).cloned().or_else(default);
            set.filter(|value| !value.is_empty())
        };
        let is_related = |endpoint: &String| self.is_related(application, endpoint);
        let lacks_relation =
            !profile.asks_with.is_empty() && !profile.asks_with.iter().any(is_related);
        if lacks_relation || profile.names_from.iter().any(is_related) {
            return None;
        }
        let given = profile.name_option.as_ref().and_then(value);
        let fixed = || {
            let fixed = profile.fixed_name.as_ref()?;
            Some(filled_name(fixed, 0, &spec.name, &model.name))
        };
        let given = given.or_else(fixed);
        if given.is_none() && profile.unnamed != Unnamed::OwnName {
            return None;
        }
        let app = &spec.name;
        let name = match (given, spec.charm.implementation.requests) {
            (_, Requests::Unknown) | (None, Requests::ForHostname { .. }) => return None,
            (Some(name), _) => name,
            (None, Requests::ByProfile) if model.kind == ModelKind::Kubernetes => {
                format!("{app}-0.{app}-endpoints.{}.svc.cluster.local", model.name)
            }
            // Any address will do.
            (None, Requests::ByProfile) => "10.0.0.1".to_owned(),
        };
        let mut attributes = RequestAttributes::with_common_name(&*name);
        let more = profile.extra_name_options.iter().filter_map(value);
        let listed = more.flat_map(|list| names_in(&list, "0"));
        for name in std::iter::once(name).chain(listed) {
            match name.parse() {
                Ok(address) => attributes.sans_ip.push(address),
                Err(_) => attributes.sans_dns.push(name),
            }
        }
        Some(attributes)
    }

    /// A charm that keeps everything in a database, as charm-vault before 1.8 does.
    pub(super) fn missing_databases(&mut self) {
        for application in self.deployment.applications.keys() {
            let databases = self.charm(application).implementation.database_endpoints;
            let has = |endpoint: &&str| self.is_related(application, endpoint);
            if databases.is_empty() || !has(&"certificates") || databases.iter().any(has) {
                continue;
            }
            let address = self.deployment.application_address(application);
            let message = format!("`{address}` has no database and issues nothing");
            let place = self.places.applications[application];
            let diagnostic = Diagnostic::warning(Code::NoDatabase, place, message);
            let note = "`vault` says: 'shared-db' or 'db' missing";
            let help = "relate `shared-db` to mysql-router beside mysql-innodb-cluster, or use the track 1.8";
            self.push(diagnostic.note(note).help(help));
        }
    }

    /// A CA that issues nothing without one above it, as Vault before its track 2.0.
    pub(super) fn missing_parents(&mut self) {
        for application in self.deployment.applications.keys() {
            let charm = self.charm(application);
            let Some(parent) = charm.required_parent() else {
                continue;
            };
            let mut providers = charm.endpoints.iter().filter(|endpoint| {
                endpoint.role == Role::Provider && endpoint.interface == "tls-certificates"
            });
            if !providers.any(|endpoint| self.is_related(application, &endpoint.name))
                || self.is_related(application, parent)
            {
                continue;
            }
            let address = self.deployment.application_address(application);
            let message = format!("`{address}` has no CA and issues nothing");
            let place = self.places.applications[application];
            let diagnostic = Diagnostic::warning(Code::NoParent, place, message);
            let note = format!("this revision of its charm needs a CA over `{parent}`");
            let help = format!(
                "relate `{}:{parent}` to a provider of certificates, or use the track 2.0",
                self.deployment.applications[application].name
            );
            self.push(diagnostic.note(note).help(help));
        }
    }

    /// Whether an endpoint of an application has a relation, whatever is on the other side.
    fn is_related(&self, application: ApplicationIndex, endpoint: &str) -> bool {
        [Role::Provider, Role::Requirer].into_iter().any(|role| {
            let own = self.relations_of(application, role);
            own.flat_map(|relation| &relation.sides).any(|side| {
                self.deployment.application_of(side.party) == Some(application)
                    && side.endpoint == endpoint
                    && side.role == role
            })
        })
    }
}
