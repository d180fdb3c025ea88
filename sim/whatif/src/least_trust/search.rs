//! The search: which CA, which source and which pair of sources each connection needs.

use std::collections::{BTreeMap, BTreeSet};

use super::verifier::{CaseKey, Side, Verifier};
use super::{LeastTrust, MaskedSources, SourceOfTrust, TrustedAuthority};
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_world::{Address, CertificateRecord, Journal, Kind, Simulation, WatchedSource};

/// A CA in the trust store of a holder: the holder, then serial and SHA-256 of the CA. A serial is unique for one
/// issuer only.
type CaKey = (Address, String, [u8; 32]);

fn ca_key(holder: &Address, ca: &Certificate) -> CaKey {
    (holder.clone(), ca.serial().to_owned(), *ca.sha256())
}

/// Each source of a trust store: its name, and the digest of what it brings.
type SourceKeys = Vec<(String, [u8; 32])>;

/// What was seen so far.
#[derive(Default)]
pub(super) struct TrustSearch {
    authorities: BTreeMap<CaKey, TrustedAuthority>,
    sources: BTreeMap<(Address, String), SourceOfTrust>,
    pairs: BTreeMap<(Address, [String; 2]), BTreeSet<String>>,
    /// Connections judged of each holder.
    connections: BTreeMap<Address, BTreeSet<u32>>,
    /// The CAs that were needed in the cases seen.
    seen: BTreeMap<CaseKey, BTreeSet<CaKey>>,
    seen_sources: BTreeSet<(CaseKey, SourceKeys)>,
    /// The CAs that a connection needs since it was last visited, by connection.
    needs: BTreeMap<u32, BTreeSet<CaKey>>,
    repeated: u64,
}

impl TrustSearch {
    /// Looks at both sides of a connection whose last verdict is ok, or ends what it needed.
    pub(super) fn visit_connection(
        &mut self,
        simulation: &Simulation,
        connection: u32,
        is_ok: bool,
    ) {
        self.end_needs(connection, simulation.now());
        let Some(case) = simulation.case_of(connection).filter(|_| is_ok) else {
            return;
        };
        let manifest = simulation.manifest();
        let record = &manifest.connections[connection as usize];
        let verifier = |holder: &Address, side: Side, sources: Vec<WatchedSource>| Verifier {
            simulation,
            case: case.clone(),
            connection,
            name: record.name.clone(),
            holder: holder.clone(),
            side,
            sources,
        };
        let sources = simulation.client_sources(connection);
        self.visit_verifier(&verifier(&record.client, Side::Client, sources));
        if let Some(trust) = &case.server.client_trust {
            let sources = simulation.server_sources(connection);
            let side = Side::Server(trust.clone());
            self.visit_verifier(&verifier(&record.server, side, sources));
        }
    }

    /// What a connection needed until now is needed until now.
    fn end_needs(&mut self, connection: u32, now: Time) {
        for key in self.needs.remove(&connection).into_iter().flatten() {
            let authority = self.authorities.get_mut(&key);
            let authority = authority.expect("a CA that is needed was seen");
            authority.needed_until = authority.needed_until.max(Some(now));
        }
    }

    fn visit_verifier(&mut self, verifier: &Verifier<'_>) {
        let own = self.connections.entry(verifier.holder.clone()).or_default();
        own.insert(verifier.connection);
        let key = verifier.key();
        if !self.seen.contains_key(&key) {
            let needed = match verifier.succeeds() {
                true => self.try_without_each_ca(verifier),
                false => BTreeSet::new(),
            };
            self.seen.insert(key.clone(), needed);
        }
        let needs = self.needs.entry(verifier.connection).or_default();
        needs.extend(self.seen[&key].iter().cloned());
        let source_key = (key, verifier.source_key());
        if self.seen_sources.insert(source_key) && verifier.succeeds() {
            self.try_without_sources(verifier);
        }
    }

    /// The CAs without which the handshake fails.
    fn try_without_each_ca(&mut self, verifier: &Verifier<'_>) -> BTreeSet<CaKey> {
        let mut needed = BTreeSet::new();
        let all: Vec<Certificate> = verifier.trust().roots().cloned().collect();
        for root in &all {
            let without = all.iter().filter(|each| *each != root).cloned().collect();
            let is_needed = self.fails(verifier, without);
            let key = ca_key(&verifier.holder, root);
            let authority = self.authorities.entry(key.clone());
            let authority = authority.or_insert_with(|| trusted_authority(&verifier.holder, root));
            if is_needed {
                authority.needed_by.insert(verifier.name.clone());
                needed.insert(key);
            }
        }
        needed
    }

