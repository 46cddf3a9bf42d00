"""Blob Storage, as Terraform's azurerm backend and kstack use it: containers of the accounts that Resource Manager made, with
versions, leases and metadata. Whoever asks must come with a token for storage, and have a role on the container.

Sources: https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api and /lease-blob, /blob-batch.
"""

import base64
import dataclasses
import html
import itertools
import json
import re
import uuid
from urllib.parse import unquote

DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
DOMAIN = ".blob.core.windows.net"

numbers = itertools.count(1)


@dataclasses.dataclass
class Blob:
    content: bytes
    version: str
    metadata: dict[str, str]
    lease: str = ""

    def headers(self) -> dict[str, str]:
        locked = dict(zip(("x-ms-lease-status", "x-ms-lease-state"), ("locked", "leased") if self.lease else ("unlocked", "available")))
        return {"ETag": self.version, "Last-Modified": DATE, "x-ms-blob-type": "BlockBlob", "Accept-Ranges": "bytes"} | locked | self.metadata


BLOBS: dict[tuple[str, str, str], Blob] = {}  # by account, container and name


class Refused(Exception):
    def __init__(self, status: int, code: str):
        super().__init__(code)
        self.status, self.code = status, code


def account_of(host: str, objects: dict[str, dict]) -> str | None:
    """The id of the account that answers to the host's name: without an account there is no such name."""
    ending = f"/providers/microsoft.storage/storageaccounts/{host.removesuffix(DOMAIN)}"
    return next((each for each in objects if each.endswith(ending)), None)


def blobs(request, host: str, path: str, query: dict, content: bytes, objects: dict[str, dict]) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of what is answered."""
    account, (container, _, name) = host.removesuffix(DOMAIN), path.lstrip("/").partition("/")
    try:
        resource = f"{account_of(host, objects)}/blobservices/default/containers/{container}"
        principal = caller(request.headers.get("Authorization", ""))
        if resource not in objects:
            raise Refused(404, "ContainerNotFound")
        if not any(allows(each, principal, resource) for each in objects.values()):
            raise Refused(403, "AuthorizationPermissionMismatch")
        command = query.get("comp", [""])[0]
        if request.command == "GET" and command == "list":
            return 200, listed(account, container, query.get("prefix", [""])[0]), {"Content-Type": "application/xml"}
        if request.command == "POST" and command == "batch":
            body, boundary = batch(account, container, content)
            return 202, body, {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        if not name:
            raise Refused(501, "UnknownToTheStandIn")
        return blob(request, (account, container, name), command, content)
    except Refused as refused:
        body = f"<?xml version='1.0'?><Error><Code>{refused.code}</Code><Message>{refused.code}</Message></Error>"
        return refused.status, body.encode(), {"Content-Type": "application/xml", "x-ms-error-code": refused.code}


def caller(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer":  # a key or a signature, which the account must not have
        raise Refused(403, "KeyBasedAuthenticationNotPermitted")
    text = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if claims["aud"].rstrip("/") != "https://storage.azure.com":
        raise Refused(401, "InvalidAuthenticationInfo")
    return claims["oid"]


def allows(resource: dict, principal: str, container: str) -> bool:
    properties = resource.get("properties", {})
    return resource.get("type", "").lower() == "microsoft.authorization/roleassignments" and properties["principalId"] == principal and container.startswith(properties["scope"].lower())


def blob(request, key: tuple[str, str, str], command: str, content: bytes) -> tuple[int, bytes, dict[str, str]]:
    held, lease = BLOBS.get(key), request.headers.get("x-ms-lease-id", "")
    if request.command == "PUT" and not command:
        if request.headers.get("If-None-Match") == "*" and held:
            raise Refused(409, "BlobAlreadyExists")
        if (wanted := request.headers.get("If-Match")) and (not held or wanted != held.version):
            raise Refused(412, "ConditionNotMet")
        check_lease(held, lease)
        BLOBS[key] = Blob(content, version(), metadata(request), held.lease if held else "")
        return 201, b"", BLOBS[key].headers()
    if not held:
        raise Refused(404, "BlobNotFound")
    if request.command in ("GET", "HEAD") and not command:
        return 200, held.content, held.headers() | {"Content-Type": "application/octet-stream"}
    if request.command == "PUT" and command == "metadata":
        check_lease(held, lease)
        held.metadata, held.version = metadata(request), version()
        return 200, b"", {"ETag": held.version, "Last-Modified": DATE}
    if request.command == "PUT" and command == "lease":
        return leased(request.headers["x-ms-lease-action"], held, lease, request.headers.get("x-ms-proposed-lease-id"))
    if request.command == "DELETE":
        check_lease(held, lease)
        del BLOBS[key]
        return 202, b"", {}
    raise Refused(501, "UnknownToTheStandIn")


def leased(action: str, held: Blob, lease: str, proposed: str | None) -> tuple[int, bytes, dict[str, str]]:
    if action == "acquire":
        if held.lease and held.lease != proposed:
            raise Refused(409, "LeaseAlreadyPresent")
        held.lease = proposed or str(uuid.uuid4())
        return 201, b"", {"ETag": held.version, "Last-Modified": DATE, "x-ms-lease-id": held.lease}
    if action == "release":
        if held.lease != lease:
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        held.lease = ""
        return 200, b"", {"ETag": held.version, "Last-Modified": DATE}
    raise Refused(501, "UnknownToTheStandIn")


def check_lease(held: Blob | None, lease: str) -> None:
    if held and held.lease and held.lease != lease:
        raise Refused(412, "LeaseIdMismatchWithBlobOperation" if lease else "LeaseIdMissing")


def metadata(request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items() if name.lower().startswith("x-ms-meta-")}


def version() -> str:
    return f'"0x{next(numbers):X}"'


def listed(account: str, container: str, prefix: str) -> bytes:
    entries = "".join(
        f"<Blob><Name>{html.escape(name)}</Name><Properties><Last-Modified>{DATE}</Last-Modified><Etag>{html.escape(held.version.strip(chr(34)))}</Etag><Content-Length>{len(held.content)}</Content-Length><Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</BlobType></Properties></Blob>"
        for (owner, place, name), held in sorted(BLOBS.items())
        if (owner, place) == (account, container) and name.startswith(prefix)
    )
    return f"<?xml version='1.0' encoding='utf-8'?><EnumerationResults ContainerName='{container}'><Blobs>{entries}</Blobs><NextMarker /></EnumerationResults>".encode()


def batch(account: str, container: str, content: bytes) -> tuple[bytes, str]:
    """Several deletions in one request."""
    answers = ""
    for number, path in enumerate(re.findall(r"^DELETE (/\S*) ", content.decode(), re.MULTILINE)):
        name = unquote(path.split("?")[0]).lstrip("/").removeprefix(f"{container}/")
        status = "202 Accepted" if BLOBS.pop((account, container, name), None) else "404 The specified blob does not exist."
        answers += f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\nHTTP/1.1 {status}\r\nServer: stand-in\r\n\r\n\r\n"
    return f"{answers}--batch--\r\n".encode(), "batch"
