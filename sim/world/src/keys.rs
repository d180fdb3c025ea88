//! Who holds which private key, and what can be made with it: what an attacker, or a provider that
//! errs, would sign.

use super::simulation::{Simulation, World};
use trustsim_interfaces::pem;
use trustsim_kernel::{Span, Time};
use trustsim_model::{ApplicationIndex, CertificateRecord, Kind};
use trustsim_pki::{Certificate, KeyAlgorithm, KeyPair, SerialNumber, Terms, forge_leaf};
use trustsim_tls::Identity;

/// How long a forged certificate is valid: what an attacker would like.
const FORGED_VALIDITY: Span = Span::from_secs(3_650 * 86_400);

impl Simulation {
    /// The private key of a certificate, where the deployment keeps it: in a secret, a databag or
    /// a file, or in the hands of people.
    pub fn key_of(&self, certificate: &Certificate) -> Option<KeyPair> {
        self.world().key_of(certificate)
    }

    /// What whoever has the key of `ca` would present as `name` from `at` on: a leaf signed with
    /// it, `ca` itself and its issuers up to the root. `None` where nobody has that key any more.
    pub fn forge(&self, ca: &Certificate, name: &str, at: Time) -> Option<Identity> {
        let key = self.world().key_of(ca)?;
        self.world().forge((ca, &key), name, at)
    }
}

impl World {
    pub(super) fn key_of(&self, certificate: &Certificate) -> Option<KeyPair> {
        let is_key = |text: &str| text.starts_with("-----BEGIN") && text.contains("PRIVATE KEY");
        let stored = self.juju.stored_values().filter(|one| is_key(one.text()));
        let parsed = stored.filter_map(|value| (*pem::key(value)).as_ref().ok().cloned());
        let spki = certificate.spki_der();
        let mut keys = parsed.chain(self.people_keys());
        keys.find(|key| key.spki_der() == spki)
    }

    pub(super) fn forge(
        &self,
        (ca, key): (&Certificate, &KeyPair),
        name: &str,
        at: Time,
    ) -> Option<Identity> {
        let subject = format!("{}/{name}", ca.serial());
        let mut stream = self.streams.stream("forgery", &subject);
        let own = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
        let terms = Terms {
            serial: SerialNumber::random(&mut stream),
            now: at,
            validity: FORGED_VALIDITY,
        };
        let leaf = forge_leaf(name, &own, (ca, key), &terms).ok()?;
        let above = self.issuers_of(ca);
        let chain = [leaf, ca.clone()].into_iter().chain(above);
        Some(Identity::new(chain, own))
    }

    /// The certificates above one, nearest first, as the journal knows them.
    pub(super) fn issuers_of(&self, certificate: &Certificate) -> Vec<Certificate> {
        let mut chain: Vec<Certificate> = Vec::new();
        loop {
            let below = chain.last().unwrap_or(certificate);
            if below.is_self_issued() {
                return chain;
            }
            match self.issuer_of(below) {
                Some(issuer) if !chain.contains(&issuer) => chain.push(issuer),
                _ => return chain,
            }
        }
    }

    /// The newest CA certificate that signed this one.
    pub(super) fn issuer_of(&self, certificate: &Certificate) -> Option<Certificate> {
        let mut authorities = self.authorities().rev().map(|record| &record.certificate);
        let signed = |ca: &&Certificate| {
            ca.subject_der() == certificate.issuer_der() && certificate.verify_issued_by(ca)
        };
        authorities.find(signed).cloned()
    }

    /// Every certificate that was made so far, in order.
    pub(super) fn certificates(&self) -> impl DoubleEndedIterator<Item = &CertificateRecord> {
        let entries = self.journal.entries().iter();
        entries.filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(record) => Some(record),
            _ => None,
        })
    }

    /// Every CA certificate that was made so far, in order.
    pub(super) fn authorities(&self) -> impl DoubleEndedIterator<Item = &CertificateRecord> {
        let all = self.certificates();
        all.filter(|record| record.certificate.is_ca())
    }

    /// Every CA certificate of an application so far, the newest last.
    pub(super) fn authorities_of(&self, application: ApplicationIndex) -> Vec<Certificate> {
        let spec = &self.deployment.applications[application];
        let model = self.deployment.models[spec.model].name.as_str();
        let own = self
            .authorities()
            .filter(|record| &*record.model == model && &*record.application == spec.name.as_str());
        own.map(|record| record.certificate.clone()).collect()
    }
}
