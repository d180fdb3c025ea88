//! One file, over everything that can be there already.

use std::io::Read;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::Command;
use std::thread;

use super::*;

/// Makes a named pipe.
pub(crate) fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).expect("it is there");
    found.permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_file_has_its_permissions() {
    let root = tempfile::tempdir().expect("a folder");
    let (shared, private) = (root.path().join("shared"), root.path().join("private"));
    write_file(&shared, b"a", Access::Shared).expect("written");
    write_file(&private, b"a", Access::Private).expect("written");
    assert_eq!(mode(&shared) | 0o022, 0o666 | 0o022, "less the umask");
    assert_eq!(mode(&private), 0o600);
    assert_eq!(names(root.path()), ["private", "shared"]);
}

#[test]
fn permissions_are_kept_and_never_widened_over_keys() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("a");
    for (before, access, after) in [
        (0o600, Access::Shared, 0o600),
        (0o640, Access::Shared, 0o640),
        (0o600, Access::Private, 0o600),
        (0o644, Access::Private, 0o600),
    ] {
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(before)).expect("set");
        write_file(&path, b"new", access).expect("written");
        assert_eq!(mode(&path), after, "{before:o} {access:?}");
        assert_eq!(fs::read(&path).expect("read"), b"new");
    }
}

#[test]
fn what_is_written_in_parts_is_in_place_when_it_is_finished() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("a");
    fs::write(&path, "old").expect("written");
    let mut dropped = FileWriter::begin(&path, Access::Shared).expect("opened");
    dropped.write(b"half").expect("written");
    drop(dropped);
    assert_eq!(fs::read(&path).expect("read"), b"old");
    let mut writer = FileWriter::begin(&path, Access::Shared).expect("opened");
    for part in ["the ", "whole"] {
        writer.write(part.as_bytes()).expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"old");
    }
    writer.finish().expect("in place");
    assert_eq!(fs::read(&path).expect("read"), b"the whole");
    assert_eq!(names(root.path()), ["a"]);
}

#[test]
fn a_link_stays_and_what_it_points_at_is_written() {
    let root = tempfile::tempdir().expect("a folder");
    let (link, file) = (root.path().join("link"), root.path().join("file"));
    symlink("file", &link).expect("linked");
    for text in ["new", "newer"] {
        write_file(&link, text.as_bytes(), Access::Shared).expect("written");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("read"), text);
    }
}

/// The old temporary file had a name that could be guessed.
#[test]
fn a_planted_link_is_not_followed() {
    let root = tempfile::tempdir().expect("a folder");
    let (victim, target) = (root.path().join("victim"), root.path().join("out"));
    fs::write(&victim, "precious").expect("written");
    symlink("victim", root.path().join(".out.partial")).expect("linked");
    write_file(&target, b"new", Access::Shared).expect("written");
    assert_eq!(fs::read(&victim).expect("read"), b"precious");
    assert_eq!(fs::read(&target).expect("read"), b"new");
}

#[test]
fn devices_and_pipes_are_written_into_and_stay() {
    write_file(Path::new("/dev/null"), b"gone", Access::Private).expect("written");
    let null = fs::metadata("/dev/null").expect("there");
    assert!(null.file_type().is_char_device());
    let full = write_file(Path::new("/dev/full"), b"a", Access::Shared);
    assert!(matches!(full, Err(WriteError::Io(_))), "{full:?}");

    let root = tempfile::tempdir().expect("a folder");
    let pipe = root.path().join("pipe");
    make_pipe(&pipe);
    let read = thread::scope(|scope| {
        let reader = scope.spawn(|| fs::read(&pipe).expect("read"));
        write_file(&pipe, b"text", Access::Shared).expect("written");
        reader.join().expect("it reads")
    });
    assert_eq!(read, b"text");
    let found = fs::metadata(&pipe).expect("there");
    assert!(found.file_type().is_fifo());
    assert_eq!(names(root.path()), ["pipe"]);
}

#[test]
fn what_a_process_has_open_is_written_into() {
    use std::os::fd::AsRawFd;
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let path = PathBuf::from(format!("/dev/fd/{}", writer.as_raw_fd()));
    write_file(&path, b"text", Access::Shared).expect("written");
    drop(writer);
    let mut read = String::new();
    reader.read_to_string(&mut read).expect("read");
    assert_eq!(read, "text");

    // As `(echo first; trustsim ... -o /dev/fd/3) 3> file` does.
    let root = tempfile::tempdir().expect("a folder");
    let file = root.path().join("file");
    let mut open = File::create(&file).expect("made");
    open.write_all(b"first\n").expect("written");
    let path = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
    write_file(&path, b"second\n", Access::Shared).expect("written");
    assert_eq!(fs::read(&file).expect("read"), b"first\nsecond\n");
}

#[test]
fn a_reader_that_has_gone_has_read_enough() {
    use std::os::fd::AsRawFd;
    let (reader, writer) = io::pipe().expect("a pipe");
    let path = PathBuf::from(format!("/dev/fd/{}", writer.as_raw_fd()));
    drop(reader);
    write_file(&path, b"text", Access::Shared).expect("no error");
}

#[test]
fn what_cannot_be_written_says_why() {
    let root = tempfile::tempdir().expect("a folder");
    let of = |name: &str| {
        let error = write_file(&root.path().join(name), b"a", Access::Shared);
        error.expect_err("must fail")
    };
    assert!(matches!(of("."), WriteError::IsAFolder));
    assert!(matches!(of("absent/a"), WriteError::NoFolder(_)));
    let empty = write_file(Path::new(""), b"a", Access::Shared);
    assert!(matches!(empty, Err(WriteError::NoName)), "{empty:?}");
    assert_eq!(names(root.path()), Vec::<String>::new());
}

/// Tests may run as root, which no permission stops.
#[test]
fn a_folder_that_takes_no_file_is_named() {
    let refused = io::ErrorKind::PermissionDenied.into();
    let error = not_staged(Path::new("locked"), refused);
    assert_eq!(
        error.to_string(),
        "its folder `locked` takes no new file, and a file is replaced as a whole"
    );
}
