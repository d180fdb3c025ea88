//! PEM files for `judge`: chains, roots and revocation lists, damaged as text and as DER, shuffled and repeated.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use trustsim::kernel::{Span, Streams, Time};
use trustsim::pki::{
    Certificate, CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, RevocationList,
    RevocationTerms, SerialNumber, Terms, issuers::charmlibs,
};

use super::damage;
use super::limits::limited;
use super::workers::Target;
use crate::common::random::Draw;

pub(crate) const TARGET: Target = Target { name: "pem", case };

const NOW: u64 = 1_767_225_600;

/// A CA and its key.
pub(crate) struct Authority(Certificate, KeyPair);

/// Makes certificates that follow from a name alone.
pub(crate) struct Office(trustsim::kernel::Stream);

impl Office {
    pub(crate) fn new(name: &str) -> Self {
        Self(Streams::new(1).stream("fuzz", name))
    }

    fn terms(&mut self) -> Terms {
        Terms {
            serial: SerialNumber::random(&mut self.0),
            now: Time::from_seconds(NOW),
            validity: Span::from_secs(400 * 86_400),
        }
    }

    pub(crate) fn root(&mut self, name: &str, algorithm: KeyAlgorithm) -> Authority {
        let key = KeyPair::generate(algorithm, &mut self.0);
        let (attributes, terms) = (RequestAttributes::with_common_name(name), self.terms());
        let made = charmlibs::generate_self_signed_ca(&attributes, &key, &terms);
        Authority(made.expect("a root"), key)
    }

    /// A certificate of this name and key.
    pub(crate) fn signed(
        &mut self,
        name: &str,
        key: &KeyPair,
        by: &Authority,
        is_ca: bool,
    ) -> Certificate {
        let mut attributes = RequestAttributes::with_common_name(name);
        attributes.sans_dns.push(name.to_owned());
        let request = CertificateRequest::new(&attributes, key).expect("a request");
        let terms = self.terms();
        charmlibs::generate(&request, &by.0, &by.1, &terms, is_ca).expect("a certificate")
    }

    /// A CA below another.
    pub(crate) fn below(&mut self, name: &str, by: &Authority) -> Authority {
        let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut self.0);
        Authority(self.signed(name, &key, by, true), key)
    }

    fn revoked(&self, by: &Authority, serials: Vec<Vec<u8>>) -> RevocationList {
        let now = Time::from_seconds(NOW);
        let terms = RevocationTerms {
            number: 1,
            this_update: now,
            next_update: now + Span::from_secs(86_400),
            revoked: serials.into_iter().map(|serial| (serial, now)).collect(),
        };
        RevocationList::sign(&by.0, &by.1, &terms).expect("a list")
    }
}

/// A server's certificate below so many levels of CAs, each of them issued so many times under one name and key: the
/// paths through it multiply, and its root is not sent.
pub(crate) fn maze(levels: usize, copies: usize) -> (String, String) {
    let mut office = Office::new("maze");
    let root = office.root("Maze root", KeyAlgorithm::EcdsaP256);
    let (mut chain, mut above) = (Vec::new(), root);
    for level in 0..levels {
        let next = office.below(&format!("Level {level}"), &above);
        for _ in 1..copies {
            let again = office.signed(&format!("Level {level}"), &next.1, &above, true);
            chain.push(again.pem().to_owned());
        }
        chain.push(next.0.pem().to_owned());
        above = next;
    }
    let leaf = office.below("leaf key", &above);
    chain.push(
        office
            .signed("web.test", &leaf.1, &above, false)
            .pem()
            .to_owned(),
    );
    chain.reverse();
    let other = office.root("Another root", KeyAlgorithm::EcdsaP256);
    (chain.concat(), other.0.pem().to_owned())
}

/// What is damaged: certificates, and revocation lists.
struct Seeds {
    certificates: Vec<Vec<u8>>,
    lists: Vec<Vec<u8>>,
}

fn seeds() -> &'static Seeds {
    static SEEDS: OnceLock<Seeds> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let mut office = Office::new("seeds");
        let (mut certificates, mut lists) = (Vec::new(), Vec::new());
        for algorithm in [
            KeyAlgorithm::EcdsaP256,
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::Rsa2048,
        ] {
            let root = office.root(&format!("Root {algorithm:?}"), algorithm);
            let middle = office.below("Middle", &root);
            let key = office.below("key", &root).1;
            let leaf = office.signed("web.test", &key, &middle, false);
            let list = office.revoked(&middle, vec![leaf.serial_bytes()]);
            lists.extend([
                list.der().to_vec(),
                office.revoked(&root, Vec::new()).der().to_vec(),
            ]);
            certificates.extend([&leaf, &middle.0, &root.0].map(|one| one.der().to_vec()));
        }
        Seeds {
            certificates,
            lists,
        }
    })
}

