//! Vault's rules, each with its place in hashicorp/vault.

use super::*;
use crate::{KeyAlgorithm, SerialNumber, issuers::charmlibs};
use trustsim_kernel::{Streams, Time};

const DAY: Span = Span::from_secs(86_400);

fn role() -> Role {
    Role {
        allowed_domains: vec!["example.com".to_owned()],
        allow_bare_domains: true,
        allow_subdomains: false,
        allow_wildcard_certificates: true,
        allow_any_name: false,
        allow_ip_sans: false,
        subject: RequestAttributes::default(),
        max_ttl: DAY.saturating_mul(45),
    }
}

struct Mount {
    ca: Certificate,
    key: KeyPair,
    stream: trustsim_kernel::Stream,
}

fn start() -> Time {
    Time::parse("2026-01-01T00:00:00Z").unwrap()
}

impl Mount {
    /// An intermediate that self-signed-certificates signed for 90 days.
    fn new() -> Self {
        let mut stream = Streams::new(3).stream("vault", "mount");
        let key = || {
            KeyPair::generate(
                KeyAlgorithm::EcdsaP256,
                &mut Streams::new(4).stream("k", "k"),
            )
        };
        let (root_key, key) = (key(), key());
        let mut terms = |days| Terms {
            serial: SerialNumber::random(&mut stream),
            now: start(),
            validity: DAY.saturating_mul(days),
        };
        let (root_terms, ca_terms) = (terms(365), terms(90));
        let name = RequestAttributes::with_common_name("root");
        let root = charmlibs::generate_self_signed_ca(&name, &root_key, &root_terms).unwrap();
        let asked = RequestAttributes::with_common_name("intermediate");
        let request = CertificateRequest::new(&asked, &key).unwrap();
        let ca = charmlibs::generate(&request, &root, &root_key, &ca_terms, true).unwrap();
        Self { ca, key, stream }
    }

    fn sign(
        &mut self,
        asked: &RequestAttributes,
        day: u32,
        role: &Role,
    ) -> Result<Certificate, SignError> {
        let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut self.stream);
        let request = CertificateRequest::new(asked, &key).unwrap();
        let terms = Terms {
            serial: SerialNumber::random(&mut self.stream),
            now: start() + DAY * day,
            validity: DAY * 45,
        };
        sign(&request, &self.ca, &self.key, &terms, role)
    }
}

fn named(name: &str) -> RequestAttributes {
    RequestAttributes::with_common_name(name)
}

#[test]
fn what_a_role_lets_through() {
    let subdomains = Role {
        allow_subdomains: true,
        ..role()
    };
    let no_bare = Role {
        allow_bare_domains: false,
        ..subdomains.clone()
    };
    let no_wildcards = Role {
        allow_wildcard_certificates: false,
        ..subdomains.clone()
    };
    let any = Role {
        allow_any_name: true,
        ..role()
    };
    let any_but_wildcards = Role {
        allow_wildcard_certificates: false,
        ..any.clone()
    };
    for (name, roles, allowed) in [
        ("example.com", &role(), true),
        ("EXAMPLE.com", &role(), true),
        ("a.example.com", &role(), false),
        ("a.example.com", &subdomains, true),
        ("a.b.example.com", &subdomains, true),
        ("badexample.com", &subdomains, false),
        ("example.com", &no_bare, false),
        ("*.example.com", &subdomains, true),
        ("f*o.example.com", &subdomains, true),
        ("*.example.com", &role(), false),
        ("*.example.com", &no_wildcards, false),
        ("*.*.example.com", &subdomains, false),
        ("localhost", &role(), true),
        ("app-0.app-endpoints.a.svc.cluster.local", &any, true),
        ("*.elsewhere.org", &any, true),
        ("*.elsewhere.org", &any_but_wildcards, false),
        ("app/0", &any, false),
        ("10.1.2.3", &role(), false),
        ("10.1.2.3", &any, true),
    ] {
        let source = "issuing/cert_util.go ValidateNames";
        assert_eq!(
            roles.names(&named(name)).is_ok(),
            allowed,
            "{name}: {source}"
        );
    }
}

#[test]
fn a_refusal_is_said_in_vaults_words() {
    let mut mount = Mount::new();
    let mut said = Vec::new();
    let mut other = named("example.com");
    other.sans_dns = vec!["other.org".to_owned()];
    let mut address = named("example.com");
    address.sans_ip = vec!["10.1.2.3".parse().unwrap()];
    let mut mail = named("example.com");
    mail.sans_email = vec!["ops@other.org".to_owned()];
    for asked in [&named("other.org"), &other, &address, &mail] {
        said.push(mount.sign(asked, 1, &role()).unwrap_err().to_string());
    }
    said.push(
        mount
            .sign(&named("example.com"), 46, &role())
            .unwrap_err()
            .to_string(),
    );
    insta::assert_snapshot!(said.join("\n"));
}

/// hashicorp/vault `issuing/cert_util.go`, `ApplyIssuerLeafNotAfterBehavior`: refused where the
/// end is *after* the authority's, so half of its life can be given away up to its very half.
#[test]
fn a_leaf_may_end_with_its_authority_but_not_after() {
    let mut mount = Mount::new();
    let last = mount.sign(&named("example.com"), 45, &role()).unwrap();
    assert_eq!(last.not_after(), mount.ca.not_after());
    let refused = mount.sign(&named("example.com"), 46, &role());
    assert!(matches!(
        refused,
        Err(SignError::Refused(Refusal::BeyondAuthority { .. }))
    ));
}

