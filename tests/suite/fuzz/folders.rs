//! Folders of reports: files cut, exchanged with those of another run, and a summary whose values are changed, with
//! digests that fit what was changed, so that its other values are looked at too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::damage;
use super::limits::{left_whole, limited};
use super::trees::{self, Pool};
use super::workers::Target;
use crate::common::random::Draw;

pub(crate) const TARGET: Target = Target {
    name: "folders",
    case,
};

/// What is played for the reports, with the two sides of a connection of each.
const PLAYED: [(&str, [&str; 2]); 3] = [
    ("intermediate", ["shop.web/0", "shop.api/0"]),
    ("api", ["shop.web/0", "shop.api/0"]),
    ("vault-sealed", ["shop.web/0", "shop.api/0"]),
];

struct Reports {
    folders: Vec<PathBuf>,
    pool: Pool,
    /// Goes with the process.
    _kept: tempfile::TempDir,
}

fn reports() -> &'static Reports {
    static REPORTS: OnceLock<Reports> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let kept = tempfile::tempdir().expect("a folder");
        let mut pool = Pool::default();
        let folders = PLAYED.map(|(name, _)| {
            let folder = kept.path().join(name);
            let scenario = format!("{}/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
            let out = folder.to_str().expect("text");
            let arguments = [
                "run",
                &scenario,
                "-o",
                out,
                "--seeds",
                "1",
                "--remedies",
                "0",
                "--until",
                "2d",
            ];
            limited(kept.path(), &arguments).unwrap_or_else(|what| panic!("{what}"));
            let summary = fs::read(folder.join("summary.json")).expect("a report");
            pool.add(&serde_json::from_slice(&summary).expect("JSON"));
            folder
        });
        pool.finish();
        Reports {
            folders: folders.into(),
            pool,
            _kept: kept,
        }
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

/// One change to the files of `out`.
fn change(draw: &mut Draw, out: &Path, other: &Path) {
    let all = files(out);
    let Some(file) = (!all.is_empty()).then(|| &all[draw.below(all.len())]) else {
        return;
    };
    let name = file.file_name().expect("a file has a name");
    match draw.below(8) {
        0 => fs::remove_file(file).expect("removed"),
        1 => fs::write(file, b"").expect("written"),
        2 => drop(fs::copy(other.join(name), file)),
        3 => fs::write(out.join("mine.txt"), "mine").expect("written"),
        4 => {
            let to = all[draw.below(all.len())].clone();
            fs::rename(file, to).expect("renamed");
        }
        5 => summary(out, |bytes| damage::bytes(draw, bytes)),
        _ => {
            let mut bytes = fs::read(file).expect("read");
            damage::bytes(draw, &mut bytes);
            fs::write(file, bytes).expect("written");
        }
    }
}

fn summary(out: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let path = out.join("summary.json");
    if let Ok(mut bytes) = fs::read(&path) {
        change(&mut bytes);
        fs::write(&path, bytes).expect("written");
    }
}

/// Gives the summary digests of what is there.
fn seal(out: &Path) {
    summary(out, |bytes| {
        let Ok(mut tree) = serde_json::from_slice::<Value>(bytes) else {
            return;
        };
        let Some(digests) = tree.get_mut("files").and_then(Value::as_object_mut) else {
            return;
        };
        for (name, digest) in digests {
            if let Ok(bytes) = fs::read(out.join(name)) {
                let found = Sha256::digest(&bytes);
                let text: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
                *digest = Value::String(text);
            }
        }
        *bytes = serde_json::to_vec_pretty(&tree).expect("it is a tree");
    });
}

fn case(number: u64, folder: &Path) -> Result<&'static str, String> {
    let (mut draw, reports) = (Draw(number), reports());
    let at = draw.below(PLAYED.len());
    let other = &reports.folders[draw.below(PLAYED.len())];
    let out = folder.join("out");
    fs::create_dir(&out).expect("a folder");
    for file in files(&reports.folders[at]) {
        fs::copy(&file, out.join(file.file_name().expect("a name"))).expect("copied");
    }
    match draw.once_in(3) {
        true => (0..draw.few()).for_each(|_| change(&mut draw, &out, other)),
        false => summary(&out, |bytes| {
            let mut tree: Value = serde_json::from_slice(bytes).expect("JSON");
            trees::damage(&mut draw, &mut tree, &reports.pool);
            *bytes = trees::yaml(&tree).into_bytes();
        }),
    }
    if draw.once_in(2) {
        seal(&out);
    }
    let [from, to] = PLAYED[at].1;
    let mut ended = Vec::new();
    for arguments in [
        &["why", "out", from, to][..],
        &["status", "out", "-q"],
        &["export", "out", "-o", "exported", "-q"],
        &["forecast", "out", "-q"],
        &[
            "run",
            "out",
            "-o",
            "again",
            "--seeds",
            "1",
            "--remedies",
            "0",
            "-q",
        ],
    ] {
        ended.push(limited(folder, arguments)?.code);
    }
    let scenario = format!(
        "{}/scenarios/{}.yaml",
        env!("CARGO_MANIFEST_DIR"),
        PLAYED[at].0
    );
    let arguments = [
        "run",
        &scenario,
        "-o",
        "out",
        "--seeds",
        "1",
        "--remedies",
        "0",
        "--until",
        "1d",
        "-q",
    ];
    let again = limited(folder, &arguments)?;
    // Over whatever was there the new report is written whole, or nothing of it is.
    if again.code < 2 {
        left_whole(&out, again.code)?;
    }
    Ok(match ended[1] {
        0 => "read",
        _ => "refused",
    })
}
