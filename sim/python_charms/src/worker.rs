//! One worker: a Python process that plays hooks of one charm, a line of JSON each way.
//!
//! It has limits of its own for each hook, so that reading its answer waits no longer than those: a hook that never ends is
//! killed by the kernel's timer, and what is left of the worker says so. It ends when its standard input does.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use thiserror::Error;
use trustsim_files::ScratchFolder;
use trustsim_packed::packed_text;

/// What the interpreter runs.
const BOOTSTRAP: &str = include_str!("../worker/bootstrap.py");
/// How often a worker that is to end is looked at, and after how many looks it is killed.
const LOOK: Duration = Duration::from_millis(10);
const PATIENCE: u32 = 300;
/// A longer line than this is no answer.
const LONGEST_LINE: u64 = 64 << 20;

/// What one hook may take of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of address space.
    pub memory: u64,
    /// Bytes of one file.
    pub file: u64,
    /// Seconds, of the clock on the wall and of the processor.
    pub seconds: u32,
}

impl Default for Limits {
    /// Four gibibytes, files of 64 mebibytes, a minute.
    fn default() -> Self {
        Self {
            memory: 4 << 30,
            file: 64 << 20,
            seconds: 60,
        }
    }
}

/// Why a charm's code cannot be run.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The interpreter does not start.
    #[error("`{python}` cannot be started: {source}")]
    NotStarted {
        /// The interpreter.
        python: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no folder for what hooks write.
    #[error("no folder can be made for what the charm writes: {0}")]
    NoFolder(io::Error),
    /// The worker says that it cannot play the charm.
    #[error("{message}")]
    NotReady {
        /// The exception, as Python shows it.
        message: String,
        /// Where it was raised.
        traceback: String,
    },
    /// It could not be started before, for this reason.
    #[error("{0}")]
    NotStartedBefore(String),
    /// The worker has ended, or was killed.
    #[error("the interpreter ended without an answer")]
    Ended,
    /// What came is no answer.
    #[error("the interpreter printed what is no answer: {0}")]
    Rubbish(String),
}

/// A worker that has imported its charm.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    // Closed before the child is waited for.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What its hooks write. The worker removes it too, should this process be killed.
    scratch: ScratchFolder,
    /// What its answers depend on beside the hook: the charm's files, what is installed, the worker itself.
    pub(crate) identity: [u8; 32],
}

/// A key that the charm's code has made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct WantedKey {
    pub(crate) algorithm: String,
    pub(crate) bits: u32,
}

/// A line of a worker.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Ready(Json),
    Key(WantedKey),
    Answer(Json),
    Died(String),
    Slow(String),
    #[serde(untagged)]
    Failed {
        failed: String,
        traceback: String,
    },
}

/// How a hook ended in a worker.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With an answer.
    Answered(Json),
    /// Its process ended without one: how, with the hook as the subject.
    Died(String),
    /// It took more of the host's time than it may. Another host would perhaps have had an answer.
    Slow(String),
}

