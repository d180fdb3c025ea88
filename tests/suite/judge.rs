//! `trustsim judge` over PEM files that OpenSSL made, against what `openssl verify` says of them.
//! Where openssl is not installed these are skipped, loudly.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use trustsim::kernel::Time;
use trustsim::pki::Certificate;

/// Runs openssl in a folder; it must succeed.
fn openssl(folder: &Path, args: &[&str]) {
    let output = Command::new("openssl")
        .args(args)
        .current_dir(folder)
        .output();
    let output = output.expect("openssl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {said}");
}

/// The same, of words as they would be typed.
fn typed(folder: &Path, words: &str) {
    openssl(folder, &words.split_whitespace().collect::<Vec<_>>());
}

/// A CA of its own, `NAME.pem` with `NAME.key`.
fn self_signed(folder: &Path, name: &str, subject: &str, bits: &str) {
    typed(folder, &format!("genrsa -out {name}.key {bits}"));
    let made = format!("req -x509 -new -key {name}.key -subj /CN={subject} -days 3650 -sha256");
    typed(
        folder,
        &format!("{made} -config it.cnf -extensions ca -out {name}.pem"),
    );
}

/// A key, `NAME.key`, and a request for it.
fn requested(folder: &Path, name: &str, subject: &str, bits: &str) {
    typed(folder, &format!("genrsa -out {name}.key {bits}"));
    let made = format!("req -new -key {name}.key -subj /CN={subject} -config it.cnf");
    typed(folder, &format!("{made} -out {name}.csr"));
}

/// The request of `name` signed by `ca` with its key, for 90 days.
fn signed(folder: &Path, name: &str, (ca, key): (&str, &str), how: &str, out: &str) {
    let made = format!("x509 -req -in {name}.csr -CA {ca}.pem -CAkey {key}.key -CAcreateserial");
    typed(
        folder,
        &format!("{made} -days 90 -extfile it.cnf {how} -out {out}"),
    );
}

fn has_openssl() -> bool {
    trustsim_oracles::has_program("openssl", "OpenSSL")
}

/// What OpenSSL makes: a root, an intermediate, a server's and a client's certificate of 90 days,
/// another root, and a revocation list of the intermediate that names the server's.
struct Files {
    folder: tempfile::TempDir,
}

