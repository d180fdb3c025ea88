//! The steps of a rotation, as actions of the provider: each does one thing at once, and its order
//! and its pauses are the operator's.
//!
//! The vocabulary is what the rotation guides of Teleport (`init`, `update_clients`,
//! `update_servers`, `rollback`), Vault's "rotation primitives" and OpenShift's service-ca have in
//! common.

use std::collections::BTreeMap;
use trustsim_interfaces::notes::Note;

use super::DeclaredProvider;
use super::generations::{Generations, Renewal};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates::{Outstanding, Provider};
use trustsim_juju::HookError;

/// What it answers.
pub(crate) const ACTIONS: [&str; 7] = [
    "prepare",
    "distribute",
    "cross-sign",
    "switch-issuer",
    "re-issue",
    "withdraw",
    "roll-back",
];

impl DeclaredProvider {
    /// One step. One that has nothing to work on fails, as an action does.
    pub(super) fn act(
        &self,
        name: &str,
        parameters: &BTreeMap<String, String>,
        generations: &mut Generations,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        let is_set = |key: &str| parameters.get(key).is_some_and(|value| value == "true");
        match name {
            "prepare" => {
                let renewal = Renewal {
                    keeps_name: is_set("same-name"),
                    keeps_key: is_set("same-key"),
                };
                generations.make(unit, &self.0.profile, &self.0.keys, renewal)?;
            }
            "distribute" | "cross-sign" | "switch-issuer" if !generations.has_next() => {
                fail(unit, "no new CA was prepared");
                return Ok(());
            }
            "distribute" => generations.send_newest(),
            "cross-sign" => generations.cross_sign(unit)?,
            "switch-issuer" => generations.sign_with_newest(),
            "roll-back" => {
                if !generations.sign_with_previous() {
                    fail(unit, "there is no CA before this one");
                    return Ok(());
                }
            }
            "withdraw" => {
                for certificate in generations.withdraw_others(&self.0.profile) {
                    for transfer in &self.0.transfers {
                        transfer.remove(unit, certificate.pem())?;
                    }
                }
            }
            "re-issue" => return self.reissue(parameters, generations, unit),
            _ => return Ok(()),
        }
        generations.keep(unit)
    }

    /// Signs again what was answered: everything, or `count` requests from the one numbered
    /// `first`, in the order of their relations.
    fn reissue(
        &self,
        parameters: &BTreeMap<String, String>,
        generations: &Generations,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        let number = |key: &str| -> Option<usize> {
            let text = parameters.get(key)?;
            Some(
                text.parse()
                    .expect("a parameter that a rotation's plan wrote"),
            )
        };
        let numbered = self.0.certificates.iter().map(|provider| {
            let requests = provider.requests(unit)?;
            Ok(requests.into_iter().map(move |asked| (provider, asked)))
        });
        let numbered = numbered.collect::<Result<Vec<_>, HookError>>()?;
        // Without a number it is all of them.
        let from_first = numbered
            .into_iter()
            .flatten()
            .skip(number("first").unwrap_or(0));
        let chosen: Vec<(&Provider, Outstanding)> = match number("count") {
            Some(count) => from_first.take(count).collect(),
            None => from_first.collect(),
        };
        for of_provider in chosen.chunk_by(|left, right| left.0.endpoint == right.0.endpoint) {
            let requests: Vec<_> = of_provider.iter().map(|(_, asked)| asked.clone()).collect();
            self.issue(of_provider[0].0, &requests, generations, unit)?;
        }
        Ok(())
    }
}

fn fail(unit: &mut UnitContext<'_>, message: &str) {
    unit.note(Note::action_failed(message));
}
