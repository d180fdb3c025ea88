//! Random small PKIs, judged by us, by rustls' own verifier and by the `openssl` on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyUsagePurpose, NameConstraints,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};

use super::make::*;
use trustsim_kernel::{Stream, Time};
use trustsim_pki::{Certificate, KeyAlgorithm, KeyPair};
use trustsim_validators::{Purpose, Question, decide, unix};
use trustsim_validators::{Side, TrustStore, Validator, judge_server};

/// A chain, a store and a name, with at most a few things wrong.
pub(super) struct RandomPki {
    pub(super) chain: Vec<Certificate>,
    pub(super) roots: TrustStore,
    pub(super) name: &'static str,
    pub(super) at: Time,
}

fn below(stream: &mut Stream, bound: u32) -> u32 {
    use rand::Rng;
    stream.next_u32() % bound
}

/// True once in `odds`.
fn rarely(stream: &mut Stream, odds: u32) -> bool {
    below(stream, odds) == 0
}

/// Something wrong with any certificate, now and then.
fn mar(mut params: CertificateParams, stream: &mut Stream) -> CertificateParams {
    let whole = params.not_after - params.not_before;
    match below(stream, 34) {
        0 => params.not_after = params.not_before + whole / 100,
        1 => params.not_before += whole * 3 / 4,
        2 => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        3 => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        4 => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
        5 => params.key_usages = vec![KeyUsagePurpose::DigitalSignature],
        6 => params.key_usages = vec![KeyUsagePurpose::KeyCertSign],
        7 => params.key_usages.clear(),
        8 => params.is_ca = IsCa::NoCa,
        9 => params.is_ca = IsCa::ExplicitNoCa,
        10 => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        11 | 12 => params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)),
        13 => params.use_authority_key_identifier_extension = false,
        14 => {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName("model.test".to_owned())],
                excluded_subtrees: vec![],
            });
        }
        15 => {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![],
                excluded_subtrees: vec![GeneralSubtree::DnsName("test".to_owned())],
            });
        }
        16 => params.key_usages = vec![KeyUsagePurpose::CrlSign],
        17 => {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName("other.test".to_owned())],
                excluded_subtrees: vec![],
            });
        }
        18 => params.distinguished_name = rcgen::DistinguishedName::new(),
        19 => {
            let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            unknown.set_criticality(true);
            params.custom_extensions = vec![unknown];
        }
        _ => {}
    }
    params
}

/// A small PKI, judged within 120 days of `start()`.
fn draw(seed: u32) -> RandomPki {
    let day = below(&mut stream(&format!("pki-at-{seed}")), 120);
    let at = start() + DAY * day;
    draw_at(seed, at, 0).0
}

/// The same with all its dates moved by `seconds`, and the leaf's key.
pub(super) fn draw_at(seed: u32, at: Time, seconds: i64) -> (RandomPki, KeyPair) {
    let moved = |mut params: CertificateParams| {
        params.not_before += time::Duration::seconds(seconds);
        params.not_after += time::Duration::seconds(seconds);
        params
    };
    let authority = |name: &str, days| moved(authority(name, days));
    let params = |name: &str, names: &[&str], days| moved(params(name, names, days));
    let mut stream = stream(&format!("pki-{seed}"));
    let algorithm = match below(&mut stream, 4) {
        0 => KeyAlgorithm::Ed25519,
        _ => KeyAlgorithm::EcdsaP256,
    };
    let key = |subject: &str| key(algorithm, &format!("{seed}-{subject}"));
    let root = self_signed(mar(authority("root", 300), &mut stream), key("root"));
    let mut made = vec![root.clone()];
    let intermediates = below(&mut stream, 4);
    for level in 0..intermediates {
        let name = format!("intermediate {level}");
        let params = mar(authority(&name, 250), &mut stream);
        // An impostor: the same name, another key.
        let issuer = if rarely(&mut stream, 20) {
            self_signed(
                authority(if level == 0 { "root" } else { "x" }, 300),
                key("rogue"),
            )
        } else {
            made[made.len() - 1].clone()
        };
        made.push(issuer.issue(params, key(&name)));
    }
    let names: &[&str] = match below(&mut stream, 8) {
        0 => &[],
        1 => &["*.model.test"],
        2 => &["10.1.2.3"],
        3 => &["other.test"],
        _ => &[NAME],
    };
    let leaf = mar(params(NAME, names, 90), &mut stream);
    let leaf = made[made.len() - 1].issue(leaf, key("leaf"));
    let renewed = self_signed(authority("root", 300), key("new"));
    let reissued = self_signed(authority("root", 350), made[0].key.clone());
    let store = store(&made, &leaf, &mut stream, renewed, reissued);
    let mut chain: Vec<_> = made[1..].iter().rev().collect();
    match below(&mut stream, 10) {
        0 => chain.push(&made[0]),
        1 => drop(chain.pop()),
        2 => chain.reverse(),
        3 if !chain.is_empty() => drop(chain.remove(0)),
        _ => {}
    }
    let certificate = |made: &Made| made.certificate.clone();
    let drawn = RandomPki {
        roots: store.iter().map(certificate).collect(),
        chain: [&leaf].into_iter().chain(chain).map(certificate).collect(),
        name: ["10.1.2.3", NAME, NAME, NAME][below(&mut stream, 4) as usize],
        at,
    };
    (drawn, leaf.key)
}

