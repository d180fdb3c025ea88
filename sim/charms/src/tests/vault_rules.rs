//! What canonical/vault-k8s-operator (619be7dc5) and the Vault behind it do, rule by rule. Files
//! are named as they are called there.

mod access;

use super::super::surface::{self, trust_path};
use super::super::{Mode, OperatorAction, OperatorContext, catalogue};
use super::*;
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::{CertificateEntry, ErrorEntry, read_provider};
use trustsim_juju::Status;
use trustsim_pki::Certificate;

const DAY_S: u64 = 86_400;
const ANY_NAME: &[(&str, &str)] = &[
    ("pki_ca_common_name", "Example Issuing CA"),
    ("pki_allow_any_name", "true"),
];

/// A root, Vault, and who asks it for certificates.
struct House {
    stage: Stage,
    root: ApplicationId,
    vault: ApplicationId,
}

fn vault_charm(name: &str, behaviour: &str) -> CharmMetadata {
    let mut charm = catalogue()[name].metadata.clone();
    charm.implementation = implementation(behaviour, None).expect("it is registered");
    charm
}

/// self-signed-certificates that signs for `days`, and Vault.
fn house(name: &str, behaviour: &str, days: u32, units: u32) -> House {
    house_with(name, behaviour, days, units, ANY_NAME)
}

fn house_with(
    name: &str,
    behaviour: &str,
    days: u32,
    units: u32,
    options: &[(&str, &str)],
) -> House {
    let stage = Stage::new(1, name == "vault-k8s", false);
    house_on(stage, name, behaviour, days, units, options)
}

fn house_on(
    mut stage: Stage,
    name: &str,
    behaviour: &str,
    days: u32,
    units: u32,
    options: &[(&str, &str)],
) -> House {
    let validity = format!("{days}d");
    let root_options = [
        ("certificate-validity", validity.as_str()),
        ("root-ca-validity", "3650d"),
    ];
    let root = stage.deploy("root", &self_signed_certificates(), &root_options, 1);
    let vault = stage.deploy("vault", &vault_charm(name, behaviour), options, units);
    stage.run_for(700);
    House { stage, root, vault }
}

impl House {
    /// An operator does all that Vault waits for now.
    fn people(&mut self) {
        people(&mut self.stage, self.vault);
    }

    /// An operator initialises, unseals and authorises, and Vault gets its intermediate.
    fn open(&mut self) -> RelationId {
        self.people();
        self.stage.run_for(30);
        self.people();
        let (root, vault) = (self.root, self.vault);
        let relation = self
            .stage
            .integrate((root, "certificates"), (vault, "tls-certificates-pki"));
        self.stage.run_for(700);
        relation
    }

    /// An application with one unit that asks Vault for this name.
    fn web(&mut self, name: &str, options: &[(&str, &str)]) -> (ApplicationId, RelationId) {
        let profile = certificates_profile(Mode::Unit);
        let web = self.stage.deploy(name, &consumer(profile), options, 1);
        self.stage.run_for(30);
        let relation = self
            .stage
            .integrate((self.vault, "vault-pki"), (web, "certificates"));
        self.stage.run_for(60);
        (web, relation)
    }

    fn answers(&self, relation: RelationId) -> Vec<Arc<CertificateEntry>> {
        let data = read_provider(&self.stage.application_bag(relation, self.vault));
        let data = data.unwrap().expect("it is valid");
        data.certificates.entries().to_vec()
    }

    fn errors(&self, relation: RelationId) -> Vec<ErrorEntry> {
        let data = read_provider(&self.stage.application_bag(relation, self.vault));
        data.unwrap().expect("it is valid").errors.entries.clone()
    }

    fn intermediate(&self, relation: RelationId) -> Certificate {
        let bag = self.stage.application_bag(relation, self.root);
        let data = read_provider(&bag).unwrap().expect("it is valid");
        data.certificates.entries()[0].certificate.clone()
    }

    fn status(&self, number: usize) -> (Status, String) {
        let (status, message) = &self
            .stage
            .juju
            .unit(self.stage.unit(self.vault, number))
            .status;
        (*status, message.to_string())
    }

