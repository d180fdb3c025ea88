//! What an answer rests on, computed from a deployment before anything is played.
//!
//! A connection is predicted from the descriptions of several charms: the server's, the client's, those of the
//! CAs that certify them, and those of whatever hands on trust. The worst of them is the standing of the
//! connection. For example, a connection to a traefik that was read, whose certificate comes from a provider of
//! which only the name is known, is not simulated: which CA that provider has is not known.
//!
//! It is computed from the relations with which a run begins. What a fault integrates later adds nothing to it. Of a
//! failure it is computed with the charms that were deployed by then ([`Standings::between`]): what is not known of a
//! revision says nothing of what comes months after a refresh to another one.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_charm_model::{
    CharmMetadata, EndpointProfile, EndpointSource, Provenance, Reading, Revisions, Role, track,
};

use super::charm_versions::{CharmVersion, CharmVersions};
use super::{
    Action, ApplicationIndex, CharmStore, ConnectionSpec, ConnectionSpecIndex, Deployment,
    EdgeBasis, Party, RelationSpec, ScaleAction, TiVec,
};
use trustsim_kernel::Time;

/// The interface over which certificates are requested.
const CERTIFICATES: &str = "tls-certificates";
/// Interfaces over which a client may hand the server its certificate, as `mtls-cert` (canonical/data-platform-libs 4bf12d1
/// `lib/charms/data_platform_libs/v0/data_interfaces.py`, `KafkaRequirerData.set_mtls_cert`, `EtcdRequirerData.set_mtls_cert`;
/// canonical/kafka-operator 3c25f095 `common/single_kernel_kafka/events/provider.py`, `on_mtls_cert_updated`).
const HAND_CERTIFICATES: [&str; 2] = ["kafka_client", "etcd_client"];

/// How far an answer can be relied on. The order is from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// All that it rests on was read in the code of the charms, at the revisions of the deployment.
    Modelled,
    /// It rests on at least one description that was not read there.
    Assumed,
    /// Something that it needs is not described at all: it is not played, and neither holds nor fails.
    NotSimulated,
}

/// Why a standing is not [`Standing::Modelled`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The application whose charm it is about.
    pub application: ApplicationIndex,
    /// What is not known of it.
    pub gap: Gap,
}

