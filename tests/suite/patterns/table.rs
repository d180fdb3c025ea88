//! The table: which provider can play which trust pattern, and what `trustsim check` says where it
//! cannot. Sources of each behaviour stand with the provider's code and in `docs/reference/`.

use super::scene::{Pattern, SCENE, Scene};
use Pattern::{Api, CrossModel, Intermediate, Internal};

/// What comes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every connection validates from the first attempt to the end.
    Works,
    /// Every connection fails all the time, with this error.
    Fails(&'static str),
    /// The file is refused.
    Refused,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Charm of the provider.
    pub(crate) provider: &'static str,
    pub(crate) pattern: Pattern,
    /// How it is wired, for readers.
    pub(crate) how: &'static str,
    pub(crate) scene: Scene,
    pub(crate) outcome: Outcome,
    /// What `check` says of it.
    pub(crate) codes: &'static [&'static str],
}

const fn row(
    provider: &'static str,
    pattern: Pattern,
    how: &'static str,
    scene: Scene,
    outcome: Outcome,
    codes: &'static [&'static str],
) -> Row {
    Row {
        provider,
        pattern,
        how,
        scene,
        outcome,
        codes,
    }
}

use Outcome::{Fails, Refused, Works};

const UNTRUSTED: Outcome = Fails("unknown-issuer");
/// What OpenSSL says of an intermediate without its root.
const PARTIAL: Outcome = Fails("partial-chain");
const NOTHING: Outcome = Fails("no-certificate");

const SSC: &str = "self-signed-certificates";
const SENDS: Option<&str> = Some("ca:send-ca-cert");
const ROOT_SENDS: Option<&str> = Some("root:send-ca-cert");
const ROOT: Option<&str> =
    Some("charm: self-signed-certificates, options: {root-ca-validity: 3650d}");
const UNSEALS: &str = "operators: {on-call: {answers: [owner.ca], delay: {exactly: 5m}}}\n";

const VAULT: Scene = Scene {
    ca: "charm: vault-k8s, options: {pki_ca_common_name: Example CA, pki_allow_any_name: true}",
    issues: "vault-pki",
    operators: UNSEALS,
    ..SCENE
};
const VAULT_UNDER_ROOT: Scene = Scene {
    root: ROOT,
    asks: &[["ca:tls-certificates-pki", "root:certificates"]],
    ..VAULT
};
/// Its API has a certificate from the same root, but not from the start.
const VAULT_WITH_ACCESS: Scene = Scene {
    sends: SENDS,
    faults: "faults: [{at: 1h, integrate: {model: owner, between: ['ca:tls-certificates-access', 'root:certificates']}}]\n",
    ..VAULT_UNDER_ROOT
};
const VAULT_MACHINE: Scene = Scene {
    machines: true,
    ca: "charm: vault, channel: 2.0/stable, options: {pki_ca_common_name: Example CA, pki_allow_any_name: true, pki_allow_ip_sans: true}",
    ..VAULT
};
const VAULT_MACHINE_UNDER_ROOT: Scene = Scene {
    root: ROOT,
    asks: &[["ca:tls-certificates-pki", "root:certificates"]],
    ..VAULT_MACHINE
};
const CHARM_VAULT: Scene = Scene {
    machines: true,
    ca: "charm: vault, channel: 1.7/stable, options: {auto-generate-root-ca-cert: true}",
    legacy: true,
    more: (
        "      mysql-innodb-cluster: {charm: mysql-innodb-cluster, num_units: 1}
      ca-mysql-router: {charm: mysql-router, channel: 8.0/stable}\n",
        "      - [mysql-innodb-cluster:db-router, ca-mysql-router:db-router]
      - [ca-mysql-router:shared-db, ca:shared-db]\n",
    ),
    operators: UNSEALS,
    ..SCENE
};
/// A person signs its request and hands it the root.
const CHARM_VAULT_SIGNED: Scene = Scene {
    ca: "charm: vault, channel: 1.7/stable",
    web_asks: true,
    operators: "operators: {pki: {answers: [owner.ca], delay: {exactly: 30m}, signs-with: {chain: [{common-name: Corporate Root, validity: 520w}], leaf-validity: 260w}}}\n",
    ..CHARM_VAULT
};
const CHARM_VAULT_PUBLIC: Scene = Scene {
    web_asks: false,
    operators: "operators: {pki: {answers: [owner.ca], delay: {exactly: 30m}, signs-with: {chain: [{common-name: Public Root, validity: 1040w}], leaf-validity: 260w, public: true}}}\n",
    ..CHARM_VAULT_SIGNED
};
const CHARM_VAULT_ALONE: Scene = Scene {
    more: ("", ""),
    ..CHARM_VAULT
};
const LEGO: Scene = Scene {
    ca: "charm: lego, options: {email: pki@rehearsal.dev, plugin: route53, plugin-config-secret-id: 'secret:x'}",
    ..SCENE
};
const LEGO_PUBLIC: Scene = Scene {
    name: "api.rehearsal.dev",
    ..LEGO
};
const LEGO_WITHOUT_PUBLIC_ROOTS: Scene = Scene {
    system_roots: false,
    ..LEGO_PUBLIC
};
const MANUAL: Scene = Scene {
    ca: "charm: manual-tls-certificates",
    operators: "operators: {pki: {answers: [owner.ca], delay: {exactly: 1h}, signs-with: {chain: [{common-name: Corporate Root, validity: 520w}]}}}\n",
    ..SCENE
};
/// People sign with an intermediate CA; requirers get it as `ca`.
const CHAIN_OF_TWO: &str = "operators: {pki: {answers: [owner.ca], delay: {exactly: 1h}, signs-with: {chain: [{common-name: Corporate Root, validity: 520w}, {common-name: Issuing CA, validity: 260w}], chain-includes-root: false, transfers: root}}}\n";
const PUBLIC_CHAIN: &str = "operators: {pki: {answers: [owner.ca], delay: {exactly: 1h}, signs-with: {chain: [{common-name: Public Root, validity: 1040w}, {common-name: Issuing CA, validity: 260w}], public: true}}}\n";
const MANUAL_INTERMEDIATE: Scene = Scene {
    operators: CHAIN_OF_TWO,
    ..MANUAL
};
const NOTARY: Scene = Scene {
    ca: "charm: notary-k8s",
    ..MANUAL
};
const EASYRSA: Scene = Scene {
    machines: true,
    ca: "charm: easyrsa",
    issues: "client",
    legacy: true,
    ..SCENE
};
const CONSTRAINTS: Scene = Scene {
    ca: "charm: tls-constraints",
    issues: "certificates-downstream",
    root: ROOT,
    asks: &[["ca:certificates-upstream", "root:certificates"]],
    ..SCENE
};

