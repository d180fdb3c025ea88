"""Private keys that are read again and again.

OpenSSL checks the numbers of an RSA key for some 30 ms whenever it is read, and charms read theirs up to sixty times in one
hook. A text that was read without an error once is read without that check from then on, in later hooks, too: the process of
a hook tells the worker which texts those are.
"""

import contextlib
import functools
import hashlib

# Digests of the texts that were read.
KNOWN: set[str] = set()


class Teller:
    """How the process of a hook tells the worker of a text; it tells nothing while the charm is imported."""

    tell = None


def take_over() -> None:
    """Before the charm is imported; a charm without the library reads no keys."""
    with contextlib.suppress(ImportError):
        from cryptography.hazmat.primitives import serialization

        serialization.load_pem_private_key = read_once(serialization.load_pem_private_key)


def read_once(load):
    """`load_pem_private_key`, which checks each text once."""

    @functools.wraps(load)
    def load_pem_private_key(data, password=None, backend=None, **keywords):
        digest = hashlib.sha256(data).hexdigest()
        if password is None and digest in KNOWN:
            # Versions before 39 have no such parameter.
            with contextlib.suppress(TypeError):
                return load(data, password, backend, **{"unsafe_skip_rsa_key_validation": True} | keywords)
        key = load(data, password, backend, **keywords)
        if password is None and digest not in KNOWN:
            KNOWN.add(digest)
            if Teller.tell is not None:
                Teller.tell(digest)
        return key

    return load_pem_private_key
