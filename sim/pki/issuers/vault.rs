//! The certificates of Vault's PKI engine, as the Vault charms configure it: decoded from the
//! sample in canonical/tls-certificates-interface `lib/charms/tls_certificates_interface/v0`,
//! which charm-vault issued, and Vault's `sdk/helper/certutil`, written by Go.
//!
//! The roles of the charms set no name fields, so the subject keeps the common name only, and the
//! start is set back by Vault's default `not_before_duration` of 30 s.

use std::borrow::Cow;
use std::time::Duration;

use super::super::template::{basic_constraints, key_usage};
use super::super::{Extension, KeyUsages, Purpose, SanKind, SubjectForm, Template};
use crate::kernel::Span;

const BACKDATE: Span = Duration::from_secs(30);
const SANS: Cow<'static, [SanKind]> = Cow::Borrowed(&[SanKind::Dns, SanKind::Email, SanKind::Ip]);

const ROOT_EXTENSIONS: &[Extension] = &[
    key_usage(KeyUsages::KEY_CERT_SIGN.and(KeyUsages::CRL_SIGN)),
    basic_constraints(true),
    Extension::SubjectKeyId,
    Extension::AuthorityKeyId,
    Extension::SubjectAltNames(SANS),
];

/// A root of `root/generate`: its own key identifier also stands as the authority's.
pub static ROOT: Template = Template::of(ROOT_EXTENSIONS)
    .subject(SubjectForm::Go)
    .backdated(BACKDATE);

const LEAF_EXTENSIONS: &[Extension] = &[
    key_usage(
        KeyUsages::DIGITAL_SIGNATURE
            .and(KeyUsages::KEY_ENCIPHERMENT)
            .and(KeyUsages::KEY_AGREEMENT),
    ),
    Extension::ExtendedKeyUsage(Cow::Borrowed(&[Purpose::ServerAuth, Purpose::ClientAuth])),
    Extension::SubjectKeyId,
    Extension::AuthorityKeyId,
    Extension::SubjectAltNames(SANS),
];

/// A leaf of `sign/<role>`: no basic constraints.
pub static LEAF: Template = Template::of(LEAF_EXTENSIONS)
    .subject(SubjectForm::GoCommonName)
    .backdated(BACKDATE);
