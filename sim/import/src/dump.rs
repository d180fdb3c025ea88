//! What one input says: models, applications, relations, offers, each fact with its place. A place names its file, so
//! that every fact says where it came from.

use std::collections::{BTreeMap, BTreeSet};

use crate::addresses::SeenAddress;
use trustsim_charms::Role;
use trustsim_errors::is_secret;
use trustsim_yaml::{Place, Scalar, Spanned, Text};

/// What kind of text an input is. The order is that of what counts more where two say different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `juju status --format json` or `yaml`, of one model, or of several by name as `trustsim status` prints them.
    Status,
    /// `juju show-unit`.
    ShowUnit,
    /// A bundle of one or several documents, as `juju export-bundle` writes it, or an overlay.
    Bundle,
    /// `terraform show -json` of a plan or a state, or the lines of `terraform test -verbose -json`.
    Terraform,
    /// `metadata.yaml` or `charmcraft.yaml` of a charm.
    Charm,
}

impl Kind {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "juju status",
            Self::ShowUnit => "juju show-unit",
            Self::Bundle => "bundle",
            Self::Terraform => "Terraform",
            Self::Charm => "charm metadata",
        }
    }
}

/// Texts, each with the place where it was met first.
pub(crate) type Found = BTreeMap<String, Place>;

/// What an input says of one model.
#[derive(Clone, Debug)]
pub(crate) struct ModelDump {
    /// What it was read from.
    pub(crate) kind: Kind,
    /// Where it begins.
    pub(crate) place: Place,
    /// Its name, where the input says it.
    pub(crate) name: Option<Text>,
    /// Its controller.
    pub(crate) controller: Option<Text>,
    /// Whether it is on Kubernetes.
    pub(crate) kubernetes: Option<bool>,
    /// Applications, by name.
    pub(crate) applications: BTreeMap<String, ApplicationDump>,
    /// Applications that an overlay changes, where it is without the bundle that has their charms.
    pub(crate) changed: Vec<Text>,
    /// Machines, by number.
    pub(crate) machines: BTreeSet<String>,
    /// Addresses of machines in each space.
    pub(crate) addresses: BTreeMap<String, BTreeMap<String, Found>>,
    /// Constraints of machines, by number, where they name spaces.
    pub(crate) constraints: BTreeMap<String, Text>,
    /// Addresses that databags have, whose space is told by the bindings.
    pub(crate) seen: Vec<SeenAddress>,
    /// Relations of which both sides are told.
    pub(crate) relations: Vec<RelationDump>,
    /// Relations as one side lists them.
    pub(crate) listed: Vec<ListedRelation>,
    /// Consumed offers, by the name they have here.
    pub(crate) saas: BTreeMap<String, SaasDump>,
    /// URLs that units of an application publish, by its name and the endpoint. Of a consumed offer, too.
    pub(crate) published: BTreeMap<String, BTreeMap<String, Found>>,
}

impl ModelDump {
    /// Of which nothing is known yet.
    pub(crate) const fn new(kind: Kind, place: Place) -> Self {
        Self {
            kind,
            place,
            name: None,
            controller: None,
            kubernetes: None,
            applications: BTreeMap::new(),
            changed: Vec::new(),
            machines: BTreeSet::new(),
            addresses: BTreeMap::new(),
            constraints: BTreeMap::new(),
            seen: Vec::new(),
            relations: Vec::new(),
            listed: Vec::new(),
            saas: BTreeMap::new(),
            published: BTreeMap::new(),
        }
    }
}

/// An application.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApplicationDump {
    /// Where it is named.
    pub(crate) place: Place,
    /// Its charm: a name of Charmhub, or a path.
    pub(crate) charm: Option<Text>,
    /// Its channel.
    pub(crate) channel: Option<Text>,
    /// The revision on Charmhub.
    pub(crate) revision: Option<Spanned<u64>>,
    /// What it is deployed on, such as `ubuntu@22.04` or `jammy`.
    pub(crate) base: Option<Text>,
    /// How many units; `None` for a subordinate.
    pub(crate) units: Option<Spanned<u32>>,
    /// Where they are, as `to:` of a bundle has it.
    pub(crate) to: Vec<Text>,
    /// The space of each endpoint, and under the empty name that of all others; empty where all are in the default one.
    pub(crate) bindings: BTreeMap<String, Text>,
    /// Its constraints, where they name spaces.
    pub(crate) constraints: Option<Text>,
    /// On Kubernetes, the address of its service or of the load balancer before that.
    pub(crate) address: Option<Text>,
    /// The address at which it says in its status that it serves.
    pub(crate) serves_at: Option<Text>,
    /// Options that are set.
    pub(crate) options: BTreeMap<String, Spanned<Scalar>>,
    /// Options that are set to a secret, which is not kept.
    pub(crate) secrets: BTreeMap<String, Place>,
    /// Offers of its endpoints.
    pub(crate) offers: BTreeMap<String, OfferDump>,
    /// Whether it is deployed beside the units of others.
    pub(crate) subordinate: bool,
}

impl ApplicationDump {
    /// Keeps an option, but for a secret.
    pub(crate) fn set(&mut self, option: &str, value: Scalar, place: Place) {
        match is_secret(option, &value.text) {
            true => {
                self.secrets.insert(option.to_owned(), place);
            }
            false => {
                let value = Spanned::new(value, place);
                self.options.insert(option.to_owned(), value);
            }
        }
    }
}

/// An endpoint as an offer or its consumer tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EndpointDump {
    /// Its interface.
    pub(crate) interface: Option<String>,
    /// Its role.
    pub(crate) role: Option<Role>,
}

/// An offer.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfferDump {
    /// Where it is named.
    pub(crate) place: Place,
    /// The endpoints that it offers.
    pub(crate) endpoints: BTreeMap<String, EndpointDump>,
}

/// A consumed offer.
#[derive(Clone, Debug, Default)]
pub(crate) struct SaasDump {
    /// Where it is named.
    pub(crate) place: Place,
    /// `[controller:][user/]model.offer`; absent where the input does not say it.
    pub(crate) url: Option<Text>,
    /// The endpoints that it has.
    pub(crate) endpoints: BTreeMap<String, EndpointDump>,
}

/// One side of a relation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SideDump {
    /// The application or the consumed offer.
    pub(crate) name: String,
    /// Its endpoint, where it is told.
    pub(crate) endpoint: Option<String>,
}

/// A relation of which both sides are told.
#[derive(Clone, Debug)]
pub(crate) struct RelationDump {
    /// The sides.
    pub(crate) sides: [SideDump; 2],
    /// Its interface, where it is told.
    pub(crate) interface: Option<String>,
    /// Whether it is between units of one machine only.
    pub(crate) container: bool,
    /// Its number in the model, where it is told: relations are numbered as they are made.
    pub(crate) number: Option<u64>,
    /// What it was read from.
    pub(crate) kind: Kind,
    /// Where it is.
    pub(crate) place: Place,
}

/// A relation as `juju status` lists it at one side: the endpoint of the other side is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedRelation {
    /// The application or consumed offer that lists it.
    pub(crate) name: String,
    /// Its endpoint.
    pub(crate) endpoint: String,
    /// What it is related to.
    pub(crate) related: String,
    /// The interface, which clients since 3.1.3 print (juju/juju#15548).
    pub(crate) interface: Option<String>,
    /// Whether it is between units of one machine only.
    pub(crate) container: bool,
    /// Where it is.
    pub(crate) place: Place,
}
