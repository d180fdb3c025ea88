"""What was written in a hook, as text in which only what must differ is masked.

Keys, serial numbers and unique identifiers are drawn anew by each run of the hook, so every PEM
text that was not there before the hook is replaced by what it says: names and their encodings,
extensions with their order and criticality, dates, algorithms, and whose key it is. A key is known
by its name where it was there before, else by the order in which it is met. PEM texts that were
there before stand for themselves. Everything else is compared as it is.
"""

import functools
import hashlib
import re
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----END ).)*-----END \1-----", re.DOTALL)


def unescaped(text: str) -> str:
    """A PEM text as it is outside of JSON, with line feeds only."""
    return text.replace("\\n", "\n").strip()


def pems(text: str) -> list[str]:
    """Every PEM text in this text, JSON or not."""
    return [unescaped(found.group(0)) for found in PEM.finditer(text)]


class Masks:
    """Knows what was there before a hook; one for each side of a comparison."""

    def __init__(self, inputs: list[str]):
        self.known = {pem for text in inputs for pem in pems(text)}
        self.keys: dict[bytes, str] = {}
        self.new_keys = 0
        for pem in sorted(self.known):
            key = public_key(pem)
            if key is not None:
                self.keys[key] = f"key {hashlib.sha256(key).hexdigest()[:12]}"

    def text(self, text: str) -> str:
        """The text with what is new in it masked."""

        def masked(found: re.Match) -> str:
            pem = unescaped(found.group(0))
            if pem in self.known:
                return f"<known {hashlib.sha256(pem.encode()).hexdigest()[:12]}>"
            return f"<{self.said(found.group(1), pem)}>"

        return PEM.sub(masked, text)

    def said(self, kind: str, pem: str) -> str:
        """What a PEM text says."""
        if kind == "CERTIFICATE REQUEST":
            return self.request(x509.load_pem_x509_csr(pem.encode()))
        if kind == "CERTIFICATE":
            return self.certificate(x509.load_pem_x509_certificate(pem.encode()))
        key = private_key(pem)
        return f"{kind.lower()}: {self.key(spki(key.public_key()), key.public_key())}"

    def request(self, request: x509.CertificateSigningRequest) -> str:
        """Subject, extensions and key of a request, which must be signed with that key."""
        if not request.is_signature_valid:
            return "request with a bad signature"
        own = spki(request.public_key())
        parts = [
            "request",
            f"subject {name(request.subject)}",
            *(self.extension(each, own) for each in request.extensions),
            f"signature {request.signature_algorithm_oid.dotted_string}",
            self.key(own, request.public_key()),
        ]
        return "; ".join(parts)

    def certificate(self, certificate: x509.Certificate) -> str:
        """All of a certificate but its serial number and signature."""
        own = spki(certificate.public_key())
        bits = certificate.serial_number.bit_length()
        parts = [
            f"certificate {certificate.version.name}",
            f"serial of {'at most 160' if 64 < bits <= 160 else bits} bits",
            f"subject {name(certificate.subject)}",
            f"issuer {name(certificate.issuer)}",
            f"from {certificate.not_valid_before_utc} until {certificate.not_valid_after_utc}",
            *(self.extension(each, own) for each in certificate.extensions),
            f"signature {certificate.signature_algorithm_oid.dotted_string}",
            self.key(own, certificate.public_key()),
        ]
        return "; ".join(parts)

    def extension(self, extension: x509.Extension, own: bytes) -> str:
        """One extension; alternative names without their order, which is that of a Python set."""
        critical = "critical " if extension.critical else ""
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            said = sorted(f"{type(each).__name__} {each.value}" for each in value)
        elif isinstance(value, x509.SubjectKeyIdentifier):
            digest = x509.SubjectKeyIdentifier.from_public_key(
                serialization.load_der_public_key(own)
            ).digest
            said = "of its key" if value.digest == digest else value.digest.hex()
        elif isinstance(value, x509.BasicConstraints):
            said = f"CA {value.ca}, path length {value.path_length}"
        else:
            said = value.public_bytes().hex()
        return f"{critical}{extension.oid.dotted_string} {said}"

    def key(self, key: bytes, public) -> str:
        """Whose key it is, with its algorithm and size."""
        if key not in self.keys:
            self.new_keys += 1
            self.keys[key] = f"new key {self.new_keys}"
        if isinstance(public, rsa.RSAPublicKey):
            return f"RSA {public.key_size} {self.keys[key]}"
        if isinstance(public, ec.EllipticCurvePublicKey):
            return f"{public.curve.name} {self.keys[key]}"
        return f"{type(public).__name__} {self.keys[key]}"


def spki(public) -> bytes:
    """A public key's DER."""
    return public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@functools.lru_cache(maxsize=None)
def public_key(pem: str) -> bytes | None:
    """The public key of anything in PEM; None where it has none."""
    if pem.startswith("-----BEGIN CERTIFICATE REQUEST"):
        return spki(x509.load_pem_x509_csr(pem.encode()).public_key())
    if pem.startswith("-----BEGIN CERTIFICATE"):
        return spki(x509.load_pem_x509_certificate(pem.encode()).public_key())
    if "PRIVATE KEY" in pem.splitlines()[0]:
        return spki(private_key(pem).public_key())
    return None


@functools.lru_cache(maxsize=None)
def private_key(pem: str):
    """A private key; whether its numbers fit each other is not asked, which takes long."""
    return serialization.load_pem_private_key(
        pem.encode(), None, unsafe_skip_rsa_key_validation=True
    )


def is_elliptic(pem: str) -> bool:
    """Whether a private key is of an elliptic curve."""
    return isinstance(private_key(pem), ec.EllipticCurvePrivateKey)


def name(name: x509.Name) -> str:
    """A name with the order and the string types of its parts; unique identifiers are masked."""
    parts = []
    for part in name.rdns:
        for attribute in part:
            value = attribute.value
            if attribute.oid == NameOID.X500_UNIQUE_IDENTIFIER and is_uuid4(value):
                value = "a random UUID"
            parts.append(f"{attribute.oid.dotted_string}={attribute._type.name}:{value}")
    return ",".join(parts)


def is_uuid4(text: str) -> bool:
    """Whether it is a UUID of version 4 in its usual form."""
    try:
        return uuid.UUID(text).version == 4 and str(uuid.UUID(text)) == text
    except ValueError:
        return False
