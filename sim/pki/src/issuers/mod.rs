//! The real issuers: what each puts into a certificate, read from its source.
//!
//! | module | issuer | used by |
//! |---|---|---|
//! | [`charmlibs`] | `Certificate.generate`, `generate_self_signed_ca` | self-signed-certificates, Vault's and Notary's own access certificates |
//! | [`controller`] | juju/juju `internal/pki` | a controller's CA and its API server's leaves |
//! | [`easyrsa`] | EasyRSA's `x509-types`, as the charm easyrsa changes them | easyrsa |
//! | [`lets_encrypt`] | Let's Encrypt | lego |
//! | [`tls_certificates_v3`] | `generate_certificate`, `generate_ca` of version 3 of the library | self-signed-certificates of the track `latest` |
//! | [`vault`] | the PKI engine of Vault | vault-k8s, vault, charm-vault |

pub mod charmlibs;
pub mod controller;
pub mod easyrsa;
pub mod lets_encrypt;
pub mod tls_certificates_v3;
pub mod vault;
