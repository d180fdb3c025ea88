//! What is refused of a charm, and in which words.

use std::path::Path;

use crate::{MemoryFiles, Severity, load};

/// The errors of a scenario with one application of a charm of which `said` is said.
fn refused(charm: &str, said: &str) -> Vec<String> {
    let text = format!(
        "models: {{m: {{bundle: kubernetes, applications: {{it: {{charm: {charm}, scale: 1}}}}}}}}
charms: {{{charm}: {{{said}}}}}
"
    );
    let files = MemoryFiles::new([("s.yaml", &*text)]);
    match load(Path::new("s.yaml"), &files) {
        Ok(_) => Vec::new(),
        Err(wrong) => {
            let errors = wrong.list.iter();
            let errors = errors.filter(|each| each.severity == Severity::Error);
            errors
                .map(|each| format!("{} {}", each.code, each.message))
                .collect()
        }
    }
}

fn certificates(keys: &str) -> String {
    format!("requires: {{certificates: {{interface: tls-certificates, {keys}}}}}")
}

fn transfer(keys: &str) -> String {
    format!("requires: {{ca: {{interface: certificate_transfer, {keys}}}}}")
}

#[test]
fn a_key_that_needs_another_is_refused_without_it() {
    let said = [
        certificates("trusts-ca: false, apply-ca: none"),
        certificates("trusts-ca: false, keeps-old-ca: true"),
        certificates("restores: false"),
        certificates("bugs: [empty-name-raises, shared-not-applied, keeps-when-broken]"),
        certificates("bugs: [root-first, unknown-alias-raises]"),
        transfer("reads: again, restores: false"),
        transfer("store: last, keeps-removed: true"),
        transfer("store: bundle, bugs: [unknown-alias-raises]"),
        transfer("library: certificate-transfer-v0, keeps-removed: true"),
    ];
    let said: Vec<String> = said.iter().flat_map(|said| refused("mine", said)).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    TS0228 `apply-ca` has no effect on `certificates` without `trusts-ca: true`
    TS0228 `keeps-old-ca` has no effect on `certificates` without `trusts-ca: true`
    TS0228 `restores` has no effect on `certificates`: the charm is told again in config-changed, which a new pod runs before its workload starts
    TS0228 `empty-name-raises` has no effect on `certificates` without `name-option`
    TS0228 `shared-not-applied` has no effect on `certificates` without `mode: app`
    TS0228 `keeps-when-broken` has no effect on `certificates`: only charms with version 3 of the library have it
    TS0228 `root-first` has no effect on `certificates`, which requires tls-certificates
    TS0228 `unknown-alias-raises` has no effect on `certificates`, which requires tls-certificates
    TS0228 `restores` has no effect on `ca`: the charm is told again in config-changed, which a new pod runs before its workload starts
    TS0228 `keeps-removed` has no effect on `ca` without `store: each`
    TS0228 `unknown-alias-raises` has no effect on `ca` without a file for each relation (`store`)
    TS0228 `keeps-removed` has no effect on `ca` without `store: each`
    ");
    for said in [
        certificates("apply-ca: none, keeps-old-ca: true"),
        certificates("library: tls-certificates-v4, restores: false"),
        certificates("library: tls-certificates-v3, bugs: [keeps-when-broken]"),
        certificates("mode: app, bugs: [shared-not-applied, broken-raises]"),
        transfer("store: each, keeps-removed: true, bugs: [unknown-alias-raises]"),
        transfer("restores: false"),
    ] {
        assert_eq!(refused("mine", &said), Vec::<String>::new(), "{said}");
    }
}

