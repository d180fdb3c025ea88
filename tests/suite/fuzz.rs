//! What people feed the program, damaged: scenarios with their bundles, overlays and charm folders; what is imported;
//! folders of reports; PEM files for `judge`. Whatever it is, the program ends with 0, 1 or 2 within a time and a memory, without a panic,
//! and leaves no folder that looks whole and is not.
//!
//! A seed decides a case. A few cases of each target run in every test run, and so does everything in
//! `tests/fuzz-corpus`, which broke something once.
//!
//! `FUZZ_SECONDS=120 cargo test --test suite fuzz:: -- --ignored --nocapture` goes on for as long as it is told, from
//! the seed `FUZZ_FROM` on, and prints how many cases each target had. A case that fails is kept in
//! `target/tmp/fuzz`; `FUZZ_TARGET=scenarios FUZZ_SEED=17` with the same command plays it alone. `FUZZ_TARGET` alone goes
//! on with that target, `FUZZ_COUNT=50000` until it had so many cases, and `FUZZ_PROGRAM=/.../target/release/trustsim`
//! runs that program.

mod corpus;
mod damage;
mod dumps;
mod folders;
mod limits;
mod pem;
mod scenarios;
mod trees;
mod workers;

use workers::{Target, Until, search};

/// Each target with how many of its cases every test run has.
const TARGETS: [(Target, u64); 4] = [
    (scenarios::TARGET, 60),
    (dumps::TARGET, 20),
    (folders::TARGET, 8),
    (pem::TARGET, 12),
];

#[test]
fn a_few_damaged_inputs_end_as_they_should() {
    for (target, count) in TARGETS {
        search(&target, 0, Until::Count(count));
    }
}

/// For `.ci/run`, and for longer by hand.
#[test]
#[ignore = "FUZZ_SECONDS of damaged inputs"]
fn damaged_inputs_end_as_they_should_for_as_long_as_it_is_told() {
    let wanted = setting("FUZZ_TARGET");
    let from = number("FUZZ_FROM").unwrap_or(1_000_000);
    for (target, _) in TARGETS {
        if wanted
            .as_deref()
            .is_some_and(|wanted| wanted != target.name)
        {
            continue;
        }
        let done = match (number("FUZZ_SEED"), number("FUZZ_COUNT")) {
            (Some(seed), _) => search(&target, seed, Until::Count(1)),
            (None, Some(count)) => search(&target, from, Until::Count(count)),
            (None, None) => {
                let targets = if wanted.is_some() {
                    1
                } else {
                    TARGETS.len() as u64
                };
                let seconds = number("FUZZ_SECONDS").unwrap_or(120) / targets;
                search(&target, from, Until::Seconds(seconds))
            }
        };
        println!("fuzz: {done}");
    }
}

fn number(name: &str) -> Option<u64> {
    let text = setting(name)?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to go on is the caller's; no run depends on it"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
