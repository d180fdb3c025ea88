//! The remarks of a journal: what units, agents, operators and attackers were seen to do beside
//! hooks, certificates and handshakes. One variant a kind, with its facts as values.
//!
//! Must not know how a remark is worded; `report::words::note` does.

use std::collections::BTreeMap;

use crate::index::{ApplicationIndex, OperatorIndex};
use crate::reference::EndpointRef;
use trustsim_charm_model::PendingTask;
use trustsim_interfaces::notes::{RefusedOrder, RefusedRequest, RequestContent};
use trustsim_juju::{IntegrateError, OfferError, RelationChange};
use trustsim_kernel::{Seq, Span};
use trustsim_validators::Side;

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A peer relation came or went.
    PeerRelation {
        /// Its key, as `juju status --relations` prints it.
        relation: String,
        /// What became of it.
        change: RelationChange,
    },
    /// The half of a cross-model relation in the offering model came or went.
    OfferConnection {
        /// Its key.
        relation: String,
        /// What became of it.
        change: RelationChange,
    },
    /// The unit asked for a certificate.
    CertificateRequested(RequestRecord),
    /// The unit refused a request for a certificate.
    CertificateRefused {
        /// What it refused, and why.
        refused: RefusedRequest,
        /// The entry in which it was asked for; `None` in the legacy protocol, which sends names only.
        request: Option<Seq>,
    },
    /// The unit revoked the certificate that it had given for a name.
    CertificateRevoked {
        /// Common name.
        common_name: String,
    },
    /// An ACME server refused the unit's order.
    AcmeOrderRefused(RefusedOrder),
    /// The unit opened an account with an ACME server.
    AcmeAccountOpened,
    /// An action ended on the unit.
    ActionResult {
        /// What it printed.
        text: String,
    },
    /// An action ended on the unit, whose charm is played by its own code.
    ActionResults {
        /// What it told, by key.
        results: BTreeMap<String, String>,
    },
    /// An action failed on the unit.
    ActionFailed {
        /// What it said.
        message: String,
    },
    /// The action of the deployment that caused this could not be carried out.
    ActionRefused(Refusal),
    /// A client outside Juju asked an application for its CA and was given none.
    TrustNotFetched {
        /// Index of the application.
        ca: ApplicationIndex,
        /// Why not.
        why: NotFetched,
    },
    /// An operator noticed what the unit waits for.
    WaitNoticed {
        /// What it waits for.
        wait: PendingTask,
        /// Index of the operator in the deployment.
        operator: OperatorIndex,
        /// How long the operator takes; `None` where they do not come again.
        answers_in: Option<Span>,
    },
    /// From now on one who has the key of a CA passes for one side of a connection, or no longer
    /// does.
    Impersonation {
        /// Index into [`super::Manifest::connections`].
        connection: u32,
        /// Index of the application whose CA it is.
        ca: ApplicationIndex,
        /// The side that they pass for.
        side: Side,
        /// Whether the other side takes them for it.
        believed: bool,
    },
}

/// A request for a certificate, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Common name; empty where the request has none.
    pub common_name: String,
    /// The endpoint that is asked.
    pub provider: EndpointRef,
    /// The endpoint that asks.
    pub requirer: EndpointRef,
    /// Whether the certificate is for the application, and not for the unit alone.
    pub is_shared: bool,
    /// Whether it is for a CA.
    pub is_ca: bool,
    /// What is sent.
    pub content: RequestContent,
}

/// Why an action could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The controller of its model is down.
    ControllerDown,
    /// No unit of the application is leader.
    NoLeader,
    /// The application has no unit of that number.
    NoSuchUnit,
    /// The application was removed.
    NotAlive,
    /// No relation is between these endpoints.
    NoSuchRelation,
    /// The CA gave no certificate for that name.
    NoSuchCertificate,
    /// The workload of the unit does not answer.
    WorkloadDown,
    /// Clients outside Juju are watched from when the deployment settles.
    NotSettled,
    /// The user may not consume the offer.
    PermissionDenied,
    /// The user has no relation through the offer.
    OfferNotUsed,
    /// The key of the CA is nowhere in the deployment.
    NoKey,
    /// No file is there to which this could be done.
    NothingToChange,
    /// The charm has no endpoint for this relation of the application, by its key.
    BreaksRelation(String),
    /// Juju does not integrate the endpoints.
    Integrate(IntegrateError),
    /// Juju does not remove the offer.
    Offer(OfferError),
}

/// Why a client outside Juju was given no CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFetched {
    /// The controller of the application is down.
    ControllerDown,
    /// The agent of its leader is lost.
    LeaderLost,
    /// It has no leader.
    NoLeader,
}
