"""Sessions from Python: what is asked and answered, and what goes wrong."""

import datetime
import json
import subprocess
import sys
from pathlib import Path

import pytest

import trustsim as package
from trustsim import Duration, Session, TaskError, TrustsimError, TrustsimWarning, all_active
from trustsim.process import Process, binary


def with_ca(trustsim: Session) -> package.Model:
    prod = trustsim.model("prod")
    prod.deploy("self-signed-certificates", "ca")
    prod.deploy("traefik-k8s", "web", units=2)
    prod.integrate("web:certificates", "ca:certificates")
    return prod


def test_what_is_installed_is_tested():
    for installed in (Path(package.__file__), binary()):
        assert installed.is_relative_to(sys.prefix)


def test_durations_compare_with_texts():
    assert Duration.of("1h30m") == "90m" == Duration.of(datetime.timedelta(minutes=90))
    assert Duration(9_999_999_999) < "10s" < Duration(10_000_000_001)
    assert Duration.of("250ms") <= "250ms" and Duration.of("2w") == "14d"
    assert str(Duration.of("89d1s")) == "89d1s" and str(Duration(0)) == "0s"
    assert str(Duration(500)) == "0.000500ms"
    assert len({Duration.of("1d"), Duration.of("24h")}) == 1
    for wrong in ("", "10", "1.5h", "10 s", "ten", "-1d"):
        with pytest.raises(ValueError):
            Duration.of(wrong)
    with pytest.raises(TypeError):
        _ = Duration(1) < 10
    assert (Duration(1) == 1) is False


def test_time_passes_only_when_it_is_told_to(trustsim):
    prod = with_ca(trustsim)
    assert trustsim.now == "0s"
    assert not all_active(prod.status())
    trustsim.advance("1h")
    assert trustsim.now == "1h"
    # Once time has passed, a command takes a second.
    prod.config("ca", {"ca-common-name": "another"})
    assert trustsim.now == "1h1s"
    trustsim.settle()
    unit = prod.show_unit("web/0")
    assert unit["charm"] and unit["leader"] in (True, False)
    assert prod.status()["applications"]["web"]["scale"] == 2


def test_it_is_waited_for_a_status(trustsim):
    prod = with_ca(trustsim)
    status = prod.wait(lambda status: all_active(status, "ca"))
    assert status["applications"]["ca"]["application-status"]["current"] == "active"
    with pytest.raises(TimeoutError):
        prod.wait(lambda _: False, timeout="1m")
    with pytest.raises(RuntimeError):
        prod.wait(lambda _: False, error=lambda _: True)


def test_commands_of_a_deployment_that_runs(trustsim):
    prod = with_ca(trustsim)
    clients = trustsim.model("clients", cloud="machine")
    trustsim.advance("1h")
    prod.offer("ca", endpoint=["send-ca-cert"], name="authority")
    clients.deploy("self-signed-certificates", "own")
    clients.consume("prod.authority", "remote")
    prod.add_unit("web")
    prod.remove_unit("web/2")
    trustsim.fault("kill-unit", unit="prod.web/1", for_="1h")
    prod.refresh("ca", channel="1/edge")
    prod.config("ca", reset="ca-common-name")
    prod.remove_relation("web:certificates", "ca:certificates")
    trustsim.advance("1d")
    assert prod.status()["applications"]["web"]["scale"] == 2
    assert "remote" in clients.status()["application-endpoints"]


def test_what_goes_wrong_has_its_kind(trustsim):
    with pytest.raises(TrustsimError, match="no model") as found:
        trustsim.ask("status", model="gone")
    assert found.value.kind == "name"
    prod = with_ca(trustsim)
    with pytest.raises(TrustsimError) as found:
        prod.deploy("./no/such/charm")
    assert found.value.kind == "charm"
    with pytest.raises(TrustsimError, match="ca-common-title") as found:
        prod.config("ca", {"ca-common-title": "another"})
    assert found.value.kind == "unsound" and "ca-common-name" in "".join(found.value.hints)
    with pytest.raises(TrustsimError) as found:
        trustsim.ask("advance", by="1d", until="2d")
    assert found.value.kind == "request"
    with pytest.raises(TrustsimError) as found:
        prod.run("ca/leader", "rotate-private-key")
    assert found.value.kind == "too-early"
    with pytest.warns(TrustsimWarning, match="TS0213") as warned:
        prod.config("web", {"external_hostnam": "a.example.com"})
    assert warned[0].filename == __file__


def test_an_action_that_fails_raises_what_it_said(trustsim):
    prod = trustsim.model("prod")
    with pytest.warns(TrustsimWarning, match="TS0224"):
        prod.deploy("vault-k8s", "vault")
    trustsim.advance("1h")
    with pytest.raises(TaskError) as found:
        prod.run("vault/leader", "authorize-charm", {"secret-id": "none"})
    assert found.value.task.status == "failed"
    assert found.value.task.message


def test_a_session_that_is_saved_is_played_to_the_same_present(trustsim, tmp_path):
    prod = with_ca(trustsim)
    trustsim.advance("1d")
    prod.run("ca/leader", "rotate-private-key")
    trustsim.advance("1h")
    saved = tmp_path / "session.json"
    trustsim.save(saved)
    with Session(str(saved)) as again:
        assert again.now == trustsim.now
        assert again.ask("status", model="prod")["juju"] == prod.status()
    played = subprocess.run(
        [binary(), "status", saved, "--format", "json"], check=True, capture_output=True
    )
    assert json.loads(played.stdout) == prod.status()
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]


def test_a_session_with_code_is_opened_only_where_that_is_said(trustsim, tmp_path):
    charm = Path(__file__).parents[1] / "charms/pod"
    trustsim.model("prod").deploy(charm, "web")
    saved = tmp_path / "session.json"
    trustsim.save(saved)
    with Session(str(saved)) as opened, pytest.raises(TrustsimError, match="TS0119"):
        opened.scenario()
    with Session(str(saved), "--run-charms") as opened:
        assert opened.scenario() == trustsim.scenario()


def test_a_session_that_has_ended_says_so():
    session = Session()
    session.close()
    with pytest.raises(TrustsimError, match="closed"):
        session.scenario()
    process = Process("no-such-session.json")
    with pytest.raises(TrustsimError, match="no-such-session") as found:
        process.ask("scenario", {})
    assert found.value.kind == "ended"
    process.close()
