//! Recordings of the real charm and libraries, played again. They lie beside the repository; where
//! they are absent these tests say so and pass.
//!
//! Order, causes and contents are compared exactly, but for the order inside lists, which is that
//! of Python's hashes; instants within a minute, or within an update-status. The recording hands its hooks out in one of the orders
//! that Juju may choose: one seed in a few gives that order. And it shows a charm all units of
//! a relation at once, where Juju lets it see each with its relation-joined: what one unit
//! writes within a few hooks on end counts as written by the first of them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::Mode;
use super::{Played, Stage, certificates_profile, consumer, self_signed_certificates};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{ApplicationId, Bag, Hook, RelationId, SecretOwner};
use trustsim_kernel::{Span, Time};
use trustsim_pki::{Certificate, CertificateRequest};

/// Orders to try.
const SEEDS: u64 = 24;
const TOLERANCE_S: i64 = 60 + 20;
const UPDATE_STATUS_S: i64 = 360;
const SEPARATOR: char = '\u{1}';

fn recording(name: &str) -> Option<Json> {
    let path = trustsim_oracles::shared(&format!("recordings/{name}.json"))?;
    let text = std::fs::read_to_string(path).expect("text");
    Some(serde_json::from_str(&text).expect("a recording is JSON"))
}

/// A case set up as the recording says, played to its end.
struct Replay {
    stage: Stage,
    relations: BTreeMap<RelationId, String>,
    created_at: Time,
}

fn play(case: &Json, first_at_s: u64, seed: u64, every_hook: bool) -> Replay {
    let mut stage = Stage::new(seed, true, every_hook);
    stage.ticks = true;
    stage.stunts.insert("forget", forget_application_secrets);
    let config: Vec<(&str, &str)> = case["config"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value.as_str().expect("text")))
        .collect();
    let ca = stage.deploy("ca", &self_signed_certificates(), &config, 1);
    let web = &case["requirers"]["web"];
    let mode = if web["mode"] == "app" {
        Mode::App
    } else {
        Mode::Unit
    };
    let units = u32::try_from(web["units"].as_u64().expect("a number")).expect("few");
    let web = stage.deploy("web", &consumer(certificates_profile(mode)), &[], units);
    let client = stage.deploy(
        "client",
        &consumer(certificates_profile(Mode::Unit)),
        &[],
        1,
    );
    stage.run_for(30);
    let created_at = stage.now();
    let asked = stage.integrate((ca, "certificates"), (web, "certificates"));
    let sent = stage.integrate((ca, "send-ca-cert"), (client, "receive-ca-cert"));
    for step in case["steps"].as_array().into_iter().flatten() {
        let at_s = step["at"].as_u64().expect("seconds") - first_at_s;
        stage.run_until(created_at + Span::from_secs(at_s));
        perform(&mut stage, step, ca, web);
    }
    let until_s = case["until"].as_u64().expect("seconds");
    stage.run_until(created_at + Span::from_secs(until_s - first_at_s));
    let relations = [(asked, "ca-web".to_owned()), (sent, "ca-client".to_owned())].into();
    Replay {
        stage,
        relations,
        created_at,
    }
}

fn perform(stage: &mut Stage, step: &Json, ca: ApplicationId, web: ApplicationId) {
    if let Some(config) = step["config"].as_object() {
        for (key, value) in config {
            stage.set_config(ca, key, value.as_str().expect("text"));
        }
    }
    if step["leader"] == true {
        // The recording keeps the secrets of an application with the unit that made them, and
        // none of them for the next leader. Juju keeps them for it: see the test of its own.
        stage.act(stage.unit(web, 0), "forget");
        stage.run_for(3);
        let name = step["unit"].as_str().expect("a unit");
        let number: usize = name[4..].parse().expect("web/N");
        let unit = stage.unit(web, number);
        stage.give_leadership(web, unit);
    }
}

fn forget_application_secrets(unit: &mut UnitContext<'_>) -> Result<(), trustsim_juju::HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    for label in unit.secret_labels(owner, "") {
        let secret = unit.secret(owner, &label).expect("it is listed");
        unit.remove_secret(secret.id)?;
    }
    Ok(())
}

