//! A given path, checked from its anchor downwards (`PKIXCertPathValidator` and its checkers).

use super::super::Question;
use super::super::facts::Facts;
use super::super::message::Message;
use super::{Failure, constraints, messages};
use trustsim_kernel::Time;

/// Checks `path` (leaf first, without its anchor) below the first trust anchor that fits.
///
/// # Errors
///
/// The error below the last anchor that was tried.
pub(super) fn check_path<'a, 'q>(
    path: &[&'a Facts],
    question: &'q Question<'_>,
) -> Result<&'q Facts, Failure<'a>> {
    let top = path[path.len() - 1];
    let mut last = None;
    for anchor in question.trust.with_subject(&top.issuer.canonical) {
        if !is_worth_trying(anchor, top) {
            continue;
        }
        match check_below(anchor, path, question.clock) {
            Ok(()) => return Ok(anchor),
            Err(failure) => last = Some(failure),
        }
    }
    Err(last.unwrap_or_else(|| Failure::new(messages::NO_ANCHOR, &[], top)))
}

/// `AdaptableX509CertSelector`: an anchor whose key identifier or serial number is another one
/// than the certificate asks for is passed over.
fn is_worth_trying(anchor: &Facts, certificate: &Facts) -> bool {
    const VERSION_3: u32 = 2;
    let Some(wanted) = &certificate.authority_key_id else {
        return true;
    };
    let id_fits = match (&wanted.key_id, &anchor.subject_key_id) {
        (Some(wanted), Some(found)) => wanted == found,
        _ => true,
    };
    let serial_fits = anchor.version < VERSION_3
        || wanted
            .serial
            .as_ref()
            .is_none_or(|serial| *serial == anchor.serial);
    id_fits && serial_fits
}

/// `PKIXMasterCertPathValidator`: for each certificate its key usage, its constraints, its dates,
/// its issuer's name, its signature, its critical extensions.
fn check_below<'a>(anchor: &Facts, path: &[&'a Facts], clock: Time) -> Result<(), Failure<'a>> {
    let mut depth = PathLength::of(path.len());
    for (index, &certificate) in path.iter().enumerate().rev() {
        let is_leaf = index == 0;
        let issuer = path.get(index + 1).map_or(anchor, |one| *one);
        if !is_leaf {
            check_key_usage(certificate)?;
            depth.pass(certificate)?;
        }
        check_name_constraints(certificate, &path[index + 1..], is_leaf)?;
        check_dates(certificate, clock)?;
        if certificate.issuer.is_empty() {
            return Err(Failure::new(messages::NO_ISSUER, &[], certificate));
        }
        check_signature(certificate, issuer)?;
        check_critical(certificate)?;
    }
    Ok(())
}

/// `KeyChecker.verifyCAKeyUsage`.
pub(super) fn check_key_usage(certificate: &Facts) -> Result<(), Failure<'_>> {
    if certificate.key_usage.is_none_or(|usage| usage.cert_sign) {
        return Ok(());
    }
    Err(Failure::new(messages::MAY_NOT_SIGN, &[], certificate))
}

/// `ConstraintsChecker.checkBasicConstraints`, from the anchor downwards. The anchor's own limit
/// is not looked at.
pub(super) struct PathLength(u64);

impl PathLength {
    pub(super) fn of(certificates: usize) -> Self {
        Self(certificates as u64)
    }

    pub(super) fn pass<'a>(&mut self, certificate: &'a Facts) -> Result<(), Failure<'a>> {
        if !certificate.is_ca() {
            return Err(Failure::new(messages::NO_CA, &[], certificate));
        }
        if !certificate.is_self_issued() {
            if self.0 == 0 {
                return Err(Failure::new(messages::PATH_TOO_LONG, &[], certificate));
            }
            self.0 -= 1;
        }
        if let Some(allowed) = certificate.path_length() {
            self.0 = self.0.min(u64::from(allowed));
        }
        Ok(())
    }
}

/// `ConstraintsChecker.verifyNameConstraints`, against those of the certificates above, without
/// the anchor's. Java merges them; asking each gives the same.
pub(super) fn check_name_constraints<'a>(
    certificate: &'a Facts,
    above: &[&Facts],
    is_leaf: bool,
) -> Result<(), Failure<'a>> {
    let applies = is_leaf || !certificate.is_self_issued();
    if !applies || constraints::allow(certificate, above) {
        return Ok(());
    }
    Err(Failure::new(messages::NAME_CONSTRAINTS, &[], certificate))
}

/// `X509CertImpl.checkValidity`, at the millisecond.
pub(super) fn date_error(certificate: &Facts, clock: Time) -> Option<Message> {
    let now = i128::from(clock.as_nanos() / 1_000_000);
    let millis = |seconds: i64| i128::from(seconds) * 1000;
    if now < millis(certificate.not_before) {
        Some(messages::NOT_VALID_YET)
    } else if now > millis(certificate.not_after) {
        Some(messages::EXPIRED)
    } else {
        None
    }
}

fn check_dates(certificate: &Facts, clock: Time) -> Result<(), Failure<'_>> {
    match date_error(certificate, clock) {
        Some(message) => Err(Failure::new(message, &[], certificate)),
        None => Ok(()),
    }
}

pub(super) fn check_signature<'a>(
    certificate: &'a Facts,
    issuer: &Facts,
) -> Result<(), Failure<'a>> {
    if certificate.signed.is_by(&issuer.public_key) {
        return Ok(());
    }
    Err(Failure::new(messages::BAD_SIGNATURE, &[], certificate))
}

/// The critical extensions that no checker takes off the list.
pub(super) fn check_critical(certificate: &Facts) -> Result<(), Failure<'_>> {
    const RESOLVED: [&str; 9] = [
        "2.5.29.15",
        "2.5.29.17",
        "2.5.29.19",
        "2.5.29.30",
        "2.5.29.32",
        "2.5.29.33",
        "2.5.29.36",
        "2.5.29.37",
        "2.5.29.54",
    ];
    let is_resolved = |id: &String| RESOLVED.contains(&id.as_str());
    if certificate.critical.iter().all(is_resolved) {
        return Ok(());
    }
    Err(Failure::new(messages::UNHANDLED_CRITICAL, &[], certificate))
}
