//! What an attacker who has a key can be taken for, and by which side: each claim is a handshake that was
//! performed with a certificate forged for it.
//!
//! A CA's key signs for any name; a leaf's key is as good as its holder, and as any other that has the
//! same certificate. Must not know the terminal.

use std::collections::BTreeMap;

use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_tls::{Case, ClientSide, Identity, ServerSide};
use trustsim_validators::{Side, Verdict};
use trustsim_world::{
    Address, CertificateKind, CertificateRecord, ConnectionRecord, KeyRecord, Kind, Simulation,
    Trusting,
};

/// A name that nothing in a deployment has.
const ANY_NAME: &str = "any-name.example";

/// A key that could be stolen.
#[derive(Clone, Debug)]
pub struct Stolen {
    /// Root, intermediate or leaf.
    pub kind: CertificateKind,
    /// The certificate that the key belongs to.
    pub certificate: Certificate,
    /// Whose it is: an application, or of a leaf also a unit.
    pub owner: Address,
    /// The applications whose every unit can read the key in clear in a controller's store.
    pub readers: Vec<Address>,
}

/// Why a victim is deceived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It has to trust this CA, or accept this certificate: its real peer presents it.
    Needed,
    /// Its real peer presents something else: it need not trust this.
    Excess,
    /// No peer of a watched connection presents anything of this.
    Idle,
}

/// One try at an impersonation.
#[derive(Clone, Debug)]
pub struct Impersonation {
    /// Index into [`BlastRadius::stolen`].
    pub stolen: usize,
    /// The unit, application or client that the attacker passes for; `None` for a name that nothing in the deployment has.
    pub claimed: Option<Address>,
    /// The name in the certificate.
    pub name: String,
    /// Who is to be deceived.
    pub victim: Address,
    /// Which side of the handshake the attacker is.
    pub attacker: Side,
    /// The victim's TLS stack.
    pub validator: &'static str,
    /// What came of the handshake; `ok` is a success of the attacker.
    pub verdict: Verdict,
    /// Whether the victim has to trust this.
    pub need: Need,
}

/// Everything that was tried at one instant.
#[derive(Clone, Debug)]
pub struct BlastRadius {
    /// The instant.
    pub at: Time,
    /// Every key, CAs first.
    pub stolen: Vec<Stolen>,
    /// Every try, by stolen key, then in the order of connections, then of those who trust.
    pub tries: Vec<Impersonation>,
}

impl BlastRadius {
    /// Tries that came off, of one stolen key.
    pub fn successes(&self, stolen: usize) -> impl Iterator<Item = &Impersonation> {
        let own = self.tries.iter().filter(move |one| one.stolen == stolen);
        own.filter(|one| one.verdict.is_ok())
    }
}

/// What each key would do now. Keys that are gone (a CA that was replaced and its key
/// deleted) are left out, and so are those of public CAs.
pub fn blast_radius(simulation: &Simulation) -> BlastRadius {
    let attacker = Attacker::new(simulation);
    let mut radius = BlastRadius {
        at: simulation.now(),
        stolen: Vec::new(),
        tries: Vec::new(),
    };
    for record in attacker.authorities() {
        if simulation.key_of(&record.certificate).is_none() {
            continue;
        }
        let stolen = radius.stolen.len();
        radius.stolen.push(attacker.stolen(record));
        attacker.try_authority(stolen, &record.certificate, &mut radius.tries);
    }
    for (record, identity) in attacker.leaves() {
        let stolen = radius.stolen.len();
        radius.stolen.push(attacker.stolen(record));
        attacker.try_leaf(stolen, record, &identity, &mut radius.tries);
    }
    let tried = radius.tries.iter().map(|one| one.stolen);
    assert!(
        tried.clone().is_sorted() && tried.max().is_none_or(|last| last < radius.stolen.len()),
        "every try is with a key that is listed, in the order of keys: {} keys, {} tries",
        radius.stolen.len(),
        radius.tries.len()
    );
    radius
}

/// Who tries.
struct Attacker<'a> {
    simulation: &'a Simulation,
    connections: Vec<ConnectionRecord>,
    /// What both sides of each connection bring; none where the server cannot begin.
    cases: Vec<Option<Case>>,
    trusting: Vec<Trusting>,
    issued: Vec<&'a CertificateRecord>,
    readable: BTreeMap<&'a str, Vec<&'a KeyRecord>>,
}