/// What is not known of a charm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Nothing but its name is known, so a generic charm speaks for it.
    Generic,
    /// Nothing but its name is known, and nothing can speak for it.
    NotDescribed,
    /// Not even its name is known.
    Untold {
        /// Whether a generic charm speaks for it.
        is_played: bool,
    },
    /// Its endpoints and options are known, and a generic charm uses them.
    MetadataOnly,
    /// Its endpoints and options are known, and they do not tell what is needed of it.
    MetadataSilent,
    /// No description says of which interface an endpoint of it is, and neither does the other side.
    UsualName {
        /// The endpoint, by whose name it is taken to require the interface.
        endpoint: String,
        /// The interface.
        interface: String,
    },
    /// A relation has an endpoint of it that its description lacks.
    UnlistedEndpoint {
        /// The endpoint.
        endpoint: String,
        /// Whether a generic charm uses it; else the code that is played does nothing with it.
        is_played: bool,
    },
    /// It would be given certificates or CAs by a model that is not part of the deployment.
    ModelNotGiven {
        /// The endpoint over which it would be.
        endpoint: String,
        /// The offer that is consumed.
        offer: String,
    },
    /// Its code was not read, or not all of it.
    NotVerified {
        /// What was not verified.
        missing: String,
    },
    /// It is known to do something otherwise than it is played.
    Differs {
        /// What, a clause whose subject is the charm.
        how: String,
    },
    /// Its clients may hand it the certificate that they show, over an endpoint, for it to trust.
    HandedCertificate {
        /// The endpoint.
        endpoint: String,
    },
    /// That it is dialled, how, and checked how follows from what was not read in its code.
    EdgeAssumed,
    /// It is dialled and certified at the address of its load balancer, which is not given.
    AddressUnknown {
        /// The option that gives it a name in place of that.
        option: &'static str,
    },
    /// It is given the CA of its server in the data of a relation, which is not played.
    CaInDatabag,
    /// Its clients outside Juju are taken to have been given its CA as it was at the beginning, and no other.
    OutsideClient,
    /// No unit of it is deployed: it needs some, or is a subordinate whose principal no relation shows.
    WithoutUnits,
    /// Names that it asks for come in the databags of a relation, which are not played.
    NamesFrom {
        /// The endpoint over which they come.
        endpoint: String,
    },
    /// Its own code plays it, and which files its workload reads is told by what is in them.
    OwnCode,
    /// The author of the scenario described it.
    DescribedByScenario,
    /// The scenario changes its description.
    ChangedByScenario,
    /// It is deployed at a revision that the reading is not about.
    OtherRevision {
        /// The revision in the scenario.
        revision: u64,
        /// The revisions that the reading is about; empty where that is not known.
        covered: Vec<Revisions>,
    },
    /// It is deployed at a revision that is newer than every one that is known of its charm.
    NewerRevision {
        /// The revision in the scenario.
        revision: u64,
        /// The newest that is known.
        newest: u64,
        /// The last revision that the reading is about, as which it is played; none where no tag names that of its commit.
        played: Option<u64>,
    },
    /// Of its revision only libraries, endpoints, options and actions were compared, and the code was not read.
    FactsOnly,
    /// It is deployed from a track of which it is not known what it brings.
    OtherTrack {
        /// The track in the scenario.
        track: String,
        /// The tracks that are known.
        known: Vec<String>,
    },
    /// It was built by hand, and is not a revision of Charmhub.
    LocalCharm,
    /// It is deployed from the Charm Store, whose revisions were counted apart from those of Charmhub that were read.
    OldStore {
        /// The revision there; the newest without one.
        revision: Option<u64>,
    },
}

impl Gap {
    /// What it makes of an answer that needs the charm.
    pub const fn standing(&self) -> Standing {
        match self {
            Self::NotDescribed
            | Self::Untold { is_played: false }
            | Self::MetadataSilent
            | Self::ModelNotGiven { .. }
            | Self::CaInDatabag
            | Self::WithoutUnits
            | Self::UnlistedEndpoint {
                is_played: false, ..
            } => Standing::NotSimulated,
            Self::Generic
            | Self::Untold { is_played: true }
            | Self::MetadataOnly
            | Self::UsualName { .. }
            | Self::UnlistedEndpoint {
                is_played: true, ..
            }
            | Self::NotVerified { .. }
            | Self::Differs { .. }
            | Self::HandedCertificate { .. }
            | Self::EdgeAssumed
            | Self::OutsideClient
            | Self::AddressUnknown { .. }
            | Self::NamesFrom { .. }
            | Self::OwnCode
            | Self::DescribedByScenario
            | Self::ChangedByScenario
            | Self::OtherRevision { .. }
            | Self::NewerRevision { .. }
            | Self::FactsOnly
            | Self::OtherTrack { .. }
            | Self::LocalCharm
            | Self::OldStore { .. } => Standing::Assumed,
        }
    }
}

/// A standing with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The standing.
    pub standing: Standing,
    /// What keeps it from being better; empty where it is [`Standing::Modelled`].
    pub reasons: Vec<Reason>,
}

/// How much of something has which standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many are modelled.
    pub modelled: usize,
    /// How many are assumed.
    pub assumed: usize,
    /// How many are not simulated.
    pub not_simulated: usize,
}

impl Share {
    fn add(&mut self, standing: Standing) {
        *match standing {
            Standing::Modelled => &mut self.modelled,
            Standing::Assumed => &mut self.assumed,
            Standing::NotSimulated => &mut self.not_simulated,
        } += 1;
    }

    /// How many there are.
    pub const fn total(&self) -> usize {
        self.simulated() + self.not_simulated
    }

