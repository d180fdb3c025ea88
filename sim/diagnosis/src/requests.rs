//! Every request that a CA is asked to sign, read off a journal: what is asked, how often, and what comes of it.
//!
//! A requirer asks again to renew, with another CSR of the same names: those are one row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cause::Status;
use super::notes::status;

use trustsim_interfaces::notes::{RefusedRequest, RequestContent};
use trustsim_kernel::{Span, Time};
use trustsim_model::{
    Address, CertificateRecord, Deployment, EndpointRef, Entry, Journal, Kind, Note, RelationSpec,
    RequestRecord, Seq, Standing, Standings,
};
use trustsim_pki::{Certificate, CertificateRequest};

/// The interface over which certificates are requested.
const CERTIFICATES: &str = "tls-certificates";

/// What CAs are asked to sign.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// Each request once, by the CA and then by who asks.
    pub requests: Vec<AskedRequest>,
    /// Relations of a deployment's start over which nothing is asked.
    pub silent: Vec<SilentRelation>,
}

/// A request, with its renewals.
#[derive(Clone, Debug)]
pub struct AskedRequest {
    /// The endpoint of the application that is asked.
    pub provider: EndpointRef,
    /// The endpoint that asks.
    pub requirer: EndpointRef,
    /// What the certificate is for: a unit, or an application whose units share it.
    pub holder: Address,
    /// Whether it is for a CA.
    pub is_ca: bool,
    /// Common name; empty where the request has none.
    pub common_name: String,
    /// What was sent first.
    pub content: RequestContent,
    /// When it was sent, and sent again.
    pub asked: Vec<Time>,
    /// The lives of the certificates that it was given, each once.
    pub lives: BTreeSet<Span>,
    /// Subjects of the CAs that signed, each once.
    pub issuers: BTreeSet<String>,
    /// The key of a certificate that it was given, for a request that has none.
    pub issued_key: Option<String>,
    /// Why it was refused, each reason once.
    pub refusals: Vec<RefusedReason>,
    /// What became of it in the end.
    pub outcome: RequestOutcome,
    /// What units of the provider say at the end, where they are not active.
    pub statuses: Vec<UnitStatus>,
    /// How far the charms of both sides are known.
    pub standing: Standing,
}

/// What a unit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitStatus {
    /// The unit.
    pub unit: Address,
    /// What it says.
    pub status: Status,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedReason {
    /// By the charm.
    Request(RefusedRequest),
    /// By an ACME server, or on the way to it: its code, and what it said.
    AcmeOrder(&'static str, String),
}

/// What became of a request in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestOutcome {
    /// The last one was signed.
    Signed,
    /// The last one was refused.
    Refused,
    /// The last one was neither signed nor refused.
    Waits,
}

/// A relation over which certificates could be requested, and are not.
#[derive(Clone, Debug)]
pub struct SilentRelation {
    /// The endpoint of the application that would be asked.
    pub provider: EndpointRef,
    /// The endpoint that would ask.
    pub requirer: EndpointRef,
    /// Whether its two sides speak different protocols.
    pub protocols_differ: bool,
    /// What units of both sides say at the end, where they are not active.
    pub statuses: Vec<UnitStatus>,
    /// How far the charms of both sides are known.
    pub standing: Standing,
}

impl AskedRequest {
    fn signed(&mut self, certificate: &Certificate) {
        self.outcome = RequestOutcome::Signed;
        let life = certificate.not_after().since(certificate.not_before());
        self.lives.insert(life);
        self.issuers.insert(certificate.issuer().to_owned());
        self.issued_key = Some(certificate.key_algorithm().to_owned());
    }
}

impl Requests {
    /// How many requests were sent in all.
    pub fn sent(&self) -> usize {
        self.requests.iter().map(|one| one.asked.len()).sum()
    }
}