impl<'a> Attacker<'a> {
    fn new(simulation: &'a Simulation) -> Self {
        let connections = simulation.manifest().connections;
        let cases = (0..).zip(&connections);
        let cases = cases
            .map(|(number, _)| simulation.case_of(number))
            .collect();
        let mut issued = Vec::new();
        let mut readable: BTreeMap<&str, Vec<&KeyRecord>> = BTreeMap::new();
        for entry in simulation.journal().entries() {
            match &entry.kind {
                Kind::CertificateIssued(record) => issued.push(record),
                Kind::KeyStored(record) => {
                    readable.entry(&record.serial).or_default().push(record);
                }
                _ => {}
            }
        }
        Self {
            simulation,
            connections,
            cases,
            trusting: simulation.trusting(),
            issued,
            readable,
        }
    }

    fn stolen(&self, record: &CertificateRecord) -> Stolen {
        let known = self.readable.get(record.certificate.serial());
        let mut readers: Vec<Address> = known
            .into_iter()
            .flatten()
            .map(|key| key.readers.clone())
            .collect();
        readers.sort_unstable();
        readers.dedup();
        Stolen {
            kind: record.kind,
            certificate: record.certificate.clone(),
            owner: record.holder(),
            readers,
        }
    }

    fn authorities(&self) -> impl Iterator<Item = &'a CertificateRecord> + '_ {
        let all = self.issued.iter().copied();
        all.filter(|record| record.kind != CertificateKind::Leaf)
    }

    /// Every certificate that a side of a watched connection presents, and every one whose key
    /// is in clear, with its key, once each.
    fn leaves(&self) -> Vec<(&'a CertificateRecord, Identity)> {
        let mut found: BTreeMap<&str, (&CertificateRecord, Identity)> = BTreeMap::new();
        let presented = self.cases.iter().flatten().flat_map(|case| {
            let client = case.client.identity.as_ref();
            std::iter::once(&case.server.identity).chain(client)
        });
        for identity in presented {
            let serial = identity.leaf().map(Certificate::serial);
            let record = self
                .issued
                .iter()
                .find(|record| Some(record.certificate.serial()) == serial);
            if let Some(record) = record {
                let serial = record.certificate.serial();
                found.entry(serial).or_insert((record, identity.clone()));
            }
        }
        for record in &self.issued {
            let serial = record.certificate.serial();
            let is_open = self.readable.contains_key(serial);
            let is_leaf = record.kind == CertificateKind::Leaf;
            if !is_open || !is_leaf || found.contains_key(serial) {
                continue;
            }
            if let Some(key) = self.simulation.key_of(&record.certificate) {
                let mut chain = vec![record.certificate.clone()];
                chain.extend(self.above(record));
                found.insert(serial, (record, Identity::new(chain, key)));
            }
        }
        found.into_values().collect()
    }

    /// Who signed a certificate, and who signed that.
    fn above(&self, record: &CertificateRecord) -> Vec<Certificate> {
        let mut chain: Vec<Certificate> = Vec::new();
        let mut serial = &record.issuer_serial;
        let by = |serial: &str| {
            let mut all = self.issued.iter();
            all.find(|record| record.certificate.serial() == serial)
        };
        while let Some(issuer) = by(serial) {
            if chain.contains(&issuer.certificate) {
                break;
            }
            chain.push(issuer.certificate.clone());
            serial = &issuer.issuer_serial;
        }
        chain
    }

    fn try_authority(&self, stolen: usize, ca: &Certificate, tries: &mut Vec<Impersonation>) {
        let now = self.simulation.now();
        let forge = |name: &str| self.simulation.forge(ca, name, now);
        let mut met: Vec<&Address> = Vec::new();
        for (connection, case) in self.watched() {
            met.push(&connection.client);
            let real = case.server.identity.chain();
            if let Some(identity) = forge(connection.last_server_name()) {
                let need = self.need(real, ca);
                tries.push(self.as_server(stolen, connection, case, &identity, need));
            }
            if case.server.client_trust.is_some() {
                met.push(&connection.server);
                let real = case.client.identity.as_ref();
                let real = real.map_or(&[][..], Identity::chain);
                if let Some(identity) = forge(&connection.client) {
                    let need = self.need(real, ca);
                    tries.push(self.as_client(stolen, connection, case, &identity, need));
                }
            }
        }
        let Some(identity) = forge(ANY_NAME) else {
            return;
        };
        for one in &self.trusting {
            if met.contains(&&one.address) {
                continue;
            }
            let case = met_by(one, &identity);
            let subject = format!("blast-radius {stolen} {}", one.address);
            tries.push(Impersonation {
                stolen,
                claimed: None,
                name: ANY_NAME.to_owned(),
                victim: one.address.clone(),
                attacker: Side::Server,
                validator: one.validator.name(),
                verdict: self.simulation.perform(&case, &subject),
                need: Need::Idle,
            });
        }
    }

