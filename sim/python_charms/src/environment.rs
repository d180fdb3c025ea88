//! Virtual environments of charms: made of what a charm says that it needs, with what plays it in versions that are known to
//! work, and found again for as long as the charm needs the same.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use trustsim_files::{
    Access, WriteError, create_folder, list_folder, read_file, remove_folder, write_file,
};

/// Says what a charm needs.
const REQUIREMENTS: &str = include_str!("../worker/requirements.py");
/// Python's option for modules of its own alone: those of the folder in which it is started are none of ours.
const ALONE: &str = "-I";
/// What plays charms. They are installed last, whatever the charm asks for.
const OURS: [&str; 3] = ["ops==3.9.0", "ops-scenario==8.9.0", "time-machine==3.6.0"];
/// Beside them, for a charm that sends traces by itself.
const TRACING: &str = "ops-tracing==3.9.0";
/// Files whose contents decide what is installed.
const DECIDING: [&str; 4] = [
    "uv.lock",
    "poetry.lock",
    "requirements.txt",
    "pyproject.toml",
];
/// Is written last: an environment without it is not whole.
const SEAL: &str = "trustsim-environment.json";
/// A longer one is none of ours.
const SEAL_MAX: u64 = 1 << 20;
/// A longer file says nothing that can be read.
const DECIDING_MAX: u64 = 16 << 20;
/// So many lines of what a program said are told.
const TOLD: usize = 6;
/// What pip and git say of a host that they cannot reach.
const UNREACHABLE: [&str; 5] = [
    "Could not resolve host",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Connection refused",
];

/// An environment that is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The file that said what the charm needs.
    pub file: String,
    /// What was installed, as `name==version`, in the order of names.
    pub installed: Vec<String>,
    /// Whether it was there already.
    #[serde(skip)]
    pub was_there: bool,
}