const EXTENSIONS: &str = "
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:web.test,IP:192.0.2.7
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
[client]
basicConstraints = CA:FALSE
subjectAltName = DNS:client.test
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
[index]
default_ca = it
[it]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 7
";

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        let write = |name: &str, text: &str| std::fs::write(at.join(name), text).expect("written");
        write("it.cnf", EXTENSIONS);
        write("index.txt", "");
        write("crlnumber", "01\n");
        for root in ["root", "other"] {
            let (key, cert) = (format!("{root}.key"), format!("{root}.pem"));
            let subject = format!("/CN=Judged {root}");
            openssl(at, &["genrsa", "-out", &key, "2048"]);
            openssl(
                at,
                &[
                    "req",
                    "-x509",
                    "-new",
                    "-key",
                    &key,
                    "-subj",
                    &subject,
                    "-days",
                    "3650",
                    "-config",
                    "it.cnf",
                    "-extensions",
                    "ca",
                    "-out",
                    &cert,
                ],
            );
        }
        let files = Self { folder };
        files.sign("middle", "root", "ca", "1000");
        files.sign("server", "middle", "server", "90");
        files.sign("client", "middle", "client", "90");
        files.join("chain.pem", &["server.pem", "middle.pem"]);
        files.join("reversed.pem", &["middle.pem", "server.pem"]);
        files.join("client-chain.pem", &["client.pem", "middle.pem"]);
        files.join("both.pem", &["other.pem", "root.pem"]);
        let of_middle = [
            "-config",
            "it.cnf",
            "-name",
            "it",
            "-keyfile",
            "middle.key",
            "-cert",
            "middle.pem",
        ];
        let revoke = ["ca", "-revoke", "server.pem"];
        openssl(files.folder.path(), &[&revoke[..], &of_middle].concat());
        let list = ["ca", "-gencrl", "-out", "middle-crl.pem"];
        openssl(files.folder.path(), &[&list[..], &of_middle].concat());
        write_crl_of_root(&files);
        files
    }

    fn sign(&self, name: &str, by: &str, extensions: &str, days: &str) {
        let at = self.folder.path();
        let (key, request, cert) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.pem"),
        );
        let (ca, ca_key) = (format!("{by}.pem"), format!("{by}.key"));
        let subject = format!("/CN={name}.test");
        openssl(at, &["genrsa", "-out", &key, "2048"]);
        openssl(
            at,
            &[
                "req", "-new", "-key", &key, "-subj", &subject, "-config", "it.cnf", "-out",
                &request,
            ],
        );
        openssl(
            at,
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &ca,
                "-CAkey",
                &ca_key,
                "-CAcreateserial",
                "-days",
                days,
                "-sha256",
                "-extfile",
                "it.cnf",
                "-extensions",
                extensions,
                "-out",
                &cert,
            ],
        );
    }

    fn join(&self, name: &str, parts: &[&str]) {
        let texts = parts
            .iter()
            .map(|part| std::fs::read_to_string(self.path(part)).expect("text"));
        std::fs::write(self.path(name), texts.collect::<String>()).expect("written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// So many days and a minute after the server's certificate begins: as an instant, and in
    /// seconds.
    fn days_on(&self, days: i64) -> (String, u64) {
        let pem = std::fs::read_to_string(self.path("server.pem")).expect("text");
        let chain = Certificate::chain_from_pem(&pem).expect("a certificate");
        let begins = chain[0].not_before().as_seconds();
        let at_s = begins.saturating_add_signed(days * 86_400 + 60);
        (Time::from_seconds(at_s).to_string(), at_s)
    }

    /// `trustsim judge` with these arguments, in the folder.
    fn judge(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trustsim"));
        command
            .arg("judge")
            .args(args)
            .current_dir(self.folder.path());
        command.output().expect("it runs")
    }

    /// What one stack answers.
    fn answers(&self, args: &[&str]) -> Vec<Value> {
        let args = [args, &["--format", "json"]].concat();
        let output = self.judge(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}");
        let list: Value = serde_json::from_slice(&output.stdout).expect("json");
        list.as_array().expect("a list").clone()
    }
}

/// With both lists in one file OpenSSL can look up the whole chain.
fn write_crl_of_root(files: &Files) {
    std::fs::write(files.path("index.txt"), "").expect("written");
    let list = [
        "ca",
        "-gencrl",
        "-out",
        "root-crl.pem",
        "-config",
        "it.cnf",
        "-name",
        "it",
        "-keyfile",
        "root.key",
        "-cert",
        "root.pem",
    ];
    openssl(files.folder.path(), &list);
    files.join("crl.pem", &["middle-crl.pem", "root-crl.pem"]);
}

/// One question: flags of judge beside `--at`, and how openssl is asked, both as they are typed.
struct Asked {
    what: &'static str,
    days: i64,
    judge: &'static str,
    openssl: &'static str,
    /// OpenSSL's number, zero where it accepts: pinned, so that both cannot be wrong together.
    number: u64,
}

impl Asked {
    fn flags<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        let own = self.judge.split_whitespace();
        own.chain(more.iter().copied()).collect()
    }
}

