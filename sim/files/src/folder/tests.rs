//! Folders, new and old, with a writer that is killed between any two of its steps.

use std::cell::Cell;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use serde_json::Map;

use super::*;
use crate::sealed::Seal;

thread_local! {
    /// How many more steps this thread makes until it is killed.
    static STEPS_LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Ends the writer as a signal would: what would clean up is not run.
pub(super) fn kill_here() {
    let left = STEPS_LEFT.get();
    STEPS_LEFT.set(left.map(|left| left.saturating_sub(1)));
    if left == Some(0) {
        // Without the words of a panic.
        resume_unwind(Box::new("killed"));
    }
}

const SEAL: &str = "it.json";

fn contents(files: &[(&str, &str)]) -> Contents<'static> {
    let files = files.iter();
    let files = files.map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    Contents::sealed(files.collect(), SEAL, Map::new())
}

/// Writes a folder, once the lock of an earlier writer is free: where another test starts a process just then, that one
/// holds every file of this process until it has become its program, the lock among them.
fn write(path: &Path, files: &[(&str, &str)]) -> Result<Vec<String>, FolderError> {
    for _ in 0..10_000 {
        match write_at_once(path, files) {
            Err(FolderError::Busy(_)) => std::thread::yield_now(),
            written => return written,
        }
    }
    write_at_once(path, files)
}

fn write_at_once(path: &Path, files: &[(&str, &str)]) -> Result<Vec<String>, FolderError> {
    write_folder(path, &contents(files), Access::Shared)
}

/// A file is made while it is written: the second piece is asked for once the first is on the disk, and a file that
/// cannot be made leaves what was there.
#[test]
fn a_file_is_written_while_it_is_made() {
    static PIECE: [u8; 1 << 20] = [b'x'; 1 << 20];
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out");
    let on_disk = || {
        let staged = fs::read_dir(crate::writing::folder_of_writing(&path, SEAL));
        let folders = staged.into_iter().flatten().flatten();
        let sizes = folders.filter_map(|folder| fs::metadata(folder.path().join("large")).ok());
        sizes.map(|found| found.len()).sum::<u64>()
    };
    let mut contents = Contents::new(SEAL, Map::new());
    contents.add("large".to_owned(), |writer| {
        writer.write_all(&PIECE)?;
        assert_eq!(on_disk(), PIECE.len() as u64);
        writer.write_all(&PIECE)
    });
    write_folder(&path, &contents, Access::Shared).expect("written");
    assert_eq!(
        fs::metadata(path.join("large")).expect("a file").len(),
        2 << 20
    );
    assert!(Seal::read(&path, SEAL, 1024).is_ok_and(|seal| seal.check().is_ok()));

    let before = tree(&path);
    let mut broken = Contents::new(SEAL, Map::new());
    broken.add("large".to_owned(), |writer| {
        writer.write_all(&PIECE)?;
        Err(io::ErrorKind::StorageFull.into())
    });
    let refused = write_folder(&path, &broken, Access::Shared);
    assert!(matches!(refused, Err(FolderError::Io { path, .. }) if path.ends_with("large")));
    assert_eq!(tree(&path), before);
}

/// Writes until it is killed at a step; whether it was.
fn write_killed(path: &Path, files: &[(&str, &str)], steps: usize) -> bool {
    STEPS_LEFT.set(Some(steps));
    let ended = catch_unwind(AssertUnwindSafe(|| write(path, files).map(drop)));
    STEPS_LEFT.set(None);
    match ended {
        Ok(written) => {
            written.expect("a writer that is not killed succeeds");
            false
        }
        Err(_) => true,
    }
}

/// Every file below a folder with its text, folders left out.
fn tree(path: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() {
            let below = tree(&path).into_iter();
            found.extend(below.map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            let text = fs::read_to_string(&path).expect("text");
            found.push((name.into_owned(), text));
        }
    }
    found.sort();
    found
}

fn names(path: &Path) -> Vec<String> {
    tree(path).into_iter().map(|(name, _)| name).collect()
}

fn is_whole(path: &Path) -> bool {
    Seal::read(path, SEAL, SEAL_MAX)
        .and_then(|seal| seal.check())
        .is_ok()
}