    /// How many are played.
    pub const fn simulated(&self) -> usize {
        self.modelled + self.assumed
    }
}

/// What of a deployment an answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Charms, each counted once, however many applications have it.
    pub charms: Share,
    /// Relations of `tls-certificates` and `certificate_transfer`.
    pub relations: Share,
    /// Connections of the scenario, with those that follow from its relations and are not played.
    pub connections: Share,
    /// What is not known of the charms, in order of the applications that have them.
    pub reasons: Vec<Reason>,
    /// The basis of each connection.
    pub bases: TiVec<ConnectionSpecIndex, Basis>,
}

impl Coverage {
    /// The coverage of a deployment.
    pub fn of(deployment: &Deployment) -> Self {
        let standings = Standings::of(deployment);
        let mut charms: BTreeMap<&str, Standing> = BTreeMap::new();
        for (index, spec) in deployment.applications.iter_enumerated() {
            let standing = standings.of_application(index);
            let worst = charms.entry(&spec.charm.name).or_insert(standing);
            *worst = standing.max(*worst);
        }
        let relations = deployment.relations.iter();
        let ends = relations.filter_map(|relation| ends(deployment, relation));
        let absent = deployment.absent.iter();
        let absent = absent.filter(|absent| absent.brings_trust());
        let absent = absent.map(|_| Standing::NotSimulated);
        let underived = std::iter::repeat_n(Standing::NotSimulated, deployment.underived);
        let connections = deployment.connections.keys();
        let bases: TiVec<ConnectionSpecIndex, Basis> = connections
            .map(|connection| standings.of_connection(connection))
            .collect();
        Self {
            charms: charms.into_values().collect(),
            relations: ends
                .map(|ends| ends.map(|end| standings.of_application(end)))
                .map(|[provider, requirer]| provider.max(requirer))
                .chain(absent)
                .collect(),
            connections: bases
                .iter()
                .map(|basis| basis.standing)
                .chain(underived)
                .collect(),
            reasons: standings.reasons(),
            bases,
        }
    }

    /// Whether every charm, relation and connection rests on nothing but what was read.
    pub fn is_modelled(&self) -> bool {
        let shares = [&self.charms, &self.relations, &self.connections];
        shares
            .iter()
            .all(|share| share.assumed == 0 && share.not_simulated == 0)
    }
}

impl FromIterator<Standing> for Share {
    fn from_iter<T: IntoIterator<Item = Standing>>(standings: T) -> Self {
        let mut share = Self::default();
        for standing in standings {
            share.add(standing);
        }
        share
    }
}

/// What is known of each application, and which others give it certificates and trust.
#[derive(Clone, Debug)]
pub struct Standings<'a> {
    deployment: &'a Deployment,
    gaps: TiVec<ApplicationIndex, Vec<Gap>>,
    givers: TiVec<ApplicationIndex, Vec<ApplicationIndex>>,
    /// Applications that request certificates.
    certified: BTreeSet<ApplicationIndex>,
}

impl<'a> Standings<'a> {
    /// Reads a deployment once, as it is deployed.
    pub fn of(deployment: &'a Deployment) -> Self {
        Self::with(deployment, |application| {
            vec![CharmVersion::deployed(
                &deployment.applications[application],
            )]
        })
    }

    /// The same with the charms that were there from one instant to another: where an application is refreshed between
    /// them, what is not known of either version counts.
    pub fn between(
        deployment: &'a Deployment,
        versions: &CharmVersions<'a>,
        from: Time,
        until: Time,
    ) -> Self {
        Self::with(deployment, |application| {
            versions.between(deployment, application, from, until)
        })
    }