    /// The certificate of the API that a unit serves.
    fn served(&self, number: usize) -> Option<Certificate> {
        let unit = self.stage.juju.unit(self.stage.unit(self.vault, number));
        let served = surface::served(&unit.workload.loaded);
        let chain = pem::chain(served.first()?.chain);
        assert_eq!(
            (*chain).as_ref().unwrap().len(),
            1,
            "a leaf without a chain"
        );
        (*chain).as_ref().unwrap().first().cloned()
    }

    fn restart(&mut self, number: usize) {
        let unit = self.stage.unit(self.vault, number);
        let host = &mut TestHost(&mut self.stage.agenda, false);
        self.stage.juju.operator().restart_process(unit, None, host);
    }

    fn bags_written(&self) -> usize {
        let unit = self.stage.unit(self.vault, 0);
        let played = self
            .stage
            .played
            .iter()
            .filter(|played| played.unit == unit);
        played.map(|played| played.changed.len()).sum()
    }
}

fn people(stage: &mut Stage, application: ApplicationId) {
    let now = stage.now();
    for unit in stage.juju.application(application).units.clone() {
        let charm = stage.instances[&application].clone();
        let mut context = UnitContext::new(&stage.juju, unit, now, None);
        let mut hand = OperatorContext {
            stream: Streams::new(1).stream("person", "hand"),
            ca: None,
            rejects: Vec::new(),
        };
        let waits = charm.pending_tasks(&context);
        let actions = waits
            .iter()
            .filter_map(|wait| charm.operator_action(wait, &mut hand, &mut context));
        for action in actions.collect::<Vec<_>>() {
            match action {
                OperatorAction::Action { name, .. } => stage.act(unit, &name),
                OperatorAction::Config { .. } => unreachable!("Vault waits for no option"),
                OperatorAction::AtWorkload { files, .. } => {
                    let host = &mut TestHost(&mut stage.agenda, false);
                    stage.juju.operator().change_files(unit, &files, None, host);
                }
            }
        }
    }
}

fn vault_k8s(days: u32) -> House {
    house("vault-k8s", "vault", days, 1)
}

/// `k8s/src/charm.py` `_configure` and `_on_collect_status`: whatever is missing, it returns.
#[test]
fn a_sealed_vault_signs_nothing_and_says_nothing() {
    let mut house = vault_k8s(90);
    let (root, vault) = (house.root, house.vault);
    house
        .stage
        .integrate((root, "certificates"), (vault, "tls-certificates-pki"));
    let (_, relation) = house.web("web", &[("name", "web.example.com")]);
    house.stage.run_for(2_000);
    let message = "Please initialize Vault or integrate with an auto-unseal provider";
    assert_eq!(house.status(0), (Status::Blocked, message.to_owned()));
    assert!(house.answers(relation).is_empty() && house.errors(relation).is_empty());
    // Unsealed, but the charm may not use it.
    house.people();
    house.stage.run_for(700);
    let message = "Please authorize charm (see `authorize-charm` action)";
    assert_eq!(house.status(0), (Status::Blocked, message.to_owned()));
    assert!(house.answers(relation).is_empty() && house.errors(relation).is_empty());
    // No event tells the charm: it signs at its next update-status.
    house.people();
    house.stage.run_for(700);
    assert_eq!(house.status(0), (Status::Active, String::new()));
    assert_eq!(house.answers(relation).len(), 1);
}

/// `vault_managers.py` `_generate_pki_certificate_for_requirer`; issue #664.
#[test]
fn requirers_get_the_intermediate_and_never_the_root() {
    let mut house = vault_k8s(90);
    let parent = house.open();
    let (web, relation) = house.web("web", &[("name", "web.example.com")]);
    let answer = &house.answers(relation)[0];
    let intermediate = house.intermediate(parent);
    assert_eq!(answer.ca, intermediate);
    let chain = answer.chain.as_ref().expect("it has one");
    assert_eq!(
        chain.as_slice(),
        [answer.certificate.clone(), intermediate.clone()]
    );
    assert!(!answer.ca.is_self_issued());
    let trusted = house
        .stage
        .file(house.stage.unit(web, 0), &trust_path("certificates"));
    assert_eq!(trusted.unwrap().text().trim(), intermediate.pem());
    // `calculate_certificates_ttl`: half of the intermediate's whole life.
    let lasts = answer
        .certificate
        .not_after()
        .since(answer.certificate.not_before());
    assert_eq!(lasts, Span::from_secs(45 * DAY_S + 30));
    assert!(answer.certificate.verify_issued_by(&intermediate));
}

