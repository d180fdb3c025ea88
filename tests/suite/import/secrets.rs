//! Keys and passwords that inputs have: none is written, shown or printed, and it is said where each was.

use super::{from_texts, notes};

/// Options as charms of OpenStack and Kafka have them. That the key has no end is how one is cut off.
const BUNDLE: &str = "applications:
  keystone:
    charm: keystone
    num_units: 1
    options:
      ssl_key: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVk=
      ssl_cert: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM=
      admin-password: hunter2
      use-https: \"yes\"
  kafka: {charm: kafka, num_units: 1, options: {system-users: hunter2, log_level: INFO}}
  proxy:
    charm: haproxy
    num_units: 1
    options:
      source: deb https://me:hunter2@ppa.example.com/x jammy main
      services: |
        - server_options: []
          crts: |
            -----BEGIN PRIVATE KEY-----
            MIIEvgIBADANhunter2
            -----END PRIVATE KEY-----
";

const SECRETS: [&str; 3] = ["hunter2", "LS0tLS1CRUdJTiBSU0E", "MIIEvg"];

#[test]
fn options_that_are_secrets_are_neither_copied_nor_shown() {
    let made = from_texts([("sec.yaml", BUNDLE)], &["sec.yaml"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    for secret in SECRETS {
        assert!(!imported.text.contains(secret), "{}", imported.text);
        assert!(!said.contains(secret), "{said}");
        let deployment = format!("{:?}", imported.loaded.deployment);
        assert!(
            !deployment.contains(secret),
            "{secret} is in the deployment"
        );
    }
    for kept in [
        "ssl_cert: \"LS0",
        "use-https: \"yes\"",
        "log_level: \"INFO\"",
    ] {
        assert!(imported.text.contains(kept), "{kept}: {}", imported.text);
    }
    for (option, line) in [
        ("ssl_key", 6),
        ("admin-password", 8),
        ("system-users", 10),
        ("source", 15),
        ("services", 16),
    ] {
        let written = format!("# {option} is left out: a secret, which is not copied; line {line}");
        assert!(
            imported.text.contains(&written),
            "{written}: {}",
            imported.text
        );
        assert!(
            said.contains(&format!("the option `{option}` of `")),
            "{said}"
        );
        assert!(said.contains(&format!("sec.yaml:{line}:")), "{said}");
    }
}

/// traefik serves what it was configured with only where all three options are set: the key's place is kept, and not the key
/// (canonical/traefik-k8s-operator 8ab4a7e `src/charm.py`, `_get_certs`).
#[test]
fn where_a_charm_looks_whether_a_secret_is_set_a_text_stands_in() {
    let bundle = "bundle: kubernetes
applications:
  traefik:
    charm: traefik-k8s
    scale: 1
    options:
      external_hostname: web.example.com
      tls-key: |
        -----BEGIN PRIVATE KEY-----
        MIIEvgIBADANhunter2
        -----END PRIVATE KEY-----
";
    let made = from_texts([("b.yaml", bundle)], &["b.yaml"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    let line = "          tls-key: \"left out\"  # a secret, which is not copied; line 8";
    assert!(imported.text.contains(line), "{}", imported.text);
    assert!(
        !imported.text.contains("MIIE") && !said.contains("MIIE"),
        "{said}"
    );
    let option = "the option `tls-key` of `traefik` looks like a secret: it is left out";
    assert!(
        said.contains(option) && said.contains("whether it is set"),
        "{said}"
    );
}

/// An application whose only option is a secret has no `options` at all.
#[test]
fn nothing_is_left_of_an_only_secret() {
    let bundle =
        "applications: {k: {charm: kafka, num_units: 1, options: {admin-password: hunter2}}}\n";
    let made = from_texts([("b.yaml", bundle)], &["b.yaml"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    assert!(!imported.text.contains("options:"), "{}", imported.text);
    assert!(
        imported.text.contains("admin-password is left out"),
        "{}",
        imported.text
    );
}

/// A plan has options as they are configured.
#[test]
fn secrets_of_a_plan_are_not_copied() {
    let state = r#"{"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": {"resources": [
 {"address": "juju_model.m", "mode": "managed", "type": "juju_model", "name": "m", "values": {"name": "m"}},
 {"address": "juju_application.k", "mode": "managed", "type": "juju_application", "name": "k", "values": {"name": "k",
  "model": "m", "units": 1, "charm": [{"name": "keystone"}], "config": {"admin-password": "hunter2", "region": "R"}}}]}}}
"#;
    let made = from_texts([("state.json", state)], &["state.json"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    assert!(
        !imported.text.contains("hunter2") && !said.contains("hunter2"),
        "{said}"
    );
    assert!(imported.text.contains("region: R") || imported.text.contains("region: \"R\""));
    assert!(
        imported.text.contains("admin-password is left out"),
        "{}",
        imported.text
    );
}

/// A URL with a user is dialled at its host; the user is not copied, and that is told. What cannot be used is told.
#[test]
fn urls_of_databags_are_used_or_told() {
    let unit = r#"grafana/0:
  charm: ch:amd64/grafana-k8s-120
  leader: true
  relation-info:
  - endpoint: logging
    related-endpoint: logging
    application-data: {}
    related-units:
      loki/0:
        in-scope: true
        data:
          endpoint: '{"url": "https://user:hunter2@loki.example.com:3100/loki/api/v1/push"}'
          other: 'https://{host}:80'
          password: hunter2
"#;
    let made = from_texts([("u.yaml", unit)], &["u.yaml"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    assert!(
        !imported.text.contains("hunter2") && !said.contains("hunter2"),
        "{said}"
    );
    let line = "logging: [https://loki.example.com:3100]  # line 12";
    assert!(imported.text.contains(line), "{}", imported.text);
    assert!(
        said.contains("a URL that `loki:logging` publishes has a user in it, who is not copied")
            && said.contains("u.yaml:12:"),
        "{said}"
    );
    assert!(
        said.contains("a URL that `loki:logging` publishes is left out: it names no host")
            && said.contains("u.yaml:13:"),
        "{said}"
    );
}
