"""Rehearse the TLS of a Juju deployment in a test: real certificates, real handshakes, virtual time, no cloud.

A `Session` drives the program `trustsim`, which comes with this package. The fixture `trustsim` of pytest is one.
"""

from trustsim.answers import Connection, Outage, Task, WatchedConnection, all_active
from trustsim.duration import Duration
from trustsim.process import TrustsimError, TrustsimWarning
from trustsim.session import Model, Session, TaskError

__all__ = [
    "Connection",
    "Duration",
    "Model",
    "Outage",
    "Session",
    "Task",
    "TaskError",
    "TrustsimError",
    "TrustsimWarning",
    "WatchedConnection",
    "all_active",
]
