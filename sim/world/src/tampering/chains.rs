//! What a chain and its key become when they are tampered with.

use std::sync::Arc;
use trustsim_model::Tampering;

use super::{DAMAGED_BLOCK, Files, Tampered};
use trustsim_charm_model::surface::{self, ServedFiles};
use trustsim_interfaces::pem;
use trustsim_juju::{UnitId, Value};
use trustsim_kernel::{Span, Time};
use trustsim_pki::{
    Certificate, KeyPair, Purpose, RequestAttributes, SerialNumber, Template, Terms, names_of,
    namesake, self_sign, sign_leaf,
};

const DAY: Span = Span::from_secs(86_400);
/// How long what is issued for a fault is valid, where that is not the fault.
const VALIDITY: Span = Span::from_secs(90 * 86_400);
/// A name that no server has.
const ELSEWHERE: &str = "elsewhere.invalid";

/// One chain with its key, read.
struct Presented {
    chain: Vec<Certificate>,
    key: KeyPair,
}

impl Presented {
    fn read(found: &ServedFiles<'_>) -> Option<Self> {
        let chain = (*pem::chain(found.chain)).as_ref().ok()?.clone();
        let key = (*pem::key(found.key)).as_ref().ok()?.clone();
        (!chain.is_empty()).then_some(Self { chain, key })
    }

    fn leaf(&self) -> &Certificate {
        &self.chain[0]
    }

    /// Another certificate in place of the leaf.
    fn with_leaf(&self, leaf: Certificate) -> Vec<Certificate> {
        let rest = self.chain[1..].iter().cloned();
        std::iter::once(leaf).chain(rest).collect()
    }
}

impl Tampered<'_> {
    /// The files of what a unit presents over an endpoint, or over all, after `how`. What cannot
    /// be done to a chain leaves it out.
    pub(crate) fn files(&self, unit: UnitId, endpoint: Option<&str>, how: Tampering) -> Files {
        let deployed = self.keys.deployed;
        let files = &deployed.juju().unit(unit).workload.files;
        let mut changed = Files::new();
        type Path = fn(&str, &str) -> String;
        let served = surface::served(files).into_iter();
        let presented = surface::presented(files).into_iter();
        let served = served.map(|found| {
            let paths: [Path; 2] = [surface::chain_path, surface::key_path];
            (found, paths)
        });
        let presented = presented.map(|found| {
            let paths: [Path; 2] = [surface::client_chain_path, surface::client_key_path];
            (found, paths)
        });
        for (found, [chain_path, key_path]) in served.chain(presented) {
            if endpoint.is_some_and(|endpoint| endpoint != found.endpoint) {
                continue;
            }
            let subject = format!("{}/{}", deployed.unit_address(unit), found.name);
            let Some((chain, key)) = self.chain_and_key(&found, how, &subject) else {
                continue;
            };
            let mut write = |path: String, value: Option<Value>| {
                if let Some(value) = value {
                    changed.insert(Arc::from(path), Some(value));
                }
            };
            write(chain_path(found.endpoint, found.name), chain);
            write(key_path(found.endpoint, found.name), key);
        }
        changed
    }

    /// The chain and the key after `how`, each where it changes; `None` where it cannot be done.
    fn chain_and_key(
        &self,
        found: &ServedFiles<'_>,
        how: Tampering,
        subject: &str,
    ) -> Option<(Option<Value>, Option<Value>)> {
        if how == Tampering::Garbage {
            return Some((Some(Value::from(DAMAGED_BLOCK)), None));
        }
        let own = Presented::read(found)?;
        let now = self.now;
        let mut stream = self.keys.deployed.streams().stream("tamper", subject);
        if how == Tampering::WrongKey {
            let key = KeyPair::generate(own.key.algorithm(), &mut stream);
            return Some((None, Some(pem::key_value(&key))));
        }
        let mut terms = |from: Time, validity: Span| Terms {
            serial: SerialNumber::random(&mut stream),
            now: from,
            validity,
        };
        let chain = match how {
            Tampering::LeafOnly => own.chain[..1].to_vec(),
            Tampering::RootFirst => own.chain.iter().rev().cloned().collect(),
            Tampering::Reversed => {
                let issuers = own.chain[1..].iter().rev().cloned();
                std::iter::once(own.leaf().clone()).chain(issuers).collect()
            }
            Tampering::SelfSigned => {
                let names = names_of(own.leaf());
                let template = Template::leaf().without(&trustsim_pki::Extension::AuthorityKeyId);
                vec![self_sign(&names, &own.key, &terms(now, VALIDITY), &template).ok()?]
            }
            Tampering::BadSignature => {
                let mut der = own.leaf().der().to_vec();
                *der.last_mut()? ^= 1;
                own.with_leaf(Certificate::from_der(&der).ok()?)
            }
            _ => {
                let terms = match how {
                    Tampering::Expired => terms(now - DAY * 2, DAY),
                    Tampering::NotYetValid => terms(now + DAY, VALIDITY),
                    _ => terms(now, VALIDITY),
                };
                own.with_leaf(self.issued_again(&own, how, &terms)?)
            }
        };
        Some((Some(pem::chain_value(&chain)), None))
    }

    /// The CA of a leaf gives another one for the same key, whatever that CA would say.
    fn issued_again(&self, own: &Presented, how: Tampering, terms: &Terms) -> Option<Certificate> {
        let ca = self.keys.journal.issuer_of(own.leaf())?;
        let ca_key = self.keys.key_of(&ca)?;
        let names = names_of(own.leaf());
        let (names, template) = match how {
            Tampering::ClientCertificate => {
                let purposes = [Purpose::ClientAuth];
                (names, Template::leaf().with_purposes(&purposes))
            }
            Tampering::WrongName => {
                let mut other = RequestAttributes::with_common_name(ELSEWHERE);
                other.sans_dns.push(ELSEWHERE.to_owned());
                (other, Template::leaf())
            }
            Tampering::CommonNameOnly => {
                let common_name = names.sans_dns.first().cloned().or(names.common_name);
                let names = RequestAttributes {
                    common_name,
                    ..RequestAttributes::default()
                };
                (names, Template::leaf())
            }
            _ => (names, Template::leaf()),
        };
        sign_leaf(&names, &own.key, &ca, &ca_key, terms, template).ok()
    }

    /// Roots with the subject of `of` and other keys.
    pub(super) fn namesakes(&self, of: &Certificate, count: u32) -> Vec<Certificate> {
        let make = |index| {
            let subject = format!("{}/{index}", self.number);
            let mut stream = self.keys.deployed.streams().stream("namesake", &subject);
            let key = KeyPair::generate(trustsim_pki::KeyAlgorithm::EcdsaP256, &mut stream);
            let terms = Terms {
                serial: SerialNumber::random(&mut stream),
                now: self.now,
                validity: super::ROOT_VALIDITY,
            };
            namesake(of, &key, &terms).ok()
        };
        (0..count).filter_map(make).collect()
    }
}
