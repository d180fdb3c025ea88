//! Lints of trust: what can be seen to fail before anything is played.

use std::collections::BTreeSet;

use super::Resolver;
use super::anchors::Distrust;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use trustsim_charms::{Protocol, Role, ValidityOptions};
use trustsim_kernel::parse_duration;
use trustsim_model::{Action, ConnectionSpec, ModelKind, Party};
use trustsim_yaml::{Map, Place};

impl Resolver<'_> {
    pub(super) fn lints(&mut self) {
        if self.out.has_errors() {
            return;
        }
        let files = self.scenario.connections.iter().flatten();
        let places: Vec<Place> = files
            .map(|file| file.to.as_ref().map_or(file.place, |to| to.place))
            .collect();
        for (index, place) in places.into_iter().enumerate() {
            let connection = self.deployment.connections[index].clone();
            let issuers = self.issuers(connection.to, connection.to_endpoint.as_deref());
            if issuers.is_empty() {
                self.no_certificate(&connection, place);
                continue;
            }
            match self.why_distrusted(&connection, &issuers) {
                None => {}
                Some(Distrust::Nothing) => self.missing_transfer(&connection, &issuers, place),
                Some(Distrust::AnotherCa(sender)) => self.another_ca(&connection, sender, place),
                Some(Distrust::OnlyIntermediate(issuer)) => {
                    self.only_intermediate(&connection, issuer, place);
                }
            }
        }
        self.short_roots();
        self.nobody_answers();
        self.cannot_issue();
        self.impossible_options();
        self.refused_names();
        self.missing_databases();
        self.vaults_that_never_start();
        self.protocols();
    }

    /// Pods whose API is to have its certificate from elsewhere from the start, and cannot.
    fn vaults_that_never_start(&mut self) {
        for application in 0..self.deployment.applications.len() {
            let spec = &self.deployment.applications[application];
            let is_pod = self.deployment.models[spec.model].kind == ModelKind::Kubernetes;
            let api = spec.charm.implementation.api;
            let api = api.filter(|api| is_pod && api.blocks_start_in_pods);
            let Some(endpoint) = api.map(|api| api.endpoint) else {
                continue;
            };
            let interface = "tls-certificates";
            let access = self.related(application, Role::Requirer, interface, Some(endpoint));
            if access.is_empty() {
                continue;
            }
            let address = self.deployment.application_address(application);
            let message = format!("`{address}` never starts its server");
            let place = self.drafts[application].place;
            let diagnostic = Diagnostic::warning(Code::VaultNeverStarts, place, message);
            let help = format!("add the relation of `{endpoint}` with an `integrate` fault");
            self.push(diagnostic.help(help));
        }
    }

    /// Whether a fault or an option does what an operator would, as for charm-vault.
    fn is_authorised(&self, application: usize) -> bool {
        let spec = &self.deployment.applications[application];
        let operator = spec.charm.implementation.operator;
        let Some(instead) = operator.and_then(|need| need.alternative) else {
            return false;
        };
        let option = spec.options.get(instead.option);
        let mut actions = self.deployment.actions.iter();
        option.is_some_and(|value| value == "true")
            || actions.any(|timed| {
                matches!(&timed.action, Action::RunAction { application: of, name, .. }
                    if *of == application && name == instead.action)
            })
    }

    /// Applications that wait for people nobody declares.
    fn nobody_answers(&mut self) {
        for application in 0..self.deployment.applications.len() {
            let charm = self.charm(application);
            let name = charm.name.clone();
            let waits = charm.implementation.operator.is_some();
            let mut operators = self.deployment.operators.iter();
            if !waits
                || operators.any(|operator| operator.answers.contains(&application))
                || self.is_authorised(application)
            {
                continue;
            }
            let address = self.deployment.application_address(application);
            let message = format!("nobody answers what `{address}` waits for");
            let place = self.drafts[application].place;
            let diagnostic = Diagnostic::warning(Code::NobodyAnswers, place, message);
            let help = format!("`{name}` does nothing by itself; add an entry under `operators`");
            self.push(diagnostic.help(help));
        }
    }

    /// Relations between the two generations of `tls-certificates`.
    fn protocols(&mut self) {
        for index in 0..self.deployment.relations.len() {
            let relation = &self.deployment.relations[index];
            if !self.deployment.protocols_differ(relation) {
                continue;
            }
            let speaks = |side: &trustsim_model::Side| {
                let name = self.deployment.side_name(side);
                let application = self.deployment.application_of(side.party);
                let charm = application.map(|index| &self.deployment.applications[index].charm);
                let endpoint = charm.and_then(|charm| charm.endpoint(&side.endpoint));
                match endpoint.map(|endpoint| endpoint.protocol) {
                    Some(Protocol::Legacy) => format!("`{name}` speaks the legacy protocol"),
                    _ => format!("`{name}` speaks version 1"),
                }
            };
            let [left, right] = relation.sides.each_ref().map(speaks);
            let message = format!("{left}, {right}: Juju integrates them and nothing happens");
            let requirer = relation
                .sides
                .iter()
                .find(|side| side.role == Role::Requirer);
            let own = |side: &trustsim_model::Side| match side.party {
                Party::Application(index) => Some(index),
                _ => None,
            };
            let application = requirer.and_then(own);
            let application = application.or_else(|| relation.sides.iter().find_map(own));
            let Some(place) = application.map(|index| self.drafts[index].place) else {
                continue;
            };
            let help = "use a provider of the same protocol, or tls-certificates-adaptor between";
            let diagnostic = Diagnostic::warning(Code::ProtocolsDiffer, place, message);
            self.push(diagnostic.help(help));
        }
    }

    fn no_certificate(&mut self, connection: &ConnectionSpec, place: Place) {
        let server = self.deployment.application_address(connection.to);
        let message = match &connection.to_endpoint {
            Some(endpoint) => format!("nothing issues a certificate to `{server}:{endpoint}`"),
            None => format!("nothing issues a certificate to `{server}`"),
        };
        let wanted = connection.to_endpoint.clone().or_else(|| {
            let mut endpoints = self.charm(connection.to).endpoints.iter();
            let endpoint = endpoints.find(|endpoint| {
                endpoint.role == Role::Requirer && endpoint.interface == "tls-certificates"
            });
            endpoint.map(|endpoint| endpoint.name.clone())
        });
        let app = &self.deployment.applications[connection.to].name;
        let help = match wanted {
            Some(endpoint) => format!("relate `{app}:{endpoint}` to a provider of certificates"),
            None => format!(
                "the charm `{}` uses no certificates",
                self.charm(connection.to).name
            ),
        };
        let diagnostic = Diagnostic::warning(Code::NoCertificate, place, message);
        self.push(diagnostic.help(help));
    }

    fn missing_transfer(
        &mut self,
        connection: &ConnectionSpec,
        issuers: &BTreeSet<usize>,
        place: Place,
    ) {
        let deployment = &self.deployment;
        let Some(&issuer) = issuers.first() else {
            return;
        };
        let server = deployment.application_address(connection.to);
        let issuer_name = deployment.application_address(issuer);
        let client = self.client_name(connection);
        let message = format!(
            "nothing makes `{client}` trust `{issuer_name}`, which issues the certificate of `{server}`"
        );
        let help = match connection.from {
            Party::Application(application) => self.transfer_help(application, issuer),
            _ => format!("add `{issuer_name}` to `clients.{client}.trusts`"),
        };
        let diagnostic = Diagnostic::warning(Code::MissingTransfer, place, message)
            .label("will fail with unknown-issuer");
        self.push(diagnostic.help(help));
    }

    /// The commands that would add the missing relation.
    pub(super) fn transfer_help(&self, client: usize, issuer: usize) -> String {
        let deployment = &self.deployment;
        let endpoint = |application: usize, role: Role| {
            let endpoints = &deployment.applications[application].charm.endpoints;
            let found = endpoints.iter().find(|endpoint| {
                endpoint.role == role && endpoint.interface == "certificate_transfer"
            });
            found.map(|endpoint| endpoint.name.as_str())
        };
        let (own, other) = (
            &deployment.applications[client],
            &deployment.applications[issuer],
        );
        let (Some(receives), Some(sends)) = (
            endpoint(client, Role::Requirer),
            endpoint(issuer, Role::Provider),
        ) else {
            let without = if endpoint(client, Role::Requirer).is_none() {
                own
            } else {
                other
            };
            return format!(
                "the charm `{}` has no endpoint for `certificate_transfer`; relate both to the same CA, or use another charm",
                without.charm.name
            );
        };
        let (model, own_name, other_name) = (&deployment.models[own.model], &own.name, &other.name);
        if own.model == other.model {
            return format!(
                "the missing relation: juju integrate -m {} {own_name}:{receives} {other_name}:{sends}",
                model.name
            );
        }
        let offering = &deployment.models[other.model];
        let controller = &deployment.controllers[offering.controller].name;
        let prefix = if offering.controller == model.controller {
            String::new()
        } else {
            format!("{controller}:")
        };
        format!(
            "the missing relation: juju offer {}.{other_name}:{sends}; juju consume -m {} {prefix}{}/{}.{other_name}; juju integrate -m {} {own_name}:{receives} {other_name}",
            offering.name, model.name, offering.owner, offering.name, model.name
        )
    }

    /// self-signed-certificates wants a root that lives twice as long as its leaves.
    fn short_roots(&mut self) {
        for application in 0..self.deployment.applications.len() {
            let spec = &self.deployment.applications[application];
            let Some(bound) = spec.charm.implementation.validity_options else {
                continue;
            };
            let mut options = spec.options.clone();
            if let Some(message) = self.short_root(application, bound, &options) {
                let place = self
                    .option_place(application, bound)
                    .unwrap_or(self.drafts[application].place);
                self.push_short_root(message, place);
                continue;
            }
            for index in 0..self.deployment.actions.len() {
                let Action::SetConfig {
                    application: whose,
                    options: changed,
                } = &self.deployment.actions[index].action
                else {
                    continue;
                };
                if *whose != application {
                    continue;
                }
                for (name, value) in changed {
                    match value {
                        Some(value) => options.insert(name.clone(), value.clone()),
                        None => options.remove(name),
                    };
                }
                if let Some(message) = self.short_root(application, bound, &options) {
                    let source = self.deployment.actions[index].source.clone();
                    let place = self.fault_place(source.line);
                    self.push_short_root(message, place);
                    break;
                }
            }
        }
    }

    fn push_short_root(&mut self, message: String, place: Place) {
        let diagnostic = Diagnostic::warning(Code::ShortRoot, place, message);
        self.push(diagnostic.help("the charm goes into blocked and issues nothing; make `root-ca-validity` at least twice `certificate-validity`"));
    }

    fn short_root(
        &self,
        application: usize,
        bound: ValidityOptions,
        options: &std::collections::BTreeMap<String, String>,
    ) -> Option<String> {
        let charm = self.charm(application);
        let value = |name: &str| {
            let default = charm
                .options
                .get(name)
                .and_then(|option| option.default.clone());
            options.get(name).cloned().or(default)
        };
        let (root, leaf) = (value(bound.root)?, value(bound.leaf)?);
        let short = match (parse_duration(&root), parse_duration(&leaf)) {
            (Ok(root), Ok(leaf)) => root < leaf * 2,
            _ => false,
        };
        short.then(|| {
            format!(
                "`{}` {root} is less than twice `{}` {leaf}",
                bound.root, bound.leaf
            )
        })
    }

    /// Where the shorter of both options was set, if it was.
    fn option_place(&self, application: usize, bound: ValidityOptions) -> Option<Place> {
        let spec = &self.deployment.applications[application];
        let files = self.models[spec.model].file.applications.as_ref()?;
        let options = files.get(&spec.name)?.options.as_ref()?;
        let set = |wanted: &str| {
            let found = Map::iter(options).find(|(name, _)| name.value == wanted);
            found.map(|(name, value)| Place {
                end: value.place.end,
                ..name.place
            })
        };
        set(bound.root).or_else(|| set(bound.leaf))
    }

    fn fault_place(&self, line: u32) -> Place {
        let faults = self.scenario.faults.iter().flatten();
        let found = faults
            .map(|file| file.place)
            .find(|&place| self.out.sources.position(place).0 == line);
        found.unwrap_or_default()
    }
}