#[test]
fn what_a_charms_own_code_does_not_read_is_refused() {
    let ssc = "self-signed-certificates";
    let said = [
        refused(
            ssc,
            "provides: {certificates: {interface: tls-certificates, bugs: [broken-raises]}}",
        ),
        refused(
            ssc,
            "provides: {send-ca-cert: {interface: certificate_transfer, bugs: [root-first]}}",
        ),
        refused(ssc, "provides: {more: {interface: tls-certificates}}"),
        refused(
            ssc,
            "provides: {certificates: {interface: tls-certificates, protocol: legacy}}",
        ),
        refused(ssc, "volumes: [ca/]"),
        refused("traefik-k8s", "actions: [turn], rotate-ca-action: turn"),
        refused(
            "traefik-k8s",
            "version: '2', workload: traefik, name: other",
        ),
        refused(
            "mine",
            "behaviour: plain, issuer: {chain: [{common-name: root, validity: 9d}]}",
        ),
        refused("mine", "peers: {more: {interface: peers, apply: reload}}"),
    ];
    insta::assert_snapshot!(said.concat().join("\n"), @"
    TS0228 `broken-raises` has no effect on `certificates`: the code of self-signed-certificates is played, and decides it
    TS0228 `root-first` has no effect on `send-ca-cert`: the code of self-signed-certificates is played, and decides it
    TS0228 `more` has no effect: the code of self-signed-certificates is played, and has no such endpoint of tls-certificates
    TS0228 `protocol` has no effect on `certificates`: the code of self-signed-certificates is played, and decides it
    TS0228 `volumes` has no effect: the code of self-signed-certificates writes no files of a workload
    TS0228 `rotate-ca-action` has no effect: traefik-k8s has no CA
    TS0228 `version` has no effect: there is one version of the code of traefik-k8s
    TS0228 `workload` is a key of trustsim's own catalogue
    TS0228 `name` has no effect: here the charm is called traefik-k8s
    TS0228 `behaviour` has no effect beside `issuer`, which makes the charm a declared provider
    TS0228 `apply` has no effect on `more`, which is a peer over peers
    ");
    for said in [
        refused(
            ssc,
            "provides: {certificates: {interface: tls-certificates, bugs: [root-first]}}",
        ),
        refused(
            ssc,
            "version: latest, rotate-ca-action: get-ca-certificate, name: self-signed-certificates",
        ),
        refused("traefik-k8s", "volumes: [tls/]"),
        refused(
            "vault-k8s",
            "behaviour: vault-renews-early, provides: {vault-pki: {interface: tls-certificates}}",
        ),
        refused(
            "easyrsa",
            "provides: {client: {interface: tls-certificates, protocol: legacy}}",
        ),
    ] {
        assert_eq!(said, Vec::<String>::new());
    }
}

#[test]
fn an_option_that_a_charm_lacks_names_nothing() {
    let said = [
        refused("mine", &certificates("name-option: host")),
        refused("mine", &certificates("extra-name-options: [host, more]")),
    ];
    insta::assert_snapshot!(said.concat().join("\n"), @"
    TS0213 the charm mine has no option `host`
    TS0213 the charm mine has no option `host`
    TS0213 the charm mine has no option `more`
    ");
    let options = "options: {host: {type: string}}, ";
    for more in [options, "more-options: true, "] {
        let said = format!("{more}{}", certificates("name-option: host"));
        assert_eq!(refused("mine", &said), Vec::<String>::new());
    }
}

#[test]
fn spaces_are_noted_to_have_no_effect_on_kubernetes() {
    let noted = |bindings: &str| -> Vec<String> {
        let text = format!(
            "models: {{m: {{bundle: kubernetes, applications: {{it: {{charm: self-signed-certificates, num_units: 1, bindings: {bindings}}}}}}}}}\n"
        );
        let files = MemoryFiles::new([("s.yaml", &*text)]);
        let loaded = load(Path::new("s.yaml"), &files).expect("it can be played");
        let list = loaded.warnings.list.iter();
        list.map(|each| each.message.clone()).collect()
    };
    assert_eq!(
        noted("{'': alpha, certificates: alpha}"),
        Vec::<String>::new()
    );
    assert_eq!(
        noted("{'': alpha, certificates: oam-space}"),
        ["every pod is in the space `alpha`: `bindings` has no effect on Kubernetes"]
    );
}