const OLD: [(&str, &str); 3] = [("a.csv", "old"), ("b.csv", "old"), ("gone/c.csv", "old")];
const NEW: [(&str, &str); 3] = [("a.csv", "new"), ("b.csv", "new"), ("sub/d.csv", "new")];

#[test]
fn a_new_folder_appears_with_those_above_it() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("reports/rotation");
    write(&path, &NEW).expect("written");
    assert_eq!(names(&path), ["a.csv", "b.csv", SEAL, "sub/d.csv"]);
    assert!(is_whole(&path));
}

#[test]
fn an_old_folder_keeps_what_is_not_ours_and_loses_what_is_no_longer() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out");
    assert_eq!(write(&path, &OLD).expect("written"), Vec::<String>::new());
    fs::write(path.join("notes.txt"), "mine").expect("written");
    assert_eq!(write(&path, &NEW).expect("written"), ["gone/c.csv"]);
    let expected = ["a.csv", "b.csv", SEAL, "notes.txt", "sub/d.csv"];
    assert_eq!(names(&path), expected);
    assert_eq!(fs::read(path.join("a.csv")).expect("read"), b"new");
    assert!(!path.join("gone").exists(), "an empty folder is left");
    assert!(is_whole(&path));
    // What was changed since is not ours any more, in a place that we do not need.
    fs::write(path.join("sub/d.csv"), "mine").expect("written");
    assert_eq!(write(&path, &OLD).expect("written"), Vec::<String>::new());
    assert_eq!(fs::read(path.join("sub/d.csv")).expect("read"), b"mine");
}

/// A writer over `before` is killed at each of its steps. Gives how many there are.
fn kill_at_every_step(before: impl Fn(&Path)) -> usize {
    for steps in 0.. {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("out");
        before(&path);
        let was_killed = write_killed(&path, &NEW, steps);
        // That it is whole means that every file is as the seal says: all old or all new.
        let whole = is_whole(&path);
        assert!(whole || was_killed, "{steps}");
        let mine = path.join("notes.txt");
        let kept = fs::read(&mine).unwrap_or_else(|_| b"mine".to_vec());
        assert_eq!(kept, b"mine", "{steps}");
        let had_notes = mine.exists();

        write(&path, &NEW).expect("the next writer succeeds");
        assert!(is_whole(&path), "{steps}");
        let mut expected = vec!["a.csv", "b.csv", SEAL, "notes.txt", "sub/d.csv"];
        expected.retain(|name| had_notes || *name != "notes.txt");
        assert_eq!(names(&path), expected, "{steps}");
        assert!(!path.join(format!(".{SEAL}.writing")).exists());
        let beside = fs::read_dir(root.path()).expect("a folder").count();
        assert_eq!(beside, 1, "nothing is beside the folder");
        if !was_killed {
            return steps;
        }
    }
    unreachable!("a writer ends")
}

fn old_with_notes(path: &Path) {
    write(path, &OLD).expect("written");
    fs::write(path.join("notes.txt"), "mine").expect("written");
}

#[test]
fn a_writer_is_killed_at_every_step_of_a_new_folder() {
    let steps = kill_at_every_step(|_| ());
    assert!(steps >= 12, "{steps} steps");
}

#[test]
fn a_writer_is_killed_at_every_step_over_an_old_folder() {
    let steps = kill_at_every_step(old_with_notes);
    assert!(steps >= 13, "{steps} steps");
}

#[test]
fn a_writer_is_killed_where_another_was_killed_before() {
    for earlier in (2..16).step_by(4) {
        let steps = kill_at_every_step(|path| {
            old_with_notes(path);
            let _ = write_killed(path, &[("a.csv", "mid"), ("m.csv", "mid")], earlier);
        });
        assert!(steps >= 12, "{steps} steps");
    }
}

