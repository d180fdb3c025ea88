//! What a provider writes: the certificates of a relation, in one list for all its requirers.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::json;
use super::data::BagError;
use trustsim_juju::Value;
use trustsim_pki::{Certificate, CertificateRequest};

/// One answer in a databag (`_Certificate`).
#[derive(Clone, Debug)]
pub struct CertificateEntry {
    /// The `ca` field.
    pub ca: Certificate,
    /// The request it answers.
    pub request: CertificateRequest,
    /// The certificate.
    pub certificate: Certificate,
    /// The chain: leaf first, as the interface requires; some providers reverse it.
    pub chain: Option<Vec<Certificate>>,
    /// Whether it was revoked.
    pub revoked: Option<bool>,
    /// The entry as JSON, made from the fields above: an entry with other fields is made by [`Self::new`].
    json: String,
}

impl CertificateEntry {
    /// Makes an entry and writes its JSON.
    pub fn new(
        ca: Certificate,
        request: CertificateRequest,
        certificate: Certificate,
        chain: Option<Vec<Certificate>>,
        revoked: Option<bool>,
    ) -> Self {
        let texts = [ca.pem(), request.pem(), certificate.pem()];
        let links = chain.iter().flatten().map(Certificate::pem);
        let length: usize = texts.into_iter().chain(links).map(str::len).sum();
        // In JSON each line of a PEM text, of 65 bytes, is one byte longer; 128 bytes are for the keys.
        let mut json = String::with_capacity(length + length / 16 + 128);
        json.push('{');
        json::push_field(&mut json, "ca", ca.pem());
        json::push_field(&mut json, "certificate_signing_request", request.pem());
        json::push_field(&mut json, "certificate", certificate.pem());
        if let Some(chain) = &chain {
            json::push_key(&mut json, "chain");
            json::push_list(&mut json, chain, |out, link| {
                json::push_string(out, link.pem());
            });
        }
        if let Some(revoked) = revoked {
            json::push_key(&mut json, "revoked");
            json.push_str(if revoked { "true" } else { "false" });
        }
        json.push('}');
        Self {
            ca,
            request,
            certificate,
            chain,
            revoked,
            json,
        }
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        self.revoked == Some(true)
    }

    /// The same entry, marked as revoked.
    #[must_use]
    pub fn as_revoked(&self) -> Self {
        let (ca, request) = (self.ca.clone(), self.request.clone());
        let (certificate, chain) = (self.certificate.clone(), self.chain.clone());
        Self::new(ca, request, certificate, chain, Some(true))
    }
}

/// An entry whose PEM texts are not parsed.
struct RawEntry {
    ca: String,
    request: String,
    certificate: String,
    chain: Option<Vec<String>>,
    revoked: Option<bool>,
}

impl RawEntry {
    fn from_json(item: &serde_json::Value) -> Result<Self, String> {
        let chain = match item.get("chain") {
            None | Some(serde_json::Value::Null) => None,
            Some(serde_json::Value::Array(links)) => {
                let text = |link: &serde_json::Value| link.as_str().map(str::to_owned);
                let links: Option<Vec<String>> = links.iter().map(text).collect();
                Some(links.ok_or("chain: input should be a valid string")?)
            }
            Some(_) => return Err("chain: input should be a valid list".to_owned()),
        };
        let revoked = match item.get("revoked") {
            None => None,
            Some(flag) => json::lax_bool(flag)?,
        };
        Ok(Self {
            ca: json::text_of(item, "ca")?,
            request: json::text_of(item, "certificate_signing_request")?,
            certificate: json::text_of(item, "certificate")?,
            chain,
            revoked,
        })
    }

    fn into_entry(self) -> Result<CertificateEntry, BagError> {
        let certificate = super::data::certificate;
        let chain = self.chain.map(|links| {
            let links = links.iter().map(|link| certificate(link));
            links.collect::<Result<Vec<_>, _>>()
        });
        Ok(CertificateEntry::new(
            certificate(&self.ca)?,
            super::data::request(&self.request)?,
            certificate(&self.certificate)?,
            chain.transpose()?,
            self.revoked,
        ))
    }
}

