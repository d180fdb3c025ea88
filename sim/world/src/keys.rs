//! Where private keys are kept, and what can be made with it: what an attacker, or a provider that
//! errs, would sign.

use super::deployed::Deployed;
use super::journal::JournalWriter;
use super::operators::Operators;
use super::simulation::Simulation;
use trustsim_charm_model::issuing::SigningCa;
use trustsim_interfaces::pem;
use trustsim_kernel::{Span, Streams, Time};
use trustsim_model::ApplicationIndex;
use trustsim_pki::{Certificate, KeyAlgorithm, KeyPair, SerialNumber, Terms, forge_leaf};
use trustsim_tls::Identity;

/// How long a forged certificate is valid: what an attacker would like.
const FORGED_VALIDITY: Span = Span::from_secs(3_650 * 86_400);

impl Simulation {
    /// The private key of a certificate, where the deployment keeps it: in a secret, a databag or
    /// a file, or with an operator.
    pub fn key_of(&self, certificate: &Certificate) -> Option<KeyPair> {
        self.world().keys().key_of(certificate)
    }

    /// What an attacker who has the key of `ca` would present as `name` from `at` on: a leaf signed with
    /// it, `ca` itself and its issuers up to the root. `None` where that key is gone.
    pub fn forge(&self, ca: &Certificate, name: &str, at: Time) -> Option<Identity> {
        let keys = self.world().keys();
        let signer = SigningCa {
            key: keys.key_of(ca)?,
            certificate: ca.clone(),
        };
        forge(&signer, name, at, keys.deployed.streams(), keys.journal)
    }
}

/// Where private keys are found: in what Juju stores, in files of workloads, and with operators.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub deployed: &'a Deployed,
    pub operators: &'a Operators,
    pub journal: &'a JournalWriter,
}

impl Keys<'_> {
    /// The private key of a certificate, where it is kept anywhere.
    pub(super) fn key_of(&self, certificate: &Certificate) -> Option<KeyPair> {
        let is_key = |text: &str| text.starts_with("-----BEGIN") && text.contains("PRIVATE KEY");
        let stored = self.deployed.juju().stored_values();
        let stored = stored.filter(|one| is_key(one.text()));
        let parsed = stored.filter_map(|value| (*pem::key(value)).as_ref().ok().cloned());
        let spki = certificate.spki_der();
        let mut keys = parsed.chain(self.operators.keys());
        keys.find(|key| key.spki_der() == spki)
    }

    /// Every CA certificate of an application so far, the newest last.
    pub(super) fn authorities_of(&self, application: ApplicationIndex) -> Vec<Certificate> {
        let deployment = self.deployed.spec();
        self.journal.authorities_of(deployment, application)
    }

    /// Those of them whose key is kept anywhere, with it.
    pub(super) fn signers_of(&self, application: ApplicationIndex) -> Vec<SigningCa> {
        let authorities = self.authorities_of(application).into_iter();
        let signers = authorities.filter_map(|certificate| {
            let key = self.key_of(&certificate)?;
            Some(SigningCa { certificate, key })
        });
        signers.collect()
    }
}

/// A leaf for `name` that this CA signs, with the CA and its issuers up to the root.
pub(super) fn forge(
    signer: &SigningCa,
    name: &str,
    at: Time,
    streams: &Streams,
    journal: &JournalWriter,
) -> Option<Identity> {
    let SigningCa {
        certificate: ca,
        key,
    } = signer;
    let subject = format!("{}/{name}", ca.serial());
    let mut stream = streams.stream("forgery", &subject);
    let own = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let terms = Terms {
        serial: SerialNumber::random(&mut stream),
        now: at,
        validity: FORGED_VALIDITY,
    };
    let leaf = forge_leaf(name, &own, ca, key, &terms).ok()?;
    let above = journal.issuers_of(ca);
    let chain = [leaf, ca.clone()].into_iter().chain(above);
    Some(Identity::new(chain, own))
}
