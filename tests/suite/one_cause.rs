//! A failure has one cause in every report: `why` at any instant says what `failures.csv` and the block of `run` say of
//! that instant. They were worked out apart once, and contradicted each other. The command that `run` prints asks about an
//! instant that lies in the outage: it was cut to the second before it, of which `why` said that the connection held.

use std::collections::BTreeMap;

use trustsim::diagnosis::{Findings, diagnose, outage_groups, part_at, why};
use trustsim::kernel::Time;
use trustsim::model::Kind;
use trustsim::report::{self, words};
use trustsim::scenario::{DiskFiles, load_variant};
use trustsim::world::{Deployment, Options, Record};

/// What `failures.csv` has under `cause`, by connection and instant; of two at one instant the last.
fn written(record: &Record, findings: &Findings) -> BTreeMap<(String, String), String> {
    let run = report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings,
        provenance: None,
    };
    let mut table = Vec::new();
    report::csv::failures(&run, &mut table).expect("memory takes every byte");
    let mut reader = csv::Reader::from_reader(table.as_slice());
    let column = |name: &str, reader: &mut csv::Reader<&[u8]>| {
        let headers = reader.headers().expect("a header").clone();
        let found = headers.iter().position(|header| header == name);
        found.expect("the table has the column")
    };
    let [at, connection, cause] =
        ["at", "connection", "cause"].map(|name| column(name, &mut reader));
    let rows = reader.records().map(|row| row.expect("a row"));
    let of = |row: csv::StringRecord| {
        let key = (row[connection].to_owned(), row[at].to_owned());
        (key, row[cause].to_owned())
    };
    rows.map(of).collect()
}

/// Instants within every outage: each handshake, and half way to the next.
fn instants(record: &Record, findings: &Findings) -> Vec<(usize, Time)> {
    let end = record.manifest.end();
    let mut found = Vec::new();
    for (index, outage) in findings.outages.iter().enumerate() {
        let until = outage.until.unwrap_or(end);
        let judged = record.journal.entries().iter().filter(|entry| {
            matches!(&entry.kind, Kind::Handshake(record) if record.connection == outage.connection)
                && outage.from <= entry.time
                && entry.time < until
        });
        let mut times: Vec<Time> = std::iter::once(outage.from)
            .chain(judged.map(|entry| entry.time))
            .collect();
        times.dedup();
        let ends = times.iter().skip(1).copied().chain([until]);
        let halves: Vec<Time> = times
            .iter()
            .zip(ends)
            .map(|(from, until)| *from + until.since(*from) / 2)
            .collect();
        found.extend(times.into_iter().chain(halves).map(|at| (index, at)));
    }
    found
}

/// The words of a command in which a word with spaces is quoted: that of a process beside a workload.
fn typed(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in command.chars() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            other => words.last_mut().expect("a word").push(other),
        }
    }
    words
}

/// What the command under `more:` would answer, beside the first cause that is told; `None` where no outage is.
fn printed(deployment: &Deployment, record: &Record, findings: &Findings) -> Option<[String; 2]> {
    let groups = outage_groups(&record.manifest, findings);
    let longest = groups.first()?.longest();
    let run = report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings,
        provenance: None,
    };
    let text = report::terminal::terminal(&run, report::terminal::Detail::Normal);
    let more = text.lines().find(|line| line.starts_with("more: "));
    let more = more.expect("what fails can be asked about");
    let mut commands = more.split("; ");
    let command = commands.find_map(|each| each.strip_prefix("trustsim why SCENARIO "));
    let words = typed(command.expect("a command"));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [client, server, "--at", at] = words[..] else {
        panic!("{more}");
    };
    let at = Time::parse(at).expect("an instant");
    let answers = why(
        deployment,
        &record.manifest,
        &record.journal,
        client,
        server,
        at,
    );
    let answers = answers.expect("it is watched");
    let outage = &findings.outages[longest];
    let answer = answers
        .iter()
        .find(|answer| answer.connection == outage.connection);
    let answer = answer.expect("an answer for each connection");
    let asked = match (&answer.outage, &answer.explanation) {
        (Some(found), Some(explanation)) if found == outage => {
            words::cause::line(&explanation.cause.what)
        }
        other => format!("{at}: {other:?}"),
    };
    let told = words::cause::line(&findings.explanations[longest].cause.what);
    Some([asked, told])
}

fn contradictions(deployment: &Deployment) -> (usize, Vec<String>) {
    let record = crate::common::play(deployment, Options::default());
    let findings = diagnose(deployment, &record.manifest, &record.journal);
    let instants = instants(&record, &findings);
    let written = written(&record, &findings);
    let mut wrong = Vec::new();
    if let Some([asked, told]) = printed(deployment, &record, &findings)
        && asked != told
    {
        wrong.push(format!("more: {asked}\n  told: {told}"));
    }
    for (index, at) in &instants {
        let outage = &findings.outages[*index];
        let connection = &record.manifest.connections[outage.connection as usize];
        let (client, server) = (connection.client.as_str(), connection.server.as_str());
        let answers = why(
            deployment,
            &record.manifest,
            &record.journal,
            client,
            server,
            *at,
        );
        let answers = answers.expect("it is watched");
        let answer = answers
            .iter()
            .find(|answer| answer.connection == outage.connection);
        let answer = answer.expect("an answer for each connection");
        let explanation = answer.explanation.as_ref().expect("it fails then");
        let asked = words::cause::line(&explanation.cause.what);
        let part = part_at(&findings.parts[*index], *at);
        let told = words::cause::line(&part.explanation.cause.what);
        let key = (connection.name.clone(), at.to_string());
        let row = written.get(&key);
        let is_written = row.is_none_or(|cause| cause.starts_with(&told));
        if asked != told || !is_written {
            wrong.push(format!(
                "{} at {at}\n   why: {asked}\n  told: {told}\n  failures.csv: {row:?}",
                connection.name
            ));
        }
    }
    let rows = instants.iter().filter(|(index, at)| {
        let connection = findings.outages[*index].connection as usize;
        let name = record.manifest.connections[connection].name.clone();
        written.contains_key(&(name, at.to_string()))
    });
    (rows.count(), wrong)
}

