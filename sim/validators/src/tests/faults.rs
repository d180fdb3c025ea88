//! Small PKIs with one fault each: the rows of the fault table, as the real stacks were measured.
//! What every stack says of each is one snapshot; `tests/conformance/check_stacks.py` asks the real
//! ones about the same files.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyIdMethod, KeyUsagePurpose, NameConstraints,
};

use super::make::*;
use crate::page::is_on_page;
use crate::{TrustStore, Validator, Verdict, judge_server};
use trustsim_kernel::Time;
use trustsim_pki::{Certificate, KeyAlgorithm, KeyPair};

/// One fault: what the server sends, what the client trusts and asks for.
pub(super) struct Fault {
    pub(super) id: &'static str,
    pub(super) chain: Vec<Certificate>,
    pub(super) roots: TrustStore,
    pub(super) name: &'static str,
    /// The leaf's key.
    pub(super) key: KeyPair,
}

/// Makes the PKIs of the table, valid as their fault wants it at `base` plus ten days.
struct Maker {
    /// From `start()` to `base`.
    shift: time::Duration,
    faults: Vec<Fault>,
}

/// When the faults are judged.
pub(super) fn judged_at(base: Time) -> Time {
    base + DAY * 10
}

fn curve(subject: &str) -> KeyPair {
    key(KeyAlgorithm::EcdsaP256, subject)
}

impl Maker {
    fn days(&self, mut params: CertificateParams, from: i64, to: i64) -> CertificateParams {
        let start = time::OffsetDateTime::from_unix_timestamp(start().as_seconds() as i64).unwrap();
        params.not_before = start + self.shift + time::Duration::days(from);
        params.not_after = start + self.shift + time::Duration::days(to);
        params
    }

    fn authority(&self, name: &str) -> CertificateParams {
        self.days(authority(name, 365), 0, 365)
    }

    fn leaf(&self, names: &[&str]) -> CertificateParams {
        self.days(params("web", names, 90), 0, 90)
    }

    fn root(&self) -> Made {
        self_signed(self.authority("root"), curve("root"))
    }

    fn web(&self, issuer: &Made) -> Made {
        issuer.issue(self.leaf(&[NAME]), curve("leaf"))
    }

    fn add(&mut self, id: &'static str, chain: &[&Made], roots: &[&Made]) -> &mut Fault {
        let certificate = |made: &&Made| made.certificate.clone();
        self.faults.push(Fault {
            id,
            chain: chain.iter().map(certificate).collect(),
            roots: roots.iter().map(certificate).collect(),
            name: NAME,
            key: chain[0].key.clone(),
        });
        self.faults.last_mut().unwrap()
    }

    /// A leaf of the root, changed.
    fn marred_leaf(&mut self, id: &'static str, mar: impl FnOnce(&mut CertificateParams)) {
        let root = self.root();
        let mut params = self.leaf(&[NAME]);
        mar(&mut params);
        let leaf = root.issue(params, curve("leaf"));
        self.add(id, &[&leaf], &[&root]);
    }

    /// A leaf of an intermediate of the root, the intermediate changed.
    fn marred_issuer(&mut self, id: &'static str, mar: impl FnOnce(&mut CertificateParams)) {
        let root = self.root();
        let mut params = self.authority("middle");
        mar(&mut params);
        let middle = root.issue(params, curve("middle"));
        let leaf = self.web(&middle);
        self.add(id, &[&leaf, &middle], &[&root]);
    }

    /// A leaf of an intermediate of a root, the root changed.
    fn marred_root(&mut self, id: &'static str, mar: impl FnOnce(&mut CertificateParams)) {
        let mut params = self.authority("root");
        mar(&mut params);
        let root = self_signed(params, curve("root"));
        let middle = root.issue(self.authority("middle"), curve("middle"));
        let leaf = self.web(&middle);
        self.add(id, &[&leaf, &middle], &[&root]);
    }