/// Compares one run with the recording; the first difference is the error.
fn compare(replay: &Replay, entries: &[Json]) -> Result<(), String> {
    let base_s = entries[0]["t"].as_i64().expect("seconds");
    let played = merged(replay);
    let mut identities = Identities::default();
    for (at, (entry, played)) in entries.iter().zip(&played).enumerate() {
        let offset_s = i64::try_from(played.at.since(replay.created_at).as_secs()).expect("small");
        let context = |what: &str| {
            format!(
                "entry {at}: {what}: {} against {}",
                clip(entry),
                clip(format!("{played:?}"))
            )
        };
        let unit = &*replay.stage.juju.unit(played.unit).name;
        if entry["unit"] != unit {
            return Err(context("another unit"));
        }
        if entry["hook"] != played.hook.kind() {
            return Err(context("another hook"));
        }
        if entry["remote"] != remote(replay, &played.hook) {
            return Err(context("another remote unit"));
        }
        let tolerance_s = tolerance(entry);
        if (entry["t"].as_i64().expect("seconds") - base_s - offset_s).abs() > tolerance_s {
            return Err(context("at another time"));
        }
        compare_bags(replay, entry, played, base_s, &mut identities)
            .map_err(|what| context(&what))?;
        compare_secrets(replay, entry, played, base_s).map_err(|what| context(&what))?;
    }
    if entries.len() == played.len() {
        Ok(())
    } else {
        Err(format!(
            "{} entries recorded, {} played",
            entries.len(),
            played.len()
        ))
    }
}

/// What the recording would call one entry.
fn merged(replay: &Replay) -> Vec<Played> {
    let mut merged: Vec<Played> = Vec::new();
    let entries = replay.stage.played.iter();
    let entries = entries.filter(|played| {
        let is_about = |(id, ..): &(RelationId, bool, Bag)| replay.relations.contains_key(id);
        played.changed.iter().any(is_about) && played.at >= replay.created_at
    });
    for played in entries {
        match merged.last_mut() {
            Some(last)
                if last.unit == played.unit && played.at.since(last.at) < Span::from_secs(20) =>
            {
                for bag in &played.changed {
                    last.changed
                        .retain(|other| (other.0, other.1) != (bag.0, bag.1));
                    last.changed.push(bag.clone());
                }
                last.secrets.clone_from(&played.secrets);
            }
            _ => merged.push(played.clone()),
        }
    }
    merged
}

fn tolerance(entry: &Json) -> i64 {
    TOLERANCE_S
        + if entry["hook"] == "update-status" {
            UPDATE_STATUS_S
        } else {
            0
        }
}

fn remote(replay: &Replay, hook: &Hook) -> Json {
    match hook {
        Hook::RelationJoined { unit, .. }
        | Hook::RelationChanged {
            unit: Some(unit), ..
        } => Json::from(replay.stage.juju.unit(*unit).number),
        _ => Json::Null,
    }
}

/// Which of ours each numbered thing of the recording is.
#[derive(Default)]
struct Identities {
    ours: BTreeMap<String, String>,
    theirs: BTreeMap<String, String>,
}

impl Identities {
    fn agree(&mut self, theirs: &str, ours: &str) -> bool {
        let known = self
            .ours
            .entry(theirs.to_owned())
            .or_insert_with(|| ours.to_owned());
        let back = self
            .theirs
            .entry(ours.to_owned())
            .or_insert_with(|| theirs.to_owned());
        known == ours && back == theirs
    }
}

fn compare_bags(
    replay: &Replay,
    entry: &Json,
    played: &Played,
    base_s: i64,
    identities: &mut Identities,
) -> Result<(), String> {
    let changed = entry["changed"].as_object().expect("bags");
    let mut ours = BTreeMap::new();
    for (relation, is_application, bag) in &played.changed {
        let Some(name) = replay.relations.get(relation) else {
            continue;
        };
        let unit = replay.stage.juju.unit(played.unit);
        let owner = if *is_application {
            &replay.stage.juju.application(unit.application).name
        } else {
            &unit.name
        };
        let contents: BTreeMap<String, String> = bag
            .iter()
            .map(|(key, value)| (key.to_owned(), value.text().to_owned()))
            .collect();
        ours.insert(format!("{name} {owner}"), contents);
    }
    if changed.len() != ours.len() || !changed.keys().all(|name| ours.contains_key(name)) {
        return Err(format!("other bags: {:?}", ours.keys()));
    }
    for (name, theirs) in changed {
        let theirs = theirs.as_object().expect("a bag");
        if theirs.len() != ours[name].len()
            || !theirs.keys().all(|key| ours[name].contains_key(key))
        {
            return Err(format!("other keys in {name}"));
        }
        for (key, text) in theirs {
            let text = text.as_str().expect("a databag value");
            let theirs = normal(text, &|token| theirs_token(token, base_s));
            let ours = normal(&ours[name][key], &|pem| ours_token(replay, pem));
            let tolerance_s = tolerance(entry).max(UPDATE_STATUS_S);
            same(&theirs, &ours, tolerance_s, identities)?;
        }
    }
    Ok(())
}

