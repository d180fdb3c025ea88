//! A provider of certificates with a chain that is declared, from the root down to the CA that signs.

use trustsim_kernel::Span;
use trustsim_pki::Purpose;
use trustsim_yaml::{Reader, Spanned, record};

use super::{DeclaredDuration, Text, one_of};
use crate::metadata::{DeclaredAuthority, IssuerProfile, Transfers};

record! {
    /// A provider of certificates with a given chain.
    pub struct IssuerDeclaration {
        /// The CAs from the root down; the last one signs.
        #[schemars(required, length(min = 1))]
        chain: Vec<AuthorityDeclaration> = "chain" [Required],
        /// How long its certificates live (90d).
        leaf_validity: DeclaredDuration = "leaf-validity",
        /// Whether the root is in the chain that requirers get.
        chain_includes_root: bool = "chain-includes-root",
        /// What `certificate_transfer` hands out: `root` (the default), `issuer` or `all`.
        transfers: Text = "transfers",
        /// Whether the `ca` that requirers get is the root; else it is the CA that signs.
        ca_is_root: bool = "ca-is-root",
        /// What its certificates are good for: `server`, `client` (both).
        leaf_purposes: Vec<Text> = "leaf-purposes",
        /// Whether its root is among those that every system trusts (false); for CAs outside Juju
        /// only (`operators.NAME.signs-with`).
        public: Spanned<bool> = "public",
    }
}

record! {
    /// One CA of a declared chain.
    pub struct AuthorityDeclaration {
        /// Subject common name.
        #[schemars(required)]
        common_name: Text = "common-name" [Required],
        /// How long it lives from the start of the run.
        #[schemars(required)]
        validity: DeclaredDuration = "validity" [Required],
        /// How many CAs may follow below it (path length constraint); any number without it.
        path_length: Spanned<u32> = "path-length",
        /// Domains outside of which it may certify no DNS name (name constraints).
        permitted_dns: Vec<String> = "permitted-dns",
        /// Domains within which it may certify no DNS name.
        excluded_dns: Vec<String> = "excluded-dns",
    }
}

/// The common name of a declared CA. No certificate can have a longer one (X.520, `ub-common-name`).
fn name_of_ca(declared: &Spanned<String>, reader: &mut Reader) -> String {
    const COMMON_NAME_MAX: usize = 64;
    if declared.value.len() > COMMON_NAME_MAX {
        let message = format!("a common name has {COMMON_NAME_MAX} bytes at most");
        reader.bad_value(declared.place, message, None);
    }
    declared.value.clone()
}

impl IssuerDeclaration {
    /// The chain that is declared; mistakes are noted in the reader.
    pub fn to_profile(&self, reader: &mut Reader) -> IssuerProfile {
        let mut authority = |declared: &AuthorityDeclaration| {
            let path_length = declared.path_length.as_ref().and_then(|length| {
                let found = u8::try_from(length.value).ok();
                if found.is_none() {
                    reader.bad_value(length.place, "no path has so many CAs", None);
                }
                found
            });
            Some(DeclaredAuthority {
                path_length,
                permitted_dns: declared.permitted_dns.iter().flatten().cloned().collect(),
                excluded_dns: declared.excluded_dns.iter().flatten().cloned().collect(),
                common_name: name_of_ca(declared.common_name.as_ref()?, reader),
                validity: declared.validity?.0,
            })
        };
        let chain: Vec<_> = self
            .chain
            .iter()
            .flatten()
            .filter_map(&mut authority)
            .collect();
        if self.chain.as_ref().is_some_and(Vec::is_empty) {
            reader.bad_value(self.place, "the chain has no CA", None);
        }
        let transfers = match one_of(self.transfers.as_ref(), &["root", "issuer", "all"], reader) {
            Some(1) => Transfers::Issuer,
            Some(2) => Transfers::All,
            _ => Transfers::Root,
        };
        let purpose = |word| match one_of(Some(word), &["server", "client"], reader)? {
            0 => Some(Purpose::ServerAuth),
            _ => Some(Purpose::ClientAuth),
        };
        let words = self.leaf_purposes.iter().flatten();
        let leaf_purposes = words.filter_map(purpose).collect();
        IssuerProfile {
            chain,
            leaf_validity: self
                .leaf_validity
                .map_or(Span::from_secs(90 * 86_400), |lasting| lasting.0),
            chain_includes_root: self.chain_includes_root == Some(true),
            transfers,
            ca_is_root: self.ca_is_root == Some(true),
            leaf_purposes,
            public: self.public.as_ref().is_some_and(|public| public.value),
        }
    }
}