    fn issuers(&mut self) {
        let root = self.root();
        let leaf = self.web(&root);
        let other = self_signed(self.authority("other"), curve("other"));
        let renewed = self_signed(self.authority("root"), curve("renewed"));
        let middle = root.issue(self.authority("middle"), curve("middle"));
        let below = self.web(&middle);
        self.add("ok", &[&leaf], &[&root]);
        self.add("unknown-ca", &[&leaf], &[&other]);
        self.add("unknown-ca-root-sent", &[&leaf, &root], &[&other]);
        self.add("rotated-same-name", &[&leaf], &[&renewed]);
        self.add("rotated-same-name-root-sent", &[&leaf, &root], &[&renewed]);
        self.add("old-and-new-trusted", &[&leaf], &[&renewed, &root]);
        self.add("missing-intermediate", &[&below], &[&root]);
        self.add("only-intermediate-trusted", &[&below], &[&middle]);
        self.add(
            "only-intermediate-trusted-and-sent",
            &[&below, &middle],
            &[&middle],
        );
        self.add("only-leaf-trusted", &[&below], &[&below]);
        self.add("wrong-order", &[&below, &root, &middle], &[&root]);
        self.add("extra-certificates", &[&leaf, &other, &middle], &[&root]);
        self.add("root-sent", &[&leaf, &root], &[&root]);
        self.add("no-roots", &[&leaf], &[]);
        let mut corrupt = leaf.certificate.der().to_vec();
        *corrupt.last_mut().unwrap() ^= 1;
        let fault = self.add("corrupt-signature", &[&leaf], &[&root]);
        fault.chain = vec![Certificate::from_der(&corrupt).unwrap()];
        let mut many: Vec<Made> = (0..120)
            .map(|index| self_signed(self.authority("root"), curve(&format!("old {index}"))))
            .collect();
        many.push(root.clone());
        let many: Vec<&Made> = many.iter().collect();
        self.add("120-roots-of-one-name", &[&leaf], &many);
        let mut issuers = vec![root.clone()];
        for level in 0..8 {
            let above = &issuers[issuers.len() - 1];
            let name = format!("level {level}");
            issuers.push(above.issue(self.authority(&name), curve(&name)));
        }
        let leaf = self.web(&issuers[8]);
        let sent: Vec<&Made> = std::iter::once(&leaf)
            .chain(issuers[1..].iter().rev())
            .collect();
        self.add("eight-intermediates", &sent, &[&root]);
    }

