"""Compute Engine."""

from cloud import Refused, add, etag, existing, merge, numbers, remove, resources


def compute(request) -> dict:
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
