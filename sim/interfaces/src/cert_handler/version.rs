//! Which `cert_handler` a charm carries.

/// Which `cert_handler` a charm carries. Patches of one value were seen to do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// v0, patches 1 to 14: it asks anew in each config-changed, and keeps key and certificate in the peer relation.
    V0,
    /// v1, patches 1 to 6: it asks anew in each config-changed, and never installs another certificate than its first.
    V1Patch6,
    /// v1, patches 7 to 13: it asks once, and throws its key away after a request in place of a certificate that was
    /// revoked or has ended.
    V1Patch13,
    /// v1, patches 14 to 19, the last: as before, but asks for other names in whichever hook it sees them.
    V1,
}

impl Version {
    /// Every version with its name in catalogue and scenarios.
    pub const ALL: [(Self, &str); 4] = [
        (Self::V0, "v0"),
        (Self::V1Patch6, "v1.6"),
        (Self::V1Patch13, "v1.13"),
        (Self::V1, "v1"),
    ];

    /// Whether each config-changed makes a new request.
    pub const fn asks_in_config_changed(self) -> bool {
        matches!(self, Self::V0 | Self::V1Patch6)
    }

    /// Whether no certificate but the first comes to be installed.
    pub const fn installs_once(self) -> bool {
        matches!(self, Self::V1Patch6)
    }

    /// Whether the key goes after the request that is made with it, where a certificate was revoked or has ended.
    pub const fn drops_its_key(self) -> bool {
        matches!(self, Self::V1Patch13 | Self::V1)
    }

    /// Whether the charm is told in each relation-changed.
    pub const fn tells_of_each_change(self) -> bool {
        matches!(self, Self::V1Patch13 | Self::V1)
    }

    /// Whether its `chain` begins with the certificate where the provider's lacks it: patches 13 to 19 of v1. Those
    /// before 17 turn the chain round first, as `chain_as_pem` of the library below does in each earlier version too; it
    /// is for the charm to say what it serves of it.
    pub const fn completes_its_chain(self) -> bool {
        matches!(self, Self::V1Patch13 | Self::V1)
    }

    /// Whether it needs a peer relation.
    pub const fn needs_peers(self) -> bool {
        matches!(self, Self::V0)
    }
}