/// The parsed form of `certificates`, indexed by request.
#[derive(Clone, Debug, Default)]
pub struct CertificateList {
    entries: Vec<Arc<CertificateEntry>>,
    /// Positions in `entries`, sorted by request, then by position.
    by_request: Vec<u32>,
    /// What is wrong with the text.
    pub error: Option<BagError>,
}

impl CertificateList {
    /// A valid list.
    pub fn new(entries: Vec<Arc<CertificateEntry>>) -> Self {
        let mut by_request: Vec<u32> = (0..).take(entries.len()).collect();
        by_request.sort_by(|left, right| {
            let (before, after) = (&entries[*left as usize], &entries[*right as usize]);
            let by_request = before.request.cmp(&after.request);
            by_request.then(left.cmp(right))
        });
        Self {
            entries,
            by_request,
            error: None,
        }
    }

    /// Every entry, in the order of the list; none where the text is not valid.
    pub fn entries(&self) -> &[Arc<CertificateEntry>] {
        &self.entries
    }

    /// Positions of the answers to `request`, in the order of the list.
    pub(super) fn positions(&self, request: &CertificateRequest) -> &[u32] {
        let compare = |at: &u32| self.entries[*at as usize].request.cmp(request);
        let from = self
            .by_request
            .partition_point(|at| compare(at) == Ordering::Less);
        let found = &self.by_request[from..];
        let count = found.partition_point(|at| compare(at) == Ordering::Equal);
        &found[..count]
    }

    /// The answers to `request`, in the order of the list.
    pub fn answers(
        &self,
        request: &CertificateRequest,
    ) -> impl Iterator<Item = &Arc<CertificateEntry>> {
        self.positions(request)
            .iter()
            .map(|at| &self.entries[*at as usize])
    }

    /// The position of the first entry whose JSON differs between the two lists.
    fn first_difference(&self, other: &Self) -> Option<usize> {
        let length = self.entries.len().max(other.entries.len());
        let text = |list: &Self, at: usize| list.entries.get(at).map(|entry| entry.json.clone());
        (0..length).find(|at| text(self, *at) != text(other, *at))
    }

    /// Reads the text; one bad entry makes all of it invalid.
    pub(super) fn parse(text: &str) -> Self {
        let read = super::data::items(text).and_then(|items| {
            let raw: Vec<RawEntry> = items
                .iter()
                .map(RawEntry::from_json)
                .collect::<Result<_, _>>()
                .map_err(BagError::Invalid)?;
            let entries = raw.into_iter().map(|raw| raw.into_entry().map(Arc::new));
            entries.collect()
        });
        match read {
            Ok(entries) => Self::new(entries),
            Err(error) => Self {
                error: Some(error),
                ..Self::default()
            },
        }
    }

    /// The value to write under the key: the text of the list, with its parsed form. An empty list gives `None`, which
    /// removes the key.
    ///
    /// # Panics
    ///
    /// Where it was read from a text that is not valid: its entries are lost.
    pub fn into_value(self) -> Option<Value> {
        assert!(
            self.error.is_none(),
            "a list of certificates is written whose text could not be read ({:?}): its entries are lost",
            self.error
        );
        if self.entries.is_empty() {
            return None;
        }
        let length: usize = self.entries.iter().map(|entry| entry.json.len() + 2).sum();
        let mut out = String::with_capacity(length + 2);
        json::push_list(&mut out, &self.entries, |out, entry| {
            out.push_str(&entry.json);
        });
        debug_assert_eq!(
            self.first_difference(&Self::parse(&out)),
            None,
            "the cached parse differs from parsing the text again; `left` is the position of the first entry that differs"
        );
        Some(Value::with_parsed(out, Arc::new(self)))
    }
}
