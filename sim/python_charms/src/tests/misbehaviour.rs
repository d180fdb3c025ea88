//! A charm that misbehaves: its hook fails, or says what was refused, and nothing else happens.

use std::fs;

use super::{charm_that, ended, limits, update_status, worker};
use crate::worker::{Ended, Limits, Worker, WorkerError};

/// How a hook died; how else it ended is told where it did not.
fn died(lines: &str) -> Option<String> {
    match ended(lines)? {
        Ended::Died(how) => Some(how),
        other => panic!("{lines}: {other:?}"),
    }
}

/// How long a hook took that was not waited for.
fn slow(lines: &str) -> Option<String> {
    match ended(lines)? {
        Ended::Slow(how) => Some(how),
        other => panic!("{lines}: {other:?}"),
    }
}

/// What was refused to the hook, and the exception with which it ended.
fn refused(lines: &str) -> Option<(String, String)> {
    match ended(lines)? {
        Ended::Answered(answer) => Some((
            answer["refused"].to_string(),
            answer["error"]["type"].to_string(),
        )),
        other => panic!("{lines}: {other:?}"),
    }
}

#[test]
fn a_hook_that_ends_its_process_is_told_from_one_that_answers() {
    let Some(how) = died("os._exit(7)") else {
        return;
    };
    assert_eq!(how, "ended its process with code 7");
    let how = died("import signal; signal.raise_signal(signal.SIGKILL)");
    assert_eq!(how.as_deref(), Some("was killed by SIGKILL"));
}

#[test]
fn a_hook_that_never_ends_is_ended_and_has_not_died() {
    let Some(how) = slow("while True: pass") else {
        return;
    };
    assert_eq!(how, "took longer than 3 s");
    let waits = "import select; select.select([], [], [])";
    assert_eq!(slow(waits).as_deref(), Some("took longer than 3 s"));
}

#[test]
fn what_is_printed_does_not_reach_the_protocol() {
    let printed = "print('x' * 100000); sys.stderr.write('y'); os.write(1, b'{}\\n')";
    let Some(Ended::Answered(answer)) = ended(printed) else {
        return;
    };
    assert!(answer["error"].is_null(), "{answer}");
    // All that is open, but for what a process has by itself.
    let everywhere = "for number in range(3, 64):\n    try: os.write(number, b'rubbish\\n')\n    except OSError: pass";
    let how = died(everywhere);
    assert_eq!(
        how.as_deref(),
        Some("printed rubbish on the stream of the protocol")
    );
}

#[test]
fn the_host_is_neither_read_nor_written() {
    let Some((told, raised)) = refused("open('/etc/passwd').read()") else {
        return;
    };
    assert!(
        told.contains("/etc/passwd") && raised.contains("Refused"),
        "{told} {raised}"
    );
    for lines in [
        "open('/var/tmp/trustsim-was-here', 'w')",
        "os.mkdir('/var/tmp/trustsim-was-here')",
        "open('/tmp/../etc/trustsim-was-here', 'w')",
        "open('src/charm.py', 'a')",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "socket.create_connection(('127.0.0.1', 22))",
        "socket.getaddrinfo('charmhub.io', 443)",
        "os.kill(1, 9)",
    ] {
        let (told, _) = refused(lines).expect("there is ops");
        assert_ne!(told, "[]", "{lines}");
    }
}

#[test]
fn a_hook_takes_no_more_of_the_host_than_it_may() {
    let own = "open('/proc/self/fd/../../../tmp/x', 'w')";
    let Some((told, _)) = refused(own) else {
        return;
    };
    assert_ne!(told, "[]");
    let large = "self.unit.get_container('web').push('/f', b'x' * (100 << 20))";
    let (told, raised) = refused(large).expect("there is ops");
    assert!(
        told.contains("MiB") && raised.contains("OSError"),
        "{told} {raised}"
    );
    let many =
        "for n in range(1000): self.unit.get_container('web').push(f'/f{n}', b'x' * (50 << 20))";
    assert_eq!(died(many).as_deref(), Some("wrote more than 256 MiB"));
    let memory = "x = bytearray(8 << 30)";
    let (_, raised) = refused(memory).expect("there is ops");
    assert_eq!(raised, "\"MemoryError\"");
}

#[test]
fn a_charm_that_cannot_be_imported_is_an_error() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let folder = charm_that("pass");
    let code = folder.path().join("src/charm.py");
    fs::write(&code, "import nothing_of_that_name\n").expect("a file is written");
    match Worker::start(&python, folder.path(), limits()) {
        Err(WorkerError::NotReady { message, .. }) => {
            assert_eq!(
                message,
                "ModuleNotFoundError: No module named 'nothing_of_that_name'"
            );
        }
        other => panic!("{other:?}"),
    }
    fs::write(&code, "while True: pass\n").expect("a file is written");
    let other = Worker::start(&python, folder.path(), limits());
    assert!(matches!(other, Err(WorkerError::Ended)), "{other:?}");
}

/// The kernel ends it with its whole process, which then cleans nothing up.
#[test]
fn nothing_is_left_of_a_charm_that_never_ends_importing() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let folder = charm_that("pass");
    let told = folder.path().join("told");
    let code = format!(
        "import sys\nframe = sys._getframe()\nwhile 'scratch' not in frame.f_locals: frame = frame.f_back\n\
         with open({told:?}, 'w') as file: file.write(frame.f_locals['scratch'])\nwhile True: pass\n"
    );
    fs::write(folder.path().join("src/charm.py"), code).expect("a file is written");
    let limits = Limits {
        seconds: 1,
        ..limits()
    };
    let other = Worker::start(&python, folder.path(), limits);
    assert!(matches!(other, Err(WorkerError::Ended)), "{other:?}");
    let scratch = fs::read_to_string(told).expect("the charm has told its folder");
    assert!(scratch.contains("trustsim-charm-"), "{scratch}");
    assert!(!std::path::Path::new(&scratch).exists(), "{scratch}");
}

#[test]
fn a_program_that_is_no_python_is_an_error() {
    let folder = charm_that("pass");
    let start = |program: &str| Worker::start(program.as_ref(), folder.path(), limits());
    let other = start("/nowhere/python");
    assert!(
        matches!(other, Err(WorkerError::NotStarted { .. })),
        "{other:?}"
    );
    let other = start("/bin/true");
    assert!(matches!(other, Err(WorkerError::Ended)), "{other:?}");
    let other = start("/bin/cat");
    assert!(other.is_err(), "{other:?}");
}

#[test]
fn no_process_is_left() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let folder = charm_that("pass");
    let mut made = worker(&python, folder.path());
    made.play(&update_status(), &mut |_| None)
        .expect("it answers");
    let process = format!("/proc/{}", made.id());
    assert!(fs::metadata(&process).is_ok());
    drop(made);
    assert!(fs::metadata(&process).is_err());
}
