//! Lints: what can be seen to go wrong in a finished deployment before anything is played. They read
//! the deployment and where its parts are in the files, and give warnings; a deployment that could
//! not be resolved is not linted.
//!
//! A connection from `shop.web` to `pki.api` whose CA no relation carries gets TS0301 with the
//! command that would add the relation.

mod libraries;
mod options;
mod places;
mod providers;
mod transfer_help;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use trust::Distrust;
use trustsim_charms::{CharmMetadata, Protocol, Role, ValidityOptions};
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::parse_duration;
use trustsim_model::{
    Action, ApplicationIndex, ConnectionSpec, Deployment, ModelKind, Party, RelationIndex,
    RelationSpec, Standing, Standings,
};
use trustsim_yaml::Place;

pub(crate) use places::Places;

/// Everything that is worth a warning in a finished deployment.
pub(crate) fn lint(deployment: &Deployment, places: &Places) -> Vec<Diagnostic> {
    assert_eq!(
        (
            deployment.applications.len(),
            deployment.relations.len(),
            deployment.connections.len()
        ),
        (
            places.applications.len(),
            places.relations.len(),
            places.connections.len()
        ),
        "every part of a deployment has its place in the files"
    );
    let mut lints = Lints {
        deployment,
        places,
        relations: relations_by_side(deployment),
        found: Vec::new(),
    };
    lints.connections();
    lints.short_roots();
    lints.operator_missing();
    lints.lint_cannot_issue();
    lints.impossible_options();
    lints.refused_names();
    lints.missing_databases();
    lints.missing_parents();
    lints.vaults_that_never_start();
    lints.protocols();
    lints.libraries();
    lints.found
}

/// The relations of each application by its own role, those of a SAAS with the application behind it. A provider has
/// thousands, and what it requires itself is asked for once for each connection.
type Relations = BTreeMap<(ApplicationIndex, Role), Vec<RelationIndex>>;

fn relations_by_side(deployment: &Deployment) -> Relations {
    let mut found = Relations::new();
    for (index, relation) in deployment.relations.iter_enumerated() {
        let sides = relation.sides.iter();
        let own: BTreeSet<(ApplicationIndex, Role)> = sides
            .filter_map(|side| Some((deployment.application_of(side.party)?, side.role)))
            .collect();
        for side in own {
            found.entry(side).or_default().push(index);
        }
    }
    found
}

/// A pass over a deployment.
struct Lints<'a> {
    deployment: &'a Deployment,
    places: &'a Places,
    relations: Relations,
    found: Vec<Diagnostic>,
}

