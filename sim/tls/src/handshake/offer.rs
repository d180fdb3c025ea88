//! Whether a client presents its certificate to a server that names the authorities it wants.
//!
//! rustls and OpenSSL send what they are configured with. Go asks
//! `CertificateRequestInfo.SupportsCertificate` (golang/go `src/crypto/tls/common.go`), and Java its
//! key manager (`sun.security.ssl.SunX509KeyManagerImpl.getAliases`): where the server names
//! authorities and none of them issued a certificate of the chain, they send none, and the server
//! sees a client without a certificate instead of one of an unknown authority.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use trustsim_pki::Certificate;
use trustsim_validators::Validator;

/// What a client that is `validator`'s stack presents when it is asked.
pub(super) fn resolver(
    loaded: Arc<SingleCertAndKey>,
    chain: &[Certificate],
    validator: Validator,
) -> Arc<dyn ResolvesClientCert> {
    if !validator.heeds_hints() {
        return loaded;
    }
    let issuers = chain.iter().map(|one| one.issuer_der().to_vec()).collect();
    Arc::new(Selective { loaded, issuers })
}

#[derive(Debug)]
struct Selective {
    loaded: Arc<SingleCertAndKey>,
    issuers: Vec<Vec<u8>>,
}

impl ResolvesClientCert for Selective {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let is_named = |issuer: &Vec<u8>| authorities.iter().any(|name| *name == issuer);
        if authorities.is_empty() || self.issuers.iter().any(is_named) {
            ResolvesClientCert::resolve(&*self.loaded, authorities, schemes)
        } else {
            None
        }
    }

    fn has_certs(&self) -> bool {
        true
    }
}