#[test]
fn files_of_others_are_never_replaced() {
    type Plant = fn(&Path);
    let plants: [(&str, Plant); 5] = [
        ("a.csv", |path| fs::write(path, "mine").expect("written")),
        (SEAL, |path| fs::write(path, "{}").expect("written")),
        ("b.csv", |path| fs::create_dir(path).expect("made")),
        ("b.csv", |path| symlink("notes.txt", path).expect("linked")),
        ("sub", |path| {
            fs::create_dir(path.with_file_name("real")).expect("made");
            symlink("real", path).expect("linked");
        }),
    ];
    for (name, plant) in plants {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("out");
        fs::create_dir(&path).expect("made");
        fs::write(path.join("notes.txt"), "mine").expect("written");
        plant(&path.join(name));
        let before = tree(root.path());
        let error = write(&path, &NEW).expect_err("refused");
        let is_it = matches!(&error, FolderError::InTheWay(it) if *it == path.join(name));
        assert!(is_it, "{name}: {error}");
        assert_eq!(tree(root.path()), before, "{name}");
    }
}

/// A folder of one kind of files takes those of another kind, and each is replaced by its own kind.
#[test]
fn two_seals_are_two_writers() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out");
    let other = |text: &str| {
        let files = vec![("x.csv".to_owned(), text.as_bytes().to_vec())];
        Contents::sealed(files, "other.json", Map::new())
    };
    write(&path, &OLD).expect("written");
    write_folder(&path, &other("1"), Access::Shared).expect("written");
    assert!(write_killed(&path, &NEW, 9));
    write_folder(&path, &other("2"), Access::Shared).expect("written");
    write(&path, &NEW).expect("written");
    assert!(is_whole(&path));
    let seal = Seal::read(&path, "other.json", SEAL_MAX).expect("read");
    seal.check().expect("whole");
}

#[test]
fn a_failure_before_the_first_file_is_replaced_changes_nothing() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out");
    // The second file cannot be written: its folder is a file.
    let files = [("a", "a"), ("a/b", "b")];
    let error = write(&path, &files).expect_err("must fail");
    assert!(matches!(error, FolderError::Io { .. }), "{error}");
    assert_eq!(names(root.path()), Vec::<String>::new());

    old_with_notes(&path);
    let before = tree(root.path());
    write(&path, &files).expect_err("must fail");
    assert_eq!(tree(root.path()), before);
    assert!(is_whole(&path));
}

#[test]
fn two_writers_at_once_are_told_apart() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out");
    write(&path, &OLD).expect("written");
    let first = Writing::begin(&path, SEAL).expect("begun");
    let error = write_at_once(&path, &NEW).expect_err("busy");
    assert!(matches!(error, FolderError::Busy(_)), "{error}");
    assert!(is_whole(&path));
    first.end().expect("ended");
    write(&path, &NEW).expect("written");
}

#[test]
fn a_file_or_a_planted_link_in_the_way_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out");
    fs::write(&path, "text").expect("written");
    let error = write(&path, &NEW).expect_err("must fail");
    assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
    assert_eq!(fs::read(&path).expect("read"), b"text");

    fs::remove_file(&path).expect("removed");
    fs::create_dir_all(&path).expect("made");
    fs::create_dir(root.path().join("elsewhere")).expect("made");
    symlink("../elsewhere", path.join(format!(".{SEAL}.writing"))).expect("linked");
    let error = write(&path, &NEW).expect_err("must fail");
    assert!(matches!(error, FolderError::InTheWay(_)), "{error}");
    assert_eq!(names(root.path()), Vec::<String>::new());
}

#[test]
fn private_files_are_for_their_owner_and_permissions_are_kept() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out");
    let mode = |name: &str| {
        let found = fs::metadata(path.join(name)).expect("there");
        found.permissions().mode() & 0o777
    };
    write_folder(&path, &contents(&OLD), Access::Private).expect("written");
    assert_eq!((mode("a.csv"), mode(SEAL)), (0o600, 0o600));
    write(&path, &NEW).expect("written");
    assert_eq!((mode("a.csv"), mode(SEAL)), (0o600, 0o600));
    fs::set_permissions(path.join("a.csv"), fs::Permissions::from_mode(0o644)).expect("set");
    write_folder(&path, &contents(&OLD), Access::Private).expect("written");
    assert_eq!(mode("a.csv"), 0o600);
}