impl Lints<'_> {
    fn charm(&self, application: ApplicationIndex) -> &CharmMetadata {
        &self.deployment.applications[application].charm
    }

    /// The relations in which an application has a role.
    fn relations_of(
        &self,
        application: ApplicationIndex,
        role: Role,
    ) -> impl Iterator<Item = &RelationSpec> {
        let own = self.relations.get(&(application, role));
        let own = own.into_iter().flatten();
        own.map(|index| &self.deployment.relations[*index])
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Connections whose server has no certificate, or whose client will not trust it.
    fn connections(&mut self) {
        let standings = Standings::of(self.deployment);
        let connections = self.deployment.connections.iter_enumerated();
        for ((index, connection), &place) in connections.zip(&self.places.connections) {
            // How a charm that is not described gets certificates and trust is not known.
            if standings.of_connection(index).standing == Standing::NotSimulated {
                continue;
            }
            let issuers = self.server_issuers(connection.to, connection.to_endpoint.as_deref());
            if issuers.is_empty() {
                if self.signs_for_itself(connection) {
                    if !self.is_given_own_ca(connection) {
                        self.missing_transfer(connection, &[connection.to].into(), place);
                    }
                    continue;
                }
                self.no_certificate(connection, place);
                continue;
            }
            match self.why_distrusted(connection, &issuers) {
                None => {}
                Some(Distrust::Nothing) => self.missing_transfer(connection, &issuers, place),
                Some(Distrust::AnotherCa(sender)) => self.another_ca(connection, sender, place),
                Some(Distrust::OnlyIntermediate(issuer)) => {
                    self.only_intermediate(connection, issuer, place);
                }
            }
        }
    }

    /// Pods whose API is to have its certificate from elsewhere from the start, and cannot.
    fn vaults_that_never_start(&mut self) {
        for application in self.deployment.applications.keys() {
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
            let place = self.places.applications[application];
            let diagnostic = Diagnostic::warning(Code::VaultNeverStarts, place, message);
            let help = format!("add the relation of `{endpoint}` with an `integrate` fault");
            self.push(diagnostic.help(help));
        }
    }

    /// Whether a fault or an option does what an operator would, as for charm-vault.
    fn is_authorised(&self, application: ApplicationIndex) -> bool {
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

    /// Applications that wait for operators that are not declared.
    fn operator_missing(&mut self) {
        for application in self.deployment.applications.keys() {
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
            let message = format!("no operator does what `{address}` waits for");
            let place = self.places.applications[application];
            let diagnostic = Diagnostic::warning(Code::NobodyAnswers, place, message);
            let help = format!("`{name}` does nothing by itself; add an entry under `operators`");
            self.push(diagnostic.help(help));
        }
    }

    /// Relations between the two generations of `tls-certificates`.
    fn protocols(&mut self) {
        for index in self.deployment.relations.keys() {
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
            let Some(place) = application.map(|index| self.places.applications[index]) else {
                continue;
            };
            let help = "use a provider of the same protocol, or tls-certificates-adaptor between";
            let diagnostic = Diagnostic::warning(Code::ProtocolsDiffer, place, message);
            self.push(diagnostic.help(help));
        }
    }

    /// Whether the server's charm gives the API that is met a certificate of its own where nothing issues one.
    fn signs_for_itself(&self, connection: &ConnectionSpec) -> bool {
        let api = self.charm(connection.to).implementation.api;
        let endpoint = connection.to_endpoint.as_deref();
        let signs = |endpoint: &str| self.charm(connection.to).has_own_ca(endpoint);
        endpoint.is_some_and(signs)
            || api.is_some_and(|api| endpoint.is_none_or(|endpoint| endpoint == api.endpoint))
    }

    /// Whether a client outside Juju is given the CA that a server signs its own certificate with, or may have it; what a
    /// unit has of such a CA is not known before a run.
    fn is_given_own_ca(&self, connection: &ConnectionSpec) -> bool {
        match connection.from {
            Party::Client(client) => {
                let client = &self.deployment.clients[client];
                client.trusts.contains(&connection.to) || !client.roots_pem.is_empty()
            }
            Party::Application(_) | Party::Saas(_) => true,
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
        issuers: &BTreeSet<ApplicationIndex>,
        place: Place,
    ) {
        let deployment = self.deployment;
        let Some(&issuer) = issuers.first() else {
            return;
        };
        let server = deployment.application_address(connection.to);
        let issuer_name = deployment.application_address(issuer);
        let client = self.client_name(connection);
        let process = connection.from_process.as_deref();
        let process_of =
            process.map_or_else(String::new, |name| format!("the process `{name}` of "));
        let message = format!(
            "nothing makes {process_of}`{client}` trust `{issuer_name}`, which issues the certificate of `{server}`"
        );
        let help = match connection.from {
            Party::Application(application) => match self.without_trust(application, process) {
                Some(help) => help,
                None => self.transfer_help(application, issuer),
            },
            _ => format!("add `{issuer_name}` to `clients.{client}.trusts`"),
        };
        let is_unread = |party| match party {
            Party::Application(application) => self.charm(application).provenance.is_unread(),
            Party::Client(_) | Party::Saas(_) => false,
        };
        let label = match is_unread(connection.from) {
            _ if self.sends_nothing(connection) => "it waits for a CA, and dials nothing",
            true => "will fail with unknown-issuer, unless its charm has a way that was not read",
            false => "will fail with unknown-issuer",
        };
        let diagnostic = Diagnostic::warning(Code::MissingTransfer, place, message).label(label);
        self.push(diagnostic.help(help));
    }

    /// Whether the client is a process that waits for a CA, and nothing brings it one.
    fn sends_nothing(&self, connection: &ConnectionSpec) -> bool {
        let Party::Application(application) = connection.from else {
            return false;
        };
        let name = connection.from_process.as_deref();
        let process = name.and_then(|name| self.charm(application).process(name));
        let mut sides = self.deployment.relations.iter().flat_map(|one| &one.sides);
        process.is_some_and(|process| {
            process.waits_for_ca
                && !sides.any(|side| {
                    self.deployment.application_of(side.party) == Some(application)
                        && process.trusts.contains(&side.endpoint)
                })
        })
    }

    /// What helps where the charm gives the client's process no CA, whatever is related.
    fn without_trust(
        &self,
        application: ApplicationIndex,
        process: Option<&str>,
    ) -> Option<String> {
        let charm = self.charm(application);
        let process = charm.process(process?)?;
        process.trusts.is_empty().then(|| {
            let mut help = format!("the charm `{}` gives this process no CA", charm.name);
            if charm.implementation.plays_processes {
                help.push_str(&format!(
                    ": another revision may, as `charms.{}.processes.{}.trusts` says it",
                    charm.name, process.name
                ));
            }
            help
        })
    }

    /// self-signed-certificates wants a root that lives twice as long as its leaves.
    fn short_roots(&mut self) {
        for application in self.deployment.applications.keys() {
            let spec = &self.deployment.applications[application];
            let Some(bound) = spec.charm.implementation.validity_options else {
                continue;
            };
            let mut options = spec.options.clone();
            if let Some(message) = self.short_root(application, bound, &options) {
                let place = self.places.option(application, &[bound.root, bound.leaf]);
                self.push_short_root(message, place);
                continue;
            }
            for index in self.deployment.actions.keys() {
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
                    // A step of a rotation has a line of its own.
                    let line = self.deployment.actions[index].source.line;
                    let place = self.places.faults.get(&line);
                    let place = place.unwrap_or(&self.places.applications[application]);
                    let place = *place;
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
        application: ApplicationIndex,
        bound: ValidityOptions,
        options: &BTreeMap<String, String>,
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
}
