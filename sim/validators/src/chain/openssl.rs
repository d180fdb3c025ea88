//! The OpenSSL validators: chains built and checked as `crypto/x509/x509_vfy.c` of OpenSSL 3.0
//! does, in its order, so that the first error is the one OpenSSL shows.
//!
//! webpki refuses some of what OpenSSL accepts (a CA certificate as its own leaf, a common name
//! instead of a subject alternative name, more than a hundred anchors of one name) and looks at the
//! leaf's dates before it looks for an issuer, so its paths are no base for these rules. The
//! signatures are still checked by the same algorithms. Not covered: certificate policies, proxy
//! certificates, DANE, and trust settings in `TRUSTED CERTIFICATE` files.

use rustls::pki_types::ServerName;

use super::facts::Facts;
use super::x509_errors::{self as x509, refusal};
use super::{Purpose, Question, Refusal, StackError, constraints, host, revocation};
use crate::trust::TrustStore;
use trustsim_kernel::Time;

/// What differs between the users of OpenSSL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// `X509_V_FLAG_PARTIAL_CHAIN`: any certificate in the store ends a chain.
    pub(crate) accepts_partial_chains: bool,
    /// `X509_V_FLAG_X509_STRICT`: the profile of RFC 5280.
    pub(crate) is_strict: bool,
    /// Who checks the name: OpenSSL, before it checks signatures, or curl, after everything.
    pub(crate) names: Names,
    /// `X509_V_FLAG_CRL_CHECK_ALL`: where lists are loaded, the whole path is looked up in them,
    /// not the leaf alone.
    pub(crate) checks_revocation_of_all: bool,
}

/// Who compares the name with the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// `X509_check_host`, as part of the verification.
    OpenSsl,
    /// `Curl_ossl_verifyhost` (`lib/vtls/openssl.c`), once the handshake is done.
    Curl,
}

impl Rules {
    /// What `openssl verify` and a fresh `SSL_CTX` do.
    pub(crate) const DEFAULT: Self = Self {
        accepts_partial_chains: false,
        is_strict: false,
        names: Names::OpenSsl,
        checks_revocation_of_all: false,
    };

    /// Any certificate of the store ends a chain.
    pub(crate) const PARTIAL: Self = Self {
        accepts_partial_chains: true,
        is_strict: false,
        names: Names::OpenSsl,
        checks_revocation_of_all: false,
    };

    /// Partial chains, its own check of the name, and `--crlfile` for the whole path.
    pub(crate) const CURL: Self = Self {
        names: Names::Curl,
        checks_revocation_of_all: true,
        ..Self::PARTIAL
    };

    /// Partial chains, and the profile of RFC 5280.
    pub(crate) const STRICT: Self = Self {
        accepts_partial_chains: true,
        is_strict: true,
        ..Self::PARTIAL
    };
}

/// `SSL_CTX`'s default depth: this many certificates may stand between leaf and root.
const MAX_DEPTH: usize = 100;

/// What OpenSSL decides.
pub(crate) fn decide(rules: &Rules, question: &Question<'_>) -> Result<(), Box<Refusal>> {
    let Some(leaf) = Facts::read(question.leaf) else {
        return Err(refusal(x509::UNSPECIFIED, None, question));
    };
    // A certificate without a key or a signature of a known form issues nothing; a real peer that
    // sent one would have failed to load it.
    let others: Vec<_> = question
        .others
        .iter()
        .filter_map(|der| Facts::read(der))
        .collect();
    let now = i64::try_from(question.clock.as_seconds()).expect("no clock is beyond the year 2554");
    let verification = Verification {
        rules,
        trust: question.trust,
        purpose: question.purpose,
        clock: question.clock,
        now,
    };
    verification
        .verify(&leaf, &others, question.name)
        .map_err(|(code, certificate)| {
            let mut refusal = refusal(code, certificate, question);
            let is_name = matches!(code, x509::HOSTNAME_MISMATCH | x509::IP_ADDRESS_MISMATCH);
            let name = question
                .name
                .filter(|_| rules.names == Names::Curl && is_name);
            let words = name.and_then(|name| host::curl_says_of_common_name(&leaf, name));
            if let Some(words) = words {
                refusal.stack_error = StackError::Curl(code, words);
            }
            refusal
        })
}

