"""`trustsim-juju`: commands of `juju`, played. What is not played is refused with exit code 2.

    jubilant.Juju(cli_binary="trustsim-juju")
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from trustsim import juju_state
from trustsim.duration import Duration
from trustsim.juju_state import State, StateError
from trustsim.process import TrustsimError
from trustsim.session import Model, Session, TaskError, is_path

STATUS_PASSES = "TRUSTSIM_STATUS_PASSES"
"""How much time passes before each `status`."""
_MINUTE = "1m"
"""Every wait of a test is a loop around `status`. Units come up within a minute and hooks take seconds, so that a loop of a
few rounds sees what a loop of some hundred sees of a cloud; a charm's own waits, such as five minutes until update-status,
are ten rounds at most."""
VERSION = "3.6.0-ubuntu-amd64"
"""The Juju whose rules are played."""
_KUBERNETES = ("kubernetes", "k8s", "microk8s", "canonical-k8s", "concierge-k8s", "concierge-microk8s")
_MACHINES = ("machine", "localhost", "lxd", "concierge-lxd", "maas", "manual")
_FAILED, _REFUSED = 1, 2
_MODEL_CONFIG = {"update-status-hook-interval": "5m", "automatically-retry-hooks": True}
"""What of a model's configuration is played, with Juju's defaults."""
_WITHOUT_EFFECT = ("logging-config", "test-mode")
"""What of it changes nothing that is played, with the values that tests give it."""


class Refused(Exception):
    """Something that is not played."""


class _Parser(argparse.ArgumentParser):
    """One that says what is played."""

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().split()[1:])
        raise Refused(f"{message}; what is played is `{usage}`")


class Invocation:
    """One command, with the session that it goes on with."""

    def __init__(self, state: State, folder: Path, session: Session) -> None:
        self.state = state
        self.folder = folder
        self.session = session
        self.exit = 0

    def model(self, name: str | None) -> Model:
        """The model that is named, or the current one."""
        name = _bare(name) if name else self.state.current
        if name is None:
            raise TrustsimError("name", "no model is named, and none is the current one")
        if name not in self.state.models:
            raise TrustsimError("name", f"model {name} not found")
        return Model(self.session, name)


def _bare(model: str) -> str:
    """The name of a model in `[controller:][user/]model`."""
    return model.rpartition(":")[2].rpartition("/")[2]


def _cloud(name: str | None) -> str:
    name = name or os.environ.get("TRUSTSIM_CLOUD") or "kubernetes"
    if name in _KUBERNETES:
        return "kubernetes"
    if name in _MACHINES:
        return "machine"
    raise Refused(f"the cloud `{name}` is not known: {', '.join(_KUBERNETES)} have pods, {', '.join(_MACHINES)} machines")


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise Refused(f"`{word}` is no KEY=VALUE")
        if value.startswith("@"):
            value = Path(value[1:]).read_text()
        pairs[key] = value
    return pairs


def _add_model(this: Invocation, given: argparse.Namespace) -> str:
    if given.model in this.state.destroyed:
        raise Refused(f"the model `{given.model}` was destroyed in this session: another name is needed")
    controller = given.controller
    this.session.ask(
        "add-model",
        model=given.model,
        cloud=_cloud(given.cloud),
        controller=controller,
        config=_pairs(given.config),
    )
    if not given.no_switch:
        this.state.current = given.model
    return ""


def _destroy_model(this: Invocation, given: argparse.Namespace) -> str:
    name = this.model(given.model_name).name
    this.state.destroyed.append(name)
    if this.state.current == name:
        this.state.current = None
    if this.state.models:
        print(f"the model {name} takes no more commands; what runs in it is simulated on until every model is destroyed", file=sys.stderr)
    return ""


def _switch(this: Invocation, given: argparse.Namespace) -> str:
    if given.model_name is not None:
        this.state.current = this.model(given.model_name).name
    if this.state.current is None:
        raise TrustsimError("name", "there is no current model")
    return f"{this.state.current}\n" if given.model_name is None else ""


def _deploy(this: Invocation, given: argparse.Namespace) -> str:
    if not is_path(given.charm) and given.charm.endswith(".charm"):
        raise Refused(f"`{given.charm}` may be a charm of this folder: write ./{given.charm}")
    this.model(given.model).deploy(
        given.charm.removeprefix("ch:"),
        given.app,
        units=given.num_units,
        channel=given.channel,
        revision=given.revision,
        config=_pairs(given.config),
    )
    return ""


def _is_offer(side: str) -> bool:
    return any(letter in side.partition(":")[0] for letter in "./") or side.count(":") > 1


def _integrate(this: Invocation, given: argparse.Namespace) -> str:
    for side in (given.app1, given.app2):
        if _is_offer(side):
            raise Refused(f"`{side}` is an offer: consume it first, and integrate with the name that it has here")
    this.model(given.model).integrate(given.app1, given.app2)
    return ""


def _remove_relation(this: Invocation, given: argparse.Namespace) -> str:
    this.model(given.model).remove_relation(given.app1, given.app2)
    return ""


def _config(this: Invocation, given: argparse.Namespace) -> str:
    resets = [option for reset in given.reset for option in reset.split(",")]
    model = this.model(given.model)
    if given.values or resets:
        model.config(given.app, _pairs(given.values), reset=resets)
        return ""
    if given.format is None:
        raise Refused("what is set is printed as JSON: `config --format json APP`")
    return json.dumps(model.show_config(given.app)) + "\n"


def _model_config(this: Invocation, given: argparse.Namespace) -> str:
    model = this.model(given.model)
    if given.values:
        played = {key: value for key, value in _pairs(given.values).items() if key not in _WITHOUT_EFFECT}
        if played:
            this.session.ask("model-config", model=model.name, config=played)
        return ""
    if given.format is None:
        raise Refused("what is set is printed as JSON: `model-config --format json`")
    written = (this.state.scenario or {}).get("models", {})[model.name].get("config", {})
    told = {}
    for key, default in _MODEL_CONFIG.items():
        told[key] = {"Value": written.get(key, default), "Source": "model" if key in written else "default"}
    return json.dumps(told) + "\n"


def _show_model(this: Invocation, given: argparse.Namespace) -> str:
    model = this.model(given.model_name)
    return json.dumps({model.name: model.show_model()}) + "\n"


def _remove_application(this: Invocation, given: argparse.Namespace) -> str:
    if given.force:
        raise Refused("`remove-application --force`: units run their last hooks")
    this.model(given.model).remove_application(*given.apps)
    return ""


def _trust(this: Invocation, given: argparse.Namespace) -> str:
    status = this.model(given.model).status()
    if given.app not in status["applications"]:
        raise TrustsimError("name", f"application \"{given.app}\" not found")
    return ""


def _run(this: Invocation, given: argparse.Namespace) -> str:
    parameters: dict[str, Any] = dict(_pairs(given.parameters))
    if given.params is not None:
        parameters |= _yaml(given.params)
    model = this.model(given.model)
    try:
        task = model.run(given.unit, given.action, parameters, wait=given.wait)
    except TaskError as error:
        task = error.task
    except TrustsimError as error:
        if error.kind == "not-ended":
            raise TrustsimError(error.kind, f"timed out waiting for results from: unit {given.unit}") from None
        raise
    this.state.tasks += 1
    unit = task.unit.partition(".")[2]
    told: dict[str, Any] = {"id": str(this.state.tasks), "status": task.status}
    told["results"] = {**task.results, "return-code": 0}
    if task.log:
        told["log"] = task.log
    if not task.success:
        told["message"] = task.message
        # As juju/juju 3.6 `cmd/juju/action/common.go` says it, by which jubilant knows it.
        print(f"ERROR the following task failed:\n - id \"{told['id']}\" with {task.message}", file=sys.stderr)
        this.exit = _FAILED
    return json.dumps({unit: told}) + "\n"


def _yaml(path: str) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise Refused("--params is read with PyYAML, which is not installed: write KEY=VALUE") from None
    with open(path) as file:
        read = yaml.safe_load(file)
    if not isinstance(read, dict):
        raise Refused(f"`{path}` is no mapping of parameters")
    return read


def _status(this: Invocation, given: argparse.Namespace) -> str:
    model = this.model(given.model)
    this.session.advance(os.environ.get(STATUS_PASSES, _MINUTE))
    return json.dumps(model.status()) + "\n"


def _show_unit(this: Invocation, given: argparse.Namespace) -> str:
    model = this.model(given.model)
    return json.dumps({unit: model.show_unit(unit) for unit in given.units}) + "\n"


def _add_unit(this: Invocation, given: argparse.Namespace) -> str:
    this.model(given.model).add_unit(given.app, num_units=given.num_units)
    return ""


def _remove_unit(this: Invocation, given: argparse.Namespace) -> str:
    model = this.model(given.model)
    for name in given.units:
        if "/" in name:
            model.remove_unit(name)
            continue
        if not given.num_units:
            raise Refused(f"`{name}` is an application: --num-units says how many of its units go")
        units = model.status()["applications"][name]["units"]
        numbers = sorted((int(unit.partition("/")[2]) for unit in units), reverse=True)
        for number in numbers[: given.num_units]:
            model.remove_unit(f"{name}/{number}")
    return ""


def _refresh(this: Invocation, given: argparse.Namespace) -> str:
    this.model(given.model).refresh(
        given.app, channel=given.channel, revision=given.revision, path=given.path
    )
    return ""


def _offer(this: Invocation, given: argparse.Namespace) -> str:
    application, colon, endpoints = given.what.partition(":")
    if not colon:
        raise Refused(f"`{given.what}` names no endpoint: write APP:ENDPOINT")
    model, dot, name = application.rpartition(".")
    model = this.model(model if dot else given.model)
    model.offer(name, endpoint=endpoints.split(","), name=given.name)
    return ""


def _consume(this: Invocation, given: argparse.Namespace) -> str:
    this.model(given.model).consume(given.offer, given.alias)
    return ""


def _version(_: Invocation, given: argparse.Namespace) -> str:
    return json.dumps({"version": VERSION}) + "\n" if given.format == "json" else f"{VERSION}\n"


def _advance(this: Invocation, given: argparse.Namespace) -> str:
    this.session.advance(Duration.of(given.by))
    return ""


def _connection(this: Invocation, given: argparse.Namespace) -> str:
    told = this.session.ask("connection", **{"from": given.client, "to": given.server})
    return json.dumps(told) + "\n"


def _save(this: Invocation, given: argparse.Namespace) -> str:
    this.session.save(given.file)
    return ""


Command = Callable[[Invocation, argparse.Namespace], str]


def _parsers() -> dict[str, _Parser]:
    """Every command that is played, with its options. Those without a help take no effect, as in a scenario's bundle."""
    parsers: dict[str, _Parser] = {}

    def command(name: str, does: Command, about: str, *, of_model: bool = True) -> _Parser:
        added = _Parser(prog=f"trustsim-juju {name}", description=about, allow_abbrev=False)
        added.set_defaults(does=does)
        if of_model:
            added.add_argument("-m", "--model", help="the model, in place of the current one")
        parsers[name] = added
        return added

    def ignored(to: _Parser, *flags: str) -> None:
        for flag in flags:
            to.add_argument(flag, action="store_true", help=argparse.SUPPRESS)

    def ignored_values(to: _Parser, *options: str) -> None:
        for option in options:
            to.add_argument(option, action="append", help=argparse.SUPPRESS)

    added = command("add-model", _add_model, "add a model", of_model=False)
    added.add_argument("model")
    added.add_argument("cloud", nargs="?")
    added.add_argument("-c", "--controller")
    added.add_argument("--config", action="append", default=[], help="update-status-hook-interval=TIME")
    added.add_argument("--no-switch", action="store_true")
    ignored_values(added, "--credential")

    added = command("destroy-model", _destroy_model, "end a model; with the last one the session ends", of_model=False)
    added.add_argument("model_name")
    ignored(added, "--no-prompt", "--destroy-storage", "--release-storage", "--force", "--no-wait")
    ignored_values(added, "--timeout")

    added = command("switch", _switch, "make a model the current one, or print which one is", of_model=False)
    added.add_argument("model_name", nargs="?")

    added = command("deploy", _deploy, "deploy a charm of the catalogue, or one in a folder or packed by its own code")
    added.add_argument("charm")
    added.add_argument("app", nargs="?")
    added.add_argument("-n", "--num-units", type=int)
    added.add_argument("--channel")
    added.add_argument("--revision", type=int)
    added.add_argument("--config", action="append", default=[], help="KEY=VALUE")
    ignored(added, "--trust")
    ignored_values(added, "--base", "--resource", "--constraints", "--storage")

    for name in ("integrate", "relate"):
        added = command(name, _integrate, "integrate two applications")
        added.add_argument("app1")
        added.add_argument("app2")

    added = command("remove-relation", _remove_relation, "remove a relation")
    added.add_argument("app1")
    added.add_argument("app2")

    added = command("config", _config, "set options, reset them, or print those that are known of the charm")
    added.add_argument("app")
    added.add_argument("values", nargs="*")
    added.add_argument("--reset", action="append", default=[])
    added.add_argument("--format", choices=["json"])

    added = command("model-config", _model_config, f"set {', '.join(_MODEL_CONFIG)} before time has passed, or print them")
    added.add_argument("values", nargs="*")
    added.add_argument("--format", choices=["json"])

    added = command("show-model", _show_model, "print what a model is", of_model=False)
    added.add_argument("model_name", nargs="?")
    added.add_argument("--format", choices=["json"], required=True)

    added = command("trust", _trust, "give a charm access to the cloud, which takes no effect")
    added.add_argument("app")
    ignored(added, "--remove")
    ignored_values(added, "--scope")

    added = command("run", _run, "run an action, and let time pass until it has ended")
    added.add_argument("unit")
    added.add_argument("action")
    added.add_argument("parameters", nargs="*")
    added.add_argument("--params")
    added.add_argument("--wait", type=_wait)
    added.add_argument("--format", choices=["json"])

    added = command("status", _status, f"let {_MINUTE} pass, or what {STATUS_PASSES} says, and print the status")
    added.add_argument("--format", choices=["json"], required=True)

    added = command("show-unit", _show_unit, "print what units see")
    added.add_argument("units", nargs="+")
    added.add_argument("--format", choices=["json"], required=True)

    added = command("add-unit", _add_unit, "add units")
    added.add_argument("app")
    added.add_argument("-n", "--num-units", type=int, default=1)

    added = command("remove-unit", _remove_unit, "remove units")
    added.add_argument("units", nargs="+")
    added.add_argument("--num-units", type=int)
    ignored(added, "--no-prompt", "--destroy-storage")

    added = command("remove-application", _remove_application, "remove applications")
    added.add_argument("apps", nargs="+")
    added.add_argument("--force", action="store_true")
    ignored(added, "--no-prompt", "--destroy-storage")

    added = command("refresh", _refresh, "refresh a charm")
    added.add_argument("app")
    added.add_argument("--channel")
    added.add_argument("--revision", type=int)
    added.add_argument("--path")
    ignored(added, "--trust")
    ignored_values(added, "--base", "--resource")

    added = command("offer", _offer, "offer endpoints", of_model=True)
    added.add_argument("what", metavar="[MODEL.]APP:ENDPOINT")
    added.add_argument("name", nargs="?")
    added.add_argument("-c", "--controller", help=argparse.SUPPRESS)

    added = command("consume", _consume, "consume an offer")
    added.add_argument("offer")
    added.add_argument("alias", nargs="?")

    added = command("version", _version, "print the version of Juju that is played", of_model=False)
    added.add_argument("--format", choices=["json"])
    ignored(added, "--all")

    added = command("advance", _advance, "let time pass (trustsim's own)", of_model=False)
    added.add_argument("by")

    added = command("connection", _connection, "tell how connections have been (trustsim's own)", of_model=False)
    added.add_argument("client")
    added.add_argument("server")

    added = command("save", _save, "write the session as a scenario (trustsim's own)", of_model=False)
    added.add_argument("file")
    return parsers


