//! Revocation lists as OpenSSL checks them (`check_cert`, `get_crl_score`, `check_crl`,
//! `crypto/x509/x509_vfy.c`), without delta and indirect lists, which it does not support unless
//! told to.

use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::facts::Facts;
use super::name::Name;
use super::signature::Signed;
use super::x509_errors as x509;
use trustsim_kernel::Time;
use trustsim_pki::RevocationList;

/// A loaded list, read once.
pub(crate) struct ListFacts {
    list: RevocationList,
    issuer: Name,
    signed: Signed,
}

impl ListFacts {
    /// Reads a list; `None` where its signature cannot be found.
    pub(crate) fn read(list: &RevocationList) -> Option<Self> {
        let (_, issuer) = X509Name::from_der(list.issuer_der()).ok()?;
        Some(Self {
            issuer: Name::read(&issuer),
            signed: Signed::read(list.der())?,
            list: list.clone(),
        })
    }

    /// `check_crl_time`: an equal `thisUpdate` is past, and so is an equal `nextUpdate`.
    fn time_error(&self, clock: Time) -> Option<u32> {
        let now = clock.as_seconds();
        let next = self.list.next_update();
        if self.list.this_update().as_seconds() > now {
            Some(x509::CRL_NOT_YET_VALID)
        } else if next.is_some_and(|next| next.as_seconds() <= now) {
            Some(x509::CRL_HAS_EXPIRED)
        } else {
            None
        }
    }

    /// `crl_akid_check`: the key identifier is that of a certificate of the list's name in the
    /// path, from the issuer of the certificate in question upwards.
    fn is_of_path(&self, chain: &[&Facts], depth: usize) -> bool {
        let issuer = (depth + 1).min(chain.len() - 1);
        chain[issuer..].iter().any(|authority| {
            let wanted = self.list.authority_key_id();
            let found = authority.subject_key_id.as_deref();
            authority.subject.canonical == self.issuer.canonical
                && (wanted.is_none() || found.is_none() || wanted == found)
        })
    }
}

/// Looks the certificate at `depth` of the path up (leaf first, the root last).
///
/// # Errors
///
/// `X509_V_ERR_*`.
pub(super) fn check(
    lists: &[ListFacts],
    chain: &[&Facts],
    depth: usize,
    clock: Time,
) -> Result<(), u32> {
    let certificate = chain[depth];
    let fitting = lists.iter().filter(|list| {
        list.issuer.canonical == certificate.issuer.canonical && list.is_of_path(chain, depth)
    });
    // The best score: no critical extension, then a time that fits; the newest of equals.
    let best = fitting.max_by_key(|list| {
        let is_plain = !list.list.has_critical_extension();
        let is_current = list.time_error(clock).is_none();
        (is_plain, is_current, list.list.this_update())
    });
    let Some(best) = best else {
        return Err(x509::UNABLE_TO_GET_CRL);
    };
    let issuer = match chain.get(depth + 1) {
        Some(issuer) => *issuer,
        None if certificate.is_self_signed() => certificate,
        None => return Err(x509::UNABLE_TO_GET_CRL_ISSUER),
    };
    if issuer.key_usage.is_some_and(|usage| !usage.crl_sign) {
        return Err(x509::KEYUSAGE_NO_CRL_SIGN);
    }
    if let Some(code) = best.time_error(clock) {
        return Err(code);
    }
    if !best.signed.is_by(&issuer.public_key) {
        return Err(x509::CRL_SIGNATURE_FAILURE);
    }
    if best.list.has_critical_extension() {
        return Err(x509::UNHANDLED_CRITICAL_CRL_EXTENSION);
    }
    if best.list.revokes(&certificate.serial) {
        return Err(x509::CERT_REVOKED);
    }
    Ok(())
}