/// `vault_managers.py` `intermediate_ca_exceeds_role_ttl` (issue #500), and Vault's
/// `leaf_not_after_behavior=err`.
#[test]
fn the_second_half_of_an_intermediate_is_refused_until_nine_tenths() {
    let mut house = vault_k8s(10);
    let parent = house.open();
    house.stage.run_for(5 * DAY_S);
    let (_, relation) = house.web("late", &[("name", "late.example.com")]);
    assert!(house.answers(relation).is_empty());
    let errors = house.errors(relation);
    let error = &errors[0].error;
    assert_eq!((error.code, error.name.as_str()), (999, "OTHER"));
    assert_eq!(error.provider.as_deref(), Some("vault-pki"));
    let reason = error.reason.clone().unwrap();
    assert!(reason.starts_with("cannot satisfy request, as TTL would result in notAfter of "));
    assert!(
        reason.ends_with(":8200/v1/charm-pki/sign/charm"),
        "{reason}"
    );
    // Tried again at every update-status, with another end each time: the databag is written
    // over and over.
    house.stage.played.clear();
    house.stage.run_for(3_000);
    assert!(
        (8..=12).contains(&house.bags_written()),
        "{}",
        house.bags_written()
    );
    assert_ne!(house.errors(relation)[0].error.reason, Some(reason));
    let before = house.intermediate(parent);
    house.stage.run_for(4 * DAY_S);
    assert_ne!(house.intermediate(parent), before);
    assert_eq!(house.answers(relation)[0].ca, house.intermediate(parent));
    assert!(
        house.errors(relation).is_empty(),
        "the refusal goes with the answer"
    );
}

/// The documentation of `intermediate_ca_exceeds_role_ttl`, and what issue #500 wanted.
#[test]
fn a_vault_whose_early_renewal_works_refuses_nothing() {
    let mut house = house("vault-k8s", "vault-renews-early", 10, 1);
    let parent = house.open();
    let before = house.intermediate(parent);
    house.stage.run_for(5 * DAY_S);
    let after = house.intermediate(parent);
    assert_ne!(after, before);
    assert!(after.not_before().since(before.not_before()) < Span::from_secs(5 * DAY_S + 900));
    let (_, relation) = house.web("late", &[("name", "late.example.com")]);
    assert_eq!(house.answers(relation)[0].ca, after);
}

/// charmlibs `_renew_certificate_request`: the key stays, the unique identifier does not.
#[test]
fn a_renewed_intermediate_has_the_old_key_and_another_name() {
    let mut house = vault_k8s(10);
    let parent = house.open();
    let (_, relation) = house.web("web", &[("name", "web.example.com")]);
    let (before, leaf) = (
        house.intermediate(parent),
        house.answers(relation)[0].clone(),
    );
    house.stage.run_for(9 * DAY_S + DAY_S / 10);
    let after = house.intermediate(parent);
    assert_eq!(before.subject_key_id(), after.subject_key_id());
    assert_eq!(before.spki_der(), after.spki_der());
    assert_ne!(before.subject_der(), after.subject_der());
    assert_ne!(leaf.certificate.issuer_der(), after.subject_der());
}

/// `vault_managers.py` `configure` says that it revokes and re-issues; it does not.
#[test]
fn what_was_issued_stays_under_the_old_intermediate() {
    let mut house = vault_k8s(10);
    let parent = house.open();
    house.stage.run_for(4 * DAY_S + DAY_S * 9 / 10);
    let (_, relation) = house.web("web", &[("name", "web.example.com")]);
    let before = house.answers(relation)[0].clone();
    house.stage.run_for(4 * DAY_S + DAY_S / 4);
    assert_ne!(house.intermediate(parent), before.ca);
    assert_eq!(house.answers(relation)[0].certificate, before.certificate);
}

