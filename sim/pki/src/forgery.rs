//! What a thief of a CA's key can make with it, regardless of what that CA would have signed.

use std::net::IpAddr;

use super::issue::self_sign_named;
use super::{
    Certificate, CertificateRequest, Extension, KeyPair, PkiError, RequestAttributes, Template,
    Terms, issue, names,
};

/// A leaf for `name`, a DNS name or an address, that `ca_key` signs under the name of `ca` for the
/// key `own`: valid for servers and for clients, with nothing that a stack would complain of.
/// It is not checked that `ca_key` is the key of `ca`.
///
/// # Errors
///
/// [`PkiError`] where `name` cannot be written.
pub fn forge_leaf(
    name: &str,
    own: &KeyPair,
    ca: &Certificate,
    ca_key: &KeyPair,
    terms: &Terms,
) -> Result<Certificate, PkiError> {
    let mut asked = RequestAttributes::with_common_name(short(name));
    match name.parse::<IpAddr>() {
        Ok(address) => asked.sans_ip.push(address),
        Err(_) => asked.sans_dns.push(name.to_owned()),
    }
    sign_leaf(&asked, own, ca, ca_key, terms, Template::leaf())
}

/// A leaf of this template, whose key identifier of the authority is left out where `ca` has none
/// to lend.
///
/// # Errors
///
/// [`PkiError`] where a name cannot be written.
pub fn sign_leaf(
    asked: &RequestAttributes,
    own: &KeyPair,
    ca: &Certificate,
    ca_key: &KeyPair,
    terms: &Terms,
    template: Template,
) -> Result<Certificate, PkiError> {
    let request = CertificateRequest::new(asked, own)?;
    let template = match ca.subject_key_id() {
        Some(_) => template,
        None => template.without(&Extension::AuthorityKeyId),
    };
    issue(&request, ca, ca_key, terms, &template)
}

/// A root with the subject of `of` and the key `own`.
///
/// # Errors
///
/// [`PkiError`] where the subject cannot be written again.
pub fn namesake(of: &Certificate, own: &KeyPair, terms: &Terms) -> Result<Certificate, PkiError> {
    let name = names::copy(of.subject_der())?;
    let nothing = RequestAttributes::default();
    self_sign_named(&nothing, own, terms, &Template::root(), name)
}

/// The names of a certificate, as a request for the same ones asks.
pub fn names_of(certificate: &Certificate) -> RequestAttributes {
    let common_name = certificate.subject_common_name();
    let mut asked = RequestAttributes {
        common_name: common_name.map(str::to_owned),
        ..RequestAttributes::default()
    };
    for san in certificate.sans() {
        match san.split_once(':') {
            Some(("DNS", name)) => asked.sans_dns.push(name.to_owned()),
            // `IP:#…` is what an address of neither four nor sixteen bytes is shown as.
            Some(("IP", address)) => asked.sans_ip.extend(address.parse::<IpAddr>().ok()),
            _ => {}
        }
    }
    asked
}

/// The first label where a name is longer than a common name may be.
fn short(name: &str) -> &str {
    const LONGEST: usize = 64;
    match name.split_once('.') {
        Some((label, _)) if name.len() > LONGEST => label,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyAlgorithm, SerialNumber, issuers};
    use trustsim_kernel::{Span, Streams, Time};

    #[test]
    fn a_forged_leaf_is_by_that_ca_and_for_that_name() {
        let mut stream = Streams::new(1).stream("forgery", "test");
        let mut terms = |days: u32| Terms {
            serial: SerialNumber::random(&mut stream),
            now: Time::parse("2026-01-01T00:00:00Z").unwrap(),
            validity: Span::from_secs(86_400) * days,
        };
        let (of_ca, of_leaf) = (terms(365), terms(30));
        let ca_key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
        let name = RequestAttributes::with_common_name("ca");
        let ca = issuers::charmlibs::generate_self_signed_ca(&name, &ca_key, &of_ca).unwrap();
        let own = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
        let long = format!("{}.example.com", "a".repeat(60));
        for (name, san) in [
            ("web.test", "DNS:web.test".to_owned()),
            ("10.0.0.1", "IP:10.0.0.1".to_owned()),
            (&long, format!("DNS:{long}")),
        ] {
            let leaf = forge_leaf(name, &own, &ca, &ca_key, &of_leaf).unwrap();
            assert!(leaf.verify_issued_by(&ca));
            assert_eq!(leaf.sans(), [san]);
        }
    }
}