    /// The same without any key identifier, as the first row of the rotation has it.
    fn without_key_ids(&mut self) {
        let bare = |maker: &Self, secret: &str| {
            let mut params = maker.authority("root");
            params.is_ca = IsCa::NoCa;
            params.use_authority_key_identifier_extension = false;
            let ca_true = vec![0x30, 3, 1, 1, 0xff];
            let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 19], ca_true);
            extension.set_criticality(true);
            params.custom_extensions = vec![extension];
            self_signed(params, curve(secret))
        };
        let (old, new) = (bare(self, "root"), bare(self, "renewed"));
        let mut params = self.leaf(&[NAME]);
        params.use_authority_key_identifier_extension = false;
        let leaf = new.issue(params, curve("leaf"));
        self.add("rotated-without-key-ids", &[&leaf], &[&old]);
        self.add("no-key-ids", &[&leaf], &[&new]);
        let root = self.root();
        let mut elsewhere = root.clone();
        elsewhere.params.key_identifier_method = KeyIdMethod::PreSpecified(vec![7; 20]);
        let leaf = elsewhere.issue(self.leaf(&[NAME]), curve("leaf"));
        self.add("key-id-points-elsewhere", &[&leaf], &[&root]);
    }

    fn dates(&mut self) {
        let root = self.root();
        let other = self_signed(self.authority("other"), curve("other"));
        let dated = |maker: &Self, from, to| {
            let params = maker.days(params("web", &[NAME], 90), from, to);
            root.issue(params, curve("leaf"))
        };
        let (expired, early, reversed) =
            (dated(self, 0, 9), dated(self, 11, 90), dated(self, 20, 5));
        self.add("leaf-expired", &[&expired], &[&root]);
        self.add("leaf-expired-and-unknown-ca", &[&expired], &[&other]);
        self.add("leaf-not-yet-valid", &[&early], &[&root]);
        self.add("leaf-ends-before-it-begins", &[&reversed], &[&root]);
        let end = time::Duration::days(356);
        self.marred_issuer("intermediate-expired", |params| params.not_after -= end);
        self.marred_root("root-expired", |params| params.not_after -= end);
        let begin = time::Duration::days(11);
        self.marred_root("root-not-yet-valid", |params| params.not_before += begin);
    }

    fn bridges(&mut self) {
        let new = self_signed(self.authority("new"), curve("new"));
        let leaf = self.web(&new);
        let old = self.root();
        let mut ended = self.authority("root");
        ended.not_after -= time::Duration::days(356);
        let ended = self_signed(ended, curve("root"));
        let bridge = old.issue(self.authority("new"), curve("new"));
        let short = old.issue(self.days(authority("new", 365), 0, 9), curve("new"));
        self.add("bridge", &[&leaf, &bridge], &[&old]);
        self.add("bridge-new-trusted", &[&leaf, &bridge], &[&new]);
        self.add("bridge-expired-new-trusted", &[&leaf, &short], &[&new]);
        self.add("bridge-expired-old-trusted", &[&leaf, &short], &[&old]);
        self.add("bridge-of-an-expired-root", &[&leaf, &bridge], &[&ended]);
    }

    fn self_signed_leaves(&mut self) {
        let other = self.root();
        let mut plain = self.leaf(&[NAME]);
        plain.is_ca = IsCa::ExplicitNoCa;
        let plain = self_signed(plain, curve("leaf"));
        let mut ca = self.leaf(&[NAME]);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = self_signed(ca, curve("leaf"));
        self.add("self-signed-trusted", &[&plain], &[&plain]);
        self.add("self-signed-ca-trusted", &[&ca], &[&ca]);
        self.add("self-signed-untrusted", &[&plain], &[&other]);
        self.marred_leaf("ca-used-as-leaf", |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        });
    }

    fn names(&mut self) {
        let root = self.root();
        let other = self_signed(self.authority("other"), curve("other"));
        for (id, names, asked) in [
            ("wrong-name", &["db.model.test"][..], NAME),
            ("wrong-name-of-two", &["db.model.test", "10.0.0.1"], NAME),
            ("wildcard", &["*.model.test"], NAME),
            ("wildcard-two-labels", &["*.test"], NAME),
            ("address", &["10.0.0.1"], "10.0.0.1"),
            ("address-without-address-name", &[NAME], "10.0.0.1"),
            ("wrong-address", &["10.0.0.2"], "10.0.0.1"),
        ] {
            let leaf = root.issue(self.leaf(names), curve("leaf"));
            self.add(id, &[&leaf], &[&root]).name = asked;
        }
        let mut nameless = self.leaf(&[NAME]);
        nameless.distinguished_name = rcgen::DistinguishedName::new();
        let leaf = root.issue(nameless, curve("leaf"));
        self.add("subject-empty", &[&leaf], &[&root]);
        let leaf = root.issue(self.leaf(&["db.model.test"]), curve("leaf"));
        self.add("wrong-name-and-unknown-ca", &[&leaf], &[&other]);
        let mut params = self.days(params(NAME, &[], 90), 0, 90);
        params.subject_alt_names.clear();
        let leaf = root.issue(params, curve("leaf"));
        self.add("common-name-only", &[&leaf], &[&root]);
        self.add("common-name-only-and-wrong", &[&leaf], &[&root])
            .name = "db.model.test";
        self.add("common-name-only-for-address", &[&leaf], &[&root])
            .name = "10.0.0.1";
        let mut as_dns = self.leaf(&[]);
        let name = "10.0.0.1".try_into().unwrap();
        as_dns.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
        let leaf = root.issue(as_dns, curve("leaf"));
        self.add("address-as-dns-name", &[&leaf], &[&root]).name = "10.0.0.1";
    }

    fn uses(&mut self) {
        let for_clients = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.marred_leaf("leaf-for-clients", |params| {
            params.extended_key_usages = for_clients.clone();
        });
        self.marred_issuer("intermediate-for-clients", |params| {
            params.extended_key_usages = for_clients.clone();
        });
        self.marred_root("root-for-clients", |params| {
            params.extended_key_usages = for_clients.clone();
        });
        self.marred_leaf("leaf-for-no-purpose", |params| {
            let empty = CustomExtension::from_oid_content(&[2, 5, 29, 37], vec![0x30, 0]);
            params.custom_extensions = vec![empty];
        });
        self.marred_leaf("leaf-for-any-purpose", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
        });
        self.marred_leaf("leaf-without-digital-signature", |params| {
            params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        });
        self.marred_leaf("unknown-critical-extension", |params| {
            let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            unknown.set_criticality(true);
            params.custom_extensions = vec![unknown];
        });
    }

    fn authorities(&mut self) {
        self.marred_issuer("intermediate-is-no-ca", |params| {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        });
        self.marred_issuer("intermediate-may-not-sign", |params| {
            params.key_usages = vec![KeyUsagePurpose::CrlSign];
        });
        self.marred_root("root-without-basic-constraints", |params| {
            params.is_ca = IsCa::NoCa;
        });
        self.marred_root("root-is-no-ca", |params| params.is_ca = IsCa::ExplicitNoCa);
        self.marred_root("root-may-not-sign", |params| {
            params.key_usages = vec![KeyUsagePurpose::CrlSign];
        });
        self.marred_root("root-path-length", |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        });
        let root = self.root();
        let mut narrow = self.authority("middle");
        narrow.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let middle = root.issue(narrow, curve("middle"));
        let lower = middle.issue(self.authority("lower"), curve("lower"));
        let leaf = self.web(&lower);
        self.add(
            "intermediate-path-length",
            &[&leaf, &lower, &middle],
            &[&root],
        );
        let constrained = |permitted: &str, excluded: Option<&str>| {
            let subtree = |name: &str| GeneralSubtree::DnsName(name.to_owned());
            Some(NameConstraints {
                permitted_subtrees: vec![subtree(permitted)],
                excluded_subtrees: excluded.map(subtree).into_iter().collect(),
            })
        };
        self.marred_issuer("intermediate-for-other-names", |params| {
            params.name_constraints = constrained("other.test", None);
        });
        self.marred_root("root-for-other-names", |params| {
            params.name_constraints = constrained("other.test", None);
        });
        self.marred_issuer("intermediate-excludes-the-name", |params| {
            params.name_constraints = constrained("test", Some("model.test"));
        });
        self.marred_issuer("intermediate-for-this-name", |params| {
            params.name_constraints = constrained("model.test", None);
        });
    }
}

