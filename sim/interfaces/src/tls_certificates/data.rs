//! Databags as the library models them (`_DatabagModel`): each key holds JSON, a missing key is
//! the default, a default is not written, and one bad entry makes the whole bag invalid.

use std::sync::Arc;

use serde_json::Value as Json;
use thiserror::Error;

use super::super::json;
use super::certificates::CertificateList;
use super::requests::RequestList;
use super::{CAPABILITIES, CERTIFICATES, REQUEST_ERRORS, REQUESTS};
use trustsim_juju::{Bag, HookError, Value};
use trustsim_pki::{Certificate, CertificateRequest};

/// What is wrong with a databag.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BagError {
    /// `DataValidationError`: the library takes the whole bag as empty.
    #[error("failed to validate databag: {0}")]
    Invalid(String),
    /// `TLSCertificatesError`: the fields are texts, but one of them is no PEM. The charm does not catch it.
    #[error("TLSCertificatesError: {0}")]
    BadPem(&'static str),
}

impl BagError {
    /// The hook error where the library lets the exception pass.
    pub(super) fn raised(&self) -> Option<HookError> {
        match self {
            Self::Invalid(_) => None,
            Self::BadPem(_) => Some(HookError::Charm(self.to_string())),
        }
    }
}

/// The items of a JSON list.
pub(super) fn items(text: &str) -> Result<Vec<Json>, BagError> {
    match serde_json::from_str(text) {
        Ok(Json::Array(items)) => Ok(items),
        Ok(_) => Err(BagError::Invalid("input should be a valid list".to_owned())),
        Err(error) => Err(BagError::Invalid(format!("expecting json: {error}"))),
    }
}

pub(super) fn request(text: &str) -> Result<CertificateRequest, BagError> {
    CertificateRequest::from_pem(text).map_err(|_| BagError::BadPem("Could not load CSR"))
}

pub(super) fn certificate(text: &str) -> Result<Certificate, BagError> {
    Certificate::from_pem(text).map_err(|_| BagError::BadPem("Could not load certificate"))
}

/// The requests in a requirer's databag (`_RequirerData`); those of an invalid one are none.
///
/// # Errors
///
/// [`HookError`] where the library raises: a request that is no PEM.
pub fn read_requests(bag: &Bag) -> Result<Arc<RequestList>, HookError> {
    let list = match bag.get(REQUESTS) {
        Some(value) => value.parsed(RequestList::parse),
        None => Arc::default(),
    };
    match list.error.as_ref().and_then(BagError::raised) {
        Some(error) => Err(error),
        None => Ok(list),
    }
}

/// A provider's application databag (`_ProviderApplicationData`).
#[derive(Clone, Debug, Default)]
pub struct ProviderData {
    /// The answers.
    pub certificates: Arc<CertificateList>,
    /// The refusals.
    pub errors: Arc<ErrorList>,
    /// What it says it can do; `None` where it has said nothing.
    pub capabilities: Option<Capabilities>,
}

/// Reads a provider's application databag; `None` where any part of it is not valid.
///
/// # Errors
///
/// [`HookError`] where the library raises: a certificate or request that is no PEM.
pub fn read_provider(bag: &Bag) -> Result<Option<ProviderData>, HookError> {
    let certificates: Arc<CertificateList> = match bag.get(CERTIFICATES) {
        Some(value) => value.parsed(CertificateList::parse),
        None => Arc::default(),
    };
    let errors: Arc<ErrorList> = match bag.get(REQUEST_ERRORS) {
        Some(value) => value.parsed(ErrorList::parse),
        None => Arc::default(),
    };
    let capabilities = match bag.get(CAPABILITIES) {
        Some(value) => (*value.parsed(Capabilities::parse)).clone(),
        None => Ok(None),
    };
    let Ok(capabilities) = capabilities else {
        return Ok(None);
    };
    if errors.fault.is_some() {
        return Ok(None);
    }
    match &certificates.error {
        None => Ok(Some(ProviderData {
            certificates,
            errors,
            capabilities,
        })),
        Some(fault) => fault.raised().map_or(Ok(None), Err),
    }
}

/// `CertificateRequestErrorCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// 101.
    IpNotAllowed,
    /// 102.
    DomainNotAllowed,
    /// 103.
    WildcardNotAllowed,
    /// 201.
    ServerNotAvailable,
    /// 999.
    Other,
}

impl ErrorCode {
    /// Number and name, as they are written.
    pub const fn parts(self) -> (i64, &'static str) {
        match self {
            Self::IpNotAllowed => (101, "IP_NOT_ALLOWED"),
            Self::DomainNotAllowed => (102, "DOMAIN_NOT_ALLOWED"),
            Self::WildcardNotAllowed => (103, "WILDCARD_NOT_ALLOWED"),
            Self::ServerNotAvailable => (201, "SERVER_NOT_AVAILABLE"),
            Self::Other => (999, "OTHER"),
        }
    }
}

/// Why a request was refused (`CertificateError`). The published schema of the interface names
/// the request's key `certificate_signing_request`; the library writes and reads `csr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// Number.
    pub code: i64,
    /// Its name.
    pub name: String,
    /// For people.
    pub message: String,
    /// More of it.
    pub reason: Option<String>,
    /// Who refuses.
    pub provider: Option<String>,
    /// Where.
    pub endpoint: Option<String>,
}

impl RequestError {
    /// An error of this code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let (code, name) = code.parts();
        Self {
            code,
            name: name.to_owned(),
            message: message.into(),
            reason: None,
            provider: None,
            endpoint: None,
        }
    }
}