#[test]
fn why_says_what_the_files_say() {
    let (mut asked, mut wrong) = (0, Vec::new());
    let incidents = crate::common::yaml_files("scenarios/incidents");
    for path in crate::common::scenario_files().into_iter().chain(incidents) {
        let loaded = load_variant(&path, None, &DiskFiles);
        let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
        let (count, found) = contradictions(&loaded.deployment);
        asked += count;
        let name = path.file_stem().expect("a name").to_string_lossy();
        wrong.extend(found.into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(
        asked > 500,
        "only {asked} instants with a row in failures.csv"
    );
    assert!(
        wrong.is_empty(),
        "{} of {asked}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The block of each group, as it is printed.
fn blocks(deployment: &Deployment) -> Vec<String> {
    let record = crate::common::play(deployment, Options::default());
    let findings = diagnose(deployment, &record.manifest, &record.journal);
    let run = report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings: &findings,
        provenance: None,
    };
    let text = report::terminal::terminal(&run, report::terminal::Detail::Normal);
    let text = anstream::adapter::strip_str(&text).to_string();
    let blocks = text.split("\n\n");
    let failures = blocks.filter(|block| block.starts_with("error["));
    failures.map(str::to_owned).collect()
}

/// Traefik writes every CA to one file (canonical/traefik-k8s-operator#565), so that it trusts neither of its servers: in
/// canonical/alertmanager-k8s-operator `tests/manual/bundle_1_e2e_tls.yaml` that was told twice in the same words.
#[test]
fn a_culprit_between_several_applications_is_told_once() {
    let deployment = crate::common::deployed(
        "
name: one-file
duration: 300d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      in: {charm: traefik-k8s, channel: latest/stable, scale: 1}
      a: {charm: traefik-k8s, channel: latest/stable, scale: 1}
      b: {charm: traefik-k8s, channel: latest/stable, scale: 1}
    relations:
      - ['a:certificates', 'ca:certificates']
      - ['b:certificates', 'ca:certificates']
      - ['in:receive-ca-cert', 'ca:send-ca-cert']
connections:
  - {from: m.in, to: m.a, every: 6h}
  - {from: m.in, to: m.b, every: 6h}
",
    );
    let told = blocks(&deployment);
    let [only] = told.as_slice() else {
        panic!("{}", told.join("\n\n"));
    };
    assert!(
        only.contains("writes every CA of a relation to one file"),
        "{only}"
    );
    assert!(
        only.contains("1 more outage of the same kind of cause"),
        "{only}"
    );
}

/// A Vault waits for a person. OpenSSL says of the certificate that its server has in place of one that its issuer is not
/// known, and Go that it has another name.
#[test]
fn one_cause_is_told_once_whatever_clients_print() {
    let deployment = crate::common::deployed(
        "
name: one-wait
duration: 5d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      vk: {charm: vault-k8s, channel: 2.0/stable, scale: 1}
      w: {charm: traefik-k8s, channel: latest/stable, scale: 1}
      app: {charm: kratos, scale: 1}
    relations:
      - ['vk:tls-certificates-pki', 'ca:certificates']
      - ['w:certificates', 'vk:vault-pki']
      - ['app:receive-ca-cert', 'ca:send-ca-cert']
clients: {browser: {trusts: [m.ca]}}
connections:
  - {from: browser, to: m.w, every: 1h}
  - {from: m.app, to: m.w, every: 1h}
operators: {slow: {answers: [m.vk], delay: {exactly: 30d}}}
",
    );
    let told = blocks(&deployment);
    let [only] = told.as_slice() else {
        panic!("{}", told.join("\n\n"));
    };
    assert!(
        only.contains("m.vk/0 waited for slow") || only.contains("m.vk/0 waits for slow"),
        "{only}"
    );
    assert!(
        only.contains("m.app/0 -> m.w/0 (not-valid-for-name)"),
        "{only}"
    );
}

/// What is missing was told twice, as what is missing and as why the outage stays.
#[test]
fn what_is_missing_is_told_once() {
    let deployment = crate::common::deployed(
        "
name: missing
duration: 5d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      in: {charm: traefik-k8s, channel: latest/stable, scale: 1}
      a: {charm: traefik-k8s, channel: latest/stable, scale: 1}
    relations: [['a:certificates', 'ca:certificates']]
connections: [{from: m.in, to: m.a, every: 1h}]
",
    );
    let told = blocks(&deployment);
    let [only] = told.as_slice() else {
        panic!("{}", told.join("\n\n"));
    };
    assert!(
        only.contains("= missing         no certificate_transfer relation"),
        "{only}"
    );
    assert!(!only.contains("= stays"), "{only}");
}

/// Each time that an intermediate is renewed another error shows itself for seconds, and the first comes again. What was
/// explained by halves, between two parts that say the same, forgot the error in between, which an assertion noticed.
#[test]
fn errors_that_take_turns_for_years_have_their_causes() {
    let text = include_str!("../../scenarios/incidents/02-vault-k8s-operator-664-no-root.yaml");
    let text = text.replace("duration: 3d", "duration: 1500d");
    let (rows, wrong) = contradictions(&crate::common::deployed(&text));
    assert!(rows > 32, "{rows}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