    fn try_without_sources(&mut self, verifier: &Verifier<'_>) {
        let sources = verifier.sources.iter();
        let names: Vec<&str> = sources.map(|source| source.name.as_str()).collect();
        let mut spare: Vec<&str> = Vec::new();
        for name in &names {
            let is_needed = self.fails(verifier, verifier.without_sources(&[name]));
            let key = (verifier.holder.clone(), (*name).to_owned());
            let source = self.sources.entry(key).or_insert_with(|| SourceOfTrust {
                holder: verifier.holder.clone(),
                source: (*name).to_owned(),
                needed_by: BTreeSet::new(),
                connections: 0,
            });
            if is_needed {
                source.needed_by.insert(verifier.name.clone());
            } else {
                spare.push(name);
            }
        }
        for (index, one) in spare.iter().enumerate() {
            for two in &spare[index + 1..] {
                if self.fails(verifier, verifier.without_sources(&[one, two])) {
                    let pair = [(*one).to_owned(), (*two).to_owned()];
                    let key = (verifier.holder.clone(), pair);
                    let needed_by = self.pairs.entry(key).or_default();
                    needed_by.insert(verifier.name.clone());
                }
            }
        }
    }

    fn fails(&mut self, verifier: &Verifier<'_>, roots: Vec<Certificate>) -> bool {
        self.repeated += 1;
        verifier.fails_with(roots)
    }

    pub(super) fn conclude(mut self, simulation: &Simulation, journal: &Journal) -> LeastTrust {
        let connections = simulation.manifest().connections;
        for connection in self.needs.keys().copied().collect::<Vec<_>>() {
            let ended = connections[connection as usize].ended;
            self.end_needs(connection, ended.unwrap_or(simulation.end()));
        }
        let mut found = LeastTrust {
            authorities: self.authorities.into_values().collect(),
            sources: self.sources.into_values().collect(),
            masked: Vec::new(),
            repeated: self.repeated,
        };
        for authority in &found.authorities {
            assert_eq!(
                authority.needed_by.is_empty(),
                authority.needed_until.is_none(),
                "a CA that a connection needs is needed until some time, and no other is: \
                 {authority:?}"
            );
        }
        add_trusted_at_end(&mut found.authorities, simulation);
        name_owners(&mut found.authorities, journal);
        for source in &mut found.sources {
            let judged = self.connections.get(&source.holder);
            let judged = judged.expect("a source is known from a connection that was judged");
            source.connections = judged.len();
            assert!(
                source.needed_by.len() <= source.connections,
                "a source is needed by connections that were judged: {source:?}"
            );
        }
        let pairs = self.pairs.into_iter();
        found.masked = pairs
            .map(|((holder, sources), needed_by)| MaskedSources {
                holder,
                sources,
                needed_by,
            })
            .collect();
        for masked in &found.masked {
            let own = self
                .connections
                .get(&masked.holder)
                .map_or(0, BTreeSet::len);
            assert!(
                (1..=own).contains(&masked.needed_by.len()),
                "two sources that hide each other are needed by some of the {own} connections of \
                 their holder: {masked:?}"
            );
        }
        found
    }
}

fn trusted_authority(holder: &Address, certificate: &Certificate) -> TrustedAuthority {
    TrustedAuthority {
        holder: holder.clone(),
        certificate: certificate.clone(),
        owner: None,
        needed_by: BTreeSet::new(),
        needed_until: None,
        is_trusted: false,
    }
}

/// Marks what is trusted at the end. A holder without a judged connection needs none of the CAs that it trusts.
fn add_trusted_at_end(authorities: &mut Vec<TrustedAuthority>, simulation: &Simulation) {
    for one in &simulation.trusting() {
        for root in one.trust.roots() {
            let is_same = |known: &&mut TrustedAuthority| {
                known.holder == one.address && known.certificate == *root
            };
            match authorities.iter_mut().find(is_same) {
                Some(known) => known.is_trusted = true,
                None => authorities.push(TrustedAuthority {
                    is_trusted: true,
                    ..trusted_authority(&one.address, root)
                }),
            }
        }
    }
}

/// Says of each CA who made it. A public CA, or one that was there before the run, has no record.
fn name_owners(authorities: &mut [TrustedAuthority], journal: &Journal) {
    let entries = journal.entries().iter();
    let issued: BTreeMap<&[u8; 32], &CertificateRecord> = entries
        .filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(record) => Some((record.certificate.sha256(), record)),
            _ => None,
        })
        .collect();
    for authority in authorities {
        let record = issued.get(authority.certificate.sha256());
        authority.owner = record.map(|record| record.holder());
    }
}
