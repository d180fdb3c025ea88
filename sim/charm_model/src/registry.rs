//! Every implementation that a declaration can lead to, as a value: the charms themselves are crates
//! above, which fill it in.

use super::Implementation;

/// The implementations of charms.
#[derive(Debug)]
pub struct Registry {
    /// What a declaration can name under `behaviour`, charm by charm, in the order in which messages
    /// list them.
    pub by_name: &'static [&'static [Implementation]],
    /// The generic consumer.
    pub requirer: &'static Implementation,
    /// The generic consumer of the legacy protocol, which follows from the endpoints.
    pub legacy_requirer: &'static Implementation,
    /// The provider whose chain of CAs is declared (`issuer`).
    pub declared_provider: &'static Implementation,
}

impl Registry {
    /// Every implementation that a declaration can name, in order.
    pub fn named(&self) -> impl Iterator<Item = &'static Implementation> + use<> {
        self.by_name.iter().copied().flatten()
    }

    /// All of them: those that can be named, then those that follow from the rest of a declaration.
    pub fn all(&self) -> impl Iterator<Item = &'static Implementation> + use<> {
        self.named()
            .chain([self.legacy_requirer, self.declared_provider])
    }

    /// The implementation of a behaviour in a version, or in its default version.
    pub fn implementation(
        &self,
        behaviour: &str,
        version: Option<&str>,
    ) -> Option<&'static Implementation> {
        self.all().find(|each| {
            each.behaviour == behaviour && (version.is_none() || each.version == version)
        })
    }
}