/// A code `X509_V_ERR_*` and the certificate it is about.
type Failure<'a> = (u32, Option<&'a Facts>);

struct Verification<'a> {
    rules: &'a Rules,
    trust: &'a TrustStore,
    purpose: Purpose,
    clock: Time,
    /// The same in seconds since 1970.
    now: i64,
}

impl<'a> Verification<'a> {
    /// `x509_verify_x509` and `verify_chain`: the order decides which error is shown.
    fn verify(
        &self,
        leaf: &'a Facts,
        others: &'a [Facts],
        name: Option<&ServerName<'_>>,
    ) -> Result<(), Failure<'a>> {
        if leaf.public_key.is_weak() {
            return Err((x509::EE_KEY_TOO_SMALL, Some(leaf)));
        }
        let chain = self.build(leaf, others)?;
        for (below, issuer) in chain.iter().zip(&chain[1..]) {
            assert!(
                below.is_issued_by(issuer),
                "every certificate of a path names the next one as its issuer"
            );
        }
        self.check_extensions(&chain)?;
        check_strength(&chain)?;
        if self.rules.names == Names::OpenSsl {
            check_name(leaf, name, host::matches)?;
        }
        self.check_revocation(&chain)?;
        self.check_signatures_and_times(&chain)?;
        check_name_constraints(&chain)?;
        if self.rules.names == Names::Curl {
            check_name(leaf, name, host::matches_for_curl)?;
        }
        Ok(())
    }

    /// `build_chain`: the store first at each step, then what the peer sent.
    fn build(&self, leaf: &'a Facts, others: &'a [Facts]) -> Result<Vec<&'a Facts>, Failure<'a>> {
        let mut chain = vec![leaf];
        let mut sent: Vec<&Facts> = others.iter().collect();
        let mut is_all_sent = true;
        loop {
            let top = *chain.last().expect("a chain begins with its leaf");
            let has_room = chain.len() <= MAX_DEPTH + 1;
            let trusted = has_room.then(|| self.trusted_issuer(top)).flatten();
            if let Some(issuer) = trusted {
                if top.is_self_signed() {
                    if top.der == issuer.der {
                        return Ok(chain);
                    }
                    // A self-signed certificate that is not in the store but is named like one.
                } else {
                    is_all_sent = false;
                    chain.push(issuer);
                    if issuer.is_self_signed() || self.rules.accepts_partial_chains {
                        return Ok(chain);
                    }
                    continue;
                }
            }
            if !is_all_sent || top.is_self_signed() || !has_room {
                break;
            }
            let Some(index) = self.sent_issuer(top, &sent, &chain) else {
                break;
            };
            chain.push(sent.remove(index));
        }
        if is_all_sent && self.rules.accepts_partial_chains && self.is_in_store(leaf) {
            return Ok(chain);
        }
        let top = *chain.last().expect("a chain begins with its leaf");
        let code = if chain.len() > MAX_DEPTH + 1 {
            x509::CERT_CHAIN_TOO_LONG
        } else if top.is_self_signed() && chain.len() == 1 {
            x509::DEPTH_ZERO_SELF_SIGNED_CERT
        } else if top.is_self_signed() {
            x509::SELF_SIGNED_CERT_IN_CHAIN
        } else if is_all_sent {
            x509::UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        } else {
            x509::UNABLE_TO_GET_ISSUER_CERT
        };
        Err((code, Some(top)))
    }

    /// `X509_STORE_CTX_get1_issuer`.
    fn trusted_issuer(&self, certificate: &Facts) -> Option<&'a Facts> {
        let candidates = self.trust.with_subject(&certificate.issuer.canonical);
        let fitting = candidates.iter().map(AsRef::as_ref);
        self.best(fitting.filter(|candidate| certificate.is_issued_by(candidate)))
    }

    /// `get0_best_issuer_sk` over what the peer sent: its place in the list.
    fn sent_issuer(&self, top: &Facts, sent: &[&'a Facts], chain: &[&Facts]) -> Option<usize> {
        let may_repeat = top.is_self_issued() && chain.len() == 1;
        let fitting = sent.iter().copied().filter(|candidate| {
            let is_repeated = chain.iter().any(|used| used.der == candidate.der);
            top.is_issued_by(candidate) && (may_repeat || !is_repeated)
        });
        let best = self.best(fitting)?;
        let place = sent.iter().position(|one| std::ptr::eq(*one, best));
        Some(place.expect("the best candidate is one of those that were sent"))
    }

    /// The first candidate that is valid now, else the one that expires last.
    fn best(&self, candidates: impl Iterator<Item = &'a Facts>) -> Option<&'a Facts> {
        let mut best: Option<&Facts> = None;
        for candidate in candidates {
            if self.time_error(candidate).is_none() {
                return Some(candidate);
            }
            if best.is_none_or(|best| candidate.not_after > best.not_after) {
                best = Some(candidate);
            }
        }
        best
    }

    fn is_in_store(&self, certificate: &Facts) -> bool {
        let same_name = self.trust.with_subject(&certificate.subject.canonical);
        same_name.iter().any(|root| root.der == certificate.der)
    }

    /// `ossl_x509_check_cert_time`. `X509_cmp_time` counts an equal time as past, so the second of
    /// `notAfter` is already too late.
    const fn time_error(&self, certificate: &Facts) -> Option<u32> {
        if self.now < certificate.not_before {
            Some(x509::CERT_NOT_YET_VALID)
        } else if self.now >= certificate.not_after {
            Some(x509::CERT_HAS_EXPIRED)
        } else {
            None
        }
    }

    /// `check_extensions`, from the leaf upwards.
    fn check_extensions(&self, chain: &[&'a Facts]) -> Result<(), Failure<'a>> {
        let mut issuers_below = 0;
        for (depth, &certificate) in chain.iter().enumerate() {
            let is_last = depth + 1 == chain.len();
            let fail = |code| Err((code, Some(certificate)));
            if certificate.has_unhandled_critical {
                return fail(x509::UNHANDLED_CRITICAL_EXTENSION);
            }
            let grade = certificate.ca_grade();
            let is_bad_ca = if depth == 0 {
                self.rules.is_strict && grade > 1
            } else {
                grade == 0 || ((!is_last || self.rules.is_strict) && grade != 1)
            };
            if is_bad_ca {
                return fail(x509::INVALID_CA);
            }
            if self.rules.is_strict
                && chain.len() > 1
                && let Some(code) = profile_error(certificate, is_last)
            {
                return fail(code);
            }
            if !self.fits_purpose(certificate, depth > 0) {
                return fail(x509::INVALID_PURPOSE);
            }
            let is_too_long = |allowed| issuers_below > allowed;
            if depth > 1 && certificate.path_length().is_some_and(is_too_long) {
                return fail(x509::PATH_LENGTH_EXCEEDED);
            }
            if depth > 0 && !certificate.is_self_issued() {
                issuers_below += 1;
            }
        }
        Ok(())
    }

    /// `check_purpose_ssl_server` and `check_purpose_ssl_client` (`crypto/x509/v3_purp.c`).
    fn fits_purpose(&self, certificate: &Facts, is_issuer: bool) -> bool {
        let extended = certificate.extended_key_usage;
        let has_purpose = extended.is_none_or(|purposes| match self.purpose {
            Purpose::Server => purposes.server || purposes.gated,
            Purpose::Client => purposes.client,
        });
        if is_issuer {
            return has_purpose && certificate.ca_grade() != 0;
        }
        let has_usage = certificate.key_usage.is_none_or(|usage| {
            let signs_or_agrees = usage.digital_signature || usage.key_agreement;
            match self.purpose {
                Purpose::Server => signs_or_agrees || usage.key_encipherment,
                Purpose::Client => signs_or_agrees,
            }
        });
        has_purpose && has_usage
    }

    /// `check_revocation`, where any list is loaded.
    fn check_revocation(&self, chain: &[&'a Facts]) -> Result<(), Failure<'a>> {
        if !self.trust.checks_revocation() {
            return Ok(());
        }
        let lists = self.trust.checked_lists();
        let checked = if self.rules.checks_revocation_of_all {
            chain.len()
        } else {
            1
        };
        for (depth, &certificate) in chain.iter().enumerate().take(checked) {
            revocation::check(lists, chain, depth, self.clock)
                .map_err(|code| (code, Some(certificate)))?;
        }
        Ok(())
    }

    /// `internal_verify`, from the root downwards: the signature, then the dates.
    fn check_signatures_and_times(&self, chain: &[&'a Facts]) -> Result<(), Failure<'a>> {
        let mut issuer: Option<&Facts> = None;
        for &certificate in chain.iter().rev() {
            if let Some(issuer) = issuer
                && !certificate.signed.is_by(&issuer.public_key)
            {
                return Err((x509::CERT_SIGNATURE_FAILURE, Some(certificate)));
            }
            if let Some(code) = self.time_error(certificate) {
                return Err((code, Some(certificate)));
            }
            issuer = Some(certificate);
        }
        Ok(())
    }
}

/// `check_id`.
fn check_name<'a>(
    leaf: &'a Facts,
    name: Option<&ServerName<'_>>,
    matches: fn(&Facts, &ServerName<'_>) -> bool,
) -> Result<(), Failure<'a>> {
    match name {
        Some(name) if !matches(leaf, name) => {
            let code = match name {
                ServerName::IpAddress(_) => x509::IP_ADDRESS_MISMATCH,
                _ => x509::HOSTNAME_MISMATCH,
            };
            Err((code, Some(leaf)))
        }
        _ => Ok(()),
    }
}

/// `check_auth_level` at security level 2, the default of Debian and Ubuntu.
fn check_strength<'a>(chain: &[&'a Facts]) -> Result<(), Failure<'a>> {
    for (depth, &certificate) in chain.iter().enumerate() {
        if depth > 0 && certificate.public_key.is_weak() {
            return Err((x509::CA_KEY_TOO_SMALL, Some(certificate)));
        }
        if depth + 1 < chain.len() && certificate.signed.has_weak_digest() {
            return Err((x509::CA_MD_TOO_WEAK, Some(certificate)));
        }
    }
    Ok(())
}

/// `check_name_constraints`, from the root downwards, each against all above it.
fn check_name_constraints<'a>(chain: &[&'a Facts]) -> Result<(), Failure<'a>> {
    for (depth, &certificate) in chain.iter().enumerate().rev() {
        if depth > 0 && certificate.is_self_issued() {
            continue;
        }
        for authority in chain[depth + 1..].iter().rev() {
            constraints::check(certificate, authority, depth == 0)
                .map_err(|code| (code, Some(certificate)))?;
        }
    }
    Ok(())
}

