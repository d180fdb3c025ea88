"""Requests over HTTP: what the scenario declares, the API of Kubernetes and that of snapd are answered; nothing is sent.

A request that nothing answers is refused and told.
"""

import fnmatch
import http.client
import io
import json
import os
import socket
import ssl
import sys
import urllib.parse

from . import kubernetes, snapd

# Where the CA of the API is.
POD_FILES = "/var/run/secrets/"
SNAPD = ("/run/snapd.socket", "/run/snapd-snap.socket")


class Network:
    """The requests of one hook."""

    def __init__(self, declared: list[dict], table, kubernetes, refuse):
        self.declared = [each for each in declared if "request" in each]
        self.table, self.kubernetes, self.refuse = table, kubernetes, refuse

    def answer(self, method: str, url: str, body: bytes) -> tuple[int, bytes, str]:
        """The status, the body and its type."""
        bare = url.partition("?")[0]
        # A pattern for all hosts is not meant for the API of Kubernetes.
        of_api = f"//{kubernetes.HOST}/" in url
        for each in self.declared:
            if of_api and kubernetes.HOST not in each["request"]:
                continue
            if any(fnmatch.fnmatchcase(f"{method} {asked}", each["request"]) for asked in (url, bare)):
                return each["status"], *encoded(each["body"])
        found = self.kubernetes.answer(method, url, body)
        if found is None:
            self.refuse("network", f"{method} {bare}")
        return found[0], *encoded(found[1])

    def answer_snapd(self, method: str, url: str, body: bytes) -> tuple[int, bytes, str]:
        """The same of snapd."""
        found = snapd.answer(self.table, method, url, body)
        if found is None:
            self.refuse("network", f"snapd {method} {url}")
        return found[0], *encoded(found[1])


def encoded(body) -> tuple[bytes, str]:
    """A body with its type."""
    if isinstance(body, str):
        return body.encode(), "text/plain"
    return (b"" if body is None else json.dumps(body, sort_keys=True).encode()), "application/json"


class Wire(socket.socket):
    """A socket that is connected to an answer."""

    __slots__ = ()
    # What was sent, and what answers, by socket.
    sent: dict = {}
    answering: dict = {}

    def sendall(self, data, *_):
        """What is asked."""
        Wire.sent[id(self)] = Wire.sent.get(id(self), b"") + bytes(data)

    def send(self, data, *_):
        """The same."""
        self.sendall(data)
        return len(data)

    def makefile(self, *_, **__):
        """What comes back."""
        asked = Wire.sent.pop(id(self), b"")
        head, _, body = asked.partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        if b"transfer-encoding: chunked" in head.lower():
            body = unchunked(body)
        status, content, kind = Wire.answering[id(self)](method, path, body)
        reason = http.client.responses.get(status, "")
        lines = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
        return io.BytesIO(lines.encode() + content)

    def settimeout(self, _):
        """Nothing is waited for."""

    def setsockopt(self, *_):
        """It has no options."""


def unchunked(body: bytes) -> bytes:
    """A body that was sent in parts."""
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        count = int(size.split(b";")[0] or b"0", 16)
        whole, body = whole + rest[:count], rest[count + 2 :]
        if count == 0:
            break
    return whole


def wire(answer) -> Wire:
    """A socket with this answer."""
    made = Wire(socket.AF_UNIX, socket.SOCK_STREAM)
    Wire.answering[id(made)] = answer
    return made


def loading(load, place):
    """`load_cert_chain` of files of the charm."""

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        return load(self, place(certfile), place(keyfile), password)

    return load_cert_chain


def take_over(network: Network, place) -> None:
    """Has every client of HTTP that is there be answered; for the rest of the process."""
    plain = socket.socket.connect

    def connect(self, address):
        if address in SNAPD:
            self.__class__ = Wire
            Wire.answering[id(self)] = network.answer_snapd
            return None
        return plain(self, address)

    socket.socket.connect = connect
    load = ssl.SSLContext.load_verify_locations

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        # No handshake follows, so what Kubernetes has there is of no account; what the charm wrote is read.
        if cafile is not None and os.fspath(cafile).startswith(POD_FILES):
            return None
        return load(self, place(cafile), place(capath), cadata)

    ssl.SSLContext.load_verify_locations = load_verify_locations
    ssl.SSLContext.load_cert_chain = loading(ssl.SSLContext.load_cert_chain, place)
    modules = [http.client, sys.modules.get("urllib3.connection")]
    for module in filter(None, modules):
        for name, scheme in (("HTTPConnection", "http"), ("HTTPSConnection", "https")):
            getattr(module, name).connect = connecting(network, scheme)
    for name in ("httpx", "httpx2"):
        module = sys.modules.get(name)
        if module is not None:
            take_over_httpx(module, network)


def connecting(network: Network, scheme: str):
    """`connect` of a connection of `http.client`."""

    def connect(self):
        def answer(method: str, path: str, body: bytes):
            usual = {"http": 80, "https": 443}[scheme]
            port = "" if self.port in (None, usual) else f":{self.port}"
            url = path if "://" in path else f"{scheme}://{self.host}{port}{path}"
            return network.answer(method, url, body)

        self.sock = wire(answer)
        self.is_verified = True
        self.proxy_is_verified = None

    return connect


def take_over_httpx(module, network: Network) -> None:
    """The same of httpx, by which lightkube speaks to Kubernetes."""

    def handle_request(self, request):
        status, content, kind = network.answer(request.method, str(request.url), request.read())
        return module.Response(status, headers={"content-type": kind}, content=content, request=request)

    module.HTTPTransport.handle_request = handle_request
    # It would read CAs of the host.
    module.HTTPTransport.__init__ = lambda self, *_, **__: None
    module.HTTPTransport.close = lambda self: None
    module.HTTPTransport.__enter__ = lambda self: self
    module.HTTPTransport.__exit__ = lambda self, *_: None


