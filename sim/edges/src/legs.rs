//! One direction of a relation, and what its row and the row's exceptions say of it.

use crate::derive::Derivation;
use crate::edge::Name;
use crate::published::Published;
use crate::row::{Checks, Dialled, Dials, Exception, Part, Row, Speaks, TlsWhen};
use crate::table::{row_of, rows_between};
use trustsim_model::{ApplicationIndex, Deployment, ModelKind, RelationSpec};

/// One side of a relation that dials the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg<'a> {
    pub row: &'static Row,
    /// The row by which the dialer is told of the listener: another one where a third application hands on what it is told.
    pub told_by: &'static Row,
    pub relation: &'a RelationSpec,
    pub dialer: ApplicationIndex,
    pub listener: ApplicationIndex,
    pub provider: ApplicationIndex,
}

/// What is so of a leg, whatever is related besides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub tls: TlsWhen,
    pub dialled: Dialled,
    pub checks: Checks,
    pub port: Option<u16>,
    pub ingress: bool,
    /// The endpoints of the ingresses that count; any where none is listed.
    pub ingress_endpoints: &'static [String],
    /// When the dialer speaks TLS, and which process of it dials.
    pub speaks: Speaks,
    pub process: Option<&'static str>,
    /// The last exception that holds.
    pub exception: Option<&'static Exception>,
}

impl Leg<'_> {
    /// The row, with what the charms on either side do otherwise laid over it.
    pub(crate) fn facts(&self, deployment: &Deployment) -> Facts {
        let row = self.row;
        let on_kubernetes = is_on_kubernetes(deployment, self.listener);
        let dialled = row.dialled_on_kubernetes.filter(|_| on_kubernetes);
        let mut facts = Facts {
            tls: row.tls,
            dialled: dialled.unwrap_or(row.dialled),
            checks: row.checks,
            port: row.port,
            ingress: row.ingress,
            ingress_endpoints: &row.ingress_endpoints,
            speaks: Speaks::Always,
            process: self.charms_process(deployment),
            exception: None,
        };
        for exception in &row.exceptions {
            if self.holds(exception, deployment) {
                facts.exception = Some(exception);
                facts.tls = exception.tls.unwrap_or(facts.tls);
                facts.dialled = exception.dialled.unwrap_or(facts.dialled);
                facts.checks = exception.checks.unwrap_or(facts.checks);
                facts.port = exception.port.or(facts.port);
                facts.ingress = exception.ingress.unwrap_or(facts.ingress);
                facts.ingress_endpoints = match &exception.ingress_endpoints {
                    Some(endpoints) => endpoints,
                    None => facts.ingress_endpoints,
                };
                facts.speaks = exception.speaks.unwrap_or(facts.speaks);
                facts.process = exception.process.as_deref().or(facts.process);
            }
        }
        let mut endpoints = self.relation.sides.iter().map(|side| &side.endpoint);
        if endpoints.any(|name| row.tls_endpoints.contains(name)) {
            facts.tls = TlsWhen::Always;
        }
        if self.is_plain(deployment) {
            facts.tls = TlsWhen::Never;
        }
        // A client of a provider behind an ingress; one that listens itself gives its own name.
        facts.ingress &= self.listener == self.provider;
        facts
    }

    /// The process that dials, where it is the charm and not its workload.
    fn charms_process(&self, deployment: &Deployment) -> Option<&'static str> {
        let mut endpoints = self.row.charm_endpoints.iter();
        let is_here = |endpoint: &&String| {
            let mut sides = self.relation.sides.iter();
            sides.any(|side| {
                side.endpoint == **endpoint
                    && deployment.application_of(side.party) == Some(self.dialer)
            })
        };
        endpoints.find(is_here).map(String::as_str)
    }

    /// The exception by which nothing is dialled at all. What the listener is seen to publish is dialled.
    pub(crate) fn dials_nothing(
        &self,
        deployment: &Deployment,
        has_ingress: bool,
    ) -> Option<&'static Exception> {
        let has_url = has_ingress || Published::by(self, deployment).is_some();
        let mut exceptions = self.row.exceptions.iter();
        exceptions.find(|exception| {
            exception.dials_nothing
                && !(exception.without_ingress && has_url)
                && self.holds(exception, deployment)
        })
    }

    /// Whether an exception is about the charms on both sides, and the endpoint.
    fn holds(&self, exception: &Exception, deployment: &Deployment) -> bool {
        let (application, across) = match exception.part {
            Part::Dialer => (self.dialer, self.listener),
            Part::Listener => (self.listener, self.dialer),
        };
        let applications = &deployment.applications;
        let other = exception.across.as_ref();
        exception.charms.cover(&applications[application])
            && other.is_none_or(|versions| versions.cover(&applications[across]))
            && self.is_at(exception, application, deployment)
    }

    /// Whether an exception is about the endpoint that an application has in this relation.
    fn is_at(
        &self,
        exception: &Exception,
        application: ApplicationIndex,
        deployment: &Deployment,
    ) -> bool {
        let mut sides = self.relation.sides.iter();
        exception.endpoints.is_empty()
            || sides.any(|side| {
                exception.endpoints.contains(&side.endpoint)
                    && deployment.application_of(side.party) == Some(application)
            })
    }

    fn is_plain(&self, deployment: &Deployment) -> bool {
        let listener = &deployment.applications[self.listener];
        let mut plain = self.row.plain_endpoints.iter();
        plain.any(|plain| {
            let mut sides = self.relation.sides.iter();
            sides.any(|side| {
                side.endpoint == plain.endpoint
                    && deployment.application_of(side.party) == Some(self.listener)
            }) && listener.option_value(&plain.unless).is_none()
        })
    }
}