/// Vault under another provider, which its `root` is.
const fn vault_under(root: &'static str, asks: &'static [[&'static str; 2]]) -> Scene {
    Scene {
        root: Some(root),
        asks,
        ..VAULT
    }
}

/// Every row, by provider and pattern.
pub(crate) const ROWS: &[Row] = &[
    row(SSC, Internal, "", SCENE, Works, &[]),
    row(SSC, Internal, "a validity that it cannot read (`1y`)",
        Scene { ca: "charm: self-signed-certificates, options: {certificate-validity: 1y}", ..SCENE },
        NOTHING, &["TS0313"]),
    row(SSC, Internal, "a root that lives less than two leaves",
        Scene { ca: "charm: self-signed-certificates, options: {root-ca-validity: 100d}", ..SCENE },
        NOTHING, &["TS0302"]),
    row(SSC, Api, "", Scene { sends: SENDS, ..SCENE }, Works, &[]),
    row(SSC, Api, "nothing is transferred", SCENE, UNTRUSTED, &["TS0301"]),
    row(SSC, Intermediate, "under another self-signed-certificates",
        Scene { root: ROOT, asks: &[["ca:certificates", "root:certificates"]], ..SCENE },
        Refused, &["TS0310"]),
    row(SSC, Intermediate, "as the root of vault-k8s",
        Scene { sends: ROOT_SENDS, ..VAULT_UNDER_ROOT }, Works, &[]),
    row(SSC, CrossModel, "", Scene { sends: SENDS, ..SCENE }, Works, &[]),
    row(SSC, CrossModel, "nothing is transferred", SCENE, UNTRUSTED, &["TS0301"]),

    row("vault-k8s", Internal, "its own root", VAULT, Works, &[]),
    row("vault-k8s", Internal, "its own root, a role that takes no such name",
        Scene { ca: "charm: vault-k8s, options: {pki_ca_common_name: example.com}", ..VAULT },
        NOTHING, &["TS0315"]),
    row("vault-k8s", Internal, "no `pki_ca_common_name`",
        Scene { ca: "charm: vault-k8s", ..VAULT }, NOTHING, &["TS0313"]),
    row("vault-k8s", Internal, "it is never unsealed",
        Scene { operators: "", ..VAULT }, NOTHING, &["TS0224"]),
    row("vault-k8s", Internal, "under a root, OpenSSL", VAULT_UNDER_ROOT, PARTIAL, &["TS0312"]),
    row("vault-k8s", Internal, "under a root, Go",
        Scene { validator: "go", ..VAULT_UNDER_ROOT }, Works, &[]),
    row("vault-k8s", Api, "its own root, `send-ca-cert`",
        Scene { sends: SENDS, ..VAULT }, UNTRUSTED, &["TS0311"]),
    row("vault-k8s", Api, "under a root, `send-ca-cert`, its API self-signed",
        Scene { sends: SENDS, ..VAULT_UNDER_ROOT }, UNTRUSTED, &["TS0311"]),
    row("vault-k8s", Api, "under a root, `send-ca-cert`, its API under the same root", VAULT_WITH_ACCESS,
        Works, &[]),
    row("vault-k8s", Api, "its API under a root from the start",
        Scene { faults: "", asks: &[
            ["ca:tls-certificates-pki", "root:certificates"],
            ["ca:tls-certificates-access", "root:certificates"],
        ], ..VAULT_WITH_ACCESS },
        NOTHING, &["TS0307"]),
    row("vault-k8s", Intermediate, "under self-signed-certificates",
        Scene { sends: ROOT_SENDS, ..VAULT_UNDER_ROOT }, Works, &[]),
    row("vault-k8s", Intermediate, "under manual-tls-certificates",
        Scene {
            sends: Some("root:trust_certificate"),
            operators: "operators:
  on-call: {answers: [owner.ca], delay: {exactly: 5m}}
  pki: {answers: [owner.root], delay: {exactly: 1h}, signs-with: {chain: [{common-name: Corporate Root, validity: 520w}]}}\n",
            ..vault_under("charm: manual-tls-certificates", &[["ca:tls-certificates-pki", "root:certificates"]])
        },
        Works, &[]),
    row("vault-k8s", Intermediate, "under vault-k8s",
        Scene {
            operators: "operators: {on-call: {answers: [owner.ca, owner.root], delay: {exactly: 5m}}}\n",
            ..vault_under(VAULT.ca, &[["ca:tls-certificates-pki", "root:vault-pki"]])
        },
        NOTHING, &["TS0301", "TS0306"]),
    row("vault-k8s", Intermediate, "under lego",
        vault_under(LEGO.ca, &[["ca:tls-certificates-pki", "root:certificates"]]),
        NOTHING, &["TS0306"]),
    row("vault-k8s", Intermediate, "under tls-constraints",
        vault_under("charm: tls-constraints", &[["ca:tls-certificates-pki", "root:certificates-downstream"]]),
        NOTHING, &["TS0301", "TS0306"]),
    row("vault-k8s", CrossModel, "its own root, `send-ca-cert`",
        Scene { sends: SENDS, ..VAULT }, UNTRUSTED, &["TS0311"]),
    row("vault-k8s", CrossModel, "under a root that sends its CA",
        Scene { sends: ROOT_SENDS, ..VAULT_UNDER_ROOT }, Works, &[]),

    row("vault", Internal, "its own root", VAULT_MACHINE, Works, &[]),
    row("vault", Internal, "its own root, a role that takes no addresses",
        Scene { ca: "charm: vault, channel: 2.0/stable, options: {pki_ca_common_name: Example CA, pki_allow_any_name: true}", ..VAULT_MACHINE },
        NOTHING, &["TS0315"]),
    row("vault", Api, "its own root, `send-ca-cert`",
        Scene { sends: SENDS, ..VAULT_MACHINE }, UNTRUSTED, &["TS0311"]),
    row("vault", Api, "under a root, its API under the same root from the start",
        Scene { sends: SENDS, asks: &[
            ["ca:tls-certificates-pki", "root:certificates"],
            ["ca:tls-certificates-access", "root:certificates"],
        ], ..VAULT_MACHINE_UNDER_ROOT },
        Works, &[]),
    row("vault", Intermediate, "under self-signed-certificates",
        Scene { sends: ROOT_SENDS, ..VAULT_MACHINE_UNDER_ROOT }, Works, &[]),
    row("vault", Intermediate, "under easyrsa",
        Scene { root: Some("charm: easyrsa"), asks: &[["ca:tls-certificates-pki", "root:client"]], ..VAULT_MACHINE },
        NOTHING, &["TS0301", "TS0304"]),
    row("vault", CrossModel, "under a root that sends its CA",
        Scene { sends: ROOT_SENDS, ..VAULT_MACHINE_UNDER_ROOT }, Works, &[]),

    row("charm-vault", Internal, "", CHARM_VAULT, Works, &[]),
    row("charm-vault", Internal, "no database", CHARM_VAULT_ALONE, NOTHING, &["TS0316"]),
    row("charm-vault", Internal, "`api` speaks version 1",
        Scene { legacy: false, ..CHARM_VAULT }, NOTHING, &["TS0303", "TS0304"]),
    row("charm-vault", Api, "no `certificate_transfer`", CHARM_VAULT, UNTRUSTED, &["TS0301"]),
    row("charm-vault", Api, "`web` asks for certificates too",
        Scene { web_asks: true, ..CHARM_VAULT }, Works, &[]),
    row("charm-vault", Intermediate, "by relation",
        Scene { root: ROOT, asks: &[["ca:certificates", "root:certificates"]], ..CHARM_VAULT },
        Refused, &["TS0310"]),
    row("charm-vault", Intermediate,
        "by hand (`get-csr`, `upload-signed-csr`); `web` asks for certificates too",
        CHARM_VAULT_SIGNED, Works, &[]),
    row("charm-vault", Intermediate, "by hand under a public root, which is all that `web` has",
        CHARM_VAULT_PUBLIC, Works, &[]),
    row("charm-vault", CrossModel, "`web` asks for certificates too",
        Scene { web_asks: true, ..CHARM_VAULT }, Works, &[]),

    row("lego", Internal, "names inside the cluster", LEGO, NOTHING, &["TS0306"]),
    row("lego", Internal, "public names", LEGO_PUBLIC, Works, &[]),
    row("lego", Internal, "public names, no public roots, OpenSSL", LEGO_WITHOUT_PUBLIC_ROOTS,
        PARTIAL, &["TS0312"]),
    row("lego", Internal, "public names, no public roots, Go",
        Scene { validator: "go", ..LEGO_WITHOUT_PUBLIC_ROOTS }, Works, &[]),
    row("lego", Internal, "no e-mail address",
        Scene { ca: "charm: lego, options: {plugin: route53, plugin-config-secret-id: 'secret:x'}", ..LEGO_PUBLIC },
        NOTHING, &["TS0313"]),
    row("lego", Internal, "`acme-ca-certificates` holds no PEM",
        Scene { ca: "charm: lego, options: {email: pki@rehearsal.dev, plugin: route53, plugin-config-secret-id: 'secret:x', acme-ca-certificates: garbage}", ..LEGO_PUBLIC },
        NOTHING, &["TS0314"]),
    row("lego", Api, "public roots", LEGO_PUBLIC, Works, &[]),
    row("lego", Api, "`send-ca-cert`, no public roots, OpenSSL",
        Scene { sends: SENDS, ..LEGO_WITHOUT_PUBLIC_ROOTS }, PARTIAL, &["TS0312"]),
    row("lego", Api, "`send-ca-cert`, no public roots, Go",
        Scene { sends: SENDS, validator: "go", ..LEGO_WITHOUT_PUBLIC_ROOTS }, Works, &[]),
    row("lego", Intermediate, "under self-signed-certificates",
        Scene { root: ROOT, asks: &[["ca:certificates", "root:certificates"]], ..LEGO_PUBLIC },
        Refused, &["TS0310"]),
    row("lego", Intermediate, "the public CA's own intermediate; `web` has the public root", LEGO_PUBLIC, Works, &[]),
    row("lego", CrossModel, "public roots", LEGO_PUBLIC, Works, &[]),

    row("manual-tls-certificates", Internal, "", MANUAL, Works, &[]),
    row("manual-tls-certificates", Internal, "no request is signed",
        Scene { operators: "", ..MANUAL }, NOTHING, &["TS0224"]),
    row("manual-tls-certificates", Internal, "people sign with an intermediate, OpenSSL",
        MANUAL_INTERMEDIATE, PARTIAL, &["TS0312"]),
    row("manual-tls-certificates", Api, "",
        Scene { sends: Some("ca:trust_certificate"), ..MANUAL }, Works, &[]),
    row("manual-tls-certificates", Api, "`trusted-certificate-bundle` holds no PEM",
        Scene {
            ca: "charm: manual-tls-certificates, options: {trusted-certificate-bundle: garbage}",
            sends: Some("ca:trust_certificate"),
            ..MANUAL
        },
        UNTRUSTED, &["TS0314"]),
    row("manual-tls-certificates", Intermediate, "by relation",
        Scene { root: ROOT, asks: &[["ca:certificates", "root:certificates"]], ..MANUAL },
        Refused, &["TS0310"]),
    row("manual-tls-certificates", Intermediate, "people sign with an intermediate and hand out its root",
        Scene { sends: Some("ca:trust_certificate"), ..MANUAL_INTERMEDIATE }, Works, &[]),
    row("manual-tls-certificates", Intermediate,
        "people sign with an intermediate under a public root, which is all that `web` has",
        Scene { operators: PUBLIC_CHAIN, ..MANUAL }, Works, &[]),
    row("manual-tls-certificates", CrossModel, "",
        Scene { sends: Some("ca:trust_certificate"), ..MANUAL }, Works, &[]),

    row("notary-k8s", Internal, "", NOTARY, Works, &[]),
    row("notary-k8s", Internal, "no request is approved",
        Scene { operators: "", ..NOTARY }, NOTHING, &["TS0224"]),
    row("notary-k8s", Api, "`send-access-ca-certificate`",
        Scene { sends: Some("ca:send-access-ca-certificate"), ..NOTARY }, UNTRUSTED, &["TS0311"]),
    row("notary-k8s", Api, "`web` asks for certificates too",
        Scene { web_asks: true, ..NOTARY }, Works, &[]),
    row("notary-k8s", Intermediate, "by relation",
        Scene { root: ROOT, asks: &[["ca:certificates", "root:certificates"]], ..NOTARY },
        Refused, &["TS0310"]),
    row("notary-k8s", Intermediate, "people sign with an intermediate; `web` asks too, Go",
        Scene { operators: CHAIN_OF_TWO, web_asks: true, validator: "go", ..NOTARY }, Works, &[]),
    row("notary-k8s", CrossModel, "`web` asks for certificates too",
        Scene { web_asks: true, ..NOTARY }, Works, &[]),

    row("easyrsa", Internal, "", EASYRSA, Works, &[]),
    row("easyrsa", Internal, "`api` speaks version 1",
        Scene { legacy: false, ..EASYRSA }, NOTHING, &["TS0303", "TS0304"]),
    row("easyrsa", Api, "no `certificate_transfer`", EASYRSA, UNTRUSTED, &["TS0301"]),
    row("easyrsa", Api, "`web` asks for certificates too",
        Scene { web_asks: true, ..EASYRSA }, Works, &[]),
    row("easyrsa", Intermediate, "by relation",
        Scene { root: ROOT, asks: &[["ca:client", "root:certificates"]], ..EASYRSA },
        Refused, &["TS0310"]),
    row("easyrsa", CrossModel, "`web` asks for certificates too",
        Scene { web_asks: true, ..EASYRSA }, Works, &[]),

    row("tls-constraints", Internal, "before self-signed-certificates", CONSTRAINTS, Works, &[]),
    row("tls-constraints", Internal, "`api` asks for its application",
        Scene { api: ", mode: app", ..CONSTRAINTS }, NOTHING, &["TS0306"]),
    row("tls-constraints", Internal, "a filter that is no regular expression",
        Scene { ca: "charm: tls-constraints, options: {allowed-dns: '('}", ..CONSTRAINTS },
        NOTHING, &["TS0313"]),
    row("tls-constraints", Api, "the CA from the provider above it",
        Scene { sends: ROOT_SENDS, ..CONSTRAINTS }, Works, &[]),
    row("tls-constraints", Api, "no `certificate_transfer` of its own", CONSTRAINTS, UNTRUSTED, &["TS0301"]),
    row("tls-constraints", Intermediate, "before vault-k8s under a root",
        Scene {
            ca: VAULT.ca,
            issues: "vault-pki",
            operators: UNSEALS,
            root: Some("charm: tls-constraints"),
            more: ("      top: {charm: self-signed-certificates}\n",
                   "      - [root:certificates-upstream, top:certificates]\n      - [web:receive-ca-cert, top:send-ca-cert]\n"),
            asks: &[["ca:tls-certificates-pki", "root:certificates-downstream"]],
            ..SCENE
        },
        NOTHING, &["TS0306"]),
    row("tls-constraints", CrossModel, "the CA from the provider above it",
        Scene { sends: ROOT_SENDS, ..CONSTRAINTS }, Works, &[]),
];
