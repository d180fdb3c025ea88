"""Takes the worker's modules from the first line of standard input, so that no file of it lies on disk, and runs it."""

import sys

# Modules of the folder in which trustsim was started are none of the charm's.
sys.path[:] = [folder for folder in sys.path if folder]

import json
import os
import types
from importlib.machinery import ModuleSpec

line = b""
while not line.endswith(b"\n"):
    # Nothing follows it before the worker has answered.
    more = os.read(0, 1 << 20)
    if not more:
        sys.exit(0)
    line += more
begin = json.loads(line)
package = types.ModuleType("trustsim_worker")
package.__path__ = []
sys.modules["trustsim_worker"] = package


class Finder:
    """Finds the modules that came."""

    sources = begin["modules"]

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """For the import system."""
        own = name.removeprefix("trustsim_worker.")
        return ModuleSpec(name, cls) if own != name and own in cls.sources else None

    @staticmethod
    def create_module(spec):
        """The usual one."""
        return None

    @classmethod
    def exec_module(cls, module):
        """Runs the source."""
        own = module.__name__.removeprefix("trustsim_worker.")
        exec(compile(cls.sources[own], f"<trustsim {own}>", "exec"), module.__dict__)


sys.meta_path.insert(0, Finder)
from trustsim_worker import server  # noqa: E402

server.serve(begin)
