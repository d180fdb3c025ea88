//! Lints of trust: which CAs a client of a connection comes to hold, whose they are, and whether its
//! TLS stack takes them for the end of a chain.

use std::collections::BTreeSet;

use super::Lints;
use trustsim_charms::{Authority, CharmMetadata, EndpointProfile, IssuerProfile, Role, Transfers};
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{Action, ApplicationIndex, ConnectionSpec, Party, RelationSpec};
use trustsim_yaml::Place;

/// A certificate that is trusted: of which application's CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Anchor {
    /// The root of that application, or the one above it.
    Root(ApplicationIndex),
    /// The CA with which that application signs, an intermediate.
    Issuing(ApplicationIndex),
}

/// Why a client will not trust a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distrust {
    /// Nothing leads to the CA.
    Nothing,
    /// The provider sends another CA than the one that signs.
    AnotherCa(ApplicationIndex),
    /// Only an intermediate is there, which the client's stack does not take for an anchor.
    OnlyIntermediate(ApplicationIndex),
}

impl Lints<'_> {
    /// Why the client of this connection cannot trust any of `issuers`; `None` where it can.
    pub(super) fn why_distrusted(
        &self,
        connection: &ConnectionSpec,
        issuers: &BTreeSet<ApplicationIndex>,
    ) -> Option<Distrust> {
        let anchors = match connection.from {
            Party::Client(client) => {
                let client = &self.deployment.clients[client];
                // Files of roots are not looked into here.
                let trusts_public = client.trusts_system && self.any_is_public_ca(issuers);
                if !client.roots_pem.is_empty() || trusts_public {
                    return None;
                }
                let trusted = client.trusts.iter();
                trusted.flat_map(|&whose| self.handed_out(whose)).collect()
            }
            Party::Application(application) => {
                let charm = self.charm(application);
                let process = connection.from_process.as_deref();
                let process = process.and_then(|name| charm.process(name));
                let system_roots = process.map_or(charm.system_roots, |one| one.system_roots);
                if system_roots && self.any_is_public_ca(issuers) {
                    return None;
                }
                match process {
                    Some(process) if process.trusts.is_empty() => BTreeSet::new(),
                    _ => self.anchors_of(application),
                }
            }
            Party::Saas(_) => return None,
        };
        let is_root = |anchor: &Anchor| matches!(anchor, Anchor::Root(of) if issuers.contains(of));
        if anchors.iter().any(is_root) {
            return None;
        }
        let intermediate = anchors.iter().find_map(|anchor| match anchor {
            Anchor::Issuing(of) if issuers.contains(of) => Some(*of),
            _ => None,
        });
        match (intermediate, connection.from) {
            (Some(_), _) if connection.validator.takes_partial_chains() => None,
            (Some(of), _) => Some(Distrust::OnlyIntermediate(of)),
            (None, Party::Application(application)) => {
                let sent = self.related(application, Role::Requirer, "certificate_transfer", None);
                let sender = sent.intersection(issuers).next();
                Some(sender.map_or(Distrust::Nothing, |of| Distrust::AnotherCa(*of)))
            }
            (None, _) => Some(Distrust::Nothing),
        }
    }

    /// What an application comes to trust: what is transferred to it, and the CA of its own
    /// certificates where it trusts that.
    fn anchors_of(&self, application: ApplicationIndex) -> BTreeSet<Anchor> {
        let transferred = self.related(application, Role::Requirer, "certificate_transfer", None);
        let mut anchors: BTreeSet<Anchor> = transferred
            .into_iter()
            .flat_map(|sender| self.transferred(sender))
            .collect();
        for endpoint in &self.charm(application).endpoints {
            if let Some(
                EndpointProfile::Certificates(profile)
                | EndpointProfile::LegacyCertificates(profile),
            ) = &endpoint.profile
                && profile.trusts_ca
            {
                let own = Some(endpoint.name.as_str());
                anchors.extend(self.given_by_all(application, own));
            }
        }
        anchors.extend(self.passed_on(application));
        anchors.extend(self.passed_beside_data(application));
        anchors
    }

    /// The CAs that servers hand it over relations that are there for something else.
    fn passed_beside_data(&self, application: ApplicationIndex) -> BTreeSet<Anchor> {
        let deployment = self.deployment;
        let relations = deployment.relations.iter();
        let to_it = relations.filter(|relation| {
            let [_, requirer] = &relation.sides;
            deployment.application_of(requirer.party) == Some(application)
                && deployment.passes_ca(relation)
        });
        let mut anchors = BTreeSet::new();
        for relation in to_it {
            let [provider, _] = &relation.sides;
            let Some(server) = deployment.application_of(provider.party) else {
                continue;
            };
            let endpoint = self.charm(server).endpoint(&provider.endpoint);
            if let Some(EndpointProfile::PassesCa(profile)) =
                endpoint.and_then(|endpoint| endpoint.profile.as_ref())
            {
                for own in &profile.of {
                    anchors.extend(self.given_by_all(server, Some(own)));
                }
            }
        }
        anchors
    }

    /// The CAs that servers pass on to it, which are those of their own certificates: etcd does.
    fn passed_on(&self, application: ApplicationIndex) -> BTreeSet<Anchor> {
        let mut anchors = BTreeSet::new();
        let required = self.charm(application).endpoints.iter();
        let interfaces: BTreeSet<&str> = required
            .filter(|endpoint| endpoint.role == Role::Requirer)
            .map(|endpoint| endpoint.interface.as_str())
            .collect();
        for interface in interfaces {
            for server in self.related(application, Role::Requirer, interface, None) {
                let passes_on = self.charm(server).implementation.ca_interfaces;
                if passes_on.contains(&interface) {
                    anchors.extend(self.given_by_all(server, None));
                }
            }
        }
        anchors
    }

    fn given_by_all(
        &self,
        application: ApplicationIndex,
        endpoint: Option<&str>,
    ) -> BTreeSet<Anchor> {
        let providers = self.related(application, Role::Requirer, "tls-certificates", endpoint);
        let given = providers.into_iter();
        given.flat_map(|provider| self.given(provider, 8)).collect()
    }

    /// The `ca` that comes with a provider's certificates.
    fn given(&self, provider: ApplicationIndex, depth: u32) -> BTreeSet<Anchor> {
        let above = |endpoint: &str| {
            self.related(provider, Role::Requirer, "tls-certificates", Some(endpoint))
        };
        let is_root = match self.charm(provider).implementation.authority {
            Authority::Relay { endpoint } if depth > 0 => {
                let above = above(endpoint).into_iter();
                return above
                    .flat_map(|whose| self.given(whose, depth - 1))
                    .collect();
            }
            Authority::Acme => false,
            Authority::Intermediate { endpoint } => above(endpoint).is_empty(),
            Authority::People {
                ca_ends_chain: false,
            } => self.signer_of(provider).is_none_or(gives_root),
            Authority::People {
                ca_ends_chain: true,
            } => self
                .signer_of(provider)
                .is_none_or(|profile| profile.chain_includes_root || profile.chain.len() == 1),
            Authority::Declared => gives_root(declared_issuer(self.charm(provider))),
            // A relay this deep is one of a circle, and gets nothing.
            Authority::Relay { .. }
            | Authority::None
            | Authority::OwnRoot
            | Authority::SignedByHand => true,
        };
        [anchor(provider, is_root)].into()
    }

    /// What a provider sends over `certificate_transfer`. Vault and Notary send the CA of their own
    /// API, which is another one unless both come from the same CA above.
    fn transferred(&self, provider: ApplicationIndex) -> BTreeSet<Anchor> {
        let of_api = |endpoint: &str| {
            let above = self.related_ever(provider, endpoint).into_iter();
            above.flat_map(|whose| self.given(whose, 8)).collect()
        };
        let implementation = self.charm(provider).implementation;
        if let Some(api) = implementation.api {
            return of_api(api.endpoint);
        }
        match implementation.authority {
            Authority::Acme => [Anchor::Issuing(provider)].into(),
            Authority::People { .. } => match self.signer_of(provider) {
                Some(profile) => sent(provider, profile),
                None => [Anchor::Root(provider)].into(),
            },
            Authority::Declared => sent(provider, declared_issuer(self.charm(provider))),
            Authority::None
            | Authority::OwnRoot
            | Authority::Intermediate { .. }
            | Authority::SignedByHand
            | Authority::Relay { .. } => [Anchor::Root(provider)].into(),
        }
    }

    /// What a client outside Juju is given that asks for this application's CA.
    fn handed_out(&self, application: ApplicationIndex) -> BTreeSet<Anchor> {
        let charm = self.charm(application);
        match charm.implementation.authority {
            Authority::Intermediate { .. } => self.given(application, 8),
            Authority::Declared => sent(application, declared_issuer(charm)),
            _ if charm.implementation.has_kubeconfig => self.given_by_all(application, None),
            _ => match self.signer_of(application) {
                Some(profile) => sent(application, profile),
                None => [Anchor::Root(application)].into(),
            },
        }
    }

    /// Whether the certificates of any of these issuers come from a public CA: the charm orders them there, or its
    /// operator has them signed there.
    fn any_is_public_ca(&self, issuers: &BTreeSet<ApplicationIndex>) -> bool {
        let mut issuers = issuers.iter();
        issuers.any(|issuer| {
            let signer = self.signer_of(*issuer);
            self.charm(*issuer).implementation.orders_from_acme()
                || signer.is_some_and(|profile| profile.public)
        })
    }

    /// The CA outside Juju with which an operator signs for this application.
    pub(super) fn signer_of(&self, application: ApplicationIndex) -> Option<&IssuerProfile> {
        let mut operators = self.deployment.operators.iter();
        let operator = operators.find(|operator| operator.answers.contains(&application))?;
        operator.signs_with.as_ref()
    }

    /// Providers of an application's endpoint, also those that a fault integrates later.
    fn related_ever(
        &self,
        application: ApplicationIndex,
        endpoint: &str,
    ) -> BTreeSet<ApplicationIndex> {
        let interface = "tls-certificates";
        let mut found = self.related(application, Role::Requirer, interface, Some(endpoint));
        for timed in &self.deployment.actions {
            let Action::Integrate { sides, .. } = &timed.action else {
                continue;
            };
            let [provider, requirer] = sides;
            if self.deployment.application_of(requirer.party) == Some(application)
                && requirer.endpoint == endpoint
            {
                found.extend(self.deployment.application_of(provider.party));
            }
        }
        found
    }

    /// Providers that issue the certificates that a server presents, and those that sign for them. Who signs for the CA of
    /// a Vault signs nothing for its API.
    pub(super) fn server_issuers(
        &self,
        application: ApplicationIndex,
        endpoint: Option<&str>,
    ) -> BTreeSet<ApplicationIndex> {
        let charm = self.charm(application);
        let of_ca = charm.implementation.ca_endpoints;
        let served = charm.endpoints.iter().filter(|own| match endpoint {
            Some(wanted) => own.name == wanted,
            None => !of_ca.contains(&own.name.as_str()),
        });
        let issuers = served.flat_map(|own| {
            let name = Some(own.name.as_str());
            if own.brings_certificate() {
                // A worker serves with the certificate of its coordinator.
                let coordinators = self.related(application, Role::Requirer, &own.interface, name);
                let issuers = coordinators.into_iter();
                return issuers
                    .flat_map(|of| self.server_issuers(of, None))
                    .collect();
            }
            self.related(application, Role::Requirer, "tls-certificates", name)
        });
        self.with_those_above(issuers.collect())
    }

    fn with_those_above(
        &self,
        mut issuers: BTreeSet<ApplicationIndex>,
    ) -> BTreeSet<ApplicationIndex> {
        loop {
            let above: BTreeSet<ApplicationIndex> = issuers
                .iter()
                .flat_map(|&issuer| self.signed_by(issuer))
                .collect();
            let before = issuers.len();
            issuers.extend(above);
            if issuers.len() == before {
                return issuers;
            }
        }
    }

    /// Providers that sign for a provider's CA, and not only for its API.
    fn signed_by(&self, provider: ApplicationIndex) -> BTreeSet<ApplicationIndex> {
        let endpoint = match self.charm(provider).implementation.authority {
            Authority::Intermediate { endpoint } | Authority::Relay { endpoint } => Some(endpoint),
            Authority::People { .. } => return BTreeSet::new(),
            _ => None,
        };
        self.related(provider, Role::Requirer, "tls-certificates", endpoint)
    }

    /// Applications on the other side of an application's relations.
    pub(super) fn related(
        &self,
        application: ApplicationIndex,
        role: Role,
        interface: &str,
        endpoint: Option<&str>,
    ) -> BTreeSet<ApplicationIndex> {
        let across = |relation: &RelationSpec| {
            let [left, right] = &relation.sides;
            [(left, right), (right, left)]
                .into_iter()
                .find_map(|(own, other)| {
                    let is_own = self.deployment.application_of(own.party) == Some(application)
                        && own.role == role
                        && endpoint.is_none_or(|name| own.endpoint == name);
                    is_own
                        .then(|| self.deployment.application_of(other.party))
                        .flatten()
                })
        };
        self.relations_of(application, role)
            .filter(|relation| relation.interface == interface)
            .filter(|relation| !self.deployment.protocols_differ(relation))
            .filter_map(across)
            .collect()
    }

    /// Says that a provider sends another CA than the one that signs.
    pub(super) fn another_ca(
        &mut self,
        connection: &ConnectionSpec,
        sender: ApplicationIndex,
        place: Place,
    ) {
        let deployment = self.deployment;
        let (server, sends) = (
            deployment.application_address(connection.to),
            deployment.application_address(sender),
        );
        let client = self.client_name(connection);
        let message = format!(
            "`{sends}` sends `{client}` the CA of its own API, and not the one that issues the certificate of `{server}`"
        );
        let above = self.signed_by(sender);
        let help = match (connection.from, above.first()) {
            (Party::Application(application), Some(&root)) => self.transfer_help(application, root),
            _ => format!(
                "no endpoint of `{}` sends the CA that signs; put a CA above it that does, or relate the client to it for certificates",
                self.charm(sender).name
            ),
        };
        let diagnostic = Diagnostic::warning(Code::AnotherCa, place, message)
            .label("will fail with unknown-issuer");
        self.push(diagnostic.help(help));
    }

    /// Says that only an intermediate is trusted.
    pub(super) fn only_intermediate(
        &mut self,
        connection: &ConnectionSpec,
        issuer: ApplicationIndex,
        place: Place,
    ) {
        let client = self.client_name(connection);
        let issuer_name = self.deployment.application_address(issuer);
        let stack = connection.validator;
        let message = format!(
            "`{client}` gets the intermediate CA of `{issuer_name}` and no root: `{stack}` does not take it for the end of a chain"
        );
        let above = self.signed_by(issuer);
        let help = match (connection.from, above.first()) {
            (Party::Application(application), Some(&root)) => self.transfer_help(application, root),
            (_, Some(&root)) => {
                let root = self.deployment.application_address(root);
                format!("add `{root}` to `clients.{client}.trusts`")
            }
            _ => "give it the root, whatever is above the provider".to_owned(),
        };
        let diagnostic = Diagnostic::warning(Code::OnlyIntermediate, place, message)
            .label("will fail with partial-chain");
        self.push(diagnostic.help(help));
    }

    /// `model.app`, or a client's name.
    pub(super) fn client_name(&self, connection: &ConnectionSpec) -> String {
        match connection.from {
            Party::Application(application) => {
                self.deployment.application_address(application).to_string()
            }
            party => self.deployment.party_name(party).to_owned(),
        }
    }
}

const fn anchor(provider: ApplicationIndex, is_root: bool) -> Anchor {
    if is_root {
        Anchor::Root(provider)
    } else {
        Anchor::Issuing(provider)
    }
}

/// The chain of a charm whose CA is declared.
fn declared_issuer(charm: &CharmMetadata) -> &IssuerProfile {
    let issuer = charm.issuer.as_ref();
    issuer.expect("a charm with a declared chain has its profile")
}

fn gives_root(profile: &IssuerProfile) -> bool {
    profile.ca_is_root || profile.chain.len() == 1
}

fn sent(provider: ApplicationIndex, profile: &IssuerProfile) -> BTreeSet<Anchor> {
    match profile.transfers {
        Transfers::Issuer if profile.chain.len() > 1 => [Anchor::Issuing(provider)].into(),
        Transfers::Root | Transfers::Issuer | Transfers::All => [Anchor::Root(provider)].into(),
    }
}