    fn try_leaf(
        &self,
        stolen: usize,
        record: &CertificateRecord,
        identity: &Identity,
        tries: &mut Vec<Impersonation>,
    ) {
        let own = |presented: &Identity| presented.leaf() == Some(&record.certificate);
        for (connection, case) in self.watched() {
            let need = match own(&case.server.identity) {
                true => Need::Needed,
                false => Need::Excess,
            };
            tries.push(self.as_server(stolen, connection, case, identity, need));
            if case.server.client_trust.is_some() {
                let need = match case.client.identity.as_ref().is_some_and(own) {
                    true => Need::Needed,
                    false => Need::Excess,
                };
                tries.push(self.as_client(stolen, connection, case, identity, need));
            }
        }
    }

    fn watched(&self) -> impl Iterator<Item = (&ConnectionRecord, &Case)> {
        assert_eq!(
            self.connections.len(),
            self.cases.len(),
            "every connection has what both sides would bring, or nothing"
        );
        let all = self.connections.iter().zip(&self.cases);
        all.filter_map(|(connection, case)| Some((connection, case.as_ref()?)))
    }

    /// Whether what the real peer presents leads to this CA.
    fn need(&self, real: &[Certificate], ca: &Certificate) -> Need {
        let leaf = real.first().and_then(|leaf| {
            let mut all = self.issued.iter();
            all.find(|record| record.certificate == *leaf)
        });
        let above = leaf.map_or_else(Vec::new, |leaf| self.above(leaf));
        match real.contains(ca) || above.contains(ca) {
            true => Need::Needed,
            false => Need::Excess,
        }
    }

    fn as_server(
        &self,
        stolen: usize,
        connection: &ConnectionRecord,
        case: &Case,
        identity: &Identity,
        need: Need,
    ) -> Impersonation {
        let mut case = case.clone();
        case.server.identity = identity.clone();
        // The attacker asks for no client certificate.
        case.server.client_trust = None;
        let subject = format!("blast-radius {stolen} to {}", connection.name);
        Impersonation {
            stolen,
            claimed: Some(connection.server.clone()),
            name: connection.last_server_name().to_owned(),
            victim: connection.client.clone(),
            attacker: Side::Server,
            validator: case.client.validator.name(),
            verdict: self.simulation.perform(&case, &subject),
            need,
        }
    }

    fn as_client(
        &self,
        stolen: usize,
        connection: &ConnectionRecord,
        case: &Case,
        identity: &Identity,
        need: Need,
    ) -> Impersonation {
        let mut case = case.clone();
        case.client.identity = Some(identity.clone());
        // The attacker meets any side.
        case.client.trust = case.server.identity.chain().iter().cloned().collect();
        let subject = format!("blast-radius {stolen} from {}", connection.name);
        let mut verdict = self.simulation.perform(&case, &subject);
        if verdict.judged_by == Some(Side::Client) {
            // Only what the victim says counts.
            let trust = case
                .server
                .client_trust
                .clone()
                .unwrap_or_else(trustsim_validators::TrustStore::empty);
            let (clock, stack) = (case.server.clock, case.server.validator);
            verdict = trustsim_validators::judge_client(identity.chain(), &trust, clock, stack);
        }
        Impersonation {
            stolen,
            claimed: Some(connection.client.clone()),
            name: connection.client.application().to_owned(),
            victim: connection.server.clone(),
            attacker: Side::Client,
            validator: case.server.validator.name(),
            verdict,
            need,
        }
    }
}

/// A handshake of one that trusts with a peer that presents this, by any name.
fn met_by(one: &Trusting, identity: &Identity) -> Case {
    Case {
        client: ClientSide {
            trust: one.trust.clone(),
            identity: None,
            validator: one.validator,
            clock: one.clock,
        },
        server: ServerSide {
            identity: identity.clone(),
            client_trust: None,
            validator: one.validator,
            clock: one.clock,
        },
        server_name: ANY_NAME.to_owned(),
    }
}
