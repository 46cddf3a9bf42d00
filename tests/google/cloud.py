"""What the stand-in holds, and what all services do with it. A service takes a request (server.py) and gives what to answer."""

import base64
import hashlib
import itertools
import json
import threading

NUMBER = "123456789012"

CLOSED_AT_FIRST = ("cloudkms", "compute", "container", "dns", "iam")

LOCK = threading.RLock()
numbers = itertools.count(1)
resources: dict[str, dict] = {}  # by path without host, such as /compute/v1/projects/p/global/networks/n
policies: dict[str, dict] = {}  # IAM policies, by the path of what they are about
objects: dict[tuple[str, str], dict] = {}  # of buckets: metadata and content
closed = threading.Event()  # set where a project is new: its APIs must be enabled first


class Refused(Exception):
    def __init__(self, code: int, status: str, message: str):
        super().__init__(message)
        self.code, self.status, self.message = code, status, message


def missing(path: str) -> Refused:
    return Refused(404, "NOT_FOUND", f"{path} was not found")


def add(path: str, resource: dict) -> dict:
    if path in resources:
        raise Refused(409, "ALREADY_EXISTS", f"{path} already exists")
    resources[path] = resource
    return resource


def existing(path: str) -> dict:
    if path not in resources:
        raise missing(path)
    return resources[path]


def remove(path: str) -> dict:
    resource = existing(path)
    for other in [other for other in (*resources, *policies) if other == path or other.startswith(path + "/")]:
        resources.pop(other, None)
        policies.pop(other, None)
    return resource


def children(path: str) -> list[dict]:
    return [resource for other, resource in resources.items() if other.rpartition("/")[0] == path]


def merge(target: dict, patch: dict) -> None:
    target.update({key: value for key, value in patch.items() if value is not None})


def check_open(request) -> None:
    service = request.route.split("/")[1]
    project = request.route.partition("/projects/")[2].split("/")[0]
    if closed.is_set() and service in CLOSED_AT_FIRST and project != "-":
        project = "platform-ops" if project == NUMBER else project
        if f"/serviceusage/v1/projects/{project}/services/{service}.googleapis.com" not in resources:
            raise Refused(403, "PERMISSION_DENIED", f"{service}.googleapis.com has not been used in project {project} before or it is disabled.")


def etag(value: object) -> str:
    return base64.b64encode(hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()[:6]).decode()


def iam_policy(request) -> dict | None:
    """`:getIamPolicy`, `:setIamPolicy` and the `/iam` of buckets: the same in all services."""
    target, _, verb = request.route.rpartition(":")
    if request.route.endswith("/iam"):
        target, verb = request.route.removesuffix("/iam"), "getIamPolicy" if request.command == "GET" else "setIamPolicy"
    if verb not in ("getIamPolicy", "setIamPolicy"):
        return None
    target = target.replace("/projects/-/", "/projects/" + target.rpartition("@")[2].split(".")[0] + "/")
    if "/resourcemanager/" not in target:
        existing(target)
    if verb == "setIamPolicy":
        policy = request.body if request.route.endswith("/iam") else request.body["policy"]
        held = policies.get(target, {})
        if held and policy.get("etag") not in (None, held["etag"]):
            raise Refused(409, "ABORTED", "the policy has changed meanwhile")
        policy = {"version": 3, "bindings": [binding for binding in policy.get("bindings", []) if binding.get("members")]}
        policies[target] = {**policy, "etag": etag(policy)}
    return policies.get(target, {"version": 1, "etag": etag(None)})
