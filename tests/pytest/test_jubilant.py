"""An integration test as charms have them, with jubilant, through `trustsim-juju`."""

import json
import os
import stat
import subprocess
from pathlib import Path

import jubilant
import pytest

CHARMS = Path(__file__).parents[1] / "charms"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "session"
    monkeypatch.setenv("TRUSTSIM_JUJU_SESSION", str(folder))
    monkeypatch.chdir(CHARMS / "pod")
    return folder


@pytest.fixture
def juju(session: Path) -> jubilant.Juju:
    juju = jubilant.Juju(cli_binary="trustsim-juju")
    juju.add_model("prod")
    return juju


def wait(juju: jubilant.Juju) -> jubilant.Status:
    return juju.wait(jubilant.all_active, error=jubilant.any_error, delay=0)


def test_rotation(juju: jubilant.Juju, session: Path):
    juju.deploy("self-signed-certificates", "ca")
    juju.deploy("./", "web", num_units=3)
    juju.integrate("web:certificates", "ca")
    status = wait(juju)
    assert status.apps["web"].scale == 3 and status.model.type == "caas"
    assert sum(unit.leader for unit in status.apps["web"].units.values()) == 1
    juju.cli("advance", "89d", include_model=False)
    task = juju.run("ca/leader", "rotate-private-key")
    assert task.success and task.return_code == 0 and task.log
    juju.cli("advance", "1d", include_model=False)
    wait(juju)
    told = json.loads(juju.cli("connection", "prod.web", "prod.web", include_model=False))
    lost = [connection["lost-ns"] for connection in told["connections"]]
    assert len(lost) == 6 and 0 < max(lost) < 10 * 10**9
    # The session is a scenario, of its owner alone.
    saved = session / "session.json"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert stat.S_IMODE(session.stat().st_mode) == 0o700
    juju.destroy_model("prod", destroy_storage=True, force=True)
    assert not saved.exists()


def test_a_deployment_that_grows(juju: jubilant.Juju):
    juju.deploy("./", "web", trust=True, resources={"image": "ubuntu"}, config={"log-level": "debug"})
    juju.wait(lambda status: jubilant.all_waiting(status, "web"), delay=0)
    juju.deploy("self-signed-certificates", "ca", channel="1/stable")
    juju.integrate("web", "ca:certificates")
    wait(juju)
    juju.add_unit("web", num_units=2)
    status = juju.wait(lambda status: len(status.apps["web"].units) == 3, delay=0)
    assert "certificates" in status.apps["web"].relations
    juju.remove_unit("web", num_units=1)
    juju.config("ca", {"ca-common-name": "another"})
    juju.config("ca", reset="ca-common-name")
    juju.refresh("ca", channel="1/edge")
    status = wait(juju)
    assert len(status.apps["web"].units) == 2
    unit = juju.show_unit("web/0")
    assert "certificates" in [each.endpoint for each in unit.relation_info]
    juju.remove_relation("web:certificates", "ca:certificates")
    juju.wait(lambda status: "certificates" not in status.apps["web"].relations, delay=0)
    assert juju.version().tuple == (3, 6, 0)
    juju.remove_application("web", force=False)
    juju.wait(lambda status: list(status.apps) == ["ca"], delay=0)


def test_what_is_set_can_be_read(juju: jubilant.Juju):
    juju.model_config({"update-status-hook-interval": "2m", "logging-config": "<root>=INFO"})
    juju.deploy("self-signed-certificates", "ca", config={"ca-common-name": "another"})
    told = juju.config("ca")
    assert told["ca-common-name"] == "another" and told["root-ca-validity"] == "365d"
    juju.config("ca", reset="ca-common-name")
    assert juju.config("ca")["ca-common-name"] == "self-signed-certificates-operator"
    told = juju.model_config()
    assert told == {"update-status-hook-interval": "2m", "automatically-retry-hooks": True}
    model = juju.show_model("prod")
    assert (model.short_name, model.model_type, model.name) == ("prod", "caas", "admin/prod")
    juju.trust("ca", scope="cluster")
    juju.wait(jubilant.all_active, delay=0)
    # It is that of a whole run.
    with pytest.raises(jubilant.CLIError, match="before time has passed"):
        juju.model_config({"update-status-hook-interval": "1m"})
    assert run("config", "--model", "prod", "ca").returncode == 2
    assert run("model-config", "--model", "prod").returncode == 2
    with pytest.raises(jubilant.CLIError):
        juju.remove_application("ca", force=True)