/// Every request in a journal, with what became of it.
pub fn requests(deployment: &Deployment, journal: &Journal) -> Requests {
    let standings = Standings::of(deployment);
    let standing = |[provider, requirer]: [&EndpointRef; 2]| {
        let index = |side: &EndpointRef| deployment.application_at(&side.application);
        let signed_by = index(provider).map(|index| standings.of_application(index));
        let asked_by = index(requirer).map(|index| standings.of_requests(index));
        let worst = signed_by.max(asked_by);
        worst.unwrap_or(Standing::NotSimulated)
    };
    let mut book = Book::default();
    for (seq, entry) in journal.numbered() {
        book.read(seq, entry);
    }
    let mut requests = book.requests;
    let said = book.statuses;
    for request in &mut requests {
        assert!(
            !request.asked.is_empty() && request.asked.is_sorted(),
            "{} asked {} at instants, in order",
            request.requirer,
            request.provider
        );
        assert!(
            request.outcome != RequestOutcome::Signed || !request.lives.is_empty(),
            "{} was given a certificate by {}, which ends",
            request.requirer,
            request.provider
        );
        request.standing = standing([&request.provider, &request.requirer]);
        request.statuses = statuses(&said, &[&request.provider]);
    }
    requests.sort_by_cached_key(|one| {
        let [provider, requirer] = [&one.provider, &one.requirer].map(ToString::to_string);
        (provider, requirer, one.holder.clone(), one.is_ca)
    });
    let asked: BTreeSet<[String; 2]> = requests
        .iter()
        .map(|one| [&one.provider, &one.requirer].map(ToString::to_string))
        .collect();
    let relations = deployment.relations.iter();
    let silent = relations
        .filter(|relation| relation.interface == CERTIFICATES)
        .map(|relation| (relation, ends(deployment, relation)))
        .filter(|(_, ends)| !asked.contains(&ends.each_ref().map(ToString::to_string)))
        .map(|(relation, [provider, requirer])| SilentRelation {
            protocols_differ: deployment.protocols_differ(relation),
            standing: standing([&provider, &requirer]),
            statuses: statuses(&said, &[&provider, &requirer]),
            provider,
            requirer,
        });
    Requests {
        silent: silent.collect(),
        requests,
    }
}

/// What units of these applications say, where they are not active.
fn statuses(said: &BTreeMap<Address, Status>, of: &[&EndpointRef]) -> Vec<UnitStatus> {
    let waits = said.iter().filter(|(unit, status)| {
        let application = unit.to_application();
        status.word != trustsim_juju::Status::Active
            && of.iter().any(|side| side.application == application)
    });
    waits
        .map(|(unit, status)| UnitStatus {
            unit: unit.clone(),
            status: status.clone(),
        })
        .collect()
}

/// Provider and requirer of a relation.
fn ends(deployment: &Deployment, relation: &RelationSpec) -> [EndpointRef; 2] {
    let sides = relation.sides.each_ref();
    sides.map(|side| deployment.endpoint_of(side))
}

/// Provider, requirer, and what the certificate is for.
type Between = (String, String, Address);

/// Requests while a journal is read.
#[derive(Default)]
struct Book {
    requests: Vec<AskedRequest>,
    between: BTreeMap<Between, Vec<usize>>,
    /// Where a CSR is: with a provider that hands it on, in more than one place.
    by_csr: BTreeMap<CertificateRequest, BTreeSet<usize>>,
    /// What each unit said last of itself.
    statuses: BTreeMap<Address, Status>,
    /// The last certificate of each provider for a common name.
    by_name: BTreeMap<(Address, String), Certificate>,
    /// What an answer to the request of an entry answers.
    by_entry: BTreeMap<Seq, Vec<usize>>,
    /// Requests of the legacy protocol, which are answered by name.
    legacy: Vec<usize>,
}

impl Book {
    fn read(&mut self, seq: Seq, entry: &Entry) {
        match &entry.kind {
            Kind::Note(Note::CertificateRequested(record)) => self.asked(seq, entry, record),
            Kind::CertificateIssued(record) => self.issued(entry, record),
            Kind::DatabagChanged { keys, .. } => self.handed_out(entry, keys),
            Kind::StatusChanged { .. } => {
                if let (Some(unit), Some(status)) = (entry.subject.address(), status(entry)) {
                    self.statuses.insert(unit, status);
                }
            }
            Kind::Note(Note::CertificateRefused { refused, request }) => {
                let name = refused.common_name.as_deref();
                let reason = RefusedReason::Request(refused.clone());
                self.refused(entry, *request, name, reason);
            }
            Kind::Note(Note::AcmeOrderRefused(order)) => {
                let reason = RefusedReason::AcmeOrder(order.code, order.detail.clone());
                self.refused(entry, None, Some(&order.common_name), reason);
            }
            _ => {}
        }
    }

    fn asked(&mut self, seq: Seq, entry: &Entry, record: &RequestRecord) {
        let asks = &record.requirer.application;
        let unit = entry.subject.address().filter(|_| !record.is_shared);
        let holder = unit.unwrap_or_else(|| asks.clone());
        let key = (
            record.provider.to_string(),
            record.requirer.to_string(),
            holder.clone(),
        );
        let known = self.between.entry(key).or_default();
        let same = known.iter().copied().find(|&index| {
            let one = &self.requests[index];
            one.is_ca == record.is_ca
                && one.common_name == record.common_name
                && is_same(&one.content, &record.content)
        });
        let index = same.unwrap_or_else(|| {
            let index = self.requests.len();
            known.push(index);
            if matches!(record.content, RequestContent::Names(_)) {
                self.legacy.push(index);
            }
            self.requests.push(first(record, holder));
            index
        });
        let request = &mut self.requests[index];
        request.asked.push(entry.time);
        request.outcome = RequestOutcome::Waits;
        let mut rows = vec![index];
        if let RequestContent::Csr(csr) = &record.content {
            let together = self.by_csr.entry(csr.clone()).or_default();
            together.insert(index);
            rows = together.iter().copied().collect();
        }
        self.by_entry.insert(seq, rows);
    }

