//! The certificates of EasyRSA 3.0 (OpenVPN/easy-rsa `easyrsa3/x509-types` and
//! `openssl-easyrsa.cnf`), as the charm changes them (charmed-kubernetes/layer-easyrsa
//! `src/reactive/easyrsa.py` at 3cb8d83, `configure_client_authorization`): servers are good for
//! clients too. Decoded beside the samples in charmed-kubernetes/interface-tls-certificates
//! `ops/tests/data/tls_certificate_data.yaml` at 236e089.
//!
//! Noteworthy: basic constraints and key usage are not critical, and the authority key
//! identifier names issuer and serial number, so that a CA that keeps its key but gets another
//! certificate does not fit. Addresses stand before names, whatever the order asked for.

use std::borrow::Cow;

use super::super::{Extension, KeyUsages, Purpose, SanKind, Template};

const fn constraints(ca: bool) -> Extension {
    Extension::BasicConstraints {
        critical: false,
        ca,
        path_length: None,
    }
}

const fn usage(usages: KeyUsages) -> Extension {
    Extension::KeyUsage {
        critical: false,
        usages,
    }
}

const CA_EXTENSIONS: &[Extension] = &[
    Extension::SubjectKeyId,
    Extension::AuthorityKeyIdAndIssuer,
    constraints(true),
    usage(KeyUsages::KEY_CERT_SIGN.union(KeyUsages::CRL_SIGN)),
];

/// `build-ca`: the section `easyrsa_ca`.
pub static CA: Template = Template::of(CA_EXTENSIONS);

const SERVER_EXTENSIONS: &[Extension] = &[
    constraints(false),
    Extension::SubjectKeyId,
    Extension::AuthorityKeyIdAndIssuer,
    Extension::ExtendedKeyUsage(Cow::Borrowed(&[Purpose::ClientAuth, Purpose::ServerAuth])),
    usage(KeyUsages::DIGITAL_SIGNATURE.union(KeyUsages::KEY_ENCIPHERMENT)),
    Extension::SubjectAltNames(Cow::Borrowed(&[SanKind::Ip, SanKind::Dns])),
];

/// `build-server-full`.
pub static SERVER: Template = Template::of(SERVER_EXTENSIONS);

const CLIENT_EXTENSIONS: &[Extension] = &[
    constraints(false),
    Extension::SubjectKeyId,
    Extension::AuthorityKeyIdAndIssuer,
    Extension::ExtendedKeyUsage(Cow::Borrowed(&[Purpose::ClientAuth])),
    usage(KeyUsages::DIGITAL_SIGNATURE),
];

/// `build-client-full`: no alternative names, no server.
pub static CLIENT: Template = Template::of(CLIENT_EXTENSIONS);
