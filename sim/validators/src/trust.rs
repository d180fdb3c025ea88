//! The roots that a side trusts, and the revocation lists it has loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::{CertificateDer, TrustAnchor};
use rustls::{DistinguishedName, RootCertStore};
use sha2::{Digest, Sha256};
use webpki::{CertRevocationList, OwnedCertRevocationList};

use super::chain::{Facts, ListFacts};
use trustsim_pki::{Certificate, RevocationList};

/// A set of trusted certificates, cheap to clone. What the validators make of it is read once.
///
/// The roots keep the order in which they were given, as a PEM bundle does: webpki tries anchors in
/// that order, and gives up after a hundred signatures.
#[derive(Clone)]
pub struct TrustStore(Arc<Inner>);

struct Inner {
    roots: Vec<Certificate>,
    lists: Vec<RevocationList>,
    /// Whether certificates are looked up in the lists, even where there is none.
    checks: bool,
    digest: [u8; 32],
    checked_lists: OnceLock<Vec<ListFacts>>,
    parsed_lists: OnceLock<Vec<CertRevocationList<'static>>>,
    anchors: OnceLock<RootCertStore>,
    hints: OnceLock<Vec<DistinguishedName>>,
    by_subject: OnceLock<BTreeMap<Vec<u8>, Vec<Arc<Facts>>>>,
}

impl TrustStore {
    /// A store without a root: it trusts no certificate.
    pub fn empty() -> Self {
        Self::from_iter([])
    }