/// `vault_managers.py` `_map_vault_pki_errors` on the words of hashicorp/vault
/// `issuing/cert_util.go`: "alternate" is not the "alternative" it looks for.
#[test]
fn refusals_of_the_role_are_told_once() {
    let options = [
        ("pki_ca_common_name", "example.com"),
        ("pki_allowed_domains", "example.com, example.org"),
        ("pki_allow_subdomains", "true"),
    ];
    let mut house = house_with("vault-k8s", "vault", 90, 1, &options);
    house.open();
    let mut relations = Vec::new();
    for (name, options) in [
        ("name", [("name", "web.elsewhere.net"), ("extra", "")]),
        (
            "alternative",
            [("name", "web.example.org"), ("extra", "web.elsewhere.net")],
        ),
        (
            "address",
            [("name", "web.example.com"), ("extra", "10.1.2.3")],
        ),
        (
            "good",
            [("name", "web.example.com"), ("extra", "example.org")],
        ),
    ] {
        relations.push(house.web(name, &options).1);
    }
    house.stage.run_for(700);
    let codes: Vec<Vec<i64>> = relations
        .iter()
        .map(|relation| {
            house
                .errors(*relation)
                .iter()
                .map(|entry| entry.error.code)
                .collect()
        })
        .collect();
    assert_eq!(codes, [vec![102], vec![999], vec![101], vec![]]);
    assert_eq!(house.answers(relations[3]).len(), 1);
    house.stage.played.clear();
    house.stage.run_for(10 * DAY_S);
    assert_eq!(
        house.bags_written(),
        0,
        "the same refusal is the same databag"
    );
    house
        .stage
        .set_config(house.vault, "pki_allow_ip_sans", "true");
    house.stage.run_for(60);
    assert_eq!(house.answers(relations[2]).len(), 1);
}

/// hvac `sign_certificate` on `sign/<role>`: whatever is asked for, a leaf is signed, which
/// charmlibs does not take for the CA certificate it asked for.
#[test]
fn vault_is_no_parent_of_another_vault() {
    let mut house = vault_k8s(90);
    house.open();
    let charm = vault_charm("vault-k8s", "vault");
    // A common name with spaces is no host's name, which even `allow_any_name` wants to see.
    let options = [("pki_ca_common_name", "below.example.com")];
    let below = house.stage.deploy("below", &charm, &options, 1);
    house.stage.run_for(700);
    let vault = house.vault;
    let relation = house
        .stage
        .integrate((vault, "vault-pki"), (below, "tls-certificates-pki"));
    house.stage.run_for(60);
    people(&mut house.stage, below);
    house.stage.run_for(30);
    people(&mut house.stage, below);
    house.stage.run_for(700);
    assert!(!house.answers(relation)[0].certificate.is_ca());
    let charm = house.stage.instances[&below].clone();
    let context = UnitContext::new(
        &house.stage.juju,
        house.stage.unit(below, 0),
        house.stage.now(),
        None,
    );
    assert!(charm.ca_certificates(&context).is_empty());
}

/// `vault_managers.py` `_ensure_self_signed_ca_in_vault`, `vault.hcl.j2` and hashicorp/vault
/// `GetCertificateNotAfter`: ten years are asked for, the mount gives thirty days.
#[test]
fn a_root_of_its_own_lives_as_long_as_the_mount_allows_and_is_never_renewed() {
    let mut house = vault_k8s(90);
    house.people();
    house.stage.run_for(30);
    house.people();
    house.stage.run_for(700);
    let (_, early) = house.web("early", &[("name", "early.example.com")]);
    let first = house.answers(early)[0].clone();
    let root = first.ca.clone();
    assert!(root.is_self_issued());
    assert_eq!(
        root.not_after().since(root.not_before()),
        Span::from_secs(30 * DAY_S + 30)
    );
    assert_eq!(
        first.chain.as_deref(),
        Some(&[first.certificate.clone(), root.clone()][..])
    );
    house.stage.run_for(16 * DAY_S);
    let (_, late) = house.web("late", &[("name", "late.example.com")]);
    assert_eq!(house.errors(late)[0].error.code, 999);
    house.stage.run_for(30 * DAY_S);
    assert!(house.answers(late).is_empty(), "the root is not renewed");
    let vault = house.vault;
    house
        .stage
        .set_config(vault, "pki_ca_common_name", "Another CA");
    house.stage.run_for(700);
    assert_ne!(house.answers(late)[0].ca, root);
}

