//! Random plans of faults on random small deployments: no panic, no run that does not end, and
//! after the last fault is over every connection recovers, or the diagnosis says why it cannot.
//!
//! A few seeds in every test run; `cargo test --test random_faults -- --ignored` plays 2,000.

mod common;

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::deployed;
use trustsim::diagnosis::diagnose;
use trustsim::kernel::{Span, Streams};
use trustsim::world::{Options, Simulation};

/// A run that takes longer has come to no end. Seconds of the machine's own clock; a run takes
/// a fraction of one.
const PATIENCE: Duration = Duration::from_secs(240);

/// Choices for one scenario, each drawn by name.
struct Choice {
    streams: Streams,
}

impl Choice {
    fn below(&self, what: u64, bound: u64) -> u64 {
        self.streams.below(0x7261_6e64, what, 0, bound)
    }

    fn of<T: Copy, const N: usize>(&self, what: u64, all: [T; N]) -> T {
        let index = usize::try_from(self.below(what, N as u64)).expect("small");
        all[index]
    }
}

/// Who issues certificates, and where.
struct Provider {
    /// Its charm and options.
    declared: &'static str,
    pods: bool,
    /// On two controllers, in two models of one, or in one model.
    shape: u64,
}

impl Provider {
    fn draw(choice: &Choice) -> Self {
        let declared = choice.of(
            1,
            [
                "charm: self-signed-certificates",
                "charm: self-signed-certificates, options: {certificate-validity: 2d, root-ca-validity: 30d}",
                "charm: manual-tls-certificates",
                "charm: vault-k8s, options: {pki_ca_common_name: Small Root, pki_allow_any_name: true, pki_allow_ip_sans: true}",
            ],
        );
        // vault-k8s and its kind are Kubernetes charms.
        let pods = choice.below(2, 3) > 0 || declared.contains("vault");
        let shape = choice.below(3, 3);
        Self {
            declared,
            pods,
            shape,
        }
    }

    fn is(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    fn address(&self) -> &'static str {
        if self.shape == 0 { "m.ca" } else { "pki.ca" }
    }

    /// The models, with `web` and `api` beside it or in another model.
    fn models(&self, choice: &Choice) -> String {
        let number = if self.pods { "scale" } else { "num_units" };
        let kind = match self.pods {
            true => "    bundle: kubernetes\n",
            false => "",
        };
        let endpoint = match self.is("vault") {
            true => "vault-pki",
            false => "certificates",
        };
        let transfer = match self.is("manual") {
            true => "trust_certificate",
            false => "send-ca-cert",
        };
        let provider = format!("{}, {number}: 1", self.declared);
        let (webs, apis) = (1 + choice.below(4, 3), 1 + choice.below(5, 2));
        let applications = format!(
            "      web: {{charm: web, {number}: {webs}}}\n      api: {{charm: web, {number}: {apis}}}\n"
        );
        if self.shape == 0 {
            return format!(
                "models:\n  m:\n{kind}    applications:\n      ca: {{{provider}}}\n{applications}    relations:\n      - [web:certificates, ca:{endpoint}]\n      - [api:certificates, ca:{endpoint}]\n      - [web:receive-ca-cert, ca:{transfer}]\n"
            );
        }
        let (controllers, home, away, url) = match self.shape {
            2 => (
                "controllers: {north: {}, south: {}}\n",
                "    controller: north\n",
                "    controller: south\n",
                "north:admin/pki",
            ),
            _ => ("", "", "", "admin/pki"),
        };
        format!(
            "{controllers}models:\n  pki:\n{home}{kind}    applications:\n      ca: {{{provider}, offers: {{certificates: {{endpoints: [{endpoint}]}}, trust: {{endpoints: [{transfer}]}}}}}}\n  m:\n{away}{kind}    saas:\n      certificates: {{url: '{url}.certificates'}}\n      trust: {{url: '{url}.trust'}}\n    applications:\n{applications}    relations:\n      - [web:certificates, certificates]\n      - [api:certificates, certificates]\n      - [web:receive-ca-cert, trust]\n"
        )
    }

    /// The people it waits for.
    fn operators(&self) -> String {
        let signs = match self.is("manual") {
            true => {
                ", signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}"
            }
            false => "",
        };
        if self.is("self-signed") {
            return String::new();
        }
        format!(
            "operators:\n  team: {{answers: [{}], delay: {{from: 1m, to: 20m}}{signs}}}\n",
            self.address()
        )
    }
}