fn store(
    made: &[Made],
    leaf: &Made,
    stream: &mut Stream,
    renewed: Made,
    reissued: Made,
) -> Vec<Made> {
    let root = made[0].clone();
    match below(stream, 12) {
        0 => vec![renewed],
        1 => vec![renewed, root],
        2 => vec![made[made.len() - 1].clone()],
        3 => vec![leaf.clone()],
        4 => vec![reissued],
        5 => vec![root, reissued],
        6 => vec![leaf.clone(), made[made.len() - 1].clone(), root],
        _ => vec![root],
    }
}

#[test]
fn rustls_own_verifier_says_the_same() {
    let mut refused = 0;
    for seed in 0..400 {
        let drawn = draw(seed);
        let mut roots = RootCertStore::empty();
        let ders = drawn
            .roots
            .roots()
            .map(|root| CertificateDer::from(root.der()));
        roots.add_parsable_certificates(ders);
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(ring::default_provider()),
        );
        let verifier = verifier.build().unwrap();
        let presented: Vec<_> = drawn
            .chain
            .iter()
            .map(|one| CertificateDer::from(one.der()))
            .collect();
        let name = ServerName::try_from(drawn.name).unwrap();
        let question = Question {
            leaf: &presented[0],
            others: &presented[1..],
            trust: &drawn.roots,
            name: Some(&name),
            purpose: Purpose::Server,
            clock: drawn.at,
        };
        let ours = decide(Validator::Rustls, &question).map_err(|refusal| refusal.rustls);
        let theirs = verifier
            .verify_server_cert(question.leaf, question.others, &name, &[], unix(drawn.at))
            .map(drop);
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "seed {seed}");
        refused += u32::from(ours.is_err());
    }
    assert!((100..350).contains(&refused), "{refused} of 400 refused");
}

/// The first error that `openssl verify` prints, 0 where it accepts.
pub(super) fn openssl_verify(drawn: &RandomPki, flags: &[&str], folder: &Path) -> u32 {
    let write = |file: &str, certificates: &mut dyn Iterator<Item = &Certificate>| {
        let path = folder.join(file);
        let pems: Vec<_> = certificates.map(Certificate::pem).collect();
        fs::write(&path, pems.join("\n") + "\n").unwrap();
        path
    };
    let roots = write("roots.pem", &mut drawn.roots.roots());
    let leaf = write("leaf.pem", &mut drawn.chain.iter().take(1));
    let others = write("others.pem", &mut drawn.chain.iter());
    let mut command = Command::new("openssl");
    command.args(["verify", "-purpose", "sslserver", "-auth_level", "2"]);
    command.args(flags);
    command.args(["-no-CApath", "-no-CAstore", "-attime"]);
    command.arg(drawn.at.as_seconds().to_string());
    let is_address = drawn.name.parse::<std::net::IpAddr>().is_ok();
    let by_name = if is_address {
        "-verify_ip"
    } else {
        "-verify_hostname"
    };
    command.args([by_name, drawn.name]);
    command
        .arg("-CAfile")
        .arg(roots)
        .arg("-untrusted")
        .arg(others)
        .arg(leaf);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = text
        .split("error ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    match number {
        _ if output.status.success() => 0,
        Some(number) => number.parse().unwrap(),
        None => panic!("openssl verify said {text}"),
    }
}

/// Whether there is an OpenSSL 3 to ask; says so where there is none.
pub(super) fn has_openssl() -> bool {
    trustsim_oracles::has_program("openssl", "OpenSSL 3.")
}

#[test]
fn openssl_verify_says_the_same() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut seen = BTreeMap::<u32, u32>::new();
    let mut wrong = Vec::new();
    for seed in 0..150 {
        let drawn = draw(seed);
        for (validator, flags) in [
            (Validator::OpenSsl, [].as_slice()),
            (Validator::OpenSslPartial, &["-partial_chain"]),
            (Validator::Python313, &["-partial_chain", "-x509_strict"]),
        ] {
            let RandomPki { chain, roots, .. } = &drawn;
            let verdict = judge_server(chain, roots, drawn.name, drawn.at, validator);
            let ours = match verdict.judged_by {
                Some(Side::Client) => verdict.openssl_code.unwrap(),
                _ => 0,
            };
            let theirs = openssl_verify(&drawn, flags, folder.path());
            *seen.entry(theirs).or_default() += 1;
            if ours != theirs {
                wrong.push(format!("seed {seed} {validator}: {ours}, openssl {theirs}"));
            }
        }
    }
    println!("codes seen: {seen:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen.len() >= 10, "{seen:?}");
}
