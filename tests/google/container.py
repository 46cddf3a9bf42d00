"""Kubernetes Engine."""

import base64
import hashlib

from cloud import NUMBER, add, children, etag, existing, remove

VERSION = "1.33.4-gke.1172000"


def container(request) -> dict:
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
