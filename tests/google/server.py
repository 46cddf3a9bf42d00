#!/usr/bin/env python3
"""A stand-in for the Google Cloud REST calls that the modules make, with the real google provider and backend as clients.

It keeps what it is sent, adds what Google adds, and refuses what Google refuses where the order of a plan depends on it
(names that are taken, networks that are in use). It proves that the modules apply, converge and go; it proves nothing
about the cloud: no right is checked, no value is judged, nothing runs.

Usage: server.py PORT_FILE   listens on a free port of the loopback and writes it there; GET /stand-in/inventory lists what is there.
"""

import base64
import email
import hashlib
import http.server
import itertools
import json
import os
import pathlib
import re
import sys
import threading
import urllib.parse

VERSION = "1.33.4-gke.1172000"
NUMBER = "123456789012"

LOCK = threading.RLock()
numbers = itertools.count(1)
resources: dict[str, dict] = {}  # by path without host, such as /compute/v1/projects/p/global/networks/n
policies: dict[str, dict] = {}  # IAM policies, by the path of what they are about
objects: dict[tuple[str, str], dict] = {}  # of buckets: metadata and content


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


def etag(value: object) -> str:
    return base64.b64encode(hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()[:6]).decode()


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments) -> None:
        pass

    def handle_any(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        self.route, self.query = urllib.parse.unquote(url.path).replace("//", "/"), dict(urllib.parse.parse_qsl(url.query))
        self.content = self.rfile.read(int(self.headers.get("content-length") or 0))
        if os.environ.get("STAND_IN_LOG"):
            print(self.command, self.path, self.content[:20000].decode(errors="replace"), file=sys.stderr, flush=True)
        try:
            with LOCK:
                self.answer(200, self.service()(self))
        except Refused as refused:
            error = {"code": refused.code, "status": refused.status, "message": refused.message, "errors": [{"reason": refused.status, "message": refused.message}]}
            self.answer(refused.code, {"error": error})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

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


def iam_policy(request: Request) -> dict | None:
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


# Compute Engine


def compute(request: Request) -> dict:
    route = request.route
    done = {"kind": "compute#operation", "name": "operation-1", "id": "1", "status": "DONE", "progress": 100, "selfLink": f"{request.base}{route}"}
    if "/operations/" in route:
        return done
    if request.command == "GET":
        return existing(route)
    if request.command == "POST" and route.rpartition("/")[2] in ("setLabels", "setPrivateIpGoogleAccess"):
        merge(existing(route.rpartition("/")[0]), request.body)
    elif request.command == "POST":
        resource = request.body
        link = f"{request.base}{route}/{resource['name']}"
        resource |= {"id": str(1000 + next(numbers)), "selfLink": link, "creationTimestamp": "2026-01-01T00:00:00.000-00:00", "fingerprint": etag(resource), "labelFingerprint": etag(resource.get("labels"))}
        if "/regions/" in route:
            resource["region"] = f"{request.base}{route.rpartition('/')[0]}"
        if route.endswith("/subnetworks"):
            resource |= {"gatewayAddress": resource["ipCidrRange"].rpartition(".")[0] + ".1", "stackType": "IPV4_ONLY", "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS"}
            resource.setdefault("purpose", "PRIVATE")
        if route.endswith("/addresses"):
            resource |= {"address": f"203.0.113.{next(numbers)}", "status": "RESERVED", "networkTier": "PREMIUM", "addressType": "EXTERNAL"}
        add(f"{route}/{resource['name']}", resource)
    elif request.command in ("PATCH", "PUT"):
        merge(existing(route), request.body)
    elif request.command == "DELETE":
        users = [other for other, resource in resources.items() if other != route and mentions(resource, route.partition("/v1/")[2])]
        if users:
            raise Refused(400, "RESOURCE_IN_USE", f"{route} is already being used by {users[0]}")
        remove(route)
    return done | {"targetLink": f"{request.base}{route}"}


def mentions(resource: dict, name: str) -> bool:
    links = [resource.get(key, "") for key in ("network", "subnetwork")]
    links += [address for nat in resource.get("nats", []) for address in nat.get("natIps", [])]
    return any(link.endswith(name) for link in links)


# Kubernetes Engine


def container(request: Request) -> dict:
    route, verb = request.route, ""
    if ":" in route:
        route, _, verb = route.rpartition(":")
    done = {"name": "operation-1", "status": "DONE", "operationType": "ANY", "selfLink": "operation-1", "targetLink": route}
    if "/operations/" in route:
        return done
    if request.command == "GET":
        if route.endswith("/nodePools"):
            return {"nodePools": children(route)}
        resource = existing(route)
        return resource | {"nodePools": children(f"{route}/nodePools")} if "/nodePools" not in route else resource
    if request.command == "POST" and route.endswith("/clusters"):
        new_cluster(route, request.body["cluster"], request.base)
    elif request.command == "POST" and route.endswith("/nodePools"):
        new_pool(route, request.body["nodePool"])
    elif request.command == "DELETE":
        remove(route)
    elif request.command == "PUT" and "/nodePools/" in route:
        update_pool(existing(route), request.body)
    elif request.command == "PUT":
        update_cluster(route, existing(route), request.body["update"])
    elif verb == "setResourceLabels":
        existing(route)["resourceLabels"] = request.body.get("resourceLabels", {})
    elif verb == "setMaintenancePolicy":
        existing(route)["maintenancePolicy"] = request.body.get("maintenancePolicy") | {"resourceVersion": etag(request.body)}
    elif verb == "setAutoscaling":
        existing(route)["autoscaling"] = request.body["autoscaling"]
    elif verb == "setManagement":
        existing(route)["management"] = request.body["management"]
    else:
        raise request.unknown()
    return done


def new_cluster(route: str, cluster: dict, base: str) -> None:
    path = f"{route}/{cluster['name']}"
    location = route.split("/")[-2]
    add(path, cluster)
    cluster |= {
        "id": hashlib.sha256(path.encode()).hexdigest(),
        "selfLink": f"{base}{path}",
        "status": "RUNNING",
        "location": location,
        "endpoint": "203.0.113.7",
        "currentMasterVersion": cluster.get("initialClusterVersion") if "gke" in cluster.get("initialClusterVersion", "") else VERSION,
        "currentNodeVersion": VERSION,
        "labelFingerprint": etag(cluster.get("resourceLabels")),
        "servicesIpv4Cidr": "10.0.16.0/20",
        "clusterIpv4Cidr": "10.0.128.0/17",
    }
    cluster.setdefault("locations", [f"{location}-{letter}" for letter in "bcd"])
    cluster.setdefault("masterAuth", {})["clusterCaCertificate"] = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()
    cluster.setdefault("networkConfig", {})
    cluster["networkConfig"] |= {"network": cluster["network"], "subnetwork": cluster["subnetwork"]}
    cluster["networkConfig"].setdefault("enableIntraNodeVisibility", False)
    cluster["networkConfig"].setdefault("defaultEnablePrivateNodes", True)
    private = cluster.setdefault("privateClusterConfig", {})
    private |= {"privateEndpoint": "10.0.0.2", "publicEndpoint": "203.0.113.7"}
    endpoints = cluster.setdefault("controlPlaneEndpointsConfig", {})
    endpoints.setdefault("dnsEndpointConfig", {})["endpoint"] = f"gke-{cluster['id'][:12]}-{NUMBER}.{location}.gke.goog"
    endpoints.setdefault("ipEndpointsConfig", {"enabled": True})
    cluster.setdefault("maintenancePolicy", {})["resourceVersion"] = "1"
    default = {"name": "default-pool", "initialNodeCount": cluster.get("initialNodeCount", 1), "config": cluster.get("nodeConfig", {})}
    for pool in cluster.pop("nodePools", None) or [default]:
        new_pool(f"{path}/nodePools", pool)


def update_cluster(path: str, cluster: dict, update: dict) -> None:
    if pool := update.get("desiredNodePoolId"):
        existing(f"{path}/nodePools/{pool}")["autoscaling"] = update["desiredNodePoolAutoscaling"]
        return
    for desired, value in update.items():
        key = desired.removeprefix("desired")
        key = key[0].lower() + key[1:]
        if key == "masterVersion":
            cluster["currentMasterVersion"] = value if "gke" in value else f"{value}.1-gke.1000000"
        elif key == "clusterAutoscaling":
            cluster["autoscaling"] = value
        elif key == "intraNodeVisibilityConfig":
            cluster["networkConfig"]["enableIntraNodeVisibility"] = value["enabled"]
        elif key in ("gatewayApiConfig", "dnsConfig"):
            cluster["networkConfig"][key] = value
        elif key in ("addonsConfig", "controlPlaneEndpointsConfig", "nodePoolDefaults"):
            for part, setting in value.items():
                cluster[key].setdefault(part, {}).update(setting)
        elif key == "nodePoolLoggingConfig":
            cluster.setdefault("nodePoolDefaults", {}).setdefault("nodeConfigDefaults", {})["loggingConfig"] = value
        else:
            cluster[key] = value


def new_pool(route: str, pool: dict) -> None:
    cluster = existing(route.rpartition("/")[0])
    zones = pool.get("locations") or cluster["locations"]
    add(f"{route}/{pool['name']}", pool)
    pool.setdefault("config", {})
    pool.setdefault("version", cluster["currentMasterVersion"])
    pool.setdefault("maxPodsConstraint", {"maxPodsPerNode": str(cluster.get("defaultMaxPodsConstraint", {}).get("maxPodsPerNode", 110))})
    pool.setdefault("networkConfig", {}).setdefault("podRange", "pods")
    pool |= {"status": "RUNNING", "locations": zones, "instanceGroupUrls": [], "podIpv4CidrSize": 25, "selfLink": f"{route}/{pool['name']}"}


def update_pool(pool: dict, update: dict) -> None:
    for key, value in update.items():
        if key in ("name", "clusterId", "projectId", "zone", "nodePoolId"):
            continue
        if key == "nodeVersion":
            pool["version"] = value
        elif key in ("locations", "upgradeSettings", "nodeNetworkConfig", "maxPodsConstraint", "management"):
            pool["networkConfig" if key == "nodeNetworkConfig" else key] = value
        elif key in ("labels", "resourceLabels"):
            pool["config"][key] = value.get("labels", {})
        elif key in ("taints", "tags"):
            pool["config"][key] = value.get(key, [])
        elif key == "diskSizeGb":
            pool["config"][key] = int(value)
        else:
            pool["config"][key] = value


# Identities, keys, zones, projects and their services: resources that are what was sent, and a few words more


def iam(request: Request) -> dict:
    route = request.route
    if policy := iam_policy(request):
        return policy
    if "/serviceAccounts" in route:
        if request.command == "POST" and route.endswith("/serviceAccounts"):
            project = route.split("/")[-2]
            address = f"{request.body['accountId']}@{project}.iam.gserviceaccount.com"
            account = {"name": f"projects/{project}/serviceAccounts/{address}", "email": address, "projectId": project, "uniqueId": str(10**20 + next(numbers))}
            return add(f"{route}/{address}", account | request.body.get("serviceAccount", {}))
        route = route.replace("/projects/-/", f"/projects/{route.rpartition('@')[2].split('.')[0]}/")
        if request.command == "PATCH":
            merge(existing(route), request.body["serviceAccount"])
        return remove(route) if request.command == "DELETE" else existing(route)
    if "/operations/" in route:
        return {"name": route, "done": True}
    name = route.partition("/v1/")[2]
    operation = {"name": f"{name}/operations/1", "done": True}
    if request.command == "POST":
        key = request.query.get("workloadIdentityPoolId") or request.query["workloadIdentityPoolProviderId"]
        add(f"{route}/{key}", request.body | {"name": f"{name}/{key}".replace("projects/p/", f"projects/{NUMBER}/"), "state": "ACTIVE"})
        return operation
    if request.command == "PATCH":
        merge(existing(route), request.body)
        return operation
    if request.command == "DELETE":
        remove(route)
        return operation
    return existing(route)


def cloudkms(request: Request) -> dict:
    route = request.route
    if policy := iam_policy(request):
        return policy
    name = route.partition("/v1/")[2]
    if route.endswith(":destroy"):
        version = existing(route.removesuffix(":destroy"))
        version["state"] = "DESTROY_SCHEDULED"
        return version
    if request.command == "POST":
        key = request.query.get("keyRingId") or request.query["cryptoKeyId"]
        resource = add(f"{route}/{key}", request.body | {"name": f"{name}/{key}", "createTime": "2026-01-01T00:00:00Z"})
        if "cryptoKeyId" in request.query:
            version = {"name": f"{name}/{key}/cryptoKeyVersions/1", "state": "ENABLED", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protectionLevel": "SOFTWARE"}
            add(f"{route}/{key}/cryptoKeyVersions/1", version)
            resource |= {"primary": version, "versionTemplate": {"algorithm": version["algorithm"], "protectionLevel": "SOFTWARE"}}
        return resource
    if request.command == "PATCH":
        resource = existing(route)
        for field in request.query.get("updateMask", "").split(","):
            resource.pop(field, None)
        merge(resource, request.body)
        return resource
    if route.endswith("/cryptoKeyVersions"):
        return {"cryptoKeyVersions": children(route)}
    if request.command == "GET":
        return existing(route)
    raise request.unknown()  # Google deletes neither key rings nor keys


def dns(request: Request) -> dict:
    route, zone = request.route, request.body
    if policy := iam_policy(request):
        return policy
    if not zone.get("privateVisibilityConfig", {}).get("networks"):
        zone.pop("privateVisibilityConfig", None)  # a public zone has none
    if request.command == "POST" and route.endswith("/managedZones"):
        names = [f"ns-cloud-a{i}.googledomains.com." for i in range(1, 5)]
        if zone.get("dnssecConfig", {}).get("state") == "on":
            zone["dnssecConfig"].setdefault("nonExistence", "nsec3")
        return add(f"{route}/{zone['name']}", zone | {"id": str(next(numbers)), "creationTime": "2026-01-01T00:00:00.000Z", "nameServers": names})
    if request.command in ("PATCH", "PUT"):
        merge(existing(route), zone)
        return {"id": "1", "status": "done", "zoneContext": {"newValue": existing(route)}}
    if request.command == "DELETE":
        remove(route)
        return {}
    return existing(route)


def resourcemanager(request: Request) -> dict:
    if policy := iam_policy(request):
        return policy
    project = request.route.rpartition("/")[2]
    return {"projectId": project, "projectNumber": NUMBER, "name": project, "lifecycleState": "ACTIVE", "state": "ACTIVE", "displayName": project, "createTime": "2026-01-01T00:00:00Z"}


def cloudbilling(request: Request) -> dict:
    return {"name": f"{request.route.partition('/v1/')[2]}", "billingAccountName": "billingAccounts/000000-000000-000000", "billingEnabled": True}


def serviceusage(request: Request) -> dict:
    route = request.route
    if route.endswith(":batchEnable") or route.endswith(":enable"):
        parent = route.rpartition("/services")[0]
        for name in request.body.get("serviceIds") or [route.rpartition("/")[2].removesuffix(":enable")]:
            number = f"{parent.partition('/v1/')[2]}".rpartition("/")[0] + f"/{NUMBER}/services/{name}"
            resources[f"{parent}/services/{name}"] = {"name": number, "parent": f"projects/{NUMBER}", "config": {"name": name}, "state": "ENABLED"}
        return {"name": "operations/acat.1", "done": True, "response": {"@type": "type.googleapis.com/google.api.serviceusage.v1.BatchEnableServicesResponse"}}
    if "/operations/" in route:
        return {"name": route.partition("/v1/")[2], "done": True}
    if route.endswith("/services"):
        return {"services": children(route)}
    return existing(route)


# Cloud Storage: buckets, and objects as Terraform's gcs backend uses them


def storage(request: Request) -> dict | bytes:
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


def bucket_object(request: Request, bucket: str, name: str | None) -> dict | bytes:
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


def insert_object(request: Request, bucket: str) -> dict:
    if request.query.get("uploadType") == "multipart":
        message = email.message_from_bytes(b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.content)
        parts = message.get_payload()
        described, content = json.loads(parts[0].get_payload(decode=True)), parts[1].get_payload(decode=True)
    else:
        described, content = {}, request.content
    name = request.query.get("name") or described["name"]
    held = objects.get((bucket, name))
    wanted = request.query.get("ifGenerationMatch")
    if wanted is not None and wanted != (held["metadata"]["generation"] if held else "0"):
        raise Refused(412, "FAILED_PRECONDITION", "At least one of the pre-conditions you specified did not hold.")
    generation = str(1_700_000_000_000_000 + next(numbers))
    digest = base64.b64encode(hashlib.md5(content).digest()).decode()
    metadata = described | {"kind": "storage#object", "bucket": bucket, "name": name, "generation": generation, "metageneration": "1", "size": str(len(content)), "md5Hash": digest, "updated": "2026-01-01T00:00:00.000Z", "timeCreated": "2026-01-01T00:00:00.000Z", "contentType": described.get("contentType", "application/octet-stream")}
    objects[bucket, name] = {"metadata": metadata, "content": content}
    return metadata


def read_object(request: Request, entry: dict) -> bytes:
    request.extra_headers = {"x-goog-generation": entry["metadata"]["generation"], "x-goog-metageneration": "1", "x-goog-stored-content-length": entry["metadata"]["size"]}
    return entry["content"]


def object_by_path(request: Request) -> bytes:
    """The XML API's way to read: /BUCKET/OBJECT."""
    bucket, _, name = request.route[1:].partition("/")
    if request.command != "GET" or (bucket, name) not in objects:
        raise missing(request.route)
    return read_object(request, objects[bucket, name])


def inventory(request: Request) -> dict:
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
    "stand-in": inventory,
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