def _wait(text: str) -> str:
    """`--wait 30.0s`, as jubilant writes it."""
    number = text.removesuffix("s")
    try:
        return f"{round(float(number) * 1000)}ms"
    except ValueError:
        return text


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    """What is asked for.

    Raises:
        Refused: it is not played.
    """
    parsers = _parsers()
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    parser = parsers.get(name)
    if parser is None:
        raise Refused(f"`{name}`; the commands that are played are {', '.join(parsers)}")
    # Options may come between the words of a command.
    return parser.parse_intermixed_args(rest)


def _overview() -> str:
    lines = [f"  {name:<16} {parser.description}" for name, parser in _parsers().items()]
    return "\n".join([__doc__.strip(), "", *lines, ""])


def main() -> int:
    """The program."""
    arguments = sys.argv[1:]
    if arguments in ([], ["help"], ["-h"], ["--help"]):
        print(_overview())
        return 0
    warnings.showwarning = lambda message, *_: print(f"WARNING {message}", file=sys.stderr)
    try:
        given = _read(arguments)
        folder = juju_state.folder()
        with juju_state.held(folder):
            printed, code = _play(given, folder)
    except Refused as refused:
        print(f"ERROR trustsim-juju does not play this: {refused}", file=sys.stderr)
        return _REFUSED
    except TrustsimError as error:
        print(f"ERROR {error}", file=sys.stderr)
        return _REFUSED if error.kind in ("not-played", "code") else _FAILED
    except (StateError, OSError, ValueError) as error:
        print(f"ERROR {error}", file=sys.stderr)
        return _FAILED
    sys.stdout.write(printed)
    return code


def _play(given: argparse.Namespace, folder: Path) -> tuple[str, int]:
    """Takes the session up, carries out a command, and leaves the session as it is then. Gives what is printed, and the
    exit code."""
    state = juju_state.load(folder)
    arguments = ["--run-charms", "--keep-answers", str(folder / "answers")]
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".scenario-") as scenario:
        if state.scenario is not None:
            json.dump(state.scenario, scenario)
            scenario.flush()
            arguments.append(scenario.name)
        with Session(*arguments) as session:
            this = Invocation(state, folder, session)
            try:
                printed = given.does(this, given)
            finally:
                # Also where it failed: an action that has not ended was begun, and time has passed.
                state.scenario = json.loads(session.scenario())
                if state.models or not state.destroyed:
                    juju_state.store(folder, state)
                else:
                    juju_state.end(folder)
            return printed, this.exit


if __name__ == "__main__":
    sys.exit(main())
