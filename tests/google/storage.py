"""Cloud Storage: buckets, and objects by both APIs. Terraform's gcs backend writes by the JSON API and reads by the XML API;
kstack does everything by the latter."""

import base64
import email
import hashlib
import html
import json
import re

from cloud import NUMBER, Refused, add, existing, iam_policy, merge, missing, numbers, objects, remove


def storage(request) -> dict | bytes:
    route = request.route
    if route.endswith("/iam") and (policy := iam_policy(request)):
        return policy
    if match := re.fullmatch(r"/(?:upload/)?storage/v1/b/([^/]+)/o(?:/(.+))?", route):
        return bucket_object(request, match[1], match[2])
    if request.command == "POST":
        bucket = request.body
        bucket |= {"id": bucket["name"], "selfLink": f"{request.base}{route}/{bucket['name']}", "projectNumber": NUMBER, "timeCreated": "2026-01-01T00:00:00.000Z", "updated": "2026-01-01T00:00:00.000Z", "metageneration": "1", "location": bucket["location"].upper()}
        bucket.setdefault("storageClass", "STANDARD")
        return add(f"{route}/{bucket['name']}", bucket)
    if request.command in ("PATCH", "PUT"):
        merge(existing(route), request.body)
    if request.command == "DELETE":
        if any(bucket == route.rpartition("/")[2] for bucket, _ in objects):
            raise Refused(409, "CONFLICT", "The bucket you tried to delete is not empty.")
        remove(route)
        return {}
    return existing(route)


def bucket_object(request, bucket: str, name: str | None) -> dict | bytes:
    existing(f"/storage/v1/b/{bucket}")
    if request.command == "GET" and name is None:
        prefix = request.query.get("prefix", "")
        return {"kind": "storage#objects", "items": [entry["metadata"] for (owner, key), entry in objects.items() if owner == bucket and key.startswith(prefix)]}
    if request.command == "POST":
        return insert_object(request, bucket)
    if (bucket, name) not in objects:
        raise missing(f"{bucket}/{name}")
    entry = objects[bucket, name]
    if request.command == "DELETE":
        if request.query.get("ifGenerationMatch", entry["metadata"]["generation"]) != entry["metadata"]["generation"]:
            raise Refused(412, "FAILED_PRECONDITION", "the object has changed meanwhile")
        del objects[bucket, name]
        return b""
    return read_object(request, entry) if request.query.get("alt") == "media" else entry["metadata"]


def insert_object(request, bucket: str) -> dict:
    if request.query.get("uploadType") == "multipart":
        message = email.message_from_bytes(b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.content)
        parts = message.get_payload()
        described, content = json.loads(parts[0].get_payload(decode=True)), parts[1].get_payload(decode=True)
    else:
        described, content = {}, request.content
    return keep_object(bucket, request.query.get("name") or described["name"], content, request.query.get("ifGenerationMatch"), described)


def keep_object(bucket: str, name: str, content: bytes, wanted: str | None, described: dict) -> dict:
    """Keeps an object if the one that it replaces has the generation that is wanted; `0` is none."""
    held = objects.get((bucket, name))
    if wanted is not None and wanted != (held["metadata"]["generation"] if held else "0"):
        raise Refused(412, "FAILED_PRECONDITION", "At least one of the pre-conditions you specified did not hold.")
    metadata = described | {
        "kind": "storage#object",
        "bucket": bucket,
        "name": name,
        "generation": str(1_700_000_000_000_000 + next(numbers)),
        "metageneration": "1",
        "size": str(len(content)),
        "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode(),
        "updated": "2026-01-01T00:00:00.000Z",
        "timeCreated": "2026-01-01T00:00:00.000Z",
        "contentType": described.get("contentType", "application/octet-stream"),
    }
    objects[bucket, name] = {"metadata": metadata, "content": content}
    return metadata


def read_object(request, entry: dict) -> bytes:
    generation = entry["metadata"]["generation"]
    request.extra_headers = {
        "etag": f'"{generation}"',
        "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        "x-goog-generation": generation,
        "x-goog-metageneration": "1",
        "x-goog-stored-content-length": entry["metadata"]["size"],
    }
    return entry["content"]


def object_by_path(request) -> bytes:
    """The XML API, with which Google's library reads and kstack does everything: /BUCKET and /BUCKET/OBJECT."""
    bucket, _, name = request.route[1:].partition("/")
    existing(f"/storage/v1/b/{bucket}")
    if request.command == "GET" and not name:
        return list_by_path(bucket, request.query.get("prefix", ""))
    if request.command == "PUT":
        keep_object(bucket, name, request.content, request.headers.get("x-goog-if-generation-match"), {})
        read_object(request, objects[bucket, name])  # for its headers
        return b""
    if (bucket, name) not in objects:
        raise missing(request.route)
    if request.command == "DELETE":
        del objects[bucket, name]
        return b""
    return read_object(request, objects[bucket, name])


def list_by_path(bucket: str, prefix: str) -> bytes:
    contents = "".join(
        f"<Contents><Key>{html.escape(name)}</Key><Size>{len(entry['content'])}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>{entry['metadata']['generation']}</ETag></Contents>"
        for (owner, name), entry in sorted(objects.items())
        if owner == bucket and name.startswith(prefix)
    )
    return f"<?xml version='1.0'?><ListBucketResult>{contents}</ListBucketResult>".encode()