fn armour(label: &str, der: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for three in line.chunks(3) {
            let bits = three
                .iter()
                .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
            let bits = bits << (8 * (3 - three.len()));
            text.extend((0..4).map(|letter| match letter <= three.len() {
                true => char::from(LETTERS[(bits >> (18 - 6 * letter)) & 63]),
                false => '=',
            }));
        }
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// Offsets at which an element of DER begins, by a walk that takes whatever looks like one.
fn elements(der: &[u8]) -> Vec<usize> {
    let begins = |at: &usize| {
        [
            0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x17, 0x30, 0x31, 0xa0, 0xa3,
        ]
        .contains(&der[*at])
    };
    (0..der.len()).filter(begins).collect()
}

/// DER with a few of its elements changed: their type, their length, or bits of what they hold.
fn damaged(draw: &mut Draw, der: &[u8]) -> Vec<u8> {
    let mut der = der.to_vec();
    for _ in 0..draw.few() {
        let elements = elements(&der);
        let at = match elements.is_empty() {
            true => return der,
            false => elements[draw.below(elements.len())],
        };
        match draw.below(6) {
            0 => {
                der[at] = draw.of(&[
                    0x00, 0x01, 0x02, 0x04, 0x05, 0x17, 0x18, 0x1f, 0x30, 0x31, 0x80, 0xa0, 0xff,
                ])
            }
            1 if at + 1 < der.len() => {
                der[at + 1] = draw.of(&[0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xff])
            }
            2 if at + 2 < der.len() => der[at + 2] ^= 1 << draw.below(8),
            3 if at + 3 < der.len() => der[at + 3] = draw.of(&[0, 0xff, b'9', b'-', 0x80]),
            4 => damage::bytes(draw, &mut der),
            _ => {
                let bit = draw.below(der.len() * 8);
                der[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
    der
}

/// One file: some of the seeds, some of them damaged, some often.
fn file(draw: &mut Draw, label: &str, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut text = String::new();
    let from = draw.below(seeds.len());
    for at in 0..1 + draw.below(5) {
        // Mostly the next: a chain is in order.
        let at = if draw.once_in(4) {
            draw.below(seeds.len())
        } else {
            from + at
        };
        let der = &seeds[at % seeds.len()];
        let one = match draw.once_in(8) {
            true => armour(label, &damaged(draw, der)),
            false => armour(label, der),
        };
        let times = if draw.once_in(12) {
            1 << draw.below(12)
        } else {
            1
        };
        text += &one.repeat(times);
    }
    let mut bytes = text.into_bytes();
    if draw.once_in(12) {
        damage::bytes(draw, &mut bytes);
    }
    bytes
}

fn case(number: u64, folder: &Path) -> Result<&'static str, String> {
    let (mut draw, seeds) = (Draw(number), seeds());
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).expect("written");
    for name in ["chain.pem", "roots.pem", "client.pem"] {
        write(name, file(&mut draw, "CERTIFICATE", &seeds.certificates));
    }
    write("crl.pem", file(&mut draw, "X509 CRL", &seeds.lists));
    let at = draw.of(&[
        "2026-01-02T00:00:00Z",
        "2026-01-02T00:00:00Z",
        "2026-01-02T00:00:00Z",
        "2026-01-02T00:00:00Z",
        "2026-01-02T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2553-01-01T00:00:00Z",
        "x",
    ]);
    let name = draw.of(&[
        "web.test",
        "web.test",
        "WEB.test.",
        "192.0.2.7",
        "::1",
        "",
        "*.test",
        "é",
        "a\u{1b}[2J",
    ]);
    let mut arguments = vec![
        "judge",
        "--chain",
        "chain.pem",
        "--roots",
        "roots.pem",
        "--name",
        name,
        "--at",
        at,
    ];
    if draw.once_in(3) {
        arguments.extend(["--crl", "crl.pem"]);
    }
    if draw.once_in(4) {
        arguments.extend([
            "--client-chain",
            "client.pem",
            "--client-roots",
            "roots.pem",
        ]);
    }
    let ended = limited(folder, &arguments)?;
    if ended.error.contains('\u{1b}') {
        return Err(format!("an escape reaches the terminal: {:?}", ended.error));
    }
    Ok(match ended.code {
        0 => "judged",
        _ => "refused",
    })
}