    fn with(
        deployment: &'a Deployment,
        versions: impl Fn(ApplicationIndex) -> Vec<CharmVersion<'a>>,
    ) -> Self {
        let mut givers: TiVec<ApplicationIndex, Vec<ApplicationIndex>> =
            deployment.applications.iter().map(|_| Vec::new()).collect();
        let (mut gives, mut certified) = (BTreeSet::new(), BTreeSet::new());
        for relation in &deployment.relations {
            if let Some([provider, requirer]) = ends(deployment, relation) {
                givers[requirer].push(provider);
                gives.insert(provider);
                if relation.interface == CERTIFICATES {
                    certified.insert(requirer);
                }
            }
        }
        let versions: TiVec<ApplicationIndex, Vec<CharmVersion<'a>>> =
            deployment.applications.keys().map(versions).collect();
        let mut gaps: TiVec<ApplicationIndex, Vec<Gap>> = versions
            .iter_enumerated()
            .map(|(index, versions)| {
                // A generic charm can ask for certificates. Which CA another charm has, it cannot know.
                let only_requires = !givers[index].is_empty() && !gives.contains(&index);
                let each = versions.iter();
                let found = each
                    .flat_map(|version| gaps(&version.charm.provenance, version, only_requires));
                without_repeats(found)
            })
            .collect();
        for relation in &deployment.relations {
            if let Some(ends) = ends(deployment, relation) {
                for (application, side) in ends.into_iter().zip(&relation.sides) {
                    let deployed = &deployment.applications[application].charm;
                    // A relation of `juju-info`, which no description lists, carries neither.
                    assert!(
                        deployed.endpoint(&side.endpoint).is_some(),
                        "{} has {}, over which it is integrated",
                        deployed.name,
                        side.endpoint
                    );
                    for version in &versions[application] {
                        let without_units = has_no_unit(deployment, application);
                        let without_units = without_units.then_some(Gap::WithoutUnits);
                        let found = endpoint_gaps(version.charm, &side.endpoint);
                        for gap in without_units.into_iter().chain(found) {
                            if !gaps[application].contains(&gap) {
                                gaps[application].push(gap);
                            }
                        }
                    }
                }
            }
        }
        for application in &certified {
            let versions = versions[*application].iter();
            let found =
                versions.flat_map(|version| by_relations(deployment, *application, version.charm));
            let found: Vec<Gap> = found.collect();
            let own = &mut gaps[*application];
            own.extend(found);
            *own = without_repeats(std::mem::take(own).into_iter());
        }
        Self {
            deployment,
            gaps,
            givers,
            certified,
        }
    }

    /// How far the charm of an application is known.
    pub fn of_application(&self, index: ApplicationIndex) -> Standing {
        let standings = self.gaps[index].iter().map(Gap::standing);
        standings.max().unwrap_or(Standing::Modelled)
    }

    /// How far it is known what an application asks for.
    pub fn of_requests(&self, index: ApplicationIndex) -> Standing {
        let own = self.of_application(index);
        let address = self.address_unknown(index);
        address.map_or(own, |reason| own.max(reason.gap.standing()))
    }

    /// What is not known of each application's charm.
    fn reasons(&self) -> Vec<Reason> {
        let applications = self.gaps.iter_enumerated();
        let reasons = applications.flat_map(|(application, gaps)| {
            let gaps = gaps.iter().cloned();
            gaps.map(move |gap| Reason { application, gap })
        });
        reasons.collect()
    }

    /// What a connection rests on: both its sides, and everything that gives them certificates or trust.
    pub fn of_connection(&self, index: ConnectionSpecIndex) -> Basis {
        let applications = self.rests_on(&self.deployment.connections[index]);
        let reasons = applications.into_iter().flat_map(|application| {
            let gaps = self.gaps[application].iter().cloned();
            gaps.map(move |gap| Reason { application, gap })
        });
        let mut reasons: BTreeSet<Reason> = reasons.collect();
        reasons.extend(self.certificate_unknown(self.deployment.connections[index].to));
        reasons.extend(self.not_given(index));
        reasons.extend(self.certificate_handed(index));
        reasons.extend(self.edge_unknown(index));
        reasons.extend(self.address_unknown(self.deployment.connections[index].to));
        let standings = reasons.iter().map(|reason| reason.gap.standing());
        Basis {
            standing: standings.max().unwrap_or(Standing::Modelled),
            reasons: reasons.into_iter().collect(),
        }
    }

