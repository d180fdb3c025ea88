//! Scenarios, with the bundles and overlays they name and a charm's own folder. Each is checked in this process; what
//! can be played, and now and then what cannot, is then run by the program.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use trustsim::import::is_importable;
use trustsim::scenario::{DiskFiles, load};

use super::damage;
use super::limits::{left_whole, limited};
use super::trees::{self, Pool};
use super::workers::Target;
use crate::common::random::Draw;
use crate::common::yaml_files;

pub(crate) const TARGET: Target = Target {
    name: "scenarios",
    case,
};

/// A file of the project.
struct Seed {
    text: String,
    tree: Value,
}

struct Seeds {
    scenarios: Vec<Seed>,
    bundles: Vec<(String, Seed)>,
    pool: Pool,
}

/// Larger deployments are checked and not played: a hundred thousand units make a hundred thousand keys, which takes
/// longer than a case may.
const UNITS_PLAYED_MAX: u64 = 5_000;
/// Units of one application hear of each other, one by one: what they do grows with the square of their number.
const UNITS_OF_ONE_MAX: u64 = 50;

const FOLDERS: [&str; 6] = [
    "scenarios",
    "scenarios/incidents",
    "scenarios/playbooks",
    "tests/suite/templates",
    "tests/conformance/exchanges/scenarios",
    "sim/cli/src/tests",
];

const CHARM: &str = "
name: mine
type: charm
containers: {web: {resource: image}}
provides: {site: {interface: http, limit: 2}, certificates: {interface: tls-certificates}}
requires: {tls: {interface: tls-certificates, limit: 1}, ca: {interface: certificate_transfer, optional: true}}
peers: {peers: {interface: mine}}
config: {options: {level: {type: string, default: info, description: A level}, count: {type: int, default: 3}}}
actions: {rotate: {description: Rotate, params: {now: {type: boolean}}, required: [now]}}
extra-bindings: {data: }
storage: {data: {type: filesystem, location: /data}}
";

const WITH_CHARM: &str = "
name: own
duration: 3d
models:
  m:
    bundle: kubernetes
    applications: {ca: {charm: self-signed-certificates}, a: {charm: mine, scale: 2}, b: {charm: ./charms/mine}}
    relations: [['a:tls', 'ca:certificates'], ['b:tls', 'a:certificates'], ['a:ca', 'ca:send-ca-cert']]
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.a}, {from: m.a, to: m.b}]
";

/// Without keys of RSA: a dev build takes seconds to make one, and what is looked for has nothing to do with them.
fn seed(text: &str) -> Option<Seed> {
    let text = text.replace("rsa-2048", "ecdsa-p256");
    let tree: Value = serde_saphyr::from_str(&text).ok()?;
    tree.is_object().then_some(Seed { text, tree })
}

fn seeds() -> &'static Seeds {
    static SEEDS: OnceLock<Seeds> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let read = |folder: &str| -> Vec<(String, Seed)> {
            let named = yaml_files(folder).into_iter().filter_map(|path| {
                let name = path.file_name()?.to_str()?.to_owned();
                Some((name, seed(&fs::read_to_string(&path).ok()?)?))
            });
            named.collect()
        };
        let all = FOLDERS.into_iter().flat_map(&read);
        let mut scenarios: Vec<Seed> = all.map(|(_, seed)| seed).collect();
        scenarios.extend([CHARM, WITH_CHARM].map(|text| seed(text).expect("a seed")));
        let bundles = read("scenarios/bundles");
        let mut pool = Pool::default();
        for seed in scenarios.iter().chain(bundles.iter().map(|(_, seed)| seed)) {
            pool.add(&seed.tree);
        }
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/scenario.schema.json");
        let schema = fs::read(schema).expect("the schema");
        pool.name_keys(&serde_json::from_slice(&schema).expect("JSON"));
        pool.finish();
        Seeds {
            scenarios,
            bundles,
            pool,
        }
    })
}

