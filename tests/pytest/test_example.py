"""The example of docs/reference/tests.md and README.md of the package, with a charm of the project."""

import ast
import inspect
from pathlib import Path

import pytest

CHARMS = Path(__file__).parents[1] / "charms"


@pytest.fixture(autouse=True)
def in_charm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A charm's tests are run in its folder."""
    monkeypatch.chdir(CHARMS / "pod")


def test_rotation(trustsim):
    prod = trustsim.model("prod")
    prod.deploy("self-signed-certificates", "ca")
    prod.deploy("./", "web", units=3)  # this charm, its real code
    prod.integrate("web:certificates", "ca")
    trustsim.advance("89d")
    prod.run("ca/leader", "rotate-private-key")
    trustsim.advance("1d")
    assert trustsim.connection("prod.web", "prod.web").lost < "10s"


def test_the_example_can_fail(trustsim):
    """The same without the relation by which the second application would come to trust the new CA."""
    prod = trustsim.model("prod")
    prod.deploy("self-signed-certificates", "ca")
    prod.deploy("self-signed-certificates", "other")
    prod.deploy("./", "web")
    prod.deploy("./", "client")
    prod.integrate("web:certificates", "ca")
    prod.integrate("client:certificates", "other")
    prod.integrate("client:receive-ca-cert", "ca:send-ca-cert")
    trustsim.advance("1d")
    before = trustsim.connection("prod.client", "prod.web")
    assert before.is_working and before.lost < "10s"
    prod.remove_relation("client:receive-ca-cert", "ca:send-ca-cert")
    prod.run("ca/leader", "rotate-private-key")
    trustsim.advance("2d")
    found = trustsim.connection("prod.client", "prod.web")
    assert not found.is_working
    assert "1d" < found.lost < "3d"
    assert found.error == "unknown-issuer"
    assert "prod.ca" in found.cause
    assert found.outages[-1].end is None


@pytest.mark.parametrize("page", ["README.md", "sim/python/README.md", "docs/reference/tests.md"])
def test_it_is_the_example_of_the_docs(page):
    text = (CHARMS.parents[1] / page).read_text()
    shown = text.partition("```python\ndef test_rotation")[2].partition("```")[0]
    expected = ast.parse(inspect.getsource(test_rotation))
    assert ast.dump(ast.parse("def test_rotation" + shown)) == ast.dump(expected)
