"""Identities, keys, zones, projects and their services: resources that are what was sent, and a few words more."""

import re

from cloud import NUMBER, add, children, existing, iam_policy, merge, numbers, remove, resources


def iam(request) -> dict:
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
    if route.endswith(":listAttestationRules"):
        return {}
    name = route.partition("/v1/")[2]
    operation = {"name": f"{name}/operations/1", "done": True}
    if request.command == "POST":
        key = request.query.get("workloadIdentityPoolId") or request.query["workloadIdentityPoolProviderId"]
        by_number = re.sub("^projects/[^/]+/", f"projects/{NUMBER}/", name)
        add(f"{route}/{key}", request.body | {"name": f"{by_number}/{key}", "state": "ACTIVE"})
        return operation
    if request.command == "PATCH":
        merge(existing(route), request.body)
        return operation
    if request.command == "DELETE":
        remove(route)
        return operation
    return existing(route)


def cloudkms(request) -> dict:
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


def dns(request) -> dict:
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


def resourcemanager(request) -> dict:
    if policy := iam_policy(request):
        return policy
    project = request.route.rpartition("/")[2]
    return {"projectId": project, "projectNumber": NUMBER, "name": project, "lifecycleState": "ACTIVE", "state": "ACTIVE", "displayName": project, "createTime": "2026-01-01T00:00:00Z"}


def cloudbilling(request) -> dict:
    return {"name": f"{request.route.partition('/v1/')[2]}", "billingAccountName": "billingAccounts/000000-000000-000000", "billingEnabled": True}


enabling: dict[str, dict] = {}  # services that will be enabled when somebody asks how far that is


def serviceusage(request) -> dict:
    route = request.route
    done = {"name": "operations/acat.1", "done": True, "response": {"@type": "type.googleapis.com/google.api.serviceusage.v1.BatchEnableServicesResponse"}}
    if route.endswith(":batchEnable") or route.endswith(":enable"):
        parent = route.rpartition("/services")[0]
        for name in request.body.get("serviceIds") or [route.rpartition("/")[2].removesuffix(":enable")]:
            number = f"{parent.partition('/v1/')[2]}".rpartition("/")[0] + f"/{NUMBER}/services/{name}"
            enabling[f"{parent}/services/{name}"] = {"name": number, "parent": f"projects/{NUMBER}", "config": {"name": name}, "state": "ENABLED"}
        return {"name": done["name"], "done": False}
    if "/operations/" in route:
        resources.update(enabling)
        enabling.clear()
        return done
    if route.endswith("/services"):
        return {"services": children(route)}
    return existing(route)
