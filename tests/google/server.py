#!/usr/bin/env python3
"""A stand-in for the Google Cloud REST calls that the modules make, with the real google provider and backend as clients.

It keeps what it is sent, adds what Google adds, and refuses what Google refuses where the order of a plan depends on it
(names that are taken, networks that are in use). It proves that the modules apply, converge and go; it proves nothing
about the cloud: no right is checked, no value is judged, nothing runs.

What it holds is in cloud.py, each service in a file of its own.

Usage: server.py PORT_FILE   listens on a free port of the loopback and writes it there; GET /stand-in/inventory lists what is there;
after GET /stand-in/new-project no API is open before it is enabled.
"""

import http.server
import json
import os
import pathlib
import sys
import urllib.parse

from cloud import LOCK, Refused, check_open, closed, objects, policies, resources
from compute import compute
from container import container
from identity import cloudbilling, cloudkms, dns, iam, resourcemanager, serviceusage
from storage import object_by_path, storage


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments) -> None:
        pass

    def handle_any(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        self.route, self.query = urllib.parse.unquote(url.path).replace("//", "/"), dict(urllib.parse.parse_qsl(url.query))
        self.content = self.read_content()
        if os.environ.get("STAND_IN_LOG"):
            print(self.command, self.path, self.content[:20000].decode(errors="replace"), file=sys.stderr, flush=True)
        try:
            with LOCK:
                check_open(self)
                self.answer(200, self.service()(self))
        except Refused as refused:
            error = {"code": refused.code, "status": refused.status, "message": refused.message, "errors": [{"reason": refused.status, "message": refused.message}]}
            self.answer(refused.code, {"error": error})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def read_content(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def service(self):
        first = self.route.split("/")[1]
        return SERVICES.get(first, object_by_path)

    def answer(self, code: int, body: dict | bytes) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("content-type", "application/octet-stream" if isinstance(body, bytes) else "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in getattr(self, "extra_headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.extra_headers = {}

    @property
    def body(self) -> dict:
        return json.loads(self.content) if self.content else {}

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def unknown(self) -> Refused:
        return Refused(501, "UNIMPLEMENTED", f"the stand-in does not know {self.command} {self.path}")


def stand_in(request) -> dict:
    if request.route == "/stand-in/new-project":
        closed.set()
        return {}
    return inventory()


def inventory() -> dict:
    grants = [f"{target} {binding['role']} {member}" for target, policy in policies.items() for binding in policy.get("bindings", []) for member in binding["members"]]
    return {"resources": sorted(resources), "grants": sorted(grants), "objects": sorted("/".join(key) for key in objects)}


SERVICES = {
    "cloudbilling": cloudbilling,
    "cloudkms": cloudkms,
    "compute": compute,
    "container": container,
    "dns": dns,
    "iam": iam,
    "resourcemanager": resourcemanager,
    "serviceusage": serviceusage,
    "stand-in": stand_in,
    "storage": storage,
    "upload": storage,
}


def main() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Request)
    port_file = pathlib.Path(sys.argv[1])
    port_file.with_suffix(".new").write_text(str(server.server_address[1]))
    port_file.with_suffix(".new").rename(port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
