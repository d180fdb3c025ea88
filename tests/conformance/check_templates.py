"""Loads and lints one certificate of each kind that is issued in a deployment.

`python check_templates.py FOLDER`: NAME.pem and NAME.issuer, written by the test `templates export`.
"""

import csv
import io
import pathlib
import subprocess
import sys

from cryptography import x509

VAULT = "a Vault role allows keyAgreement whatever the key (hashicorp/vault, default key_usage)"
EASYRSA = "EasyRSA marks nothing critical (OpenVPN/easy-rsa, easyrsa3/x509-types)"
NAMES = "a name that is none of the public DNS"
# What pkilint finds in which certificates, and why the real ones have it too.
EXPLAINED = {
    "charm-vault-charm-vault-leaf": {
        "pkix.key_usage_value_prohibited_for_rsa": VAULT,
        "pkix.invalid_domain_name_syntax": NAMES,
    },
    "charm-vault-older-leaf": {
        "pkix.key_usage_value_prohibited_for_rsa": VAULT,
        "pkix.invalid_domain_name_syntax": "an address in dots passes Vault's hostnameRegex",
    },
    "vault-web-leaf": {"pkix.key_usage_value_prohibited_for_rsa": VAULT},
    "vault-alone-web-leaf": {"pkix.key_usage_value_prohibited_for_rsa": VAULT},
    "controller-ca": {
        "pkix.key_usage_value_prohibited_for_ec": "real ones have RSA keys, here P-256 in their place",
    },
    "controller-leaf": {
        "pkix.certificate_skid_end_entity_missing": "juju/juju internal/pki sets none",
        "pkix.certificate_serial_number_out_of_range": "160 random bits are 21 bytes half of the time",
        "pkix.invalid_domain_name_syntax": NAMES,
    },
    "easyrsa-10.100.0.1": {
        "pkix.basic_constraints_extension_not_critical": EASYRSA,
        "pkix.key_usage_extension_not_critical": EASYRSA,
    },
    "easyrsa-easyrsa-leaf": {"pkix.key_usage_extension_not_critical": EASYRSA},
    "easyrsa-old-leaf": {"pkix.key_usage_extension_not_critical": EASYRSA},
}
# Those of the public CA by the rules for public CAs; boulder ignores the same three lints
# (letsencrypt/boulder, test/config/ca.json, profile `legacy`).
PUBLIC = {
    "lego-E7": set(),
    "lego-web-leaf": {
        "cabf.serverauth.dv.common_name_attribute_present",
        "cabf.serverauth.subscriber_rsa_digitalsignature_and_keyencipherment_present",
        "cabf.serverauth.subscriber.subject_key_identifier_extension_present",
    },
}


def load(path):
    """Everything `cryptography` reads lazily, read."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    issuer = x509.load_pem_x509_certificate(path.with_suffix(".issuer").read_bytes())
    assert certificate.version is x509.Version.v3
    assert certificate.subject.rfc4514_string() and certificate.issuer.rfc4514_string()
    for extension in certificate.extensions:
        assert not isinstance(extension.value, x509.UnrecognizedExtension), extension
    certificate.verify_directly_issued_by(issuer)


def found(linter, path, *arguments):
    """Codes of what a linter finds, from warnings upwards."""
    program = pathlib.Path(sys.executable).with_name(linter)
    call = [program, "lint", "-f", "CSV", "-s", "WARNING", *arguments, path]
    said = subprocess.run(call, capture_output=True, text=True, check=False)
    assert not said.stderr, said.stderr
    return {row["code"] for row in csv.DictReader(io.StringIO(said.stdout))}


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.pem"))
    assert len(paths) >= 25, f"only {len(paths)} certificates"
    unused = (set(EXPLAINED) | set(PUBLIC)) - {path.stem for path in paths}
    wrong = [f"{name}: explained, but not there" for name in sorted(unused)]
    for path in paths:
        load(path)
        expected = set(EXPLAINED.get(path.stem, {}))
        codes = found("lint_pkix_cert", path)
        if codes != expected:
            wrong.append(f"{path.stem}: {sorted(codes)}, explained are {sorted(expected)}")
        if path.stem in PUBLIC:
            codes = found("lint_cabf_serverauth_cert", path, "-d")
            if codes != PUBLIC[path.stem]:
                wrong.append(f"{path.stem}: {sorted(codes)} as a public certificate")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(paths)} kinds of certificates load in cryptography; pkilint finds what is explained")


main()