    fn issued(&mut self, entry: &Entry, record: &CertificateRecord) {
        let rows = match record.request {
            Some(request) => self.rows_of(request),
            None => self.waiting(entry, |one| {
                matches!(one.content, RequestContent::Names(_))
                    && one.holder == record.holder()
                    && record.certificate.subject_common_name() == Some(&one.common_name)
            }),
        };
        for index in rows {
            self.requests[index].signed(&record.certificate);
        }
        let name = record.certificate.subject_common_name();
        if let (Some(provider), Some(name)) = (entry.subject.address(), name) {
            let key = (provider.to_application(), name.to_owned());
            self.by_name.insert(key, record.certificate.clone());
        }
    }

    /// A provider of the legacy protocol may hand out a certificate again that it made for another unit that asked for
    /// the same name: easyrsa does. What it writes for a unit is under the unit's name, `web_0.server.cert`.
    fn handed_out(&mut self, entry: &Entry, keys: &[Arc<str>]) {
        let Some(unit) = entry.subject.address() else {
            return;
        };
        let writer = unit.to_application();
        for &index in &self.legacy {
            let request = &mut self.requests[index];
            let provider = request.provider.application.clone();
            if request.outcome != RequestOutcome::Waits || provider != writer {
                continue;
            }
            let known = self.by_name.get(&(provider, request.common_name.clone()));
            let (Some(certificate), Some(name), Some(number)) = (
                known,
                request.holder.application_name(),
                request.holder.unit_number(),
            ) else {
                continue;
            };
            let own = format!("{name}_{number}.");
            if keys.iter().any(|key| key.starts_with(&own)) {
                request.signed(certificate);
            }
        }
    }

    fn refused(
        &mut self,
        entry: &Entry,
        request: Option<Seq>,
        common_name: Option<&str>,
        reason: RefusedReason,
    ) {
        let rows = match request {
            Some(request) => self.rows_of(request),
            // A charm that does not say which it refused has refused what waits.
            None => self.waiting(entry, |one| {
                one.outcome != RequestOutcome::Signed
                    && common_name.is_none_or(|name| name == one.common_name)
            }),
        };
        for index in rows {
            let request = &mut self.requests[index];
            request.outcome = RequestOutcome::Refused;
            if !request.refusals.contains(&reason) {
                request.refusals.push(reason.clone());
            }
        }
    }

    fn rows_of(&self, request: Seq) -> Vec<usize> {
        let rows = self.by_entry.get(&request);
        let rows = rows.expect("an answer names the entry of its request");
        rows.clone()
    }

    /// Requests of which this entry's provider was asked, in a protocol that does not name them in its answers.
    fn waiting(&self, entry: &Entry, is_meant: impl Fn(&AskedRequest) -> bool) -> Vec<usize> {
        let Some(provider) = entry.subject.address() else {
            return Vec::new();
        };
        let provider = provider.to_application();
        let all = self.requests.iter().enumerate();
        all.filter(|(_, one)| one.provider.application == provider && is_meant(one))
            .map(|(index, _)| index)
            .collect()
    }
}

/// Whether both ask for the same: names, and the kind of key.
fn is_same(one: &RequestContent, other: &RequestContent) -> bool {
    match (one, other) {
        (RequestContent::Csr(one), RequestContent::Csr(other)) => {
            one.attributes().matches(other.attributes())
                && one.public_key().algorithm() == other.public_key().algorithm()
        }
        (RequestContent::Names(one), RequestContent::Names(other)) => one == other,
        (RequestContent::Csr(_), RequestContent::Names(_))
        | (RequestContent::Names(_), RequestContent::Csr(_)) => false,
    }
}

fn first(record: &RequestRecord, holder: Address) -> AskedRequest {
    AskedRequest {
        provider: record.provider.clone(),
        requirer: record.requirer.clone(),
        holder,
        is_ca: record.is_ca,
        common_name: record.common_name.clone(),
        content: record.content.clone(),
        asked: Vec::new(),
        lives: BTreeSet::new(),
        issuers: BTreeSet::new(),
        issued_key: None,
        refusals: Vec::new(),
        outcome: RequestOutcome::Waits,
        statuses: Vec::new(),
        standing: Standing::NotSimulated,
    }
}