/// All of them, with `base` in place of [`start`].
pub(super) fn faults(base: Time) -> Vec<Fault> {
    let seconds = base.as_seconds() as i64 - start().as_seconds() as i64;
    let mut maker = Maker {
        shift: time::Duration::seconds(seconds),
        faults: Vec::new(),
    };
    maker.issuers();
    maker.without_key_ids();
    maker.dates();
    maker.bridges();
    maker.self_signed_leaves();
    maker.names();
    maker.uses();
    maker.authorities();
    maker.faults
}

/// Fault, stack, our name for the error, alert, and the line the stack prints.
#[test]
fn every_stack_on_every_fault() {
    let at = judged_at(start());
    let mut table = String::new();
    for fault in faults(start()) {
        table.push_str(&format!("{}\n", fault.id));
        for validator in Validator::ALL {
            let verdict = judge_server(&fault.chain, &fault.roots, fault.name, at, validator);
            let line = match verdict.said_by(validator, at) {
                None => "ok".to_owned(),
                Some(line) if !is_explained(&verdict, validator, &line) => {
                    panic!(
                        "{} {validator}: not on the page of {}: {line}",
                        fault.id,
                        verdict.code()
                    )
                }
                Some(line) => format!(
                    "{} | {} | {line}",
                    verdict.error_name(),
                    verdict.alert.unwrap_or("-")
                ),
            };
            table.push_str(&format!("  {validator}: {line}\n"));
        }
    }
    insta::assert_snapshot!(table);
}

/// Whether the page of the verdict's code has the line.
fn is_explained(verdict: &Verdict, validator: Validator, line: &str) -> bool {
    is_on_page(verdict.error.unwrap(), validator.stack(), line)
}

#[test]
fn every_fault_has_its_own_name() {
    let mut ids: Vec<_> = faults(start()).iter().map(|fault| fault.id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(count >= 60, "{count}");
}
