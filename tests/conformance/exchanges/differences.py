"""Where trustsim is known to differ from the real libraries, and why. Nothing else may."""

import re


def explains(entry: dict, where: str, trustsim: str, real: str) -> str | None:
    """Why this difference may be; None where it may not."""
    for reason, applies in KNOWN:
        if applies(entry, where, trustsim, real):
            return reason
    return None


def is_of_several_units(entry: dict, where: str, trustsim: str, real: str) -> bool:
    """Whether the same answers stand in another order, several of them given in this hook."""
    answers = re.compile(r'\{"ca": .*?"chain": \[[^]]*(?:\[[^]]*\][^]]*)*\](?:, "revoked": true)?\}')
    mine, theirs = answers.findall(trustsim), answers.findall(real)
    return (
        where.endswith(" application certificates")
        and trustsim.count('"certificate": "<certificate ') > 1
        and sorted(mine) == sorted(theirs)
        and answers.sub("", trustsim) == answers.sub("", real)
    )


KNOWN = [
    (
        "ops keeps a relation's units in a set of objects, whose order is another one in each"
        " process: a provider that answers several units in one hook writes their answers in any"
        " order; trustsim in that of their names",
        is_of_several_units,
    ),
]