/// A small deployment and its random plan, as a scenario.
fn scenario(seed: u64) -> String {
    let choice = Choice {
        streams: Streams::new(seed),
    };
    let provider = Provider::draw(&choice);
    let library = choice.of(
        6,
        [
            "tls-certificates",
            "tls-certificates",
            "tls-certificates-v4",
        ],
    );
    let store = choice.of(7, ["certificate-transfer-v1", "certificate-transfer-v0"]);
    let refresh = choice.of(8, ["", ", refresh: 1h"]);
    let count = 1 + choice.below(9, 10);
    format!(
        "seed: {seed}\nduration: 4d\n{}charms:\n  web: {{config: {{options: {{level: {{type: string, default: info}}}}}}, requires: {{certificates: {{interface: tls-certificates, library: {library}}}, receive-ca-cert: {{interface: certificate_transfer, library: {store}}}}}}}\nclients:\n  browser: {{trusts: [{}]{refresh}}}\n{}connections:\n  - {{from: browser, to: m.web, every: 10s}}\n  - {{from: m.web, to: m.api, every: 10s}}\nfaults:\n  - {{at: 1h, random: {{count: {count}, for: 24h}}}}\n",
        provider.models(&choice),
        provider.address(),
        provider.operators(),
    )
}

/// What one seed came to: how many outages, how many of them open at the end; or what is wrong.
fn play(seed: u64) -> Result<(usize, usize), String> {
    let text = scenario(seed);
    let deployment = Arc::new(deployed(&text));
    let options = Options::default();
    let mut simulation = Simulation::new(Arc::clone(&deployment), options);
    let end = simulation.end();
    while simulation.now() < end {
        let next = simulation.now() + Span::from_secs(3_600);
        simulation.run_until(next.min(end));
        if simulation.journal().entries().len() > 200_000 {
            return Err("the journal grows without end".to_owned());
        }
    }
    let (manifest, journal) = (simulation.manifest(), simulation.journal().clone());
    if simulation.settled_at().is_none() {
        return Err("it never settled".to_owned());
    }
    let findings = diagnose(&deployment, &manifest, &journal);
    for standing in &findings.standing {
        let outage = &findings.outages[standing.outage];
        let explanation = &findings.explanations[standing.outage];
        if standing.why.is_none() {
            let name = &manifest.connections[outage.connection as usize].name;
            return Err(format!(
                "{name} fails since {} as {}, and nothing says why it stays so: {}",
                outage.from,
                outage.error,
                explanation.line()
            ));
        }
    }
    Ok((findings.outages.len(), findings.standing.len()))
}

/// Plays seeds on every core; every one that goes wrong is told with its scenario and its plan.
#[expect(
    clippy::disallowed_methods,
    reason = "each run is one thread; many runs need not be"
)]
fn check(seeds: std::ops::Range<u64>) {
    let total = seeds.end - seeds.start;
    let next = Arc::new(Mutex::new(seeds));
    let (sender, receiver) = mpsc::channel();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..workers {
        let (next, sender) = (Arc::clone(&next), sender.clone());
        thread::spawn(move || {
            loop {
                let Some(seed) = next.lock().expect("no worker panics with it").next() else {
                    return;
                };
                let done = std::panic::catch_unwind(|| play(seed));
                let done = done.unwrap_or_else(|_| Err("a panic".to_owned()));
                if sender.send((seed, done)).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let (mut wrong, mut outages, mut standing, mut played) = (Vec::new(), 0, 0, 0);
    while played < total {
        match receiver.recv_timeout(PATIENCE) {
            Ok((_, Ok((all, open)))) => (outages, standing) = (outages + all, standing + open),
            Ok((seed, Err(what))) => wrong.push((seed, what)),
            Err(_) => panic!("a run does not end; {played} of {total} seeds are done"),
        }
        played += 1;
    }
    assert!(outages > 0, "faults without an outage are none");
    let told: Vec<String> = wrong
        .iter()
        .take(5)
        .map(|(seed, what)| {
            let drawn = deployed(&scenario(*seed)).drawn.join("\n  ");
            format!("seed {seed}: {what}\n{}  {drawn}\n", scenario(*seed))
        })
        .collect();
    let all: Vec<u64> = wrong.iter().map(|(seed, _)| *seed).collect();
    assert!(
        wrong.is_empty(),
        "{} of {total} seeds go wrong ({standing} of {outages} outages stay for a reason): {all:?}\n\n{}",
        wrong.len(),
        told.join("\n")
    );
}

#[test]
fn a_few_random_plans_heal_or_say_why_not() {
    check(0..24);
}

/// For `.ci/run`: a few minutes.
#[test]
#[ignore = "2,000 seeds"]
fn two_thousand_random_plans_heal_or_say_why_not() {
    check(0..2_000);
}

/// A plan is drawn from the seed alone, and can be pasted: as lines of a scenario it is the same.
#[test]
fn a_drawn_plan_can_be_pasted() {
    for seed in 0..40 {
        let text = scenario(seed);
        let drawn = deployed(&text);
        assert_eq!(drawn.drawn, deployed(&text).drawn);
        let (head, _) = text.split_once("faults:\n").expect("a plan");
        let lines: String = drawn
            .drawn
            .iter()
            .map(|line| format!("  {line}\n"))
            .collect();
        let pasted = deployed(&format!("{head}faults:\n{lines}"));
        let actions = |deployment: &trustsim::world::Deployment| -> Vec<_> {
            let actions = deployment.actions.iter();
            actions
                .map(|timed| (timed.at, timed.action.clone()))
                .collect()
        };
        assert_eq!(actions(&drawn), actions(&pasted), "{text}{lines}");
    }
}
