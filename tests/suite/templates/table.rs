//! The rows, each with its source.

/// One kind of certificate.
pub(crate) struct Row {
    /// Application that issued it.
    pub by: &'static str,
    /// Application it is for, and root, intermediate or leaf.
    pub to: &'static str,
    /// Where it is read.
    pub source: &'static str,
    /// What it is.
    pub expected: &'static str,
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        by: "charm-vault",
        to: "Vault Root Certificate Authority (charm-pki-local)",
        source: "openstack/charm-vault src/lib/charm/vault_pki.py at 5a0c525, `generate_root_ca`: 87599h",
        expected: "
        subject CN:printable
        issuer itself
        dates 30s back, 3649d82830s
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ku! Key Cert Sign CRL Sign
        bc! CA:TRUE
        ski sha1
        aki keyid
        ",
    },
    Row {
        by: "charm-vault",
        to: "charm-vault leaf",
        source: "openstack/charm-vault src/lib/charm/vault_pki.py at 5a0c525, role `local-client` and `set_urls`: the global client certificate, 8759h",
        expected: "
        subject CN:printable
        issuer subject of its CA
        dates 30s back, 364d82830s
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ku! Digital Signature Key Encipherment Key Agreement
        eku clientAuth
        ski sha1
        aki keyid
        aia caIssuers http://ADDRESS:8200/v1/charm-pki-local/ca
        san dns
        crl http://ADDRESS:8200/v1/charm-pki-local/crl
        ",
    },
    Row {
        by: "charm-vault",
        to: "older leaf",
        source: "openstack/charm-vault src/lib/charm/vault_pki.py at 5a0c525, role `local` and `set_urls`: 8759h",
        expected: "
        subject CN:printable
        issuer subject of its CA
        dates 30s back, 364d82830s
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ku! Digital Signature Key Encipherment Key Agreement
        eku serverAuth clientAuth
        ski sha1
        aki keyid
        aia caIssuers http://ADDRESS:8200/v1/charm-pki-local/ca
        san dns ip
        crl http://ADDRESS:8200/v1/charm-pki-local/crl
        ",
    },
    Row {
        by: "controller",
        to: "ca",
        source: "juju/juju internal/pki/authority.go `NewCA`, request.go (`NotBeforeJitter`, `DefaultValidityYears`), certificate.go (160 random bits)",
        expected: "
        subject O:printable CN:printable serialNumber:printable
        issuer itself
        dates 300s back, 3652d300s
        serial at most 159 random bits
        signature 1.2.840.10045.4.3.2
        ku! Digital Signature Key Encipherment Key Cert Sign
        bc! CA:TRUE
        ski sha1
        ",
    },
    Row {
        by: "controller",
        to: "leaf",
        source: "juju/juju internal/pki/request.go `DefaultRequestSigner.SignCSR`",
        expected: "
        subject O:printable CN:printable serialNumber:printable
        issuer subject of its CA
        dates 300s back, 3652d300s
        serial 160 random bits
        signature 1.2.840.10045.4.3.2
        aki keyid
        san dns
        ",
    },
    Row {
        by: "corporate",
        to: "Issuing",
        source: "declared: a CA of the scenario, which has no counterpart (docs/reference/operators.md); both usages and purposes as the CA/Browser Forum wants them of a leaf",
        expected: "
        subject CN:utf8
        issuer subject of its CA
        dates 0s back, 1825d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:TRUE
        ku! Key Cert Sign CRL Sign
        ",
    },
    Row {
        by: "corporate",
        to: "Root",
        source: "declared: a CA of the scenario, which has no counterpart (docs/reference/operators.md); both usages and purposes as the CA/Browser Forum wants them of a leaf",
        expected: "
        subject CN:utf8
        issuer itself
        dates 0s back, 3650d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ski sha1
        bc! CA:TRUE
        ku! Key Cert Sign CRL Sign
        ",
    },
    Row {
        by: "corporate",
        to: "web leaf",
        source: "declared: a CA of the scenario, which has no counterpart (docs/reference/operators.md); both usages and purposes as the CA/Browser Forum wants them of a leaf",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 90d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:FALSE
        san dns
        ku! Digital Signature Key Encipherment
        eku serverAuth clientAuth
        ",
    },
    Row {
        by: "easyrsa",
        to: "10.100.0.1",
        source: "charmed-kubernetes/interface-tls-certificates ops/tests/data/tls_certificate_data.yaml at 236e089: a sample of the charm, read with openssl",
        expected: "
        subject CN:utf8
        issuer itself
        dates 0s back, 3650d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ski sha1
        aki keyid issuer serial
        bc CA:TRUE
        ku Key Cert Sign CRL Sign
        ",
    },
    Row {
        by: "easyrsa",
        to: "easyrsa leaf",
        source: "OpenVPN/easy-rsa easyrsa3/x509-types/client and openssl-easyrsa.cnf; the global client certificate",
        expected: "
        subject CN:utf8
        issuer subject of its CA
        dates 0s back, 3650d
        serial counted
        signature 1.2.840.113549.1.1.11
        bc CA:FALSE
        ski sha1
        aki keyid issuer serial
        eku clientAuth
        ku Digital Signature
        ",
    },
    Row {
        by: "easyrsa",
        to: "old leaf",
        source: "OpenVPN/easy-rsa easyrsa3/x509-types/server, as charmed-kubernetes/layer-easyrsa src/reactive/easyrsa.py at 3cb8d83 `configure_client_authorization` changes it",
        expected: "
        subject CN:utf8
        issuer subject of its CA
        dates 0s back, 3650d
        serial counted
        signature 1.2.840.113549.1.1.11
        bc CA:FALSE
        ski sha1
        aki keyid issuer serial
        eku clientAuth serverAuth
        ku Digital Signature Key Encipherment
        san ip
        ",
    },
    Row {
        by: "lego",
        to: "E7",
        source: "letsencrypt/boulder cmd/ceremony/cert.go at 2d00c8e27 `makeTemplate`; letsencrypt.org/2025/11/24/gen-y-hierarchy: from May 2026 for servers only",
        expected: "
        subject C:printable O:printable CN:printable
        issuer subject of its CA
        dates 30d back, 1095d
        serial 18 bytes from 01
        signature 1.2.840.113549.1.1.11
        ku! Digital Signature Key Cert Sign CRL Sign
        eku serverAuth
        bc! CA:TRUE pathlen:0
        ski sha256 cut to 160 bits
        aki keyid
        aia caIssuers http://x1.i.lencr.org/
        policies 2.23.140.1.2.1
        crl http://x1.c.lencr.org/
        ",
    },
    Row {
        by: "lego",
        to: "Public Root X1",
        source: "letsencrypt/boulder cmd/ceremony/cert.go at 2d00c8e27 `makeTemplate`; ISRG Root X1: 20 years from 2015",
        expected: "
        subject C:printable O:printable CN:printable
        issuer itself
        dates 3650d back, 7300d
        serial 18 bytes from 01
        signature 1.2.840.113549.1.1.11
        ku! Key Cert Sign CRL Sign
        bc! CA:TRUE
        ski sha1
        ",
    },
    Row {
        by: "lego",
        to: "web leaf",
        source: "letsencrypt/boulder issuance/cert.go at 2d00c8e27 `Prepare`, `GenerateValidity`, ca/ca.go `generateSerialNumber`; without its list of SCTs",
        expected: "
        subject CN:printable
        issuer subject of its CA
        dates 3510s back, 89d86399s
        serial 18 bytes from 05
        signature 1.2.840.113549.1.1.11
        ku! Digital Signature Key Encipherment
        eku serverAuth
        bc! CA:FALSE
        ski sha256 cut to 160 bits
        aki keyid
        aia caIssuers http://e7.i.lencr.org/
        san dns
        policies 2.23.140.1.2.1
        crl http://e7.c.lencr.org/N.crl
        ",
    },
    Row {
        by: "manual",
        to: "web leaf",
        source: "declared: a CA of the scenario, which has no counterpart (docs/reference/operators.md); both usages and purposes as the CA/Browser Forum wants them of a leaf",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 90d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:FALSE
        san dns
        ku! Digital Signature Key Encipherment
        eku serverAuth clientAuth
        ",
    },
    Row {
        by: "notary",
        to: "Notary Self Signed Root CA",
        source: "canonical/notary-k8s-operator src/charm.py at a02e839 `_generate_self_signed_certificates`: 365 days, never renewed",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer itself
        dates 0s back, 365d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ski sha1
        bc! CA:TRUE
        ku! Digital Signature Key Encipherment Key Cert Sign
        ",
    },
    Row {
        by: "notary",
        to: "notary leaf",
        source: "canonical/notary-k8s-operator src/charm.py at a02e839 `_generate_self_signed_certificates`: 365 days",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 365d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:FALSE
        san dns
        ",
    },
    Row {
        by: "notary",
        to: "web leaf",
        source: "declared: a CA of the scenario, which has no counterpart (docs/reference/operators.md); both usages and purposes as the CA/Browser Forum wants them of a leaf",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 90d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:FALSE
        san dns
        ku! Digital Signature Key Encipherment
        eku serverAuth clientAuth
        ",
    },
    Row {
        by: "people",
        to: "Corporate Issuing",
        source: "declared: a CA of the scenario, which has no counterpart (docs/reference/operators.md); both usages and purposes as the CA/Browser Forum wants them of a leaf",
        expected: "
        subject CN:utf8
        issuer subject of its CA
        dates 0s back, 1825d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:TRUE
        ku! Key Cert Sign CRL Sign
        ",
    },
    Row {
        by: "people",
        to: "Corporate Root",
        source: "declared: a CA of the scenario, which has no counterpart (docs/reference/operators.md); both usages and purposes as the CA/Browser Forum wants them of a leaf",
        expected: "
        subject CN:utf8
        issuer itself
        dates 0s back, 3650d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ski sha1
        bc! CA:TRUE
        ku! Key Cert Sign CRL Sign
        ",
    },
    Row {
        by: "ssc",
        to: "self-signed-certificates-operator",
        source: "canonical/charmlibs interfaces/tls-certificates at caaf7415, `Certificate.generate_self_signed_ca`; canonical/self-signed-certificates-operator charmcraft.yaml (`root-ca-validity`)",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer itself
        dates 0s back, 365d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ski sha1
        bc! CA:TRUE
        ku! Digital Signature Key Encipherment Key Cert Sign
        ",
    },
    Row {
        by: "ssc",
        to: "vault.rehearsal.dev",
        source: "canonical/charmlibs interfaces/tls-certificates at caaf7415, `Certificate.generate` with `is_ca`; no path length, no cut at the end of the CA",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 90d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:TRUE
        ku! Key Cert Sign CRL Sign
        ",
    },
    Row {
        by: "ssc",
        to: "web leaf",
        source: "canonical/charmlibs interfaces/tls-certificates at caaf7415, `Certificate.generate`: neither key usage nor purposes",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 90d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:FALSE
        san dns
        ",
    },
    Row {
        by: "vault",
        to: "Vault self signed CA",
        source: "canonical/vault-k8s-operator vault-package/vault/vault_managers.py at 619be7dc5, `generate_vault_ca_certificate`: 50 years",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer itself
        dates 0s back, 18250d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ski sha1
        bc! CA:TRUE
        ku! Digital Signature Key Encipherment Key Cert Sign
        ",
    },
    Row {
        by: "vault",
        to: "vault leaf",
        source: "canonical/vault-k8s-operator vault-package/vault/vault_managers.py at 619be7dc5, `generate_vault_unit_certificate`",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 18250d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:FALSE
        san dns ip
        ",
    },
    Row {
        by: "vault",
        to: "web leaf",
        source: "hashicorp/vault builtin/logical/pki/issuing/cert_util.go and sdk/helper/certutil, Go crypto/x509 `buildCertExtensions`; half of the CA's whole life (`calculate_certificates_ttl`); no URLs are set on this mount",
        expected: "
        subject CN:printable
        issuer subject of its CA
        dates 30s back, 45d30s
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ku! Digital Signature Key Encipherment Key Agreement
        eku serverAuth clientAuth
        ski sha1
        aki keyid
        san dns
        ",
    },
    Row {
        by: "vault-alone",
        to: "Vault self signed CA",
        source: "canonical/vault-k8s-operator vault-package/vault/vault_managers.py at 619be7dc5, `generate_vault_ca_certificate`: 50 years",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer itself
        dates 0s back, 18250d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ski sha1
        bc! CA:TRUE
        ku! Digital Signature Key Encipherment Key Cert Sign
        ",
    },
    Row {
        by: "vault-alone",
        to: "alone.rehearsal.dev",
        source: "hashicorp/vault `root/generate`, cut to `max_lease_ttl` of 720 hours (`GetCertificateNotAfter`)",
        expected: "
        subject CN:printable
        issuer itself
        dates 30s back, 30d30s
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ku! Key Cert Sign CRL Sign
        bc! CA:TRUE
        ski sha1
        aki keyid
        san dns
        ",
    },
    Row {
        by: "vault-alone",
        to: "vault-alone leaf",
        source: "canonical/vault-k8s-operator vault-package/vault/vault_managers.py at 619be7dc5, `generate_vault_unit_certificate`",
        expected: "
        subject CN:utf8 x500UniqueIdentifier:utf8
        issuer subject of its CA
        dates 0s back, 18250d
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        aki keyid
        ski sha1
        bc! CA:FALSE
        san dns ip
        ",
    },
    Row {
        by: "vault-alone",
        to: "web leaf",
        source: "hashicorp/vault builtin/logical/pki/issuing/cert_util.go and sdk/helper/certutil, Go crypto/x509 `buildCertExtensions`; half of the CA's whole life (`calculate_certificates_ttl`); no URLs are set on this mount",
        expected: "
        subject CN:printable
        issuer subject of its CA
        dates 30s back, 15d45s
        serial at most 159 random bits
        signature 1.2.840.113549.1.1.11
        ku! Digital Signature Key Encipherment Key Agreement
        eku serverAuth clientAuth
        ski sha1
        aki keyid
        san dns
        ",
    },
];
