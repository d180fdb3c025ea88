//! What the code of a charm finds of its machine, or of Kubernetes, and what it leaves there for the next hook.

use serde_json::{Value as Json, json};

use super::{answered, on_a_machine, update_status};

/// The status that a hook on a machine sets, with its answer; it must have failed at nothing.
fn told(lines: &str, asked: &Json) -> Option<(String, Json)> {
    let answer = answered(lines, asked)?;
    assert!(answer["error"].is_null(), "{}", answer["error"]);
    assert_eq!(answer["refused"], json!([]), "{lines}");
    let message = answer["status"]["message"].as_str().unwrap_or_default();
    Some((message.to_owned(), answer))
}

/// What the next hook is asked: the same, with what this one left.
fn next(asked: &Json, answer: &Json) -> Json {
    let mut next = asked.clone();
    for act in answer["workload"].as_array().into_iter().flatten() {
        if let Some(path) = act["write"].as_str() {
            next["files"][path] = act["content"].clone();
        }
        if let Some(path) = act["remove"].as_str() {
            let files = next["files"].as_object_mut();
            files.expect("it is a mapping").remove(path);
        }
    }
    if !answer["machine"].is_null() {
        next["machine"] = answer["machine"].clone();
    }
    next
}

#[test]
fn files_links_and_folders_of_a_machine_stay() {
    let first = "import pathlib\nos.makedirs('/etc/web/empty')\npathlib.Path('/etc/web/a').write_text('one')\n\
                 os.symlink('/etc/web/a', '/etc/web/b')\nopen('kept', 'w').close()\n\
                 self.unit.status = ops.ActiveStatus(f'{os.getcwd()} {self.charm_dir}')";
    let asked = on_a_machine();
    let Some((message, answer)) = told(first, &asked) else {
        return;
    };
    let place = "/var/lib/juju/agents/unit-tried-0/charm";
    assert_eq!(message, format!("{place} {place}"));
    let second = "import pathlib\nfound = sorted(str(each) for each in pathlib.Path('/etc/web').glob('*'))\n\
                  text = open('/etc/web/b').read()\nos.remove('/etc/web/a')\n\
                  self.unit.status = ops.ActiveStatus(f'{found} {text} {os.readlink(\"/etc/web/b\")} {os.path.exists(\"kept\")}')";
    let asked = next(&asked, &answer);
    let (message, answer) = told(second, &asked).expect("there is ops");
    assert_eq!(
        message,
        "['/etc/web/a', '/etc/web/b', '/etc/web/empty'] one /etc/web/a True"
    );
    assert_eq!(
        answer["workload"],
        json!([{"container": "charm", "remove": "/etc/web/a"}])
    );
    assert!(!std::path::Path::new("/etc/web").exists());
}

#[test]
fn what_the_system_has_is_not_known() {
    for lines in [
        "open('/etc/os-release').read()",
        "import pwd; pwd.getpwnam('www-data')",
    ] {
        let Some(answer) = answered(lines, &on_a_machine()) else {
            return;
        };
        assert_eq!(answer["refused"][0]["kind"], "read", "{lines}");
    }
    let mut asked = on_a_machine();
    asked["answers"] = json!([{"file": "/etc/os-release", "text": "ID=ubuntu"}]);
    let given = "self.unit.status = ops.ActiveStatus(open('/etc/os-release').read())";
    assert_eq!(
        told(given, &asked).map(|(told, _)| told),
        Some("ID=ubuntu".to_owned())
    );
}

