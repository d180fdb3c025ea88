//! What a hook sees and draws: its unit's clock, and randomness that follows from the seed.

use serde_json::{Value as Json, json};
use trustsim_kernel::Streams;
use trustsim_pki::{KeyAlgorithm, KeyPool};

use super::{charm_that, update_status, worker};
use crate::worker::Ended;

/// The status that an update-status with this seed sets.
fn told(lines: &str, seed: &str) -> Option<(String, Json)> {
    let python = trustsim_oracles::python_with_ops()?;
    let folder = charm_that(lines);
    let mut asked = update_status();
    asked["entropy"] = json!(seed);
    let ended = worker(&python, folder.path()).play(&asked, &mut |_| None);
    match ended.expect("the worker goes on") {
        Ended::Answered(answer) => {
            assert!(answer["error"].is_null(), "{}", answer["error"]);
            let message = answer["status"]["message"].as_str();
            Some((message.unwrap_or_default().to_owned(), answer))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_clock_is_the_units_and_goes_on_by_sleep() {
    let clock = "begin = time.monotonic()\ntime.sleep(90)\nnow = datetime.datetime.now(datetime.timezone.utc)\n\
                 self.unit.status = ops.ActiveStatus(f'{now.isoformat()} {round(time.monotonic() - begin)}')";
    let Some((message, answer)) = told(clock, "00") else {
        return;
    };
    assert_eq!(message, "2025-01-01T00:01:30+00:00 90");
    assert_eq!(answer["slept"], 90.0);
    assert_eq!(answer["drew"], false);
}

#[test]
fn randomness_follows_from_the_seed() {
    let draws = "import secrets\nfrom cryptography.hazmat.primitives.asymmetric import ec\n\
                 key = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value\n\
                 self.unit.status = ops.ActiveStatus(f'{uuid.uuid4()} {random.random()} {secrets.token_hex(4)} {key} \
                 {list({\"a\", \"b\", \"c\"})}')";
    let Some((first, answer)) = told(draws, "00") else {
        return;
    };
    assert_eq!(answer["drew"], true);
    assert_eq!(
        told(draws, "00").map(|(message, _)| message),
        Some(first.clone())
    );
    assert_ne!(told(draws, "01").map(|(message, _)| message), Some(first));
}

#[test]
fn what_pebble_starts_is_told_after_what_was_written_before() {
    let lines = "c = self.unit.get_container('web')\nc.push('/a', 'one')\n\
                 c.add_layer('l', {'services': {'s': {'override': 'replace', 'command': 'x', 'startup': 'enabled'}}}, combine=True)\n\
                 c.replan()\nc.replan()\nc.push('/a', 'two')\nc.restart('s')\nc.stop('s')";
    let Some((_, answer)) = told(lines, "00") else {
        return;
    };
    let acts: Vec<String> = answer["workload"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|act| match act.get("write") {
            Some(_) => format!("{}", act["content"]),
            None => format!("{} {} {}", act["services"], act["started"], act["stopped"]),
        })
        .collect();
    assert_eq!(
        acts,
        [
            "\"one\"",
            "\"replan\" [\"s\"] []",
            "\"replan\" [] []",
            "\"two\"",
            "\"restart\" [\"s\"] []",
            "\"stop\" [] [\"s\"]",
        ]
    );
}

/// `juju run` reads parameters as YAML, and the controller puts the defaults of the schema in: `provide-certificate` of
/// canonical/manual-tls-certificates-operator 3204502 looks for an integer among the ids of its relations.
#[test]
fn parameters_of_an_action_have_the_types_and_defaults_of_its_schema() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let folder = charm_that("");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file is written");
    };
    write(
        "charmcraft.yaml",
        "name: tried\nactions:\n  give:\n    params:\n      number: {type: integer}\n      name: {type: string}\n      \
         loud: {type: boolean}\n      size: {type: number, default: 1.5}\n",
    );
    write(
        "src/charm.py",
        "import ops\nclass Charm(ops.CharmBase):\n    def __init__(self, framework):\n        super().__init__(framework)\n        \
         framework.observe(self.on.give_action, self._give)\n    def _give(self, event):\n        \
         event.set_results({'given': repr(sorted(event.params.items()))})\n",
    );
    let mut asked = update_status();
    asked["kind"] = json!("action");
    asked["hook"] = json!("action give");
    asked["containers"] = json!([]);
    asked["action"] =
        json!({"name": "give", "parameters": {"number": "3", "name": "3", "loud": "true"}});
    let ended = worker(&python, folder.path()).play(&asked, &mut |_| None);
    let Ended::Answered(answer) = ended.expect("the worker goes on") else {
        panic!("it has an answer");
    };
    assert_eq!(
        answer["results"]["given"], "[('loud', True), ('name', '3'), ('number', 3), ('size', 1.5)]",
        "{answer}"
    );
}

/// ops[testing] numbers each change of Pebble at random: a layer with a check made every hook another one, so that no
/// update-status of such a charm was ever known to do nothing (canonical/operator `ops/_private/harness.py` at 2.23,
/// `_new_perform_check`; canonical/opentelemetry-collector-k8s-operator 2a77867 has one).
#[test]
fn a_check_of_pebble_draws_nothing() {
    let lines = "c = self.unit.get_container('web')\n\
                 c.add_layer('l', {'services': {'s': {'override': 'replace', 'command': 'x', 'startup': 'enabled'}}, 'checks': \
                 {'up': {'override': 'replace', 'tcp': {'port': 1}}}}, combine=True)\nc.replan()\nc.restart('s')\n\
                 self.unit.status = ops.ActiveStatus(str(sorted(c.get_checks())))";
    let Some((checks, answer)) = told(lines, "00") else {
        return;
    };
    assert_eq!(checks, "['up']");
    assert_eq!(answer["drew"], false);
    let again = told(lines, "01").map(|(_, answer)| answer);
    assert_eq!(again, Some(answer), "the seed is of no account");
}

/// A key is read dozens of times in a hook (canonical/grafana-k8s-operator 382e463 does so 63 times), and is checked once.
#[test]
fn a_key_is_checked_when_it_is_first_read_and_a_damaged_one_whenever() {
    let Some(python) = trustsim_oracles::python_with_ops() else {
        return;
    };
    let lines = "from cryptography.hazmat.primitives import serialization as s\n\
                 from cryptography.hazmat.primitives.asymmetric import rsa\n\
                 from trustsim_worker import keys\nknown = len(keys.KNOWN)\n\
                 key = rsa.generate_private_key(65537, 2048)\n\
                 write = lambda key: key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())\n\
                 n = key.private_numbers()\n\
                 wrong = rsa.RSAPrivateNumbers(n.p, n.q, n.d + 2, n.dmp1, n.dmq1, n.iqmp, n.public_numbers)\n\
                 wrong = write(wrong.private_key(unsafe_skip_rsa_key_validation=True))\n\
                 same = {s.load_pem_private_key(write(key), None).private_numbers() == n for _ in range(3)}\n\
                 refused = []\n\
                 for _ in range(2):\n    try: s.load_pem_private_key(wrong, None)\n    \
                 except ValueError: refused.append(True)\n\
                 self.unit.status = ops.ActiveStatus(f'{known} {len(keys.KNOWN)} {same} {refused}')";
    let folder = charm_that(lines);
    let mut worker = worker(&python, folder.path());
    let pool = KeyPool::new(&Streams::new(1), 1);
    let mut stream = Streams::new(1).stream("key", "of the test");
    let key = pool.authority(KeyAlgorithm::Rsa2048, &mut stream);
    let mut said = || {
        let ended = worker.play(&update_status(), &mut |_| Some(key.to_pem().to_owned()));
        match ended.expect("the worker goes on") {
            Ended::Answered(answer) => answer["status"]["message"].to_string(),
            other => panic!("{other:?}"),
        }
    };
    // `ask_key` reads the key that was made, which is another text than the charm writes.
    assert_eq!(said(), "\"0 2 {True} [True, True]\"");
    assert_eq!(said(), "\"2 2 {True} [True, True]\"", "later hooks know it");
}

#[test]
fn the_charm_has_a_temporary_folder_of_its_own() {
    let lines = "import pathlib, tempfile\nplace = pathlib.Path('/tmp/trustsim-was-here')\nbefore = place.exists()\n\
                 place.mkdir()\n(place / 'a').write_text('one')\nos.rename('/tmp/trustsim-was-here/a', '/tmp/trustsim-was-here/b')\n\
                 with tempfile.TemporaryDirectory() as folder: open(os.path.join(folder, 'x'), 'w').close()\n\
                 self.unit.status = ops.ActiveStatus(f'{before} {os.listdir(place)} {place.joinpath(\"b\").read_text()}')";
    let Some((message, answer)) = told(lines, "00") else {
        return;
    };
    assert_eq!(message, "False ['b'] one");
    assert_eq!(answer["refused"], json!([]));
    assert_eq!(
        answer["framework"]["files"],
        json!({"trustsim-was-here/b": "one"})
    );
    assert!(!std::path::Path::new("/tmp/trustsim-was-here").exists());
}

/// The process of a hook ends without the clean-up of ops[testing] (`Context.close` in ops-scenario 8.8, which makes the
/// folder with `mkdtemp`, or a `TemporaryDirectory` before).
#[test]
fn nothing_of_a_hook_is_left_on_the_host() {
    let lines = "import gc\n\
                 for each in gc.get_objects():\n    if type(each).__name__ == 'Context' and hasattr(each, '_tmp_path'):\n        \
                 own = each.__dict__.get('_tmp')\n        \
                 made = own.name if own is not None else each._tmp_finalizer.peek()[2][0]\n        \
                 self.unit.status = ops.ActiveStatus(made)";
    let Some((made, _)) = told(lines, "00") else {
        return;
    };
    assert!(made.contains("trustsim-charm-"), "{made}");
    assert!(!std::path::Path::new(&made).exists(), "{made}");
}

#[test]
fn a_command_that_is_not_known_is_told() {
    let lines = "c = self.unit.get_container('web')\nc.exec(['update-ca-certificates', '--fresh']).wait()\n\
                 try: c.exec(['openssl', 'version']).wait()\nexcept ops.pebble.ExecError: pass";
    let Some((_, answer)) = told(lines, "00") else {
        return;
    };
    assert_eq!(
        answer["refused"],
        json!([{"kind": "command", "what": "openssl version"}])
    );
    assert_eq!(answer["commands"].as_array().map(Vec::len), Some(2));
}
