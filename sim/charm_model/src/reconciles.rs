//! In which hooks a charm brings its files in line with what it is assigned, whatever its library tells it.

use trustsim_juju::HookName;

/// When a charm writes the certificate that it is assigned, or deletes its files where it has none.
///
/// A renewal replaces the request, and until that is answered nothing is assigned. A charm that looks at what it has in
/// other hooks than those in which its library tells it of a certificate is without one from then on: for seconds, or for
/// as long as people take to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reconciles {
    /// When the library tells it of a certificate.
    #[default]
    Never,
    /// In each hook, before the library hears of it (the charm's `__init__`).
    AtStart,
    /// In each hook, after the library.
    AtEnd,
    /// In these hooks alone.
    In(Vec<HookName>),
}

impl Reconciles {
    /// Whether it ever looks.
    pub fn is_any(&self) -> bool {
        *self != Self::Never
    }

    /// Whether it looks in each hook.
    pub fn is_in_each_hook(&self) -> bool {
        matches!(self, Self::AtStart | Self::AtEnd)
    }

    /// Whether it looks before the library hears of a hook.
    pub fn is_at_start(&self, hook: &HookName) -> bool {
        *self == Self::AtStart && is_of_a_running_unit(hook)
    }

    /// Whether it looks after the library has heard of a hook.
    pub fn is_at_end(&self, hook: &HookName) -> bool {
        match self {
            Self::Never | Self::AtStart => false,
            Self::AtEnd => is_of_a_running_unit(hook),
            Self::In(hooks) => hooks.contains(hook),
        }
    }
}

/// What comes before a unit has a workload, or after, leaves its files alone.
fn is_of_a_running_unit(hook: &HookName) -> bool {
    !matches!(hook, HookName::Install | HookName::Stop | HookName::Remove)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charm_looks_where_it_says() {
        let hooks = [
            HookName::UpdateStatus,
            HookName::ConfigChanged,
            HookName::Stop,
        ];
        let looks = |reconciles: Reconciles| {
            hooks
                .each_ref()
                .map(|hook| (reconciles.is_at_start(hook), reconciles.is_at_end(hook)))
        };
        let (never, start, end) = ((false, false), (true, false), (false, true));
        assert_eq!(looks(Reconciles::Never), [never; 3]);
        assert_eq!(looks(Reconciles::AtStart), [start, start, never]);
        assert_eq!(looks(Reconciles::AtEnd), [end, end, never]);
        let listed = Reconciles::In(vec![HookName::UpdateStatus]);
        assert_eq!(looks(listed), [end, never, never]);
    }
}
