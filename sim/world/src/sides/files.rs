//! What the files of a workload say that it serves and trusts.

use std::sync::Arc;

use super::Served;
use trustsim_charm_model::surface;
use trustsim_interfaces::pem;
use trustsim_juju::Value;
use trustsim_pki::Certificate;
use trustsim_tls::Identity;
use trustsim_validators::TrustStore;

/// Chains with their keys; what has no key that can be read is left out.
pub(super) fn read_pairs(found: Vec<surface::ServedFiles<'_>>) -> Vec<Served> {
    let served = found.into_iter().filter_map(|found| {
        let chain = pem::chain(found.chain);
        let key = pem::key(found.key);
        Some(Served {
            endpoint: found.endpoint.into(),
            name: found.name.into(),
            identity: Identity::new(
                chain.iter().flatten().cloned(),
                key.as_ref().as_ref().ok()?.clone(),
            ),
        })
    });
    served.collect()
}

/// What a workload's files say it trusts.
pub(super) struct Trusted {
    pub all: TrustStore,
    /// By where it came from.
    pub by_source: BySource,
    /// The same as a stack reads it that skips damaged blocks; empty where nothing is damaged.
    pub salvaged: BySource,
}

type BySource = Vec<(Arc<str>, TrustStore)>;

/// Everything that can be parsed, together and by source, without what is on the block list. A
/// file with a damaged block is lost whole, but for the stacks that skip such a block.
pub(super) fn read_trust(files: &surface::Files) -> Trusted {
    read_sources(files, surface::trusted_by_source(files))
}

/// What another process of the unit trusts, by its files.
pub(super) fn read_process_trust(files: &surface::Files, process: &str) -> Trusted {
    read_sources(
        files,
        surface::trusted_by_process(files, process).into_iter(),
    )
}

fn read_sources<'a>(
    files: &'a surface::Files,
    sources: impl Iterator<Item = (&'a str, &'a Value)>,
) -> Trusted {
    let blocked: Vec<Certificate> = surface::distrusted(files)
        .flat_map(|value| match &*pem::chain(value) {
            Ok(chain) => chain.clone(),
            Err(wrong) => panic!("a block list is written whole, by hand: {wrong}"),
        })
        .collect();
    let store = |roots: &[Certificate]| -> TrustStore {
        let kept = roots.iter().filter(|root| !blocked.contains(root));
        kept.cloned().collect()
    };
    let mut by_source = BySource::new();
    let mut salvaged = BySource::new();
    let mut any_damaged = false;
    for (source, value) in sources {
        let chain = pem::chain(value);
        let (whole, rest) = match &*chain {
            Ok(roots) => (store(roots), store(roots)),
            Err(_) => {
                any_damaged = true;
                let undamaged = Certificate::undamaged_from_pem(value.text());
                (TrustStore::empty(), store(&undamaged))
            }
        };
        by_source.push((source.into(), whole));
        salvaged.push((source.into(), rest));
    }
    if !any_damaged {
        salvaged.clear();
    }
    let all = by_source.iter().flat_map(|(_, store)| store.roots());
    Trusted {
        all: all.cloned().collect(),
        by_source,
        salvaged,
    }
}
