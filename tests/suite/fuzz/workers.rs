//! Cases of a target on every core, until so many are done or so much time has gone; what fails is told and kept.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// No case takes longer: it is a few runs with a limit each, or the reading of one scenario.
const PATIENCE: Duration = Duration::from_secs(900);
/// A search ends once so many cases have failed.
const FAILURES_MAX: usize = 12;

/// What is damaged and how it is run.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Makes the case of a seed in an empty folder and runs it. Gives a word for what it came to, which is counted.
    pub(crate) case: fn(u64, &Path) -> Result<&'static str, String>,
}

/// When a search ends.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Count(u64),
    Seconds(u64),
}

/// What was done.
pub(crate) struct Done {
    name: &'static str,
    from: u64,
    ends: std::collections::BTreeMap<&'static str, u64>,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count: u64 = self.ends.values().sum();
        write!(f, "{}: {count} cases from seed {} on", self.name, self.from)?;
        for (end, count) in &self.ends {
            write!(f, ", {end} {count}")?;
        }
        Ok(())
    }
}

/// Where the cases are: one that fails stays there.
fn place(target: &Target, seed: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    folder.join(format!("{}-{seed}", target.name))
}

fn one(target: &Target, seed: u64) -> Result<&'static str, String> {
    let folder = place(target, seed);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let case = target.case;
    let ended = std::panic::catch_unwind(|| case(seed, &folder))
        .unwrap_or_else(|panic| Err(format!("a panic: {}", said(panic.as_ref()))));
    if ended.is_ok() {
        std::fs::remove_dir_all(&folder).expect("removed");
    }
    ended.map_err(|what| format!("seed {seed}, kept in {}: {what}", folder.display()))
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

/// Runs cases from a seed on.
#[expect(
    clippy::disallowed_methods,
    reason = "each run is one thread; many cases need not be, and a search is told how long it may take"
)]
pub(crate) fn search(target: &Target, from: u64, until: Until) -> Done {
    let began = Instant::now();
    let next = std::sync::Arc::new(AtomicU64::new(from));
    let (sender, receiver) = mpsc::channel();
    for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
        let (next, sender, target) = (std::sync::Arc::clone(&next), sender.clone(), *target);
        let work = move || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                let ends = match until {
                    Until::Count(count) => seed >= from + count,
                    Until::Seconds(seconds) => began.elapsed().as_secs() >= seconds,
                };
                if ends || sender.send(one(&target, seed)).is_err() {
                    return;
                }
            }
        };
        // As much stack as the program itself has.
        let thread = thread::Builder::new().stack_size(8 * 1024 * 1024);
        thread.spawn(work).expect("a thread");
    }
    drop(sender);
    let mut done = Done {
        name: target.name,
        from,
        ends: std::collections::BTreeMap::new(),
    };
    let mut wrong = Vec::new();
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(Ok(end)) => *done.ends.entry(end).or_default() += 1,
            Ok(Err(what)) => wrong.push(what),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                wrong.push(format!(
                    "a case does not end; see target/tmp/fuzz/{}-*",
                    target.name
                ));
                break;
            }
        }
        if wrong.len() >= FAILURES_MAX {
            break;
        }
    }
    assert!(
        wrong.is_empty(),
        "{done}; {} fail:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    done
}
