//! A run that is killed at any time leaves a folder that is whole, or that says that it is not; the next run into it
//! succeeds and cleans up.

use std::thread::sleep;
use std::time::Duration;

use super::*;

/// What was found after so many kills.
#[derive(Debug, Default)]
struct Found {
    /// The folder was whole.
    whole: usize,
    /// There was no seal.
    unsealed: usize,
    /// The writer had begun and not ended.
    in_the_middle: usize,
    /// The run had ended before.
    too_late: usize,
}

/// Numbers that look random, the same in each run of a test.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn is_writing(out: &Path) -> bool {
    out.join(".summary.json.writing").exists()
}

/// Starts a run into `out` and kills it: at any time, or, two times of three, within a window, in microseconds, from when
/// it began to write. Whether it had ended before.
fn run_killed(folder: &Path, seed: &str, numbers: &mut Numbers, window: &mut u64) -> bool {
    let out = folder.join("out");
    let all = run(&["-q", "--seed", seed, "-o", "out"]);
    let mut command = program(folder, &all);
    let mut child = command.spawn().expect("it starts");
    let any_time = numbers.below(3) == 0;
    if any_time {
        sleep(Duration::from_micros(numbers.below(400_000)));
    } else {
        while !is_writing(&out) && child.try_wait().expect("a child").is_none() {
            sleep(Duration::from_micros(50));
        }
        sleep(Duration::from_micros(numbers.below(*window)));
    }
    child
        .kill()
        .expect("it can be killed, also where it has ended");
    let ended = child.wait().expect("it has ended");
    assert!(
        ended.code().is_none_or(|code| code == 1),
        "a run that was not killed writes its report: {ended}"
    );
    // How long a run writes depends on the machine: about half of the kills are to come too late.
    let too_late = ended.code().is_some();
    *window = match too_late {
        _ if any_time => *window,
        true => (*window * 4 / 5).max(100),
        false => *window * 5 / 4,
    };
    too_late
}

/// Kills runs, each into a fresh folder or over what was there.
fn kill(times: usize, fresh: bool) -> Found {
    let folder = folder();
    let out = folder.path().join("out");
    let mut found = Found::default();
    let mut numbers = Numbers(times as u64 + u64::from(fresh));
    let mut window = 5_000;
    for time in 0..times {
        if fresh && out.exists() {
            fs::remove_dir_all(&out).expect("removed");
        } else if !fresh && (is_writing(&out) || is_whole(&out, "summary.json").is_none()) {
            let seed = ["3", "4"][time % 2];
            let (code, error) = said(folder.path(), &run(&["--seed", seed, "-o", "out"]));
            assert_eq!(code, Some(1), "a run into what was left succeeds: {error}");
            assert_eq!(is_whole(&out, "summary.json"), Some(true));
            assert!(!is_writing(&out), "what was left is removed");
        }
        let seed = ["1", "2"][time % 2];
        let too_late = run_killed(folder.path(), seed, &mut numbers, &mut window);
        found.too_late += usize::from(too_late);
        found.in_the_middle += usize::from(is_writing(&out));
        match is_whole(&out, "summary.json") {
            None => found.unsealed += 1,
            Some(whole) => {
                assert!(whole, "kill {time}: a folder has a seal and is not whole");
                found.whole += 1;
            }
        }
        // The reader says the same.
        if out.exists() {
            let (code, error) = said(folder.path(), &["status", "out", "-q"]);
            let whole = is_whole(&out, "summary.json").is_some();
            assert_eq!(code == Some(0), whole, "kill {time}: {error}");
        }
    }
    let (code, error) = said(folder.path(), &run(&["-o", "out"]));
    assert_eq!(code, Some(1), "{error}");
    assert_eq!(is_whole(&out, "summary.json"), Some(true));
    let names = fs::read_dir(&out).expect("a folder").count();
    assert_eq!(names, 14, "nothing is left of those that were killed");
    let beside = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(beside, 2, "nothing is left beside the folder");
    found
}

#[test]
fn a_run_over_a_finished_report_is_killed() {
    let found = kill(20, false);
    println!("{found:?}");
    assert!(found.in_the_middle > 0, "{found:?}");
}

#[test]
fn a_run_into_a_fresh_folder_is_killed() {
    let found = kill(20, true);
    println!("{found:?}");
    assert!(found.in_the_middle > 0, "{found:?}");
}

#[test]
#[ignore = "takes minutes"]
fn five_hundred_runs_are_killed() {
    for fresh in [false, true] {
        let found = kill(250, fresh);
        println!("{found:?}, each into a fresh folder: {fresh}");
        assert!(found.in_the_middle > 25, "{found:?}");
    }
}
