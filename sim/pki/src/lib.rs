//! Keys, certificate requests, certificates and the issuers that sign them.
//!
//! The room owns everything an X.509 text can say: it makes keys and signatures that follow from
//! a random stream alone, writes requests and certificates through `rcgen`, reads them back once,
//! and knows, as data, what each real issuer puts into a certificate ([`issuers`]). It must not
//! know who asks for a certificate, when or why, nor how a peer judges one.
//!
//! The path of one certificate:
//!
//! ```
//! use trustsim_kernel::{Span, Streams, Time};
//! use trustsim_pki::{
//!     CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Terms, issuers,
//! };
//!
//! # fn main() -> Result<(), trustsim_pki::PkiError> {
//! let mut stream = Streams::new(1).stream("example", "ca");
//! let day = Span::from_secs(86_400);
//! let mut terms = |days| Terms {
//!     serial: SerialNumber::random(&mut stream),
//!     now: Time::from_seconds(1_767_225_600),
//!     validity: day * days,
//! };
//! let (root_terms, leaf_terms) = (terms(365), terms(90));
//!
//! let ca_key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
//! let ca_name = RequestAttributes::with_common_name("ca");
//! let ca = issuers::charmlibs::generate_self_signed_ca(&ca_name, &ca_key, &root_terms)?;
//!
//! let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
//! let request = CertificateRequest::new(&RequestAttributes::with_common_name("web"), &key)?;
//! let received = CertificateRequest::from_pem(request.pem())?;
//! let leaf = issuers::charmlibs::generate(&received, &ca, &ca_key, &leaf_terms, false)?;
//! assert!(leaf.verify_issued_by(&ca));
//! # Ok(())
//! # }
//! ```

mod attributes;
mod certificate;
mod der;
mod error;
mod forgery;
mod issue;
pub mod issuers;
mod keys;
mod memo;
mod names;
mod pem;
mod pool;
mod public_key;
mod request;
mod revocation;
mod serial;
mod template;
#[cfg(test)]
mod tests;

pub use attributes::{RequestAttributes, uuid4};
pub use certificate::Certificate;
pub use error::PkiError;
pub use forgery::{forge_leaf, names_of, namesake, sign_leaf};
pub use issue::{Terms, issue, self_sign};
pub use keys::{KeyAlgorithm, KeyPair, UnknownKeyAlgorithm};
pub use pem::{decode_base64_text, encode_base64};
pub use pool::KeyPool;
pub use public_key::PublicKey;
pub use request::{CertificateRequest, RequestedExtension};
pub use revocation::{RevocationList, RevocationTerms};
pub use serial::SerialNumber;
pub use template::{Extension, IssuerName, KeyUsages, Purpose, SanKind, SubjectForm, Template};