#[test]
fn the_subject_is_the_common_name_and_the_roles_fields() {
    let mut mount = Mount::new();
    let mut asked = named("example.com");
    asked.organization = Some("Asked Ltd".to_owned());
    asked.unique_identifier = Some("123".to_owned());
    asked.email_address = Some("ops@example.com".to_owned());
    let plain = mount.sign(&asked, 1, &role()).unwrap();
    assert_eq!(plain.subject(), "CN=example.com");
    assert_eq!(plain.sans(), ["DNS:example.com"]);
    let mut with_fields = role();
    with_fields.subject.organization = Some("Role Ltd".to_owned());
    with_fields.subject.country_name = Some("DE".to_owned());
    let signed = mount.sign(&asked, 1, &with_fields).unwrap();
    assert_eq!(signed.subject(), "C=DE,O=Role Ltd,CN=example.com");
    assert_eq!(signed.not_before(), start() + DAY - BACKDATE);
    assert!(signed.verify_issued_by(&mount.ca));
    assert_eq!(signed.issuer_der(), mount.ca.subject_der());
}

#[test]
fn names_are_sorted_and_the_common_name_is_among_them() {
    let mut mount = Mount::new();
    let mut asked = named("b.example.com");
    asked.sans_dns = ["c.example.com", "a.example.com", "c.example.com"]
        .map(str::to_owned)
        .to_vec();
    let subdomains = Role {
        allow_subdomains: true,
        ..role()
    };
    let signed = mount.sign(&asked, 1, &subdomains).unwrap();
    assert_eq!(
        signed.sans(),
        [
            "DNS:a.example.com",
            "DNS:b.example.com",
            "DNS:c.example.com"
        ]
    );
}

/// `GetCertificateNotAfter`: a ttl above the maximum is cut, with a warning only.
#[test]
fn ttls_are_cut_to_the_maximum() {
    let mut mount = Mount::new();
    let short = Role {
        max_ttl: DAY,
        ..role()
    };
    let leaf = mount.sign(&named("example.com"), 1, &short).unwrap();
    assert_eq!(leaf.not_after(), start() + DAY * 2);
    let terms = Terms {
        serial: SerialNumber::random(&mut mount.stream),
        now: start(),
        validity: DAY * 3650,
    };
    let root = generate_root(&named("vault.example.com"), &mount.key, &terms, DAY * 30).unwrap();
    assert_eq!(root.not_after(), start() + DAY * 30);
    assert_eq!(root.not_before(), start() - BACKDATE);
    assert_eq!(root.sans(), ["DNS:vault.example.com"]);
    assert_eq!(root.authority_key_id(), root.subject_key_id());
    assert!(root.is_self_issued() && root.is_ca());
    let unnamed = generate_root(&named("Vault CA"), &mount.key, &terms, DAY * 30).unwrap();
    assert!(unnamed.sans().is_empty());
}

/// What Python's `cryptography` and `openssl` read in a chain as the charms make it: an
/// intermediate that self-signed-certificates signs, a leaf and a root of Vault. Skipped, with a
/// word on stderr, where one of them is not installed.
#[test]
fn other_libraries_read_the_same_extensions() {
    const SCRIPT: &str = r#"
import sys
from cryptography import x509
for certificate in x509.load_pem_x509_certificates(sys.stdin.buffer.read()):
    said = []
    for extension in certificate.extensions:
        value = extension.value
        mark = "!" if extension.critical else ""
        text = ""
        if isinstance(value, x509.BasicConstraints):
            text = f" {value.ca} {value.path_length}"
        if isinstance(value, x509.KeyUsage):
            names = ["digital_signature", "key_encipherment", "key_agreement", "key_cert_sign", "crl_sign"]
            text = " " + "+".join(name for name in names if getattr(value, name))
        if isinstance(value, x509.ExtendedKeyUsage):
            text = " " + "+".join(usage._name for usage in value)
        said.append(f"{extension.oid._name}{mark}{text}")
    print("; ".join(said))
"#;
    let mut mount = Mount::new();
    let leaf = mount.sign(&named("example.com"), 1, &role()).unwrap();
    let terms = Terms {
        serial: SerialNumber::random(&mut mount.stream),
        now: start(),
        validity: DAY * 30,
    };
    let root = generate_root(&named("vault.example.com"), &mount.key, &terms, DAY * 30).unwrap();
    let texts = [&mount.ca, &leaf, &root].map(Certificate::pem);
    let bundle = format!("{}\n", texts.join("\n"));
    if let Some(said) = run("python3", &["-c", SCRIPT], &bundle) {
        insta::assert_snapshot!(said);
    }
    for text in texts {
        if let Some(said) = run("openssl", &["x509", "-text", "-noout"], text) {
            assert!(said.contains("X509v3 Key Usage: critical"), "{said}");
        }
    }
}

/// The standard output of a program; `None`, with a word, where it does not run.
fn run(program: &str, arguments: &[&str], input: &str) -> Option<String> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let finished = child.and_then(|mut child| {
        let mut pipe = child.stdin.take().expect("it was piped");
        pipe.write_all(input.as_bytes())?;
        drop(pipe);
        child.wait_with_output()
    });
    let finished = match finished {
        Ok(finished) => finished,
        Err(error) => {
            trustsim_oracles::skip(&format!("{program} cannot be run: {error}"));
            return None;
        }
    };
    let errors = String::from_utf8_lossy(&finished.stderr);
    if errors.contains("No module named") {
        trustsim_oracles::skip(&format!("{program}: {errors}"));
        return None;
    }
    assert!(finished.status.success(), "{program}: {errors}");
    Some(String::from_utf8_lossy(&finished.stdout).into_owned())
}