#[test]
fn a_service_is_started_after_what_was_written_before() {
    let lines = "import pathlib\npathlib.Path('/etc/systemd/system/web.service').write_text('')\n\
                 subprocess.run(['systemctl', 'enable', '--now', 'web.service'], check=True)\n\
                 pathlib.Path('/etc/web.pem').write_text('two')\nsubprocess.check_call('systemctl restart web', shell=True)\n\
                 active = subprocess.run(['systemctl', 'is-active', 'web']).returncode\n\
                 unknown = subprocess.run(['systemctl', 'start', 'other'], capture_output=True, text=True)\n\
                 self.unit.status = ops.ActiveStatus(f'{active} {unknown.returncode} {unknown.stderr}')";
    let Some((message, answer)) = told(lines, &on_a_machine()) else {
        return;
    };
    assert_eq!(
        message,
        "0 5 Failed to start other.service: Unit other.service not found.\n"
    );
    let acts: Vec<Json> = answer["workload"].as_array().cloned().unwrap_or_default();
    let acts: Vec<&Json> = acts
        .iter()
        .map(|act| act.get("write").unwrap_or(&act["started"]))
        .collect();
    let unit = json!("/etc/systemd/system/web.service");
    assert_eq!(
        acts,
        [
            &unit,
            &json!(["web"]),
            &json!("/etc/web.pem"),
            &json!(["web"])
        ]
    );
}

#[test]
fn packages_and_roots_are_the_machines() {
    let lines = "import pathlib\nsubprocess.run(['apt-get', 'install', '-y', 'haproxy'], check=True)\n\
                 subprocess.run(['systemctl', 'reload-or-restart', 'haproxy'], check=True)\n\
                 pathlib.Path('/usr/local/share/ca-certificates/a.crt').write_text('A')\n\
                 subprocess.run(['update-ca-certificates', '--fresh'], check=True)\n\
                 self.unit.status = ops.ActiveStatus(open('/etc/ssl/certs/ca-certificates.crt').read())";
    let asked = on_a_machine();
    let Some((message, answer)) = told(lines, &asked) else {
        return;
    };
    assert_eq!(message, "A\n");
    let installed = "self.unit.status = ops.ActiveStatus(subprocess.check_output(['dpkg', '-l', 'haproxy'], text=True)[-30:])";
    let (message, _) = told(installed, &next(&asked, &answer)).expect("there is ops");
    assert!(message.contains("haproxy"), "{message}");
}

#[test]
fn the_scenario_says_what_a_command_and_a_request_do() {
    let mut asked = on_a_machine();
    asked["answers"] = json!([
        {"command": ["keytool", "-import*"], "stdout": "done", "code": 0, "writes": {"/opt/keys": "K"}, "restarts": ["web"]},
        {"request": "GET https://db*/health", "status": 200, "body": {"is": "well"}},
    ]);
    let lines = "import urllib.request\n\
                 out = subprocess.check_output(['keytool', '-importcert', '-alias', 'x'], text=True)\n\
                 got = urllib.request.urlopen('https://db.example:8443/health').read().decode()\n\
                 self.unit.status = ops.ActiveStatus(out + open('/opt/keys').read() + got)";
    let Some((message, answer)) = told(lines, &asked) else {
        return;
    };
    assert_eq!(message, "doneK{\"is\": \"well\"}");
    assert_eq!(answer["workload"][1]["started"], json!(["web"]));
    let other = answered(
        "import urllib.request; urllib.request.urlopen('https://else/')",
        &asked,
    );
    let other = other.expect("there is ops");
    assert_eq!(
        other["refused"],
        json!([{"kind": "network", "what": "GET https://else/"}])
    );
}

#[test]
fn kubernetes_has_what_the_unit_put_there() {
    let request = "def ask(method, path, body=None):\n    import http.client, json\n    \
                   client = http.client.HTTPSConnection('kubernetes.default.svc')\n    \
                   client.request(method, path, body and json.dumps(body))\n    \
                   got = client.getresponse()\n    return got.status, json.loads(got.read())\n\
                   place = '/api/v1/namespaces/m/services/lb'\n";
    let first = format!(
        "{request}before, _ = ask('GET', place)\nask('PATCH', place + '?fieldManager=x', {{'spec': {{'type': 'LoadBalancer'}}}})\n\
         pod = ask('GET', '/api/v1/namespaces/m/pods/tried-0')[1]['spec']['containers'][1]['name']\n\
         self.unit.status = ops.ActiveStatus(f'{{before}} {{pod}}')"
    );
    let asked = update_status();
    let Some((message, answer)) = told(&first, &asked) else {
        return;
    };
    assert_eq!(message, "404 web");
    let second = format!(
        "{request}self.unit.status = ops.ActiveStatus(ask('GET', place)[1]['spec']['type'])"
    );
    let (message, _) = told(&second, &next(&asked, &answer)).expect("there is ops");
    assert_eq!(message, "LoadBalancer");
}