/// Why there is no environment.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// The folder has no file that says what the charm needs.
    #[error(
        "none of uv.lock, poetry.lock, requirements.txt and pyproject.toml in `{0}` says what the charm needs"
    )]
    NothingSaysSo(PathBuf),
    /// The interpreter does not start.
    #[error("`{python}` cannot be started")]
    NoPython {
        /// The interpreter.
        python: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The interpreter makes no environment.
    #[error("`{python} -m venv` fails")]
    NoEnvironment {
        /// The interpreter.
        python: PathBuf,
        /// The last lines that it printed.
        said: Vec<String>,
    },
    /// What the charm needs cannot be read: the last lines that were printed.
    #[error("what the charm needs cannot be read")]
    NotRead(Vec<String>),
    /// A host with packages cannot be reached: the last lines that were printed.
    #[error("what the charm needs cannot be fetched")]
    NoNetwork(Vec<String>),
    /// pip fails for another reason: the last lines that were printed.
    #[error("pip cannot install what the charm needs")]
    NotInstalled(Vec<String>),
    /// There is something else where the environment would be.
    #[error("`{0}` is there and is no environment of trustsim's")]
    InTheWay(PathBuf),
    /// The folder cannot be written.
    #[error("`{folder}` cannot be written")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What was made cannot be sealed.
    #[error("the environment is made, and cannot be sealed")]
    NotSealed(#[from] WriteError),
}

impl PrepareError {
    /// What the program that failed has printed last.
    pub fn said(&self) -> &[String] {
        match self {
            Self::NoEnvironment { said, .. }
            | Self::NotRead(said)
            | Self::NoNetwork(said)
            | Self::NotInstalled(said) => said,
            _ => &[],
        }
    }
}

/// Where the environment of a charm is below `root`, which holds one for each charm: `folder` is the absolute path of the
/// charm. It is another one as soon as a file says otherwise what the charm needs.
pub fn environment_of(root: &Path, folder: &Path) -> PathBuf {
    let mut hash = Sha256::new();
    hash.update(folder.as_os_str().as_encoded_bytes());
    for name in DECIDING {
        // A file that cannot be read says nothing.
        let content = read_file(&folder.join(name), DECIDING_MAX).unwrap_or_default();
        hash.update(Sha256::digest(&content));
    }
    hash.update(OURS.concat());
    hash.update(REQUIREMENTS);
    let digest = hex::encode(hash.finalize());
    let name = folder.file_name().map(|name| name.to_string_lossy());
    // The name is for people alone; a path that ends in `..` has none.
    let name = name.unwrap_or_default();
    root.join(format!("{name}-{}", &digest[..16]))
}

/// The interpreter that was prepared for a charm below `root`; `None` where there is none, or it is not whole.
pub fn prepared_in(root: &Path, folder: &Path) -> Option<PathBuf> {
    let environment = environment_of(root, folder);
    sealed(&environment)?;
    Some(interpreter(&environment))
}

/// Makes the environment of a charm in the folder `into`, with this interpreter.
///
/// # Errors
///
/// [`PrepareError`]. What is half made is made anew the next time.
pub fn prepare(folder: &Path, python: &Path, into: &Path) -> Result<Prepared, PrepareError> {
    if !DECIDING.iter().any(|name| folder.join(name).is_file()) {
        return Err(PrepareError::NothingSaysSo(folder.to_owned()));
    }
    if let Some(found) = sealed(into) {
        return Ok(Prepared {
            was_there: true,
            ..found
        });
    }
    clear(into)?;
    let made = run(Command::new(python).args([ALONE, "-m", "venv"]).arg(into));
    let made = made.map_err(|source| PrepareError::NoPython {
        python: python.to_owned(),
        source,
    })?;
    if !made.status.success() {
        return Err(PrepareError::NoEnvironment {
            python: python.to_owned(),
            said: last_lines(&made),
        });
    }
    let own = interpreter(into);
    let needs = needs(&own, folder)?;
    let Some(file) = needs.file else {
        return Err(PrepareError::NothingSaysSo(folder.to_owned()));
    };
    if !needs.requirements.is_empty() {
        install(&own, folder, &needs.requirements)?;
    }
    let mut ours: Vec<String> = OURS.map(str::to_owned).to_vec();
    if needs.traces {
        ours.push(TRACING.to_owned());
    }
    install(&own, folder, &ours)?;
    let prepared = Prepared {
        file,
        installed: installed(&own)?,
        was_there: false,
    };
    let text = serde_json::to_string_pretty(&prepared).expect("names and versions are JSON");
    write_file(&into.join(SEAL), text.as_bytes(), Access::Shared)?;
    Ok(prepared)
}

/// What a charm needs.
#[derive(Deserialize)]
struct Needs {
    file: Option<String>,
    requirements: Vec<String>,
    traces: bool,
}

/// The interpreter of an environment.
pub fn interpreter(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

fn sealed(environment: &Path) -> Option<Prepared> {
    let bytes = read_file(&environment.join(SEAL), SEAL_MAX).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Removes what an earlier try left. Anything that is no virtual environment stays.
fn clear(into: &Path) -> Result<(), PrepareError> {
    let told = |source| PrepareError::Io {
        folder: into.to_owned(),
        source,
    };
    let is_empty = || list_folder(into).is_ok_and(|inside| inside.is_empty());
    if into.join("pyvenv.cfg").is_file() && !into.join(SEAL).exists() {
        remove_folder(into).map_err(told)?;
    } else if into.exists() && !is_empty() {
        return Err(PrepareError::InTheWay(into.to_owned()));
    }
    create_folder(into).map_err(told)
}

fn needs(python: &Path, folder: &Path) -> Result<Needs, PrepareError> {
    let asked = run(Command::new(python)
        .args([ALONE, "-B", "-c", REQUIREMENTS])
        .arg(folder));
    let asked = asked.map_err(|source| PrepareError::NoPython {
        python: python.to_owned(),
        source,
    })?;
    if !asked.status.success() {
        return Err(PrepareError::NotRead(last_lines(&asked)));
    }
    serde_json::from_slice(&asked.stdout)
        .map_err(|error| PrepareError::NotRead(vec![error.to_string()]))
}

/// Installs requirements, which go to pip over its standard input: there may be more than a command line holds. Paths in
/// them are beside the charm's files.
fn install(python: &Path, folder: &Path, requirements: &[String]) -> Result<(), PrepareError> {
    let mut pip = Command::new(python);
    pip.args([ALONE, "-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--no-input", "-r", "/dev/stdin"])
        .current_dir(folder);
    let text = requirements.join("\n") + "\n";
    let output = run_with(&mut pip, &text).map_err(|source| PrepareError::NoPython {
        python: python.to_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let whole = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    let said = last_lines(&output);
    Err(
        match UNREACHABLE.iter().any(|words| whole.contains(words)) {
            true => PrepareError::NoNetwork(said),
            false => PrepareError::NotInstalled(said),
        },
    )
}

fn installed(python: &Path) -> Result<Vec<String>, PrepareError> {
    let listed = run(Command::new(python).args([
        ALONE,
        "-m",
        "pip",
        "list",
        "--disable-pip-version-check",
        "--format=freeze",
    ]));
    let listed = listed.map_err(|source| PrepareError::NoPython {
        python: python.to_owned(),
        source,
    })?;
    if !listed.status.success() {
        return Err(PrepareError::NotInstalled(last_lines(&listed)));
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

fn run(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).output()
}

fn run_with(command: &mut Command, input: &str) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("its input is piped");
    // One that ends before it has read this says why.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output()
}

fn last_lines(output: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = match said.trim().is_empty() {
        true => String::from_utf8_lossy(&output.stdout),
        false => said,
    };
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = &lines[lines.len().saturating_sub(TOLD)..];
    last.iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A charm with these files.
    fn charm(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    /// What the charm needs, as the interpreter of the checks reads it.
    fn read(files: &[(&str, &str)]) -> Option<(Option<String>, Vec<String>, bool)> {
        let python = trustsim_oracles::python_with_ops()?;
        let needs = needs(&python, charm(files).path()).expect("it can be read");
        Some((needs.file, needs.requirements, needs.traces))
    }

    #[test]
    fn an_environment_is_of_one_charm_and_of_what_it_needs() {
        let root = Path::new("/environments");
        let (one, other) = (
            charm(&[("requirements.txt", "ops\n")]),
            charm(&[("requirements.txt", "ops\n")]),
        );
        let first = environment_of(root, one.path());
        assert_eq!(first, environment_of(root, one.path()));
        assert_ne!(first, environment_of(root, other.path()));
        fs::write(one.path().join("requirements.txt"), "ops\ncosl\n").expect("a file");
        assert_ne!(first, environment_of(root, one.path()));
        assert_eq!(prepared_in(root, one.path()), None);
    }

    #[test]
    fn what_a_charm_needs_is_read_off_each_kind_of_file() {
        let list = "# libraries\nops >= 2.5\ncosl==1.0 --hash=sha256:00 \\\n  --hash=sha256:11\nlightkube # of course\n";
        let Some(found) = read(&[
            ("requirements.txt", list),
            (
                "lib/charms/a/v0/b.py",
                "LIBAPI = 0\nPYDEPS = [\"pydantic>=2\", \"cosl\"]\n",
            ),
        ]) else {
            return;
        };
        let needs = ["cosl==1.0", "lightkube", "pydantic>=2"].map(str::to_owned);
        assert_eq!(
            found,
            (Some("requirements.txt".to_owned()), needs.to_vec(), false)
        );

        let project =
            "[project]\nname = \"web\"\ndependencies = [\"ops[tracing]~=3.0\", \"requests>2\"]\n";
        let found = read(&[("pyproject.toml", project)]);
        let needs = vec!["requests>2".to_owned()];
        assert_eq!(
            found,
            Some((Some("pyproject.toml".to_owned()), needs, true))
        );

        let poetry = "[tool.poetry.dependencies]\npython = \"^3.10\"\nrequests = \"^2.31.0\"\ntenacity = \"~8.2\"\n\
            jsonschema = {version = \"*\", extras = [\"format\"]}\n\
            [tool.poetry.group.charm-libs.dependencies]\ncryptography = \">42\"\n\
            [tool.poetry.group.unit.dependencies]\npytest = \"*\"\n";
        let needs = [
            "requests>=2.31.0,<3",
            "tenacity>=8.2,<8.3",
            "jsonschema[format]",
            "cryptography>42",
        ];
        let found = read(&[("pyproject.toml", poetry)]);
        assert_eq!(
            found.map(|found| found.1),
            Some(needs.map(str::to_owned).to_vec())
        );

        let lock = "[[package]]\nname = \"requests\"\nversion = \"2.31.0\"\n[package.dependencies]\nidna = \">=2\"\n\
            [[package]]\nname = \"idna\"\nversion = \"3.7\"\n[[package]]\nname = \"pytest\"\nversion = \"8.0\"\n";
        let of_main = "[tool.poetry.dependencies]\nrequests = \"*\"\n";
        let found = read(&[("poetry.lock", lock), ("pyproject.toml", of_main)]);
        let needs = ["requests==2.31.0", "idna==3.7"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(found, Some((Some("poetry.lock".to_owned()), needs, false)));

        let lock = "version = 1\n[[package]]\nname = \"web\"\nversion = \"0\"\nsource = { virtual = \".\" }\n\
            dependencies = [{ name = \"cosl\" }, { name = \"ops\" }]\n\
            [package.dev-dependencies]\nunit = [{ name = \"pytest\" }]\n\
            [[package]]\nname = \"cosl\"\nversion = \"1.4.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n\
            dependencies = [{ name = \"lib\" }, { name = \"pytest\", marker = \"sys_platform == 'emscripten'\" }]\n\
            [[package]]\nname = \"lib\"\nversion = \"1\"\nsource = { git = \"https://example.com/lib?rev=main#abc\" }\n\
            [[package]]\nname = \"pytest\"\nversion = \"8\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
        let needs = ["cosl==1.4.0", "lib @ git+https://example.com/lib@abc"];
        let found = read(&[("uv.lock", lock), ("pyproject.toml", project)]);
        let needs = needs.map(str::to_owned).to_vec();
        assert_eq!(found, Some((Some("uv.lock".to_owned()), needs, false)));
    }

    #[test]
    fn what_keeps_an_environment_from_being_made_is_told() {
        let into = tempfile::tempdir().expect("a folder");
        let environment = into.path().join("made");
        let bare = charm(&[("metadata.yaml", "name: web\n")]);
        let said = prepare(bare.path(), Path::new("python3"), &environment);
        assert!(
            matches!(said, Err(PrepareError::NothingSaysSo(_))),
            "{said:?}"
        );
        let web = charm(&[("requirements.txt", "cosl\n")]);
        let said = prepare(web.path(), Path::new("/no/such/python"), &environment);
        assert!(
            matches!(said, Err(PrepareError::NoPython { .. })),
            "{said:?}"
        );
        fs::create_dir_all(into.path().join("mine/src")).expect("a folder");
        let said = prepare(web.path(), Path::new("python3"), &into.path().join("mine"));
        assert!(matches!(said, Err(PrepareError::InTheWay(_))), "{said:?}");
        assert!(into.path().join("mine/src").exists(), "it stays");
    }
}