/// `max_lease_ttl` goes into `vault.hcl`, which a running server does not read again
/// (`_generate_vault_config_file` restarts for another seal only).
#[test]
fn a_longer_lease_makes_a_longer_root_once_vault_was_restarted() {
    for (restarts, days) in [(false, 30), (true, 300)] {
        let mut house = vault_k8s(90);
        let vault = house.vault;
        house.stage.set_config(vault, "max_lease_ttl", "7200h");
        house.stage.run_for(60);
        if restarts {
            house.restart(0);
        }
        house.people();
        house.stage.run_for(30);
        house.people();
        house.stage.run_for(700);
        let (_, relation) = house.web("web", &[("name", "web.example.com")]);
        let root = house.answers(relation)[0].ca.clone();
        let lasts = root.not_after().since(root.not_before());
        assert_eq!(lasts, Span::from_secs(days * DAY_S + 30));
    }
}

#[test]
fn a_new_leader_signs_with_what_the_old_one_was_given() {
    let mut house = house("vault-k8s", "vault", 90, 3);
    let parent = house.open();
    let unit = house.stage.unit(house.vault, 2);
    house.stage.give_leadership(house.vault, unit);
    house.stage.run_for(60);
    let (_, relation) = house.web("web", &[("name", "web.example.com")]);
    assert_eq!(house.answers(relation)[0].ca, house.intermediate(parent));
}

/// What a machine charm does otherwise (`machine/src/charm.py`): it starts without a container to
/// wait for, and its role is `charm-pki`.
#[test]
fn the_machine_charm_signs_too() {
    let mut house = house("vault", "vault", 10, 3);
    let served = house.served(0).expect("it serves");
    let unit = house.stage.unit(house.vault, 0);
    let address = house.stage.juju.unit(unit).address.value.to_string();
    assert_eq!(served.sans(), [format!("IP:{address}")]);
    let parent = house.open();
    let (_, relation) = house.web("web", &[("name", "web.example.com")]);
    assert_eq!(house.answers(relation)[0].ca, house.intermediate(parent));
    house.stage.run_for(6 * DAY_S);
    let (_, late) = house.web("late", &[("name", "late.example.com")]);
    let reason = house.errors(late)[0].error.reason.clone().unwrap();
    assert!(reason.ends_with("/v1/charm-pki/sign/charm-pki"), "{reason}");
}

/// Elided update-status hooks would have done nothing.
#[test]
fn every_hook_played_gives_the_same() {
    let play = |every_hook| {
        let stage = Stage::new(1, true, every_hook);
        let behaviour = "vault";
        let mut house = house_on(stage, "vault-k8s", behaviour, 6, 3, ANY_NAME);
        let parent = house.open();
        let (_, early) = house.web("early", &[("name", "early.example.com")]);
        let (_, denied) = house.web(
            "denied",
            &[("name", "early.example.com"), ("extra", "10.1.2.3")],
        );
        house.stage.run_for(DAY_S);
        let (root, vault) = (house.root, house.vault);
        house
            .stage
            .integrate((root, "certificates"), (vault, "tls-certificates-access"));
        house.stage.run_for(DAY_S / 2);
        house.people();
        house.stage.run_for(DAY_S * 2);
        let (_, late) = house.web("late", &[("name", "late.example.com")]);
        house.stage.run_for(DAY_S * 2);
        house.restart(1);
        house.stage.run_for(DAY_S * 2);
        house.people();
        house.stage.run_for(DAY_S);
        let mut told: Vec<String> = Vec::new();
        for relation in [early, denied, late] {
            told.extend(
                house
                    .answers(relation)
                    .iter()
                    .map(|entry| entry.certificate.pem().to_owned()),
            );
            told.extend(
                house
                    .errors(relation)
                    .into_iter()
                    .filter_map(|entry| entry.error.reason),
            );
        }
        told.push(house.intermediate(parent).pem().to_owned());
        told.extend([0, 1, 2].map(|number| house.status(number).1));
        let issued = house
            .stage
            .notes
            .iter()
            .filter(|(_, _, kind, _)| *kind == "certificate-issued");
        told.extend(issued.map(|(at, _, _, text)| format!("{at} {text}")));
        told
    };
    let (elided, every) = (play(false), play(true));
    let differs = elided
        .iter()
        .zip(&every)
        .position(|(one, other)| one != other);
    assert_eq!((differs, elided.len()), (None, every.len()));
}