/// canonical/traefik-k8s-operator 8ab4a7e `src/charm.py`, `_get_loadbalancer_status` and `_get_cert_requests`.
#[test]
fn a_load_balancer_has_the_address_and_the_name_that_are_declared() {
    let lines = "import http.client, json, socket, ssl\n\
                 client = http.client.HTTPSConnection('kubernetes.default.svc', context=ssl.create_default_context())\n\
                 client.request('PATCH', '/api/v1/namespaces/m/services/lb?fieldManager=x', json.dumps({'spec': {'type': 'LoadBalancer'}}))\n\
                 address = json.loads(client.getresponse().read())['status']['loadBalancer']['ingress'][0]['ip']\n\
                 try:\n    name = socket.gethostbyaddr(address)[0]\nexcept OSError as error:\n    name = str(error)\n\
                 self.unit.status = ops.ActiveStatus(f'{address} {name}')";
    let mut asked = update_status();
    for (given, told_of) in [
        (
            json!({"address": "10.64.140.43", "reverse-name": "lb.example.com"}),
            "10.64.140.43 lb.example.com",
        ),
        (
            json!({"address": "10.64.140.43", "reverse-name": null}),
            "10.64.140.43 [Errno 1] Unknown host",
        ),
    ] {
        asked["load-balancer"] = given;
        let Some((message, _)) = told(lines, &asked) else {
            return;
        };
        assert_eq!(message, told_of);
    }
    // A name is for the host to find, and it is not asked.
    let lines =
        "import socket\ntry:\n    socket.gethostbyaddr('example.com')\nexcept OSError:\n    pass";
    let Some(answer) = answered(lines, &asked) else {
        return;
    };
    assert_eq!(answer["refused"][0]["kind"], "network", "{answer}");
}

#[test]
fn secrets_of_others_are_read_by_id_and_then_by_label() {
    let secret = "9m4e2mr0ui3e8a215n4g";
    let mut asked = update_status();
    asked["before"]["secrets"] = json!([{"uri": secret, "owner": "other", "label": null, "content": {"password": "new"},
        "revision": 2, "expire": null, "tracked": {"revision": 1, "content": {"password": "old"}}}]);
    let lines = format!(
        "secret = self.model.get_secret(id='secret:{secret}', label='mine')\n\
         self.unit.status = ops.ActiveStatus(secret.get_content()['password'] + secret.peek_content()['password'])"
    );
    let Some((message, answer)) = told(&lines, &asked) else {
        return;
    };
    assert_eq!(message, "oldnew");
    assert_eq!(answer["secrets"][0]["id"], format!("secret:{secret}"));
    asked["framework"] = answer["framework"].clone();
    let lines = "secret = self.model.get_secret(label='mine')\n\
                 self.unit.status = ops.ActiveStatus(secret.get_content(refresh=True)['password'])";
    let (message, answer) = told(lines, &asked).expect("there is ops");
    assert_eq!(message, "new");
    let calls = answer["secrets"].as_array().expect("it is a list");
    assert!(
        calls.iter().any(|call| call["refresh"] == true),
        "{calls:?}"
    );
}

#[test]
fn a_hook_may_keep_the_id_of_a_secret_that_it_adds() {
    let lines = "secret = self.app.add_secret({'password': 'x'})\nself.unit.status = ops.ActiveStatus(secret.id)";
    let Some((message, answer)) = told(lines, &update_status()) else {
        return;
    };
    assert_eq!(answer["secrets"][0]["id"], message);
    assert_eq!(answer["secrets"][0]["label"], Json::Null);
    assert_eq!(message.len(), "secret:".len() + 20);
    assert_eq!(answer["drew"], true, "the next one has another id");
}
