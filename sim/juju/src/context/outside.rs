//! Services outside Juju that hooks call: what they remember of their callers, and how long a hook
//! waits for them. Must not know what any of them is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::UnitContext;
use crate::Value;
use trustsim_kernel::{Span, Time};

/// What services outside Juju remember of those who call them from hooks, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutsideServices(BTreeMap<Arc<str>, Value>);

impl OutsideServices {
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    pub(crate) fn set(&mut self, key: &str, value: Option<Value>) {
        match value {
            Some(value) => self.0.insert(key.into(), value),
            None => self.0.remove(key),
        };
    }
}

impl<N> UnitContext<'_, N> {
    /// What a service outside Juju remembers under `key`, as the hook has left it so far.
    pub fn outside(&self, key: &str) -> Option<&Value> {
        match self.effects.outside.get(key) {
            Some(value) => value.as_ref(),
            None => self.juju.outside(key),
        }
    }

    /// A service outside Juju is to remember this, whatever becomes of the hook; `None` forgets.
    pub fn set_outside(&mut self, key: &str, value: Option<Value>) {
        self.effects.outside.insert(key.into(), value);
    }

    /// The hook waits so long for something outside Juju.
    pub fn spend(&mut self, span: Span) {
        self.effects.spent += span;
    }

    /// The unit's clock after all that the hook has waited for.
    pub fn now_after_spent(&self) -> Time {
        self.now() + self.effects.spent
    }
}
