"""Durations that compare with texts such as `10s`, `89d` and `1h30m`."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re

_NS = {
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
    "w": 7 * 86_400 * 10**9,
}
_PART = re.compile(r"(\d+)(ms|s|m|h|d|w)")


@functools.total_ordering
@dataclasses.dataclass(frozen=True, eq=False)
class Duration:
    """A duration in whole nanoseconds. It compares with a text and with a `datetime.timedelta`."""

    ns: int

    @classmethod
    def of(cls, value: Duration | str | datetime.timedelta) -> Duration:
        """A duration, however it is given.

        Raises:
            ValueError: the text is no duration.
            TypeError: it is neither a duration nor a text.
        """
        if isinstance(value, Duration):
            return value
        if isinstance(value, datetime.timedelta):
            seconds = value.days * 86_400 + value.seconds
            return cls(seconds * 10**9 + value.microseconds * 1_000)
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no duration: write it as '10s', '89d' or '1h30m'")
        text = value.strip()
        if not re.fullmatch(rf"(?:{_PART.pattern})+", text):
            raise ValueError(f"{value!r} is no duration: write it as '10s', '89d' or '1h30m'")
        return cls(sum(int(number) * _NS[unit] for number, unit in _PART.findall(text)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Duration | str | datetime.timedelta):
            return NotImplemented
        return self.ns == Duration.of(other).ns

    def __lt__(self, other: Duration | str | datetime.timedelta) -> bool:
        if not isinstance(other, Duration | str | datetime.timedelta):
            return NotImplemented
        return self.ns < Duration.of(other).ns

    def __hash__(self) -> int:
        return hash(self.ns)

    def __str__(self) -> str:
        """Exact to the millisecond, as trustsim reads it; what is shorter has three more digits."""
        rest, parts = self.ns, []
        for unit in ("d", "h", "m", "s", "ms"):
            number, rest = divmod(rest, _NS[unit])
            if number:
                parts.append(f"{number}{unit}")
        if not parts and rest:
            return f"{rest / 10**6:.6f}ms"
        return "".join(parts) or "0s"

    def __repr__(self) -> str:
        return f"Duration({str(self)!r})"