/// The modules of the worker, by name.
fn modules() -> [(&'static str, String); 17] {
    [
        ("chance", packed_text!("chance.py")),
        ("charm", packed_text!("charm.py")),
        ("commands", packed_text!("commands.py")),
        ("file_commands", packed_text!("file_commands.py")),
        ("guard", packed_text!("guard.py")),
        ("hook", packed_text!("hook.py")),
        ("keys", packed_text!("keys.py")),
        ("kubernetes", packed_text!("kubernetes.py")),
        ("network", packed_text!("network.py")),
        ("own_files", packed_text!("own_files.py")),
        ("processes", packed_text!("processes.py")),
        ("server", packed_text!("server.py")),
        ("snapd", packed_text!("snapd.py")),
        ("state", packed_text!("state.py")),
        ("system_commands", packed_text!("system_commands.py")),
        ("tools", packed_text!("tools.py")),
        ("workload", packed_text!("workload.py")),
    ]
}

impl Worker {
    /// Starts the interpreter and has it import the charm in this folder.
    pub(crate) fn start(python: &Path, folder: &Path, limits: Limits) -> Result<Self, WorkerError> {
        let scratch = ScratchFolder::new("trustsim-charm-").map_err(WorkerError::NoFolder)?;
        let mut child = Command::new(python)
            .args(["-B", "-c", BOOTSTRAP])
            .env_clear()
            // Sets and dictionaries of texts have one order in every run.
            .env("PYTHONHASHSEED", "0")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A terminal's interrupt is for trustsim alone.
            .process_group(0)
            .spawn()
            .map_err(|source| WorkerError::NotStarted {
                python: python.to_owned(),
                source,
            })?;
        let input = child.stdin.take();
        let output = child.stdout.take().expect("its output is piped");
        let mut worker = Self {
            child,
            input,
            output: BufReader::new(output),
            identity: [0; 32],
            scratch,
        };
        let modules: serde_json::Map<String, Json> = modules()
            .into_iter()
            .map(|(name, text)| (name.to_owned(), json!(text)))
            .collect();
        worker.write(&json!({
            "modules": modules,
            "charm": folder,
            "scratch": worker.scratch.path(),
            "limits": {"memory": limits.memory, "file": limits.file, "seconds": limits.seconds},
        }))?;
        match worker.read()? {
            Line::Ready(ready) => {
                worker.identity = identity(&ready, limits);
                Ok(worker)
            }
            Line::Failed { failed, traceback } => Err(WorkerError::NotReady {
                message: failed,
                traceback,
            }),
            Line::Key(_) | Line::Answer(_) | Line::Died(_) | Line::Slow(_) => {
                Err(WorkerError::Rubbish("an answer to nothing".to_owned()))
            }
        }
    }

    /// Plays one hook. `make_key` makes the RSA keys that its code asks for, as PEM; none of a kind that it cannot make.
    pub(crate) fn play(
        &mut self,
        asked: &Json,
        make_key: &mut dyn FnMut(&WantedKey) -> Option<String>,
    ) -> Result<Ended, WorkerError> {
        self.write(asked)?;
        loop {
            match self.read()? {
                Line::Key(wanted) => self.write(&json!({"pem": make_key(&wanted)}))?,
                Line::Answer(answer) => return Ok(Ended::Answered(answer)),
                Line::Died(how) => return Ok(Ended::Died(how)),
                Line::Slow(how) => return Ok(Ended::Slow(how)),
                Line::Ready(_) | Line::Failed { .. } => {
                    return Err(WorkerError::Rubbish("it is ready again".to_owned()));
                }
            }
        }
    }

    /// The number of its process.
    #[cfg(test)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn write(&mut self, value: &Json) -> Result<(), WorkerError> {
        let input = self.input.as_mut().ok_or(WorkerError::Ended)?;
        let line = format!("{value}\n");
        let written = input.write_all(line.as_bytes());
        written.map_err(|_| WorkerError::Ended)
    }

    fn read(&mut self) -> Result<Line, WorkerError> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.output).take(LONGEST_LINE);
        let read = bounded.read_until(b'\n', &mut line);
        let is_whole = read.is_ok() && line.ends_with(b"\n");
        if line.is_empty() {
            return Err(WorkerError::Ended);
        }
        let parsed = serde_json::from_slice(&line).ok().filter(|_| is_whole);
        parsed.ok_or_else(|| {
            let start = String::from_utf8_lossy(&line[..line.len().min(80)]);
            WorkerError::Rubbish(start.into_owned())
        })
    }
}

impl Drop for Worker {
    /// Leaves no process behind. One that is idle ends with its input, and removes its folder; any other is killed.
    fn drop(&mut self) {
        self.input = None;
        for _ in 0..PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn identity(ready: &Json, limits: Limits) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(BOOTSTRAP);
    for (name, text) in modules() {
        hash.update(name);
        hash.update(text);
    }
    hash.update(format!("{limits:?}{ready}"));
    hash.finalize().into()
}