/// What `X509_V_FLAG_X509_STRICT` adds, of which the certificates of real authorities can trip.
fn profile_error(certificate: &Facts, is_last: bool) -> Option<u32> {
    const VERSION_3: u32 = 2;
    let is_ca = certificate.is_ca();
    let signs = certificate.key_usage.is_some_and(|usage| usage.cert_sign);
    let is_critical = |constraints: super::facts::BasicConstraints| constraints.is_critical;
    if certificate.path_length().is_some() && !is_ca {
        Some(x509::PATHLEN_INVALID_FOR_NON_CA)
    } else if certificate.path_length().is_some() && !signs {
        Some(x509::PATHLEN_WITHOUT_KU_KEY_CERT_SIGN)
    } else if is_ca && !certificate.basic_constraints.is_some_and(is_critical) {
        Some(x509::CA_BCONS_NOT_CRITICAL)
    } else if is_ca && certificate.key_usage.is_none() {
        Some(x509::CA_CERT_MISSING_KEY_USAGE)
    } else if !is_ca && signs {
        Some(x509::KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA)
    } else if certificate.issuer.is_empty() {
        Some(x509::ISSUER_NAME_EMPTY)
    } else if (is_ca || certificate.subject_names.is_none()) && certificate.subject.is_empty() {
        Some(x509::SUBJECT_NAME_EMPTY)
    } else if certificate.version == VERSION_3 {
        if !is_last && certificate.authority_key_id.is_none() {
            Some(x509::MISSING_AUTHORITY_KEY_IDENTIFIER)
        } else if is_ca && certificate.subject_key_id.is_none() {
            Some(x509::MISSING_SUBJECT_KEY_IDENTIFIER)
        } else {
            None
        }
    } else {
        None
    }
}