/// A databag value as JSON whose lists are sorted and whose PEMs are tokens.
fn normal(text: &str, token: &dyn Fn(&str) -> String) -> Json {
    fn walk(value: Json, token: &dyn Fn(&str) -> String) -> Json {
        match value {
            Json::String(text) => Json::String(token(&text)),
            Json::Array(items) => {
                let mut items: Vec<Json> =
                    items.into_iter().map(|item| walk(item, token)).collect();
                items.sort_by_key(Json::to_string);
                Json::Array(items)
            }
            Json::Object(fields) => Json::Object(
                fields
                    .into_iter()
                    .map(|(key, item)| (key, walk(item, token)))
                    .collect(),
            ),
            other => other,
        }
    }
    walk(
        serde_json::from_str(text).expect("a databag value is JSON"),
        token,
    )
}

/// `kind issuer name length | identity | start`: only the first part must be equal.
fn token(kind: &str, name: &str, length_s: i64, identity: &str, from_s: i64) -> String {
    format!("{kind} {name} {length_s}{SEPARATOR}{identity}{SEPARATOR}{from_s}")
}

fn theirs_token(text: &str, base_s: i64) -> String {
    let Some(inner) = text
        .strip_prefix('<')
        .and_then(|text| text.strip_suffix('>'))
    else {
        return text.to_owned();
    };
    let words: Vec<&str> = inner.split(' ').collect();
    match words.as_slice() {
        ["csr", number, name] => token("csr", name, 0, &format!("csr {number}"), 0),
        [
            kind @ ("ca" | "leaf"),
            number,
            middle @ ..,
            "from",
            from,
            "to",
            until,
        ] => {
            let (from, until): (i64, i64) = (from.parse().unwrap(), until.parse().unwrap());
            let name = middle.join(" ");
            let kind = if *kind == "ca" {
                format!("ca {number}")
            } else {
                (*kind).to_owned()
            };
            token(
                &kind,
                &name,
                until - from,
                &format!("{kind} {number}"),
                from - base_s,
            )
        }
        _ => panic!("unknown token {text}"),
    }
}

fn ours_token(replay: &Replay, text: &str) -> String {
    if text.starts_with("-----BEGIN CERTIFICATE REQUEST") {
        let request = CertificateRequest::from_pem(text).expect("a request");
        let name = request.attributes().common_name.clone().unwrap_or_default();
        return token("csr", &their_name(&name), 0, &request.sha256_hex(), 0);
    }
    if !text.starts_with("-----BEGIN") {
        return text.to_owned();
    }
    let certificate = Certificate::from_pem(text).expect("a certificate");
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let length_s = i64::try_from(until.since(from).as_secs()).unwrap();
    let created_s = i64::try_from(replay.created_at.as_seconds()).unwrap();
    let from_s = i64::try_from(from.as_seconds()).unwrap() - created_s;
    let name = their_name(certificate.subject_common_name().unwrap_or_default());
    let identity = certificate.sha256_hex();
    let roots = roots(replay);
    if certificate.is_ca() {
        let number = 1 + roots
            .iter()
            .position(|root| *root == certificate)
            .expect("noted");
        return token(&format!("ca {number}"), &name, length_s, &identity, from_s);
    }
    let issued_by = |root: &Certificate| certificate.verify_issued_by(root);
    let number = 1 + roots
        .iter()
        .position(issued_by)
        .expect("issued by a known root");
    token(
        "leaf",
        &format!("by {number} {name}"),
        length_s,
        &identity,
        from_s,
    )
}

/// The CA's certificates in the order in which they were made.
fn roots(replay: &Replay) -> Vec<Certificate> {
    let issued = replay
        .stage
        .notes
        .iter()
        .filter(|note| note.2 == "certificate-issued");
    let certificates = issued.map(|note| Certificate::from_pem(&note.3).expect("a certificate"));
    certificates.filter(Certificate::is_ca).collect()
}

fn their_name(name: &str) -> String {
    match name.split_once(".web-endpoints.") {
        Some((unit, _)) => format!("{unit}.example.com"),
        None if name.starts_with("web.") => "app.example.com".to_owned(),
        None => name.to_owned(),
    }
}