/// One refusal in a databag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorEntry {
    /// The request's text: the requirer skips one that is no PEM.
    pub request: String,
    /// Why.
    pub error: RequestError,
}

/// The parsed form of `request_errors`.
#[derive(Clone, Debug, Default)]
pub struct ErrorList {
    /// The refusals, in their order; none where the text is not valid.
    pub entries: Vec<ErrorEntry>,
    /// What is wrong with the text.
    pub fault: Option<BagError>,
}

impl ErrorList {
    fn parse(text: &str) -> Self {
        let read = items(text).and_then(|items| {
            let entries = items.iter().map(error_entry);
            entries.collect::<Result<_, _>>().map_err(BagError::Invalid)
        });
        match read {
            Ok(entries) => Self {
                entries,
                fault: None,
            },
            Err(fault) => Self {
                entries: Vec::new(),
                fault: Some(fault),
            },
        }
    }

    /// The text with its parsed form; `None`, which removes the key, for an empty list.
    pub fn into_value(self) -> Option<Value> {
        if self.entries.is_empty() {
            return None;
        }
        let mut out = String::new();
        json::push_list(&mut out, &self.entries, |out, entry| {
            out.push('{');
            json::push_field(out, "csr", &entry.request);
            json::push_key(out, "error");
            out.push('{');
            json::push_key(out, "code");
            out.push_str(&entry.error.code.to_string());
            json::push_field(out, "name", &entry.error.name);
            json::push_field(out, "message", &entry.error.message);
            for (key, text) in [
                ("reason", &entry.error.reason),
                ("provider", &entry.error.provider),
                ("endpoint", &entry.error.endpoint),
            ] {
                if let Some(text) = text {
                    json::push_field(out, key, text);
                }
            }
            out.push_str("}}");
        });
        debug_assert_eq!(
            Self::parse(&out).entries,
            self.entries,
            "what is remembered of a value is what parsing it gives"
        );
        Some(Value::with_parsed(out, Arc::new(self)))
    }
}

fn error_entry(item: &Json) -> Result<ErrorEntry, String> {
    let error = item.get("error").ok_or("error: field required")?;
    let code = match error.get("code") {
        Some(Json::Number(number)) => number.as_i64(),
        Some(Json::String(text)) => text.parse().ok(),
        _ => None,
    };
    Ok(ErrorEntry {
        request: json::text_of(item, "csr")?,
        error: RequestError {
            code: code.ok_or("code: input should be a valid integer")?,
            name: json::text_of(error, "name")?,
            message: json::text_of(error, "message")?,
            reason: json::optional_text(error, "reason")?,
            provider: json::optional_text(error, "provider")?,
            endpoint: json::optional_text(error, "endpoint")?,
        },
    })
}

/// `ProviderCapabilities`: each field is `None` where the provider leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Addresses as alternative names.
    pub supports_ip_sans: Option<bool>,
    /// Wildcards.
    pub supports_wildcard_dns: Option<bool>,
    /// Subdomains.
    pub supports_subdomain: Option<bool>,
    /// CA certificates.
    pub supports_ca_certificates: Option<bool>,
    /// Domains it signs for.
    pub allowed_domains: Option<Vec<String>>,
    /// `acme`, `vault`, `self-signed`.
    pub provider_type: Option<String>,
}

impl Capabilities {
    fn parse(text: &str) -> Result<Option<Self>, String> {
        let object: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if object.is_null() {
            return Ok(None);
        }
        if !object.is_object() {
            return Err("capabilities: input should be an object".to_owned());
        }
        let flag = |key| object.get(key).map_or(Ok(None), json::lax_bool);
        let domains = match object.get("allowed_domains") {
            None | Some(Json::Null) => None,
            Some(Json::Array(items)) => {
                let texts: Option<_> = items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect();
                Some(texts.ok_or("allowed_domains: input should be a valid string")?)
            }
            Some(_) => return Err("allowed_domains: input should be a valid list".to_owned()),
        };
        Ok(Some(Self {
            supports_ip_sans: flag("supports_ip_sans")?,
            supports_wildcard_dns: flag("supports_wildcard_dns")?,
            supports_subdomain: flag("supports_subdomain")?,
            supports_ca_certificates: flag("supports_ca_certificates")?,
            allowed_domains: domains,
            provider_type: json::optional_text(&object, "provider_type")?,
        }))
    }

    /// The text with its parsed form. Nothing but open fields is `{}`, which is not the same as
    /// having said nothing.
    pub fn to_value(&self) -> Value {
        let mut out = String::from("{");
        for (key, flag) in [
            ("supports_ip_sans", self.supports_ip_sans),
            ("supports_wildcard_dns", self.supports_wildcard_dns),
            ("supports_subdomain", self.supports_subdomain),
            ("supports_ca_certificates", self.supports_ca_certificates),
        ] {
            if let Some(flag) = flag {
                json::push_key(&mut out, key);
                out.push_str(if flag { "true" } else { "false" });
            }
        }
        if let Some(domains) = &self.allowed_domains {
            json::push_key(&mut out, "allowed_domains");
            json::push_list(&mut out, domains, |out, domain| {
                json::push_string(out, domain);
            });
        }
        if let Some(text) = &self.provider_type {
            json::push_field(&mut out, "provider_type", text);
        }
        out.push('}');
        let parsed = Ok(Some(self.clone()));
        debug_assert_eq!(
            Self::parse(&out),
            parsed,
            "what is remembered of a databag value is what parsing it gives"
        );
        Value::with_parsed(out, Arc::new(parsed))
    }
}
