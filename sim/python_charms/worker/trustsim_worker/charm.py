"""The charm in its folder: its class, its metadata, and a digest of what it is."""

import ast
import hashlib
import importlib.util
import os
import sys
import sysconfig

import yaml

# Folders that are no part of a charm that is deployed.
APART = {".git", ".github", ".tox", ".venv", "__pycache__", "build", "node_modules", "tests", ".ruff_cache", ".mypy_cache"}
METADATA = {"metadata.yaml", "config.yaml", "actions.yaml"}


class Charm:
    """What hooks are run with."""

    def __init__(self, folder: str, scratch: str):
        self.folder = os.path.realpath(folder)
        self.meta, self.config, self.actions = metadata(self.folder)
        self.scratch = scratch
        self.root = self.lay_out(scratch)
        self.digest = digest(self.folder)
        for place in ("src", "lib", "venv"):
            sys.path.insert(0, os.path.join(self.folder, place))
        self.kind = charm_class(os.path.join(self.folder, "src", "charm.py"))
        self.places = [place for place in places_of_python() if place not in ("/usr", "/usr/local")]
        self.readable = [self.folder, *places_of_python(), scratch]

    def lay_out(self, scratch: str) -> str:
        """A charm folder as a unit has it, whose metadata is in the files that ops reads."""
        root = os.path.join(scratch, "charm")
        os.mkdir(root)
        for name in os.listdir(self.folder):
            if name not in METADATA and name not in APART:
                os.symlink(os.path.join(self.folder, name), os.path.join(root, name))
        for name, content in (("metadata", self.meta), ("config", self.config), ("actions", self.actions)):
            with open(os.path.join(root, f"{name}.yaml"), "w", encoding="utf-8") as file:
                yaml.safe_dump(content or {}, file)
        return root


def places_of_python() -> list[str]:
    """Where the interpreter and what is installed for it lie, and the time zones."""
    paths = {sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), "/usr/share/zoneinfo", "/etc/localtime"}
    # What a shared library needs that is loaded when it is first used.
    paths.update(("/usr/lib/ssl/openssl.cnf", "/etc/ssl/openssl.cnf"))
    paths.update(path for path in sys.path if path and os.path.isdir(path))
    return sorted(paths)


def read_yaml(path: str) -> dict:
    """A mapping; empty where there is no such file."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file) or {}


def metadata(folder: str) -> tuple[dict, dict, dict]:
    """Metadata, options and actions, of whatever files the charm has them in."""
    whole = read_yaml(os.path.join(folder, "charmcraft.yaml"))
    meta = {**whole, **read_yaml(os.path.join(folder, "metadata.yaml"))}
    config = read_yaml(os.path.join(folder, "config.yaml")) or whole.get("config") or {}
    actions = read_yaml(os.path.join(folder, "actions.yaml")) or whole.get("actions") or {}
    for apart in ("config", "actions", "parts", "bases", "platforms"):
        meta.pop(apart, None)
    return meta, config, actions


def charm_class(path: str):
    """The class that the charm's file hands to `ops.main`, else the one charm that it defines."""
    import ops

    spec = importlib.util.spec_from_file_location("charm", path)
    if spec is None or spec.loader is None or not os.path.exists(path):
        raise FileNotFoundError(f"{path}: the charm's code is not there")
    module = importlib.util.module_from_spec(spec)
    sys.modules["charm"] = module
    spec.loader.exec_module(module)
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found = getattr(module, node.args[0].id, None)
            if called == "main" and isinstance(found, type) and issubclass(found, ops.CharmBase):
                return found
    own = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, ops.CharmBase) and each.__module__ == "charm"
    ]
    last = [each for each in own if not any(each is not other and issubclass(other, each) for other in own)]
    if len(last) != 1:
        raise TypeError(f"{path} defines {len(last)} charms and runs none with ops.main")
    return last[0]


def digest(folder: str) -> str:
    """SHA-256 over the paths and contents of the charm's files."""
    whole = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - APART)
        for name in sorted(names):
            path = os.path.join(place, name)
            if name.endswith((".pyc", ".charm")) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
            whole.update(os.path.relpath(path, folder).encode() + b"\0" + content)
    return whole.hexdigest()