fn same(
    theirs: &Json,
    ours: &Json,
    tolerance_s: i64,
    identities: &mut Identities,
) -> Result<(), String> {
    let differs = || Err(format!("{theirs} is not {ours}"));
    match (theirs, ours) {
        (Json::String(left), Json::String(right)) => {
            let (left, right): (Vec<&str>, Vec<&str>) = (
                left.split(SEPARATOR).collect(),
                right.split(SEPARATOR).collect(),
            );
            if left[0] != right[0] || left.len() != right.len() {
                return differs();
            }
            if left.len() == 1 {
                return Ok(());
            }
            let seconds = |parts: &[&str]| parts[2].parse::<i64>().unwrap();
            let late_s = (seconds(&left) - seconds(&right)).abs();
            if late_s > tolerance_s || !identities.agree(left[1], right[1]) {
                return differs();
            }
            Ok(())
        }
        (Json::Array(left), Json::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right);
            pairs.try_for_each(|(left, right)| same(left, right, tolerance_s, identities))
        }
        (Json::Object(left), Json::Object(right)) => {
            // The order of keys is part of what the library writes.
            if !left.keys().eq(right.keys()) {
                return differs();
            }
            let mut pairs = left.values().zip(right.values());
            pairs.try_for_each(|(left, right)| same(left, right, tolerance_s, identities))
        }
        (left, right) if left == right => Ok(()),
        _ => differs(),
    }
}

/// A secret's label and when it expires, in seconds.
type Expiry = (String, Option<i64>);

fn compare_secrets(
    replay: &Replay,
    entry: &Json,
    played: &Played,
    base_s: i64,
) -> Result<(), String> {
    let mut theirs: Vec<Expiry> = entry["secrets"]
        .as_array()
        .expect("secrets")
        .iter()
        .map(|line| {
            line.as_str()
                .expect("text")
                .split_once(" expires ")
                .expect("an expiry")
        })
        .map(|(label, expiry)| (label.to_owned(), expiry.parse().ok()))
        .collect();
    let mut ours: Vec<Expiry> = played
        .secrets
        .iter()
        // The generic consumer's own way of sharing, which the recorded charm has not.
        .filter(|(label, _)| !label.starts_with("tls-"))
        .map(|(label, expire)| {
            let masked: Vec<&str> = label
                .split('-')
                .map(|part| if part.len() >= 32 { "*" } else { part })
                .collect();
            let offset_s = expire.map(|at| {
                let created_s = replay.created_at.as_seconds();
                i64::try_from(at.as_seconds()).unwrap() - i64::try_from(created_s).unwrap() + base_s
            });
            (masked.join("-"), offset_s)
        })
        .collect();
    theirs.sort();
    ours.sort();
    let same = |(left, right): (&Expiry, &Expiry)| {
        let near = match (left.1, right.1) {
            (Some(left), Some(right)) => (left - right).abs() <= UPDATE_STATUS_S,
            (left, right) => left == right,
        };
        left.0 == right.0 && near
    };
    if theirs.len() == ours.len() && theirs.iter().zip(&ours).all(same) {
        Ok(())
    } else {
        Err(format!("secrets {theirs:?} are not {ours:?}"))
    }
}

fn clip(shown: impl ToString) -> String {
    shown.to_string().chars().take(200).collect()
}

fn check(name: &str) {
    let Some(recording) = recording(name) else {
        return;
    };
    let entries = recording["entries"].as_array().expect("entries");
    let first_at_s = entries[0]["t"].as_u64().expect("seconds");
    let mut differences = Vec::new();
    for seed in 0..SEEDS {
        let replay = play(&recording["case"], first_at_s, seed, false);
        match compare(&replay, entries) {
            Ok(()) => return,
            Err(difference) => {
                let place = difference
                    .split([' ', ':'])
                    .nth(1)
                    .and_then(|at| at.parse::<u32>().ok());
                differences.push((
                    place.unwrap_or(u32::MAX),
                    format!("seed {seed}: {difference}"),
                ));
            }
        }
    }
    differences.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let near: Vec<&str> = differences
        .iter()
        .take(3)
        .map(|(_, text)| text.as_str())
        .collect();
    panic!(
        "no order that Juju may choose gives the recording; the nearest differ:\n{}",
        near.join("\n")
    );
}

#[test]
fn first_issue_is_as_recorded() {
    check("first-issue");
}

#[test]
fn a_year_is_as_recorded() {
    check("year");
}

#[test]
fn app_mode_is_as_recorded() {
    check("app-mode");
}

#[test]
fn a_config_change_is_as_recorded() {
    check("config-change");
}

#[test]
fn invalid_config_is_as_recorded() {
    check("invalid-config");
}