/// A damaged file.
fn damaged(draw: &mut Draw, seed: &Seed, seeds: &Seeds) -> Vec<u8> {
    match draw.below(10) {
        0 => {
            let mut text = seed.text.clone().into_bytes();
            damage::bytes(draw, &mut text);
            text
        }
        1 | 2 => {
            let other = &seeds.scenarios[draw.below(seeds.scenarios.len())];
            damage::lines(draw, &seed.text, &other.text).into_bytes()
        }
        _ => {
            let mut tree = seed.tree.clone();
            trees::damage(draw, &mut tree, &seeds.pool);
            trees::yaml(&tree).into_bytes()
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a folder");
    fs::write(path, bytes).expect("written");
}

/// Writes the files of a case; the scenario is `s.yaml`.
fn make(draw: &mut Draw, folder: &Path) {
    let seeds = seeds();
    for (name, seed) in &seeds.bundles {
        let text = match draw.once_in(4) {
            true => damaged(draw, seed, seeds),
            false => seed.text.clone().into_bytes(),
        };
        write(&folder.join("bundles").join(name), &text);
    }
    let scenario = match draw.below(10) {
        0 | 1 => {
            let (bundle, overlay) = (
                draw.below(seeds.bundles.len()),
                draw.below(seeds.bundles.len()),
            );
            let [bundle, overlay] = [bundle, overlay].map(|at| &seeds.bundles[at].0);
            let text = format!(
                "name: b\nduration: 2d\nmodels: {{m: {{bundle: bundles/{bundle}, overlays: [bundles/{overlay}]}}}}\n"
            );
            match draw.once_in(3) {
                true => damaged(draw, &seed(&text).expect("a seed"), seeds),
                false => text.into_bytes(),
            }
        }
        2 => {
            let own = damaged(draw, &seed(CHARM).expect("a seed"), seeds);
            write(&folder.join("charms/mine/charmcraft.yaml"), &own);
            if draw.once_in(3) {
                let config = draw.of(&[
                    "options: {level: {type: int}}",
                    "options: ",
                    "[]",
                    "options: {x: {type: secret}}",
                ]);
                write(&folder.join("charms/mine/config.yaml"), config.as_bytes());
            }
            match draw.once_in(3) {
                true => damaged(draw, &seed(WITH_CHARM).expect("a seed"), seeds),
                false => WITH_CHARM.into(),
            }
        }
        _ => {
            let at = draw.below(seeds.scenarios.len());
            damaged(draw, &seeds.scenarios[at], seeds)
        }
    };
    write(&folder.join("s.yaml"), &scenario);
}

fn case(number: u64, folder: &Path) -> Result<&'static str, String> {
    let mut draw = Draw(number);
    make(&mut draw, folder);
    let loads = load(&folder.join("s.yaml"), &DiskFiles).map(|loaded| loaded.deployment);
    let Ok(deployment) = loads else {
        if draw.once_in(16) {
            let ended = limited(folder, &["check", "s.yaml"])?;
            // What lost its `models` may be the bundle of one.
            let is_scenario = !is_importable(&folder.join("s.yaml"), &DiskFiles);
            if ended.code != 2 && is_scenario {
                return Err(format!(
                    "it is refused, and `check` ends with {}",
                    ended.code
                ));
            }
        }
        return Ok("refused");
    };
    let units = deployment
        .applications
        .iter()
        .map(|application| u64::from(application.units));
    if units.clone().sum::<u64>() > UNITS_PLAYED_MAX
        || units.max().is_some_and(|most| most > UNITS_OF_ONE_MAX)
    {
        limited(folder, &["check", "s.yaml"])?;
        return Ok("checked");
    }
    // Most of what a year comes to is in its first days, and more cases are worth more than longer ones.
    let longest = draw.of(&[1_u64, 2, 2, 5, 30]) * 86_400;
    let seconds = deployment.duration.as_secs().min(longest).to_string() + "s";
    let (seeds, remedies) = match draw.once_in(10) {
        true => ("2", "1"),
        false => ("1", "0"),
    };
    let mut arguments = vec![
        "run",
        "s.yaml",
        "-o",
        "out",
        "--seeds",
        seeds,
        "--remedies",
        remedies,
    ];
    arguments.extend(["--until", &seconds]);
    let ended = limited(folder, &arguments)?;
    left_whole(&folder.join("out"), ended.code)
        .map_err(|what| format!("{what}: {}", ended.error))?;
    Ok(match ended.code {
        2 => "not run",
        _ => "played",
    })
}
