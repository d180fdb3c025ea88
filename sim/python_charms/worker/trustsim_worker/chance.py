"""Randomness that follows from the hook: whatever Python draws comes from the seed that trustsim gives.

What OpenSSL draws by itself does not, so keys are made another way: an elliptic key from a number that was drawn here, an RSA
key by trustsim, which is asked for it; signatures with an elliptic key take the nonce of RFC 6979.
"""

import contextlib
import functools
import hashlib
import os
import random
import secrets
import time
import uuid

RSA_BITS = 2048


class Stream:
    """Bytes that follow from a seed."""

    def __init__(self):
        self.seed = b""
        self.block = 0
        self.rest = b""
        self.drawn = 0
        # How a key of trustsim is asked for; nothing can be asked outside a hook.
        self.ask_key = None

    def begin(self, seed: str, ask_key) -> None:
        """A hook begins."""
        self.seed = bytes.fromhex(seed)
        self.block, self.rest, self.drawn = 0, b"", 0
        self.ask_key = ask_key
        random.seed(seed)
        self.before = random.getstate()

    def urandom(self, size: int, /) -> bytes:
        """`os.urandom`."""
        self.drawn += 1
        while len(self.rest) < size:
            self.rest += hashlib.sha256(self.seed + self.block.to_bytes(8, "big")).digest()
            self.block += 1
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def has_drawn(self) -> bool:
        """Whether the hook depends on the seed."""
        return self.drawn > 0 or random.getstate() != self.before


STREAM = Stream()


@contextlib.contextmanager
def uncounted():
    """What is drawn in here is no draw of the charm: ops[testing] numbers changes of Pebble with it, which no charm keeps."""
    drawn = STREAM.drawn
    yield
    STREAM.drawn = drawn


def take_over() -> None:
    """Puts the stream in the place of every source of randomness; before the charm is imported."""
    os.urandom = STREAM.urandom
    random._urandom = STREAM.urandom
    # `SystemRandom.getrandbits` and `random.Random()` read the name above.
    secrets._sysrand = random.SystemRandom()
    secrets.randbits = secrets._sysrand.getrandbits
    secrets.choice = secrets._sysrand.choice
    # A clock and the address of a network card are in version 1.
    uuid._generate_time_safe = None
    uuid._UuidCreate = None
    uuid._node = 0x02_00_00_00_00_01
    uuid.uuid1 = lambda node=None, clock_seq=None: uuid.uuid4()
    # A charm without the library makes no keys.
    with contextlib.suppress(ImportError):
        take_over_keys()


def take_over_keys() -> None:
    """The same for the keys of `cryptography`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    def rsa_key(public_exponent, key_size, backend=None):
        if public_exponent != 65537 or STREAM.ask_key is None:
            raise NotImplementedError(f"RSA key of {key_size} bits, exponent {public_exponent}")
        STREAM.drawn += 1
        pem = STREAM.ask_key({"algorithm": "rsa", "bits": key_size})
        return serialization.load_pem_private_key(pem.encode(), None)

    def elliptic_key(curve, backend=None):
        size = (curve.key_size + 7) // 8
        while True:
            number = int.from_bytes(STREAM.urandom(size), "big") >> (size * 8 - curve.key_size)
            try:
                return ec.derive_private_key(number, curve)
            except ValueError:
                # Not below the order of the group.
                continue

    rsa.generate_private_key = rsa_key
    ec.generate_private_key = elliptic_key
    for builder in (
        x509.CertificateBuilder,
        x509.CertificateSigningRequestBuilder,
        x509.CertificateRevocationListBuilder,
    ):
        builder.sign = signed_the_same(builder.sign, ec.EllipticCurvePrivateKey)


def signed_the_same(sign, elliptic):
    """`sign` with the nonce of RFC 6979 where the key is elliptic."""

    @functools.wraps(sign)
    def deterministic(self, private_key, algorithm, *arguments, **keywords):
        if isinstance(private_key, elliptic):
            keywords["ecdsa_deterministic"] = True
        return sign(self, private_key, algorithm, *arguments, **keywords)

    return deterministic


class Clock:
    """The unit's clock, which moves by sleep alone."""

    def __init__(self, travelling):
        self.travelling = travelling
        self.slept = 0.0

    def take_over(self) -> None:
        """`sleep` lets the clock go on; the other clocks of the process follow the unit's."""
        begin = time.time()
        time.sleep = self.sleep
        time.monotonic = lambda: time.time() - begin + 1000.0
        time.perf_counter = time.monotonic
        time.monotonic_ns = lambda: int(time.monotonic() * 1_000_000_000)
        time.perf_counter_ns = time.monotonic_ns

    def sleep(self, seconds: float, /) -> None:
        """`time.sleep`."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.slept += seconds
        self.travelling.shift(seconds)