    /// The roots, each once, in the order they were given.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = &Certificate> {
        self.0.roots.iter()
    }

    /// The store with these revocation lists in place of those it had. Where there is one, the
    /// stacks that check revocation do so: rustls with `with_crls` and
    /// `enforce_revocation_expiration`, for every certificate of a path; OpenSSL with
    /// `X509_V_FLAG_CRL_CHECK`, for the leaf (curl: for all). Go and Java look at none by default.
    #[must_use]
    pub fn with_revocation_lists(&self, lists: impl IntoIterator<Item = RevocationList>) -> Self {
        let lists: Vec<_> = lists.into_iter().collect();
        let checks = !lists.is_empty();
        Self::new(self.0.roots.clone(), lists, checks)
    }

    /// The same where the side was told to look certificates up even if it has no list at all.
    /// OpenSSL then refuses (`X509_V_FLAG_CRL_CHECK`); rustls without a list looks nothing up
    /// (rustls 0.23 `client_verifier_builder`, `with_crls` of none).
    #[must_use]
    pub fn checking_revocation(&self, lists: impl IntoIterator<Item = RevocationList>) -> Self {
        Self::new(self.0.roots.clone(), lists.into_iter().collect(), true)
    }

    /// Another set of roots with the same revocation lists, looked up as before.
    #[must_use]
    pub fn with_roots(&self, roots: impl IntoIterator<Item = Certificate>) -> Self {
        let same = roots.into_iter().collect::<Self>();
        Self::new(same.0.roots.clone(), self.0.lists.clone(), self.0.checks)
    }

    /// Whether certificates are looked up in the lists.
    pub(super) fn checks_revocation(&self) -> bool {
        self.0.checks
    }

    /// The revocation lists, in the order they were given.
    pub fn revocation_lists(&self) -> &[RevocationList] {
        &self.0.lists
    }

    /// Whether this very certificate is in the store.
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.0.roots.contains(certificate)
    }

    /// How many roots there are.
    pub fn len(&self) -> usize {
        self.0.roots.len()
    }

    /// Whether the store has no root, and so trusts no certificate.
    pub fn is_empty(&self) -> bool {
        self.0.roots.is_empty()
    }

    /// SHA-256 over the roots and the lists in their order: equal digests behave equally.
    pub fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }

    /// The roots as webpki sees them: subject, key and name constraints. What it cannot parse is
    /// left out, as `RootCertStore::add_parsable_certificates` does.
    pub(super) fn anchors(&self) -> &[TrustAnchor<'static>] {
        let store = self.0.anchors.get_or_init(|| {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(
                self.roots().map(|root| CertificateDer::from(root.der())),
            );
            store
        });
        &store.roots
    }

    /// The lists as OpenSSL's rules read them.
    pub(super) fn checked_lists(&self) -> &[ListFacts] {
        let read = || self.0.lists.iter().filter_map(ListFacts::read).collect();
        self.0.checked_lists.get_or_init(read)
    }

    /// The lists as webpki reads them; what it does not support is left out.
    pub(super) fn parsed_lists(&self) -> &[CertRevocationList<'static>] {
        self.0.parsed_lists.get_or_init(|| {
            let lists = self.0.lists.iter();
            let parsed =
                lists.filter_map(|list| OwnedCertRevocationList::from_der(list.der()).ok());
            parsed.map(CertRevocationList::from).collect()
        })
    }

    /// The names a server sends with its request for a client certificate.
    pub fn hints(&self) -> &[DistinguishedName] {
        self.0.hints.get_or_init(|| {
            let subjects = self.anchors().iter().map(|anchor| anchor.subject.as_ref());
            subjects.map(DistinguishedName::in_sequence).collect()
        })
    }

    /// The roots with this canonical subject, as OpenSSL's store looks them up.
    pub(super) fn with_subject(&self, subject: &[u8]) -> &[Arc<Facts>] {
        self.by_subject().get(subject).map_or(&[], Vec::as_slice)
    }

    /// The roots that can be read; those of one name in the order they were given.
    pub(super) fn facts(&self) -> impl Iterator<Item = &Facts> {
        let same_name = self.by_subject().values().flatten();
        same_name.map(AsRef::as_ref)
    }

    /// Whether this very certificate is in the store.
    pub(super) fn contains_der(&self, der: &[u8]) -> bool {
        self.0.roots.iter().any(|root| root.der() == der)
    }

    fn by_subject(&self) -> &BTreeMap<Vec<u8>, Vec<Arc<Facts>>> {
        self.0.by_subject.get_or_init(|| {
            let mut map: BTreeMap<Vec<u8>, Vec<Arc<Facts>>> = BTreeMap::new();
            for root in self.roots() {
                // A root whose key is of no known form ends no chain.
                let Some(facts) = Facts::read(root.der()) else {
                    continue;
                };
                facts.assert_agrees_with(root);
                let same = map.entry(facts.subject.canonical.clone()).or_default();
                same.push(Arc::new(facts));
            }
            map
        })
    }
}

impl FromIterator<Certificate> for TrustStore {
    fn from_iter<I: IntoIterator<Item = Certificate>>(roots: I) -> Self {
        let mut seen = BTreeSet::new();
        let mut roots: Vec<_> = roots.into_iter().collect();
        roots.retain(|root| seen.insert(*root.sha256()));
        Self::new(roots, Vec::new(), false)
    }
}

impl TrustStore {
    fn new(roots: Vec<Certificate>, lists: Vec<RevocationList>, checks: bool) -> Self {
        let mut hash = Sha256::new();
        for root in &roots {
            hash.update(root.sha256());
        }
        for list in &lists {
            hash.update(b"list");
            hash.update(list.sha256());
        }
        if checks && lists.is_empty() {
            hash.update(b"checks");
        }
        Self(Arc::new(Inner {
            roots,
            lists,
            checks,
            digest: hash.finalize().into(),
            checked_lists: OnceLock::new(),
            parsed_lists: OnceLock::new(),
            anchors: OnceLock::new(),
            hints: OnceLock::new(),
            by_subject: OnceLock::new(),
        }))
    }
}

impl Default for TrustStore {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialEq for TrustStore {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}

impl Eq for TrustStore {}

impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.0.roots).finish()
    }
}
