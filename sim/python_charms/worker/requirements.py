"""Says what a charm needs: the requirements of its lock file, its project or its list, and of the libraries it carries.

Is run by the interpreter of the environment that is made, before anything is installed there. It prints one object of JSON.
"""

import ast
import json
import os
import re
import sys

try:
    import tomllib
except ModuleNotFoundError:
    from pip._vendor import tomli as tomllib

from pip._vendor.packaging.markers import Marker

# What plays the charm comes in its own versions.
OURS = {"ops", "ops-scenario", "time-machine"}


def normal(name: str) -> str:
    """A name as packages are found by (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def toml(path: str) -> dict:
    """A file of TOML."""
    with open(path, "rb") as file:
        return tomllib.load(file)


def name_of(requirement: str) -> str:
    """The name at the beginning of a requirement."""
    found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    return normal(found.group(1)) if found else ""


def reached(packages: dict[str, dict], roots: list[str], needs) -> list[str]:
    """Those that the roots need, and what these need."""
    found, left = [], [normal(root) for root in roots]
    while left:
        name = left.pop(0)
        if name in found or name not in packages:
            continue
        found.append(name)
        left += [normal(each) for each in needs(packages[name])]
    return found


def of_uv(folder: str) -> list[str]:
    """What `uv.lock` pins for the project itself, without groups for development."""
    packages = {normal(each["name"]): each for each in toml(os.path.join(folder, "uv.lock")).get("package", [])}
    own = [each for each in packages.values() if {"virtual", "editable"} & set(each.get("source", {}))]
    needs = [need["name"] for each in own for need in each.get("dependencies", []) if is_here(need)]

    def with_extras(package: dict) -> list[str]:
        extras = [need for group in package.get("optional-dependencies", {}).values() for need in group]
        return [need["name"] for need in package.get("dependencies", []) + extras if is_here(need)]

    return [pinned_by_uv(packages[name]) for name in reached(packages, needs, with_extras)]


def is_here(need) -> bool:
    """Whether what is needed is needed by this interpreter on this system."""
    wanted = (need.get("marker") or need.get("markers")) if isinstance(need, dict) else None
    return wanted is None or Marker(wanted).evaluate({"extra": ""})


def pinned_by_uv(package: dict) -> str:
    """A requirement."""
    source = package.get("source", {})
    if "git" in source:
        url, _, commit = source["git"].partition("#")
        return f"{package['name']} @ git+{url.partition('?')[0]}@{commit}"
    return f"{package['name']}=={package['version']}"


def of_poetry_lock(folder: str) -> list[str]:
    """What `poetry.lock` pins for the project, without groups for development."""
    packages = {normal(each["name"]): each for each in toml(os.path.join(folder, "poetry.lock")).get("package", [])}
    project = toml(os.path.join(folder, "pyproject.toml"))
    needs = [name_of(each) for each in of_project(project)]

    def of_package(package: dict) -> list[str]:
        return [name for name, need in package.get("dependencies", {}).items() if is_here(need)]

    names = reached(packages, needs, of_package)
    return [f"{packages[name]['name']}=={packages[name]['version']}" for name in names]


def of_project(project: dict) -> list[str]:
    """What `pyproject.toml` says: of PEP 621, of Poetry, and of Poetry's group for libraries of charms."""
    needs = list(project.get("project", {}).get("dependencies", []))
    poetry = project.get("tool", {}).get("poetry", {})
    groups = [poetry.get("dependencies", {})]
    for name, group in poetry.get("group", {}).items():
        if name in ("main", "charm-libs"):
            groups.append(group.get("dependencies", {}))
    for group in groups:
        for name, wanted in group.items():
            if normal(name) != "python":
                needs.append(of_poetry(name, wanted))
    return needs


def of_poetry(name: str, wanted) -> str:
    """A requirement as pip reads it."""
    if isinstance(wanted, list):
        wanted = wanted[0]
    extras = ""
    if isinstance(wanted, dict):
        extras = f"[{','.join(wanted['extras'])}]" if wanted.get("extras") else ""
        if "git" in wanted:
            at = wanted.get("rev") or wanted.get("tag") or wanted.get("branch") or "HEAD"
            return f"{name}{extras} @ git+{wanted['git']}@{at}"
        wanted = wanted.get("version", "*")
    parts = [constraint(part.strip()) for part in wanted.split(",")]
    return name + extras + ",".join(part for part in parts if part)


def constraint(part: str) -> str:
    """`^1.2` as `>=1.2,<2`, `~1.2` as `>=1.2,<1.3`."""
    if part in ("", "*"):
        return ""
    if part[0] not in "^~":
        return part if part[0] in "<>=!" else f"=={part}"
    if part.startswith("~="):
        return part
    version = part[1:]
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    if part[0] == "^":
        place = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        place = min(1, len(numbers) - 1)
    bound = numbers[: place + 1]
    bound[-1] += 1
    return f">={version},<{'.'.join(map(str, bound))}"


def of_list(path: str) -> list[str]:
    """The lines of a `requirements.txt`, without hashes, which would have to be those of all."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().replace("\\\n", " ").splitlines()
    lines = [re.sub(r"(^|\s)#.*", "", line) for line in lines]
    lines = [re.sub(r"\s--hash[= ]\S+", "", line).strip() for line in lines]
    found = []
    for line in lines:
        other = re.match(r"(?:-r|--requirement)[ =]?(.+)", line)
        if other:
            found += of_list(os.path.join(os.path.dirname(path), other.group(1).strip()))
        elif line:
            found.append(line)
    return found


def of_libraries(folder: str) -> list[str]:
    """What libraries under `lib/charms` say in `PYDEPS`, as charmcraft installs it."""
    found = []
    for place, folders, names in os.walk(os.path.join(folder, "lib", "charms")):
        folders.sort()
        for name in sorted(names):
            if not name.endswith(".py"):
                continue
            with open(os.path.join(place, name), encoding="utf-8") as file:
                tree = ast.parse(file.read())
            for node in tree.body:
                targets = node.targets if isinstance(node, ast.Assign) else []
                if any(isinstance(each, ast.Name) and each.id == "PYDEPS" for each in targets):
                    found += ast.literal_eval(node.value)
    return found


def of_charm(folder: str) -> tuple[str | None, list[str]]:
    """Which file says what is needed, and what."""
    ways = (
        ("uv.lock", lambda: of_uv(folder)),
        ("poetry.lock", lambda: of_poetry_lock(folder)),
        ("requirements.txt", lambda: of_list(os.path.join(folder, "requirements.txt"))),
        ("pyproject.toml", lambda: of_project(toml(os.path.join(folder, "pyproject.toml")))),
    )
    for name, read in ways:
        if os.path.isfile(os.path.join(folder, name)):
            needs = read()
            # A project may have its tools in one file and its needs in another one.
            if needs or name != "pyproject.toml":
                return name, needs
    return None, []


def main() -> None:
    """Prints what is needed."""
    folder = sys.argv[1]
    file, needs = of_charm(folder)
    libraries = of_libraries(folder)
    pinned = {name_of(each) for each in needs}
    needs += [each for each in libraries if name_of(each) not in pinned]
    traces = any(name_of(each) == "ops-tracing" or re.match(r"\s*ops\s*\[.*tracing", each) for each in needs)
    needs = [each for each in needs if name_of(each) not in OURS | {"ops-tracing"}]
    print(json.dumps({"file": file, "requirements": list(dict.fromkeys(needs)), "traces": traces}))


main()
