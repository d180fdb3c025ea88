//! Names that Juju would refuse are refused where they are written. For example, an owner `a;b` is no user of any
//! controller, so nothing is played with it and no command is printed that names it.

use crate::name_rules::NameKind;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Node, Place, Text};

/// Notes a name that Juju would refuse.
pub(super) fn check_name(kind: NameKind, name: &Text, out: &mut Diagnostics) {
    check_name_at(kind, &name.value, name.place, out);
}

/// The same for a name that is a part of a text.
pub(super) fn check_name_at(kind: NameKind, name: &str, place: Place, out: &mut Diagnostics) {
    if !kind.allows(name) {
        let message = format!("`{name}` is not a valid {kind}");
        let help = format!("use {}", kind.rule());
        out.push(Diagnostic::error(Code::BadName, place, message).help(help));
    }
}

/// Notes the endpoints and actions of a charm, as it declares them, that Juju would refuse.
pub(super) fn check_declared_names(charm: &Node, out: &mut Diagnostics) {
    for group in ["provides", "requires", "peers"] {
        for endpoint in charm.get(group).map_or(&[][..], Node::entries) {
            check_name(NameKind::Endpoint, &endpoint.key, out);
        }
    }
    let Some(actions) = charm.get("actions") else {
        return;
    };
    for action in actions.entries() {
        check_name(NameKind::Action, &action.key, out);
    }
    for action in actions.elements() {
        if let Some(name) = action.as_scalar() {
            check_name_at(NameKind::Action, &name.text, action.place, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{MemoryFiles, load};
    use std::path::Path;

    /// What is found wrong, each with its line.
    fn wrong(text: &str) -> Vec<String> {
        let files = MemoryFiles::new([("s.yaml", text)]);
        let Err(wrong) = load(Path::new("s.yaml"), &files) else {
            return Vec::new();
        };
        let told = wrong.list.iter().map(|found| {
            let label = found.primary.as_ref().expect("it has a place");
            let (line, _) = wrong.sources.position(label.place);
            format!("{line} {} {}", found.code, found.message)
        });
        told.collect()
    }

    const GOOD: &str = "controllers: {ctl: {}}
models:
  pki:
    owner: admin
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, offers: {send: {endpoints: [send-ca-cert]}}}
  app:
    bundle: kubernetes
    saas: {ca: {url: admin/pki.send}}
    applications:
      web: {charm: mine}
      other: {charm: unknown}
    relations: [['web:certificates', 'other:certificates']]
charms:
  mine:
    requires: {certificates: {interface: tls-certificates}}
    actions: [backup]
clients: {curl: {}}
";

    /// The line, what is written there, a name in its place, and what is said of it.
    const BAD: &[(u32, &str, &str, &str)] = &[
        (
            1,
            "{ctl:",
            "{Ctl:",
            "TS0215 `Ctl` is not a valid controller name",
        ),
        (
            8,
            "  app:",
            "  a_p:",
            "TS0215 `a_p` is not a valid model name",
        ),
        (
            4,
            "owner: admin",
            "owner: a;b",
            "TS0215 `a;b` is not a valid user name",
        ),
        (
            7,
            "ca: {charm",
            "c_a: {charm",
            "TS0215 `c_a` is not a valid application name",
        ),
        (
            7,
            "{send:",
            "{s_d:",
            "TS0215 `s_d` is not a valid offer name",
        ),
        (
            7,
            "[send-ca-cert]",
            "[Send]",
            "TS0215 `Send` is not a valid endpoint name",
        ),
        (
            7,
            "1/stable",
            "/stable",
            "TS0227 `/stable` is not a channel",
        ),
        (
            10,
            "{ca:",
            "{c--a:",
            "TS0215 `c--a` is not a valid SAAS name",
        ),
        (
            13,
            "charm: unknown",
            "charm: 'a;b'",
            "TS0215 `a;b` is not a valid charm name",
        ),
        (
            14,
            "other:certificates",
            "other:c;d",
            "TS0215 `c;d` is not a valid endpoint name",
        ),
        (
            17,
            "{certificates:",
            "{c.d:",
            "TS0215 `c.d` is not a valid endpoint name",
        ),
        (
            18,
            "[backup]",
            "[back_up]",
            "TS0215 `back_up` is not a valid action name",
        ),
        (
            19,
            "{curl:",
            "{\"cu\\e[2J\":",
            "TS0215 the name `cu\\u{1b}[2J` has a letter that is not seen",
        ),
    ];

    #[test]
    fn a_name_that_juju_refuses_is_refused_at_its_place() {
        assert_eq!(wrong(GOOD), [] as [String; 0]);
        for (line, good, bad, said) in BAD {
            let found = wrong(&GOOD.replace(good, bad));
            let is_it = |each: &String| {
                let (at, rest) = each.split_once(' ').expect("a line and a message");
                rest == *said && at == line.to_string()
            };
            assert!(found.iter().any(is_it), "{line} {said}: {found:#?}");
        }
    }

    #[test]
    fn a_name_that_is_merely_unusual_is_not_refused() {
        for (good, unusual) in [
            ("owner: admin", "owner: 00"),
            ("{curl:", "{'it''s;>x':"),
            ("charm: unknown", "charm: 'cs:~some-one/bionic/unknown-12'"),
            ("channel: 1/stable", "channel: 1/stable/fix-12"),
            ("[backup]", "[1up]"),
        ] {
            let text = GOOD.replace(good, unusual);
            let text = match unusual.starts_with("owner") {
                true => text.replace("admin/pki", "00/pki"),
                false => text,
            };
            assert_eq!(wrong(&text), [] as [String; 0], "{unusual}");
        }
    }

    #[test]
    fn what_would_be_dropped_is_refused() {
        let files = |scenario: &'static str| {
            MemoryFiles::new([
                ("s.yaml", scenario),
                ("base.yaml", "applications: {web: {charm: mine}}"),
                ("words.yaml", "these are words"),
                ("list.yaml", "[a, b]"),
                (
                    "no.pem",
                    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                ),
            ])
        };
        for (scenario, said) in [
            ("models:\n", "`models` has no value"),
            ("models: [a, b]\n", "expected a mapping"),
            ("models: words\n", "expected a mapping"),
            ("models: {m: [a]}\n", "expected a mapping"),
            (
                "models: {m: {from: base.yaml, overlays: [words.yaml]}}\n",
                "expected a mapping",
            ),
            (
                "models: {m: {from: base.yaml, overlays: [list.yaml]}}\n",
                "expected a mapping",
            ),
            ("models: {m: words.yaml}\n", "expected a mapping"),
            (
                "models: {m: base.yaml}\nclients: {c: {roots: [no.pem]}}\n",
                "`no.pem` ",
            ),
            (
                "models: {m: base.yaml}\ncharms: {mine: {options: {host: {}}, requires: {t: {interface: \
                 tls-certificates, name-option: hots}}}}\n",
                "an option with a similar name exists: `host`",
            ),
        ] {
            let Err(wrong) = load(Path::new("s.yaml"), &files(scenario)) else {
                panic!("{scenario}: nothing was found wrong");
            };
            let has_place = wrong.list.iter().all(|found| found.primary.is_some());
            let told = wrong.render(false);
            assert!(
                has_place && told.contains(said),
                "{scenario}: {said}: {told}"
            );
        }
    }

    #[test]
    fn a_model_of_kubernetes_is_a_namespace() {
        let check = |length: usize, bundle: &str| {
            let text = format!(
                "models:\n  {}: {{{bundle}applications: {{a: {{charm: unknown}}}}}}\n",
                "m".repeat(length)
            );
            let files = MemoryFiles::new([("s.yaml", text.as_str())]);
            let loaded = load(Path::new("s.yaml"), &files).map(|_| ());
            loaded.map_err(|found| found.render(false))
        };
        assert_eq!(check(63, "bundle: kubernetes, "), Ok(()));
        assert_eq!(check(64, ""), Ok(()));
        let refused = check(64, "bundle: kubernetes, ").expect_err("too long");
        assert!(
            refused.contains("TS0215") && refused.contains("63 letters at most"),
            "{refused}"
        );
    }
}