    /// What a connection would rest on that comes from models which are not there.
    fn not_given(&self, index: ConnectionSpecIndex) -> Vec<Reason> {
        let rests_on = self.rests_on(&self.deployment.connections[index]);
        let absent = self.deployment.absent.iter();
        absent
            .filter(|absent| absent.brings_trust() && rests_on.contains(&absent.application))
            .map(|absent| Reason {
                application: absent.application,
                gap: Gap::ModelNotGiven {
                    endpoint: absent.endpoint.clone(),
                    offer: absent.offer.clone(),
                },
            })
            .collect()
    }

    /// How the two connect may be otherwise, or rest on what is not played.
    fn edge_unknown(&self, index: ConnectionSpecIndex) -> Option<Reason> {
        let connection = &self.deployment.connections[index];
        let (application, gap) = match connection.edge {
            EdgeBasis::Known => return None,
            EdgeBasis::Assumed => (connection.to, Gap::EdgeAssumed),
            EdgeBasis::Outside => (connection.to, Gap::OutsideClient),
            EdgeBasis::CaInDatabag => {
                let client = self.deployment.application_of(connection.from);
                (client?, Gap::CaInDatabag)
            }
        };
        Some(Reason { application, gap })
    }

    /// Where nothing says at which address an ingress is dialled, the name of its service is dialled and certified.
    fn address_unknown(&self, server: ApplicationIndex) -> Option<Reason> {
        let spec = &self.deployment.applications[server];
        let option = spec.charm.implementation.public_name_option?;
        if !self.certified.contains(&server) {
            return None;
        }
        let is_known = spec.load_balancer.is_some() || spec.option_value(option).is_some();
        let gap = Gap::AddressUnknown { option };
        (!is_known).then_some(Reason {
            application: server,
            gap,
        })
    }

    /// The server of a mutual connection may trust the client's certificate by what that hands it.
    fn certificate_handed(&self, index: ConnectionSpecIndex) -> Option<Reason> {
        let connection = &self.deployment.connections[index];
        let client = self.deployment.application_of(connection.from);
        let mut relations = self.deployment.relations.iter();
        let handed = relations.find(|relation| {
            let ends = relation.sides.each_ref();
            let ends = ends.map(|side| self.deployment.application_of(side.party));
            ends == [Some(connection.to), client]
                && HAND_CERTIFICATES.contains(&&*relation.interface)
                && !self.hands_as_described(relation)
        });
        let [server, _] = &handed.filter(|_| connection.mutual)?.sides;
        Some(Reason {
            application: connection.to,
            gap: Gap::HandedCertificate {
                endpoint: server.endpoint.clone(),
            },
        })
    }

    /// Whether it is known what becomes of a client's certificate over a relation: both charms say that it is handed, which
    /// is played, or the code of one was read that does not do its part.
    fn hands_as_described(&self, relation: &RelationSpec) -> bool {
        let known = relation.sides.each_ref().map(|side| {
            let charm =
                &self.deployment.applications[self.deployment.application_of(side.party)?].charm;
            let endpoint = charm.endpoint(&side.endpoint)?;
            match (&endpoint.client_certificate, &charm.provenance) {
                (Some(_), _) => Some(true),
                (None, Provenance::Read(_)) if endpoint.source == EndpointSource::Description => {
                    Some(false)
                }
                (None, _) => None,
            }
        });
        known == [Some(true), Some(true)] || known.contains(&Some(false))
    }