impl<'a> Derivation<'a> {
    /// The directions of a relation in which something is dialled: by its row, and by what is so between its charms alone.
    pub(crate) fn legs(
        &self,
        row: &'static Row,
        relation: &'a RelationSpec,
        parties: [ApplicationIndex; 2],
    ) -> Vec<Leg<'a>> {
        let beside = rows_between(&relation.interface).filter(|row| {
            let names = parties.map(|index| &self.deployment.applications[index].charm.name);
            let mut between = row.between.iter().flatten().zip(names);
            between.all(|(charms, name)| charms.contains(name))
        });
        let [provider, requirer] = parties;
        let mut found = Vec::new();
        for row in std::iter::once(row).chain(beside) {
            let ends: &[_] = match row.dials {
                Dials::None => &[],
                Dials::Provider => &[(provider, requirer)],
                Dials::Requirer => &[(requirer, provider)],
                Dials::Both => &[(provider, requirer), (requirer, provider)],
            };
            for &(dialer, listener) in ends {
                match row.hands_on.is_empty() {
                    true => found.push(Leg {
                        row,
                        told_by: row,
                        relation,
                        dialer,
                        listener,
                        provider,
                    }),
                    false => found.extend(self.handed_on(row, dialer, listener)),
                }
            }
        }
        found
    }

    /// What a dialer is told of by an application that is told of it over relations of its own.
    fn handed_on(
        &self,
        told_by: &'static Row,
        dialer: ApplicationIndex,
        by: ApplicationIndex,
    ) -> Vec<Leg<'a>> {
        let mut found = Vec::new();
        for interface in &told_by.hands_on {
            let row = row_of(interface)
                .expect("what is handed on has a row, as a test holds the table to");
            let deployment: &'a Deployment = self.deployment;
            let relations = deployment.relations.iter();
            for relation in relations.filter(|relation| relation.interface == *interface) {
                let [provider, requirer] = self.applications(relation);
                if requirer == by {
                    found.push(Leg {
                        row,
                        told_by,
                        relation,
                        dialer,
                        listener: provider,
                        provider,
                    });
                }
            }
        }
        found
    }
}

pub(crate) fn is_on_kubernetes(deployment: &Deployment, application: ApplicationIndex) -> bool {
    let model = deployment.applications[application].model;
    deployment.models[model].kind == ModelKind::Kubernetes
}

/// The name that is dialled of a listener that nothing is in front of.
pub(crate) fn name(dialled: Dialled) -> Name {
    match dialled {
        // The host of a URL is the unit's own name, where no ingress gives another.
        Dialled::Fqdn | Dialled::Url | Dialled::Ingress => Name::Host,
        Dialled::Address => Name::Address,
        Dialled::IngressAddress => Name::IngressAddress,
        Dialled::Service => Name::Service,
        Dialled::HeadlessService => Name::HeadlessService,
        Dialled::Localhost => Name::Localhost,
        Dialled::Loopback => Name::External(Some("127.0.0.1".to_owned())),
    }
}
