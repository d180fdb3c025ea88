//! What a hook that fails did, in a form in which one time can be compared with the next.

use std::collections::BTreeMap;

use super::Effects;
use super::repeat::{Telling, without_numbers};
use crate::{CommitFault, Hook, HookError, Juju, Status, UnitId};
use trustsim_kernel::Span;

/// What a hook that failed did: nothing that lasts. Two that are equal failed the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedFailure {
    hook: Hook,
    /// Why, without the numbers in it; `None` where it is the commit that is made to break off.
    error: Option<String>,
    commit_fault: Option<CommitFault>,
    status: Option<(Status, String)>,
    spent: Span,
    /// How often each purpose was drawn from.
    draws: BTreeMap<&'static str, u32>,
    told: Vec<String>,
}

impl RepeatedFailure {
    /// What fails.
    pub const fn hook(&self) -> &Hook {
        &self.hook
    }

    pub(crate) const fn spent(&self) -> Span {
        self.spent
    }

    pub(crate) const fn commit_fault(&self) -> Option<CommitFault> {
        self.commit_fault
    }

    pub(crate) fn draws(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.draws.iter().map(|(purpose, count)| (*purpose, *count))
    }
}

impl Effects {
    /// What came of a hook that failed, where nothing of it lasts: others see what was there before.
    pub fn repeated_failure(
        &self,
        unit: UnitId,
        juju: &Juju,
        hook: &Hook,
        result: &Result<(), HookError>,
        told: Telling,
    ) -> Option<RepeatedFailure> {
        let Telling::Told { words, .. } = told else {
            return None;
        };
        let error = result.as_ref().err();
        let fails = match self.commit_fault {
            None => error.is_some(),
            // Whatever is written before the commit breaks off stays.
            Some(fault) => fault == CommitFault::BeforeSecrets && error.is_none(),
        };
        if !fails
            || hook.is_asked_for()
            || self.restarted
            || !self.other_files(unit, juju).is_empty()
            || self.changes_process(unit, juju)
            || !self.outside.is_empty()
        {
            return None;
        }
        Some(RepeatedFailure {
            hook: hook.clone(),
            error: error.map(|error| without_numbers(&error.to_string())),
            commit_fault: self.commit_fault,
            status: self.told_status(),
            spent: self.spent,
            draws: self.new_draws(unit, juju),
            told: words,
        })
    }
}
