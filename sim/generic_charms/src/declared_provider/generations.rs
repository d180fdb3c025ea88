//! The chains a declared provider has made, one after the other, and which of them signs and which
//! are handed out to be trusted. Kept in application secrets; knows nothing of relations.

use std::collections::{BTreeMap, BTreeSet};

use super::terms;
use trustsim_charm_model::issuing::{SigningCa, note_ca, value_error};
use trustsim_charm_model::{IssuerProfile, declared_chain};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::{KeySource, pem};
use trustsim_juju::{HookError, SecretOwner, Value};
use trustsim_pki::{Certificate, CertificateRequest, RequestAttributes, Template, issue};

/// Which generation does what; absent until the first step of a rotation.
const STATE: &str = "declared-rotation";
const MADE: &str = "made";
const SIGNING: &str = "signing";
const SENT: &str = "sent";

/// Every chain, oldest first.
pub(super) struct Generations {
    chains: Vec<Vec<SigningCa>>,
    /// The root of a generation as the one before signed it, by generation.
    bridges: BTreeMap<usize, Certificate>,
    signing: usize,
    sent: BTreeSet<usize>,
}

/// How the chain of a new generation is made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Renewal {
    /// The names stay: certificates of both generations name the same issuer.
    pub(super) keeps_name: bool,
    /// The keys stay, and with them the names: only the dates are new.
    pub(super) keeps_key: bool,
}

impl Generations {
    /// What was made so far; `None` before the first hook of a leader.
    pub(super) fn read(unit: &UnitContext<'_>, length: usize) -> Result<Option<Self>, HookError> {
        let owner = SecretOwner::Application(unit.application_id());
        let state = unit.secret(owner, STATE).map(|secret| secret.content);
        let field = |name: &str| -> Option<&str> { Some(state.as_ref()?.get(name)?.text()) };
        let number = |text: &str| text.parse::<usize>().expect("a number that `keep` wrote");
        // There is no state before the first step of a rotation: one chain, which signs.
        let made = field(MADE).map_or(1, number);
        let mut chains = Vec::with_capacity(made);
        for generation in 0..made {
            let mut chain = Vec::with_capacity(length);
            for index in 0..length {
                let Some(secret) = unit.secret(owner, &label(generation, index)) else {
                    return Ok(None);
                };
                chain.push(SigningCa::from_secret(&secret.content)?);
            }
            chains.push(chain);
        }
        let bridges = (1..made).filter_map(|generation| {
            let value = state.as_ref()?.get(&bridge_field(generation))?;
            let bridge = pem::loadable(Some(value)).into_iter().next();
            Some((generation, bridge.expect("a bridge that `keep` wrote")))
        });
        let generations = Self {
            bridges: bridges.collect(),
            signing: field(SIGNING).map_or(0, number),
            sent: match field(SENT) {
                Some(text) => text.split(',').map(number).collect(),
                None => [0].into(),
            },
            chains,
        };
        generations.assert_sound();
        Ok(Some(generations))
    }

    /// What signs and what is sent are chains that were made.
    fn assert_sound(&self) {
        let made = self.chains.len();
        assert!(
            self.signing < made && self.sent.iter().all(|each| *each < made),
            "of {made} chains number {} signs and {:?} are sent",
            self.signing,
            self.sent
        );
        for (generation, bridge) in &self.bridges {
            assert_eq!(
                bridge.spki_der(),
                self.chains[*generation][0].certificate.spki_der(),
                "the bridge of generation {generation} has the key of its root"
            );
        }
    }

    /// The first chain.
    pub(super) fn begin(
        unit: &mut UnitContext<'_>,
        profile: &IssuerProfile,
        keys: &KeySource,
    ) -> Result<Self, HookError> {
        let mut generations = Self {
            chains: Vec::new(),
            bridges: BTreeMap::new(),
            signing: 0,
            sent: [0].into(),
        };
        generations.make(unit, profile, keys, Renewal::default())?;
        Ok(generations)
    }

    /// Makes one more chain, which neither signs nor is trusted yet.
    pub(super) fn make(
        &mut self,
        unit: &mut UnitContext<'_>,
        profile: &IssuerProfile,
        keys: &KeySource,
        renewal: Renewal,
    ) -> Result<(), HookError> {
        let number = self.chains.len();
        let mut profile = profile.clone();
        if number > 0 && !renewal.keeps_name && !renewal.keeps_key {
            for declared in &mut profile.chain {
                declared.common_name.push_str(&format!(" {}", number + 1));
            }
        }
        let kept = self.chains.last().filter(|_| renewal.keeps_key);
        // Both draw from streams of their own, so it does not matter which goes first.
        let keys: Vec<_> = match kept {
            Some(before) => before.iter().map(|each| each.key.clone()).collect(),
            None => {
                let declared = profile.chain.iter();
                declared.map(|_| keys.authority(unit)).collect()
            }
        };
        let mut keys = keys.into_iter();
        let key = || keys.next().expect("there is one for each authority");
        let chain = declared_chain::make(&profile, key, |validity| terms(unit, validity))
            .map_err(|error| value_error(&error))?;
        let owner = SecretOwner::Application(unit.application_id());
        for (index, authority) in chain.iter().enumerate() {
            // The root is its own issuer.
            let issuer = index
                .checked_sub(1)
                .map_or(authority, |above| &chain[above]);
            note_ca(unit, &authority.certificate, Some(&issuer.certificate));
            assert!(
                unit.secret(owner, &label(number, index)).is_none(),
                "the chain of generation {number} is made once"
            );
            unit.add_secret(
                owner,
                &label(number, index),
                authority.secret_content(),
                None,
            )?;
        }
        self.chains.push(chain);
        Ok(())
    }