const ASKED: &[Asked] = &[
    Asked {
        what: "a good chain",
        days: 1,
        judge: "--chain chain.pem --roots root.pem --name web.test",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslserver -verify_hostname web.test server.pem",
        number: 0,
    },
    Asked {
        what: "by its address",
        days: 1,
        judge: "--chain chain.pem --roots both.pem --name 192.0.2.7",
        openssl: "-CAfile both.pem -untrusted middle.pem -purpose sslserver -verify_ip 192.0.2.7 server.pem",
        number: 0,
    },
    Asked {
        what: "another name",
        days: 1,
        judge: "--chain chain.pem --roots root.pem --name db.test",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslserver -verify_hostname db.test server.pem",
        number: 62,
    },
    Asked {
        what: "after its end",
        days: 91,
        judge: "--chain chain.pem --roots root.pem --name web.test",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslserver -verify_hostname web.test server.pem",
        number: 10,
    },
    Asked {
        what: "before its beginning",
        days: -2,
        judge: "--chain chain.pem --roots root.pem --name web.test",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslserver -verify_hostname web.test server.pem",
        number: 9,
    },
    Asked {
        what: "without the intermediate",
        days: 1,
        judge: "--chain server.pem --roots root.pem --name web.test",
        openssl: "-CAfile root.pem -purpose sslserver -verify_hostname web.test server.pem",
        number: 20,
    },
    Asked {
        what: "with another root",
        days: 1,
        judge: "--chain chain.pem --roots other.pem --name web.test",
        openssl: "-CAfile other.pem -untrusted middle.pem -purpose sslserver -verify_hostname web.test server.pem",
        number: 20,
    },
    Asked {
        what: "a client's certificate as a server's",
        days: 1,
        judge: "--chain client-chain.pem --roots root.pem --name client.test",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslserver -verify_hostname client.test client.pem",
        number: 26,
    },
    Asked {
        what: "a revoked one",
        days: 1,
        judge: "--chain chain.pem --roots root.pem --name web.test --crl crl.pem",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslserver -verify_hostname web.test -crl_check_all -CRLfile crl.pem server.pem",
        number: 23,
    },
    Asked {
        what: "with a list that has ended",
        days: 10,
        judge: "--chain chain.pem --roots root.pem --name web.test --crl crl.pem",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslserver -verify_hostname web.test -crl_check_all -CRLfile crl.pem server.pem",
        number: 12,
    },
    Asked {
        what: "a good client",
        days: 1,
        judge: "--chain chain.pem --roots root.pem --name web.test --client-chain client-chain.pem --client-roots root.pem",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslclient client.pem",
        number: 0,
    },
    Asked {
        what: "a client whose certificate is a server's",
        days: 1,
        judge: "--chain chain.pem --roots root.pem --name web.test --client-chain chain.pem --client-roots root.pem",
        openssl: "-CAfile root.pem -untrusted middle.pem -purpose sslclient server.pem",
        number: 26,
    },
];

/// `10 (certificate has expired)` of `error 10 at 0 depth lookup: certificate has expired`; nothing
/// where it is verified.
fn openssl_says(folder: &Path, asked: &Asked, at_s: u64) -> Option<String> {
    let at = at_s.to_string();
    let mut command = Command::new("openssl");
    command
        .args(["verify", "-attime", &at])
        .args(asked.openssl.split_whitespace());
    let output = command.current_dir(folder).output().expect("openssl runs");
    if output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let said = text.lines().find_map(|line| {
        let rest = line.strip_prefix("error ")?;
        let (number, words) = rest.split_once(" at ")?;
        let (_, words) = words.split_once(": ")?;
        Some(format!("{number} ({words})"))
    });
    Some(said.unwrap_or_else(|| panic!("openssl says: {text}")))
}

/// What judge says for OpenSSL is what OpenSSL says, number and words.
#[test]
fn judge_says_what_openssl_says_of_files_that_openssl_made() {
    if !has_openssl() {
        return;
    }
    let files = Files::new();
    for asked in ASKED {
        let (at, at_s) = files.days_on(asked.days);
        let really = openssl_says(files.folder.path(), asked, at_s);
        let args = asked.flags(&["--at", &at, "--validator", "openssl"]);
        let answers = files.answers(&args);
        assert_eq!(answers.len(), 1);
        let text = answers[0]["text"].as_str();
        let text = text.and_then(|text| text.strip_prefix("Verify return code: "));
        assert_eq!(text, really.as_deref(), "{}", asked.what);
        let number = really.map_or(0, |said| {
            let number = said.split(' ').next().map(str::parse);
            number.and_then(Result::ok).expect("a number")
        });
        assert_eq!(number, asked.number, "{}", asked.what);
    }
}

/// Every stack answers, in one list, in both formats; one that accepts has no code.
#[test]
fn all_stacks_answer() {
    if !has_openssl() {
        return;
    }
    let files = Files::new();
    for asked in ASKED {
        let (at, _) = files.days_on(asked.days);
        let args = asked.flags(&["--at", &at, "--validator", "all"]);
        let answers = files.answers(&args);
        assert_eq!(answers.len(), 8, "{}", asked.what);
        for answer in &answers {
            let keys: Vec<&String> = answer.as_object().expect("an object").keys().collect();
            assert_eq!(keys.len(), 5, "{keys:?}");
            let is_ok = answer["outcome"] == "ok";
            assert_eq!(answer["code"].is_null(), is_ok, "{answer}");
            assert_eq!(answer["error"].is_null(), is_ok, "{answer}");
        }
        let yaml = files.judge(&asked.flags(&["--at", &at, "--format", "yaml"]));
        let yaml: Value = serde_saphyr::from_slice(&yaml.stdout).expect("yaml");
        assert_eq!(yaml, Value::Array(answers), "{}", asked.what);
        let table = files.judge(&asked.flags(&["--at", &at]));
        assert_eq!(String::from_utf8_lossy(&table.stdout).lines().count(), 9);
    }
}

