//! A chain of CAs that a scenario declares: how it is made and how it signs. A declared provider
//! keeps one in its secrets, and people outside Juju have theirs at hand.

use std::sync::Arc;

use super::issuing::SigningCa;
use super::metadata::{DeclaredAuthority, IssuerProfile, Transfers};
use trustsim_interfaces::KeySource;
use trustsim_interfaces::tls_certificates::Answer;
use trustsim_kernel::{Span, Streams, Time};
use trustsim_pki::{
    Certificate, CertificateRequest, Extension, KeyPair, PkiError, RequestAttributes, SerialNumber,
    Template, Terms, issue, self_sign,
};

/// The CAs from the root down, as `profile` declares them.
pub fn make(
    profile: &IssuerProfile,
    mut key: impl FnMut() -> KeyPair,
    mut terms: impl FnMut(Span) -> Terms,
) -> Result<Vec<SigningCa>, PkiError> {
    let mut chain: Vec<SigningCa> = Vec::new();
    for declared in &profile.chain {
        let key = key();
        let name = RequestAttributes::with_common_name(&*declared.common_name);
        let terms = terms(declared.validity);
        let certificate = match chain.last() {
            None => self_sign(
                &name,
                &key,
                &terms,
                &constrained(declared, Template::root()),
            ),
            Some(issuer) => CertificateRequest::new(&name, &key).and_then(|request| {
                let template = constrained(declared, Template::intermediate());
                issue(
                    &request,
                    &issuer.certificate,
                    &issuer.key,
                    &terms,
                    &template,
                )
            }),
        }?;
        let above = chain
            .last()
            .map_or(&certificate, |above| &above.certificate);
        assert_eq!(
            certificate.issuer_der(),
            above.subject_der(),
            "each CA of a declared chain names the one above it as its issuer"
        );
        assert!(certificate.is_ca(), "{} is a CA", certificate.subject());
        chain.push(SigningCa { certificate, key });
    }
    Ok(chain)
}

/// The template with what the CA may not do.
fn constrained(declared: &DeclaredAuthority, template: Template) -> Template {
    let template = match declared.path_length {
        None => template,
        length => template.with_path_length(length),
    };
    if declared.permitted_dns.is_empty() && declared.excluded_dns.is_empty() {
        return template;
    }
    template.with(Extension::NameConstraints {
        permitted_dns: declared.permitted_dns.clone(),
        excluded_dns: declared.excluded_dns.clone(),
    })
}

/// The CA that signs: the last of the chain.
pub fn issuer(chain: &[SigningCa]) -> &SigningCa {
    chain
        .last()
        .expect("a chain that signs has a CA: a declaration without one is refused")
}

/// Signs with the last CA of the chain.
pub fn sign(
    profile: &IssuerProfile,
    chain: &[SigningCa],
    request: &CertificateRequest,
    is_ca: bool,
    terms: &Terms,
) -> Result<Answer, PkiError> {
    let (root, issuer) = (&chain[0], issuer(chain));
    let template = if is_ca {
        Template::intermediate()
    } else if profile.leaf_purposes.is_empty() {
        Template::leaf()
    } else {
        Template::leaf().with_purposes(&profile.leaf_purposes)
    };
    let certificate = issue(request, &issuer.certificate, &issuer.key, terms, &template)?;
    let from = usize::from(!profile.chain_includes_root);
    let above = chain.iter().skip(from).rev();
    let mut links = vec![certificate.clone()];
    links.extend(above.map(|authority| authority.certificate.clone()));
    for (below, above) in links.iter().zip(&links[1..]) {
        assert_eq!(
            below.issuer_der(),
            above.subject_der(),
            "each certificate of an answer's chain names the next one as its issuer"
        );
    }
    let ca = if profile.ca_is_root { root } else { issuer };
    Ok(Answer {
        request: request.clone(),
        certificate,
        ca: ca.certificate.clone(),
        chain: links,
    })
}

/// What `profile` hands out to be trusted.
pub fn sent<'a>(profile: &IssuerProfile, chain: &'a [SigningCa]) -> &'a [SigningCa] {
    match profile.transfers {
        Transfers::Root => std::slice::from_ref(&chain[0]),
        Transfers::Issuer => std::slice::from_ref(issuer(chain)),
        Transfers::All => chain,
    }
}

/// A CA outside Juju, in the hands of people. It never renews its chain.
#[derive(Clone, Debug)]
pub struct ExternalCa {
    profile: IssuerProfile,
    chain: Arc<[SigningCa]>,
}

impl ExternalCa {
    /// Makes the chain at the instant `now`; `subject` keys everything random about it.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where a name cannot be written.
    pub fn new(
        profile: &IssuerProfile,
        keys: &KeySource,
        streams: &Streams,
        subject: &str,
        now: Time,
    ) -> Result<Self, PkiError> {
        assert!(
            !profile.chain.is_empty(),
            "the CA of `{subject}` has a chain: a declaration without one is refused"
        );
        let mut of_keys = streams.stream("external-ca-key", subject);
        let mut serials = streams.stream("external-ca-serial", subject);
        let chain = make(
            profile,
            || keys.authority_from(&mut of_keys),
            |validity| Terms {
                serial: SerialNumber::random(&mut serials),
                now,
                validity,
            },
        )?;
        Ok(Self {
            profile: profile.clone(),
            chain: chain.into(),
        })
    }

    /// Its certificates, the root first.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.chain.iter().map(|authority| &authority.certificate)
    }

    /// Its root.
    pub fn root(&self) -> &Certificate {
        let root = self.chain.first();
        let root = root.expect("a chain that signs has a CA: a declaration without one is refused");
        &root.certificate
    }

    /// Its keys, in the order of its certificates.
    pub fn keys(&self) -> impl Iterator<Item = &KeyPair> {
        self.chain.iter().map(|authority| &authority.key)
    }

    /// The root, where every system trusts it.
    pub fn public_root(&self) -> Option<&Certificate> {
        self.certificates().next().filter(|_| self.profile.public)
    }

    /// What people are given to trust.
    pub fn trusted(&self) -> impl Iterator<Item = &Certificate> {
        let sent = sent(&self.profile, &self.chain).iter();
        sent.map(|authority| &authority.certificate)
    }

    /// The CA that signs.
    pub fn issuer(&self) -> &Certificate {
        &issuer(&self.chain).certificate
    }

    /// Signs a request.
    pub fn sign(
        &self,
        request: &CertificateRequest,
        is_ca: bool,
        now: Time,
        stream: &mut trustsim_kernel::Stream,
    ) -> Answer {
        let terms = Terms {
            serial: SerialNumber::random(stream),
            now,
            validity: self.profile.leaf_validity,
        };
        sign(&self.profile, &self.chain, request, is_ca, &terms)
            .expect("a CA whose own names could be written signs any request that could be read")
    }
}
