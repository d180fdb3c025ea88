//! What a requirer writes: its requests.

use super::super::json;
use super::data::BagError;
use trustsim_juju::Value;
use trustsim_pki::CertificateRequest;

/// One request in a databag (`_CertificateSigningRequest`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestEntry {
    /// The request.
    pub request: CertificateRequest,
    /// Whether a CA certificate is asked for. The key is required; `None` is an explicit `null`, which the library takes
    /// as false.
    pub ca: Option<bool>,
}

impl RequestEntry {
    /// Whether a CA certificate is asked for.
    pub fn is_ca(&self) -> bool {
        self.ca == Some(true)
    }
}

/// The parsed form of `certificate_signing_requests`.
#[derive(Clone, Debug, Default)]
pub struct RequestList {
    /// The requests, in their order; none where the text is not valid.
    pub entries: Vec<RequestEntry>,
    /// What is wrong with the text.
    pub error: Option<BagError>,
}

impl RequestList {
    /// A valid list.
    pub const fn new(entries: Vec<RequestEntry>) -> Self {
        Self {
            entries,
            error: None,
        }
    }

    /// Reads the text; one bad entry makes all of it invalid.
    pub(super) fn parse(text: &str) -> Self {
        let read = super::data::items(text).and_then(|items| {
            let texts: Vec<_> = items
                .iter()
                .map(|item| {
                    let request = json::text_of(item, "certificate_signing_request")?;
                    let ca = item.get("ca").ok_or("ca: field required")?;
                    Ok((request, json::lax_bool(ca)?))
                })
                .collect::<Result<_, String>>()
                .map_err(BagError::Invalid)?;
            texts
                .into_iter()
                .map(|(request, ca)| {
                    let request = super::data::request(&request)?;
                    Ok(RequestEntry { request, ca })
                })
                .collect()
        });
        match read {
            Ok(entries) => Self::new(entries),
            Err(error) => Self {
                entries: Vec::new(),
                error: Some(error),
            },
        }
    }

    /// The value to write under the key: the text of the list, with its parsed form. An empty list gives `None`, which
    /// removes the key.
    pub fn into_value(self) -> Option<Value> {
        if self.entries.is_empty() {
            return None;
        }
        let mut out = String::new();
        json::push_list(&mut out, &self.entries, |out, entry| {
            out.push('{');
            json::push_field(out, "certificate_signing_request", entry.request.pem());
            json::push_key(out, "ca");
            out.push_str(match entry.ca {
                Some(true) => "true",
                Some(false) => "false",
                None => "null",
            });
            out.push('}');
        });
        debug_assert!(
            Self::parse(&out).entries == self.entries,
            "the cached parse of certificate_signing_requests differs from its text"
        );
        Some(Value::with_parsed(out, std::sync::Arc::new(self)))
    }
}