/// Whatever cannot be read is refused, with the file and what to do.
#[test]
fn judge_refuses_what_it_cannot_read() {
    if !has_openssl() {
        return;
    }
    let files = Files::new();
    let garbage = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    std::fs::write(files.path("garbage.pem"), garbage).expect("written");
    std::fs::write(files.path("binary.pem"), [0xff, 0xfe, 0x00]).expect("written");
    let at = &["--name", "web.test", "--at", "2026-01-01T00:00:00Z"][..];
    let good = &["--chain", "chain.pem", "--roots", "root.pem"][..];
    let mut said = String::new();
    for args in [
        [&["--chain", "nowhere.pem", "--roots", "root.pem"], at].concat(),
        [&["--chain", "chain.pem", "--roots", "garbage.pem"], at].concat(),
        [&["--chain", "garbage.pem", "--roots", "root.pem"], at].concat(),
        [&["--chain", "binary.pem", "--roots", "root.pem"], at].concat(),
        [&["--chain", "server.key", "--roots", "root.pem"], at].concat(),
        [good, at, &["--client-roots", "garbage.pem"]].concat(),
        [
            good,
            at,
            &[
                "--client-chain",
                "nowhere.pem",
                "--client-roots",
                "root.pem",
            ],
        ]
        .concat(),
        [good, at, &["--client-chain", "client.pem"]].concat(),
        [good, at, &["--crl", "root.pem"]].concat(),
        [good, at, &["--validator", "schannel"]].concat(),
        [good, at, &["--format", "xml"]].concat(),
        [
            good,
            &["--name", "web.test", "--at", "2026-02-30T00:00:00Z"],
        ]
        .concat(),
        [good, &["--name", "web.test", "--at", "now"]].concat(),
        [good, &["--name", "web.test"]].concat(),
    ] {
        let output = files.judge(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        said += &format!("$ trustsim judge {}\n", args.join(" "));
        said += &String::from_utf8_lossy(&output.stderr);
        said += "\n";
    }
    insta::assert_snapshot!(said);
}

/// A PKI of its own for each thing that is too weak: bits of the root's key, of the leaf's, and the
/// digest that the leaf is signed with.
struct Weak {
    what: &'static str,
    root_bits: &'static str,
    leaf_bits: &'static str,
    digest: &'static str,
    /// What OpenSSL says at the level that distributions set (2).
    openssl: Option<&'static str>,
    /// Our words for what OpenSSL, rustls, Go and Java make of it; empty where they accept.
    stacks: [(&'static str, &'static str); 4],
}

const WEAK: &[Weak] = &[
    Weak {
        what: "a leaf of 1024 bits",
        root_bits: "2048",
        leaf_bits: "1024",
        digest: "-sha256",
        openssl: Some("66 (EE certificate key too weak)"),
        stacks: [
            ("openssl", "weak-key"),
            ("rustls", ""),
            ("go", ""),
            ("java", ""),
        ],
    },
    Weak {
        what: "a CA of 1024 bits",
        root_bits: "1024",
        leaf_bits: "2048",
        digest: "-sha256",
        openssl: Some("67 (CA certificate key too weak)"),
        stacks: [
            ("openssl", "weak-key"),
            ("rustls", "bad-signature"),
            ("go", ""),
            ("java", ""),
        ],
    },
    Weak {
        what: "a leaf that is signed with SHA-1",
        root_bits: "2048",
        leaf_bits: "2048",
        digest: "-sha1",
        openssl: Some("68 (CA signature digest algorithm too weak)"),
        stacks: [
            ("openssl", "unsupported-signature"),
            ("rustls", "unsupported-signature"),
            ("go", "unsupported-signature"),
            ("java", ""),
        ],
    },
];

/// Keys and digests that are too weak, each with a PKI that OpenSSL made and judged.
#[test]
fn weak_keys_and_digests_are_refused_as_each_stack_does() {
    if !has_openssl() {
        return;
    }
    let mut wrong = Vec::new();
    for weak in WEAK {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { folder };
        let at = files.folder.path();
        std::fs::write(files.path("it.cnf"), EXTENSIONS).expect("written");
        self_signed(at, "root", "Weak", weak.root_bits);
        requested(at, "server", "web.test", weak.leaf_bits);
        let how = format!("{} -extensions server", weak.digest);
        signed(at, "server", ("root", "root"), &how, "server.pem");
        let (instant, at_s) = files.days_on(1);
        let asked = Asked {
            what: weak.what,
            days: 1,
            judge: "--chain server.pem --roots root.pem --name web.test",
            openssl: "-auth_level 2 -CAfile root.pem -purpose sslserver -verify_hostname web.test server.pem",
            number: 0,
        };
        let really = openssl_says(at, &asked, at_s);
        if really.as_deref() != weak.openssl {
            wrong.push(format!("{}: openssl says {really:?}", weak.what));
        }
        let answers = files.answers(&asked.flags(&["--at", &instant]));
        for (stack, error) in weak.stacks {
            let answer = answers.iter().find(|answer| answer["validator"] == stack);
            let answer = answer.expect("every stack answers");
            if answer["error"].as_str().unwrap_or_default() != error {
                wrong.push(format!("{}: {answer}", weak.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Six keys of one name, each signed by each, and a server's certificate by the first of them.
fn maze(at: &Path) -> Vec<String> {
    let names = ["k0", "k1", "k2", "k3", "k4", "k5"];
    for name in names {
        self_signed(at, name, "Maze", "2048");
        let made = format!("req -new -key {name}.key -subj /CN=Maze -config it.cnf");
        typed(at, &format!("{made} -out {name}.csr"));
    }
    requested(at, "server", "web.test", "2048");
    signed(
        at,
        "server",
        ("k0", "k0"),
        "-extensions server",
        "server.pem",
    );
    let mut parts = vec!["server.pem".to_owned()];
    for of in names {
        for by in names.into_iter().filter(|by| *by != of) {
            let out = format!("{of}-{by}.pem");
            signed(at, of, (by, by), "-extensions ca", &out);
            parts.push(out);
        }
    }
    parts
}

/// A maze, and a root of that name with yet another key: hundreds of paths, and none that holds. webpki gives up after a hundred signatures (rustls/webpki `src/verify_cert.rs`,
/// `Budget`); OpenSSL goes one way only.
#[test]
fn a_maze_of_paths_is_given_up() {
    if !has_openssl() {
        return;
    }
    let files = Files {
        folder: tempfile::tempdir().expect("a folder"),
    };
    let at = files.folder.path();
    let config = EXTENSIONS.replace("subjectKeyIdentifier = hash\n", "");
    std::fs::write(
        files.path("it.cnf"),
        config.replace("authorityKeyIdentifier = keyid\n", ""),
    )
    .expect("written");
    let parts = maze(at);
    self_signed(at, "root", "Maze", "2048");
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    files.join("chain.pem", &parts);
    let (instant, at_s) = files.days_on(1);
    let asked = [
        "--chain",
        "chain.pem",
        "--roots",
        "root.pem",
        "--name",
        "web.test",
        "--at",
        &instant,
    ];
    let answers = files.answers(&asked);
    let of = |stack: &str| {
        let answer = answers.iter().find(|answer| answer["validator"] == stack);
        answer.expect("every stack answers")["error"].clone()
    };
    assert_eq!(of("rustls"), "too-many-candidates");
    assert_eq!(of("go"), "too-many-candidates");
    let asked = Asked {
        what: "a maze",
        days: 1,
        judge: "",
        openssl: "-CAfile root.pem -untrusted chain.pem -purpose sslserver server.pem",
        number: 0,
    };
    let really = openssl_says(at, &asked, at_s);
    let ours = answers
        .iter()
        .find(|answer| answer["validator"] == "openssl");
    let ours = ours.and_then(|answer| answer["text"].as_str());
    let ours = ours.and_then(|text| text.strip_prefix("Verify return code: "));
    assert_eq!(ours, really.as_deref());
}