def test_models_are_joined_by_offers(juju: jubilant.Juju):
    other = jubilant.Juju(cli_binary="trustsim-juju")
    other.add_model("security", cloud="k8s")
    other.deploy("self-signed-certificates", "ca")
    other.offer("ca", endpoint=["certificates"], name="authority")
    juju.deploy("./", "web")
    juju.consume("security.authority", "ca", owner="admin")
    juju.integrate("web:certificates", "ca")
    wait(juju)
    with pytest.raises(jubilant.CLIError, match="consume it first"):
        juju.integrate("web:receive-ca-cert", "admin/security.other")
    other.destroy_model("security")
    juju.status()
    with pytest.raises(jubilant.CLIError, match="not found"):
        other.status() if other.model else other.cli("status", "--format", "json", "-m", "security")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["trustsim-juju", *words], capture_output=True, text=True)


def test_what_is_not_played_is_refused(juju: jubilant.Juju, session: Path):
    juju.deploy("self-signed-certificates", "ca")
    before = (session / "session.json").read_text()
    for words in (
        ("ssh", "ca/0", "true"),
        ("exec", "--unit", "ca/0", "--", "true"),
        ("debug-log",),
        ("deploy", "--model", "prod", "traefik-k8s", "--to", "0"),
        ("deploy", "--model", "prod", "traefik-k8s", "--bind", "a=b"),
        ("integrate", "--model", "prod", "ca", "web", "--via", "10.0.0.0/8"),
        ("config", "--model", "prod", "ca"),
        ("remove-application", "--model", "prod", "--force", "ca"),
        ("status", "--model", "prod"),
        ("add-model", "two", "no-such-cloud"),
        ("deploy", "--model", "prod", "web.charm"),
    ):
        refused = run(*words)
        assert refused.returncode == 2, (words, refused)
        assert refused.stdout == "" and "does not play" in refused.stderr, (words, refused)
    # With the commands that are.
    assert "integrate" in run("ssh").stderr
    for words in (
        ("status", "--model", "gone", "--format", "json"),
        ("deploy", "--model", "prod", "self-signed-certificates", "ca"),
        ("config", "--model", "prod", "ca", "no-such-option=1"),
        ("run", "--model", "prod", "ca/leader", "rotate-private-key"),
    ):
        failed = run(*words)
        assert failed.returncode == 1 and failed.stderr.startswith("ERROR "), (words, failed)
    assert json.loads((session / "session.json").read_text()) == json.loads(before)


def test_a_folder_that_others_can_write_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    tmp_path.chmod(0o777)
    monkeypatch.setenv("TRUSTSIM_JUJU_SESSION", str(tmp_path))
    failed = run("add-model", "prod")
    assert failed.returncode == 1 and "written to by others" in failed.stderr
    monkeypatch.setenv("TRUSTSIM_JUJU_SESSION", str(tmp_path / "own"))
    assert run("add-model", "prod").returncode == 0
    (tmp_path / "own/session.json").write_text("{}")
    failed = run("switch", "prod")
    assert failed.returncode == 1 and "is no session" in failed.stderr


def test_commands_at_once_wait_for_each_other(juju: jubilant.Juju):
    names = [f"ca-{letter}" for letter in "abcdef"]
    started = [
        subprocess.Popen(["trustsim-juju", "deploy", "-m", "prod", "self-signed-certificates", name], env=os.environ)
        for name in names
    ]
    assert [process.wait() for process in started] == [0] * 6
    assert sorted(juju.status().apps) == names