    /// A server that requests no certificate may have one from elsewhere, unless its charm is described.
    fn certificate_unknown(&self, server: ApplicationIndex) -> Option<Reason> {
        let gap = match self.deployment.applications[server].charm.provenance {
            _ if self.certified.contains(&server) => return None,
            Provenance::Unknown => Gap::NotDescribed,
            Provenance::Untold => Gap::Untold { is_played: false },
            Provenance::Metadata => Gap::MetadataSilent,
            Provenance::Read(_)
            | Provenance::Adjusted(_)
            | Provenance::Unread { .. }
            | Provenance::OwnCode
            | Provenance::Scenario => return None,
        };
        Some(Reason {
            application: server,
            gap,
        })
    }

    /// The applications that a connection rests on, in order of their index.
    fn rests_on(&self, connection: &ConnectionSpec) -> BTreeSet<ApplicationIndex> {
        let mut open = vec![connection.to];
        match connection.from {
            Party::Client(client) => open.extend(&self.deployment.clients[client].trusts),
            party => open.extend(self.deployment.application_of(party)),
        }
        let mut found = BTreeSet::new();
        while let Some(application) = open.pop() {
            if found.insert(application) {
                open.extend(&self.givers[application]);
            }
        }
        found
    }
}

/// Provider and requirer of a relation over which certificates or CAs go.
fn ends(deployment: &Deployment, relation: &RelationSpec) -> Option<[ApplicationIndex; 2]> {
    let is_for_them = [CERTIFICATES, "certificate_transfer"].contains(&&*relation.interface);
    if !is_for_them && !deployment.passes_ca(relation) {
        return None;
    }
    let [provider, requirer] = &relation.sides;
    assert!(
        provider.role == Role::Provider && requirer.role == Role::Requirer,
        "the provider of a TLS relation is its first side: {relation:?}"
    );
    let ends = [provider, requirer].map(|side| deployment.application_of(side.party));
    let [Some(provider), Some(requirer)] = ends else {
        unreachable!("a side of a relation is an application, behind a SAAS too: {relation:?}");
    };
    Some([provider, requirer])
}

/// Whether an application has no unit: none is deployed or added later, and it is on no other's machine.
fn has_no_unit(deployment: &Deployment, application: ApplicationIndex) -> bool {
    let spec = &deployment.applications[application];
    let adds = |action: &Action| matches!(action, Action::Scale(ScaleAction::AddUnits { application: to, .. }) if *to == application);
    let is_beside = |relation: &RelationSpec| {
        relation.sides.iter().any(|side| {
            let is_own = deployment.application_of(side.party) == Some(application);
            let endpoint = spec.charm.endpoint(&side.endpoint).filter(|_| is_own);
            endpoint.is_some_and(|endpoint| endpoint.container_scope)
        })
    };
    spec.units == 0
        && !deployment.actions.iter().any(|timed| adds(&timed.action))
        && !deployment.relations.iter().any(is_beside)
}

/// What is not played because of relations that an application has, or has not: names that come over them, and what its charm
/// does otherwise without one.
fn by_relations(
    deployment: &Deployment,
    application: ApplicationIndex,
    charm: &CharmMetadata,
) -> Vec<Gap> {
    let profiles = charm
        .endpoints
        .iter()
        .filter_map(|one| one.profile.as_ref());
    let named = profiles.flat_map(|profile| match profile {
        EndpointProfile::Certificates(profile) => profile.names_from.as_slice(),
        _ => &[],
    });
    let is_related = |endpoint: &String| {
        let mut sides = deployment.relations.iter().flat_map(|one| &one.sides);
        sides.any(|side| {
            side.endpoint == *endpoint && deployment.application_of(side.party) == Some(application)
        })
    };
    let named = named.filter(|endpoint| is_related(endpoint)).cloned();
    let named = named.map(|endpoint| Gap::NamesFrom { endpoint });
    let reading = charm.provenance.reading();
    let lacking = reading.map_or(&[][..], |reading| &reading.differs_without);
    let lacking = lacking
        .iter()
        .filter(|one| !one.endpoints.iter().any(is_related));
    let differs = lacking.map(|one| Gap::Differs {
        how: one.how.clone(),
    });
    named.chain(differs).collect()
}

