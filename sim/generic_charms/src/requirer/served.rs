//! What the generic consumer writes of what it was given: the order of the chain, and what of it. And which of it is in the
//! configuration of its process.

use std::collections::BTreeSet;

use super::CertificatesEndpoint;
use trustsim_charm_model::surface::paths_under;
use trustsim_charm_model::{CertificatesProfile, Serves};
use trustsim_interfaces::tls_certificates::CertificateEntry;
use trustsim_interfaces::{UnitContext, cert_handler, pem};
use trustsim_pki::Certificate;

/// What the configuration of a process has of its certificates.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Configured {
    /// Whether there are any; not where that starts nothing anew.
    pub(super) has_any: bool,
    /// For which names; none where they start nothing anew.
    names: Option<BTreeSet<String>>,
}

impl CertificatesEndpoint {
    /// What of the files for what it serves is in the configuration of its process, which is restarted where it changes.
    pub(super) fn configured(&self, unit: &UnitContext<'_>) -> Configured {
        let CertificatesProfile {
            restarts_at_first,
            restarts_for_names,
            ..
        } = self.profile;
        let has_any = (restarts_at_first || restarts_for_names) && self.serves(unit);
        let names = restarts_for_names.then(|| {
            let prefix = format!("tls/{}/", self.certificates.endpoint);
            let chains = paths_under(unit.files(), &prefix);
            let leaves = chains.filter_map(|path| {
                let chain = pem::loadable(unit.files().get(path));
                chain.into_iter().next()
            });
            leaves.flat_map(|leaf| leaf.sans().to_vec()).collect()
        });
        Configured { has_any, names }
    }

    /// What goes to disk of an answer, in which a provider may leave the chain out.
    pub(super) fn chain_of(&self, entry: &CertificateEntry) -> Vec<Certificate> {
        let chain = entry.chain.as_deref().unwrap_or_default();
        self.chain(&entry.certificate, chain, &entry.ca)
    }

    /// What goes to disk; without a chain the certificate alone.
    pub(super) fn chain(
        &self,
        leaf: &Certificate,
        came: &[Certificate],
        ca: &Certificate,
    ) -> Vec<Certificate> {
        let mut chain = match came {
            [] => vec![leaf.clone()],
            came => came.to_vec(),
        };
        let handler = self.profile.cert_handler;
        let completes = handler.is_some_and(cert_handler::Version::completes_its_chain);
        let is_incomplete = completes && !chain.contains(leaf);
        match self.profile.serves {
            Serves::Chain => {}
            Serves::LeafFirst => {
                if is_incomplete {
                    chain.insert(0, leaf.clone());
                }
                if chain.first() != Some(leaf) {
                    chain.reverse();
                }
            }
            Serves::LeafAndChain => chain.insert(0, leaf.clone()),
            Serves::Leaf => chain = vec![leaf.clone()],
            Serves::Built => chain = built(leaf, came, ca),
            Serves::Reversed => {
                chain.reverse();
                if is_incomplete {
                    chain.insert(0, leaf.clone());
                }
            }
            Serves::WithoutLeaf => chain.retain(|each| each != leaf),
            Serves::Nothing => chain.clear(),
        }
        chain
    }
}

/// The certificate, then of what came with it the issuer of each, by name.
fn built(leaf: &Certificate, came: &[Certificate], ca: &Certificate) -> Vec<Certificate> {
    let mut chain = vec![leaf.clone()];
    let mut last = leaf;
    while !last.is_self_issued() {
        let mut all = came.iter().chain([ca]);
        let issues = |each: &&Certificate| each.subject_der() == last.issuer_der();
        match all.find(|each| issues(each) && !chain.contains(each)) {
            Some(issuer) => last = issuer,
            None => break,
        }
        chain.push(last.clone());
    }
    chain
}