    /// Whether there is a chain that does not sign yet.
    pub(super) fn has_next(&self) -> bool {
        self.signing + 1 < self.chains.len()
    }

    /// The newest chain is trusted beside what was.
    pub(super) fn send_newest(&mut self) {
        self.sent.insert(self.chains.len() - 1);
    }

    /// The newest chain signs from now on.
    pub(super) fn sign_with_newest(&mut self) {
        self.signing = self.chains.len() - 1;
    }

    /// The chain before signs again; whether there is one.
    pub(super) fn sign_with_previous(&mut self) -> bool {
        let Some(previous) = self.signing.checked_sub(1) else {
            return false;
        };
        self.signing = previous;
        true
    }

    /// Only the chain that signs is trusted; what is trusted no more.
    pub(super) fn withdraw_others(&mut self, profile: &IssuerProfile) -> Vec<Certificate> {
        let gone = self.sent.iter().filter(|&&each| each != self.signing);
        let gone = gone.flat_map(|&each| declared_chain::sent(profile, &self.chains[each]));
        let gone = gone
            .map(|authority| authority.certificate.clone())
            .collect();
        self.sent = [self.signing].into();
        gone
    }

    /// The newest root's key and name under the signature of the root before it, for as long as
    /// that one lives; sent with every certificate of the newest chain.
    pub(super) fn cross_sign(&mut self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let newest = self.chains.len() - 1;
        let before = newest.checked_sub(1);
        let before = before.expect("`has_next`: there is a chain beside the one that signs");
        let (old, new) = (&self.chains[before][0], &self.chains[newest][0]);
        let name = new.certificate.subject_common_name();
        let name = name.expect("a declared CA has a common name");
        let name = RequestAttributes::with_common_name(name);
        let left = old.certificate.not_after().since(unit.now());
        let terms = terms(unit, left);
        let template = Template::intermediate();
        let bridge = CertificateRequest::new(&name, &new.key)
            .and_then(|request| issue(&request, &old.certificate, &old.key, &terms, &template))
            .map_err(|error| value_error(&error))?;
        note_ca(unit, &bridge, Some(&old.certificate));
        self.bridges.insert(newest, bridge);
        Ok(())
    }

    /// Writes which generation does what.
    pub(super) fn keep(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.assert_sound();
        let owner = SecretOwner::Application(unit.application_id());
        let sent: Vec<String> = self.sent.iter().map(usize::to_string).collect();
        let mut content: BTreeMap<String, Value> = [
            (MADE.to_owned(), self.chains.len().to_string()),
            (SIGNING.to_owned(), self.signing.to_string()),
            (SENT.to_owned(), sent.join(",")),
        ]
        .map(|(name, text)| (name, Value::from(text)))
        .into();
        for (generation, bridge) in &self.bridges {
            let value = pem::chain_value(std::slice::from_ref(bridge));
            content.insert(bridge_field(*generation), value);
        }
        match unit.secret(owner, STATE) {
            Some(secret) => unit.set_secret_content(secret.id, content)?,
            None => {
                unit.add_secret(owner, STATE, content, None)?;
            }
        }
        Ok(())
    }

    /// The chain that signs, the root first.
    pub(super) fn signing(&self) -> &[SigningCa] {
        &self.chains[self.signing]
    }

    /// What goes with every certificate of the chain that signs, beside the chain itself.
    pub(super) fn bridge(&self) -> Option<&Certificate> {
        self.bridges.get(&self.signing)
    }

    /// What is handed out to be trusted, oldest first.
    pub(super) fn sent<'a>(
        &'a self,
        profile: &'a IssuerProfile,
    ) -> impl Iterator<Item = &'a SigningCa> {
        let chains = self.sent.iter().map(|&each| &self.chains[each]);
        chains.flat_map(|chain| declared_chain::sent(profile, chain))
    }
}

fn label(generation: usize, index: usize) -> String {
    match generation {
        0 => format!("declared-authority-{index}"),
        later => format!("declared-authority-{later}-{index}"),
    }
}

fn bridge_field(generation: usize) -> String {
    format!("bridge-{generation}")
}