fn without_repeats(gaps: impl Iterator<Item = Gap>) -> Vec<Gap> {
    let mut found = Vec::new();
    for gap in gaps {
        if !found.contains(&gap) {
            found.push(gap);
        }
    }
    found
}

/// What is not known of an endpoint over which certificates or CAs go; nothing where a version of the charm lacks it, and
/// does nothing with the relation.
fn endpoint_gaps(charm: &CharmMetadata, name: &str) -> Vec<Gap> {
    let Some(endpoint) = charm.endpoint(name) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // Of a charm without a description it is said that it has none.
    if charm.is_described() && endpoint.source != EndpointSource::Description {
        found.push(Gap::UnlistedEndpoint {
            endpoint: name.to_owned(),
            is_played: charm.implementation.plays_any_endpoint,
        });
    }
    if endpoint.source == EndpointSource::UsualName && endpoint.role == Role::Requirer {
        found.push(Gap::UsualName {
            endpoint: name.to_owned(),
            interface: endpoint.interface.clone(),
        });
    }
    found
}

fn gaps(provenance: &Provenance, version: &CharmVersion<'_>, only_requires: bool) -> Vec<Gap> {
    match provenance {
        Provenance::Read(reading) => {
            let missing = reading.unverified.iter().cloned();
            let unverified = missing.map(|missing| Gap::NotVerified { missing });
            let differences = reading.differs.iter().cloned();
            let differences = differences.map(|how| Gap::Differs { how });
            // What was read and compared are revisions of Charmhub.
            let elsewhere = match version.store {
                CharmStore::Charmhub => None,
                CharmStore::Local => Some(Gap::LocalCharm),
                CharmStore::Old { revision } => Some(Gap::OldStore { revision }),
            };
            if let Some(elsewhere) = elsewhere {
                return unverified.chain(differences).chain([elsewhere]).collect();
            }
            let revision = match other_revision(reading, version) {
                Some(other) => Some(other),
                // Of what was not read the facts were not compared either.
                None => reading.facts_only.then_some(Gap::FactsOnly),
            };
            unverified
                .chain(differences)
                .chain(revision)
                .chain(other_track(reading, version))
                .collect()
        }
        Provenance::Adjusted(catalogue) => {
            let mut found = gaps(catalogue, version, only_requires);
            found.push(Gap::ChangedByScenario);
            found
        }
        Provenance::Unread { missing, .. } => vec![Gap::NotVerified {
            missing: missing.clone(),
        }],
        Provenance::OwnCode => vec![Gap::OwnCode],
        Provenance::Scenario => vec![Gap::DescribedByScenario],
        Provenance::Metadata if only_requires => vec![Gap::MetadataOnly],
        Provenance::Metadata => vec![Gap::MetadataSilent],
        Provenance::Unknown if only_requires => vec![Gap::Generic],
        Provenance::Unknown => vec![Gap::NotDescribed],
        Provenance::Untold => vec![Gap::Untold {
            is_played: only_requires,
        }],
    }
}

/// The revision of an application, where the reading is not about it.
fn other_revision(reading: &Reading, version: &CharmVersion<'_>) -> Option<Gap> {
    let revision = version.revision?;
    if reading.covers(revision) {
        return None;
    }
    Some(match reading.newest {
        Some(newest) if newest < revision => Gap::NewerRevision {
            revision,
            newest,
            played: reading.covers.iter().map(|range| range.last).max(),
        },
        _ => Gap::OtherRevision {
            revision,
            covered: reading.covers.clone(),
        },
    })
}

/// The track of an application, where it is not known what it brings. A revision says more than a track.
fn other_track(reading: &Reading, version: &CharmVersion<'_>) -> Option<Gap> {
    if version.revision.is_some() || reading.tracks.is_empty() {
        return None;
    }
    let track = track(version.channel?)?;
    let is_known = reading.tracks.iter().any(|known| known == track);
    (!is_known).then(|| Gap::OtherTrack {
        track: track.to_owned(),
        known: reading.tracks.clone(),
    })
}
