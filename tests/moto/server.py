#!/usr/bin/env python3
"""A stand-in for AWS on the loopback: moto's server, with the calls of EKS that moto lacks and modules/aws needs.

Added to EKS are
- add-ons, access entries with their policies, and pod identity associations: create, describe, list, update, delete
- updates of a cluster (endpoint, logs, version) and of a node group's version, and their description
- tags on all of these, on node groups and on Fargate profiles
- the parts of CreateCluster and CreateNodegroup that moto drops or makes up, and a certificate authority that is base64

In EC2, the tags of a launch template can change, and no longer show up among those that it gives to instances, and a NAT
gateway takes its network interface along.

In S3, statements of a bucket's policy that depend on how the connection is encrypted are passed over: moto applies them
to every connection, and connections on the loopback are not encrypted at all.

It proves that a module applies, converges to an empty plan and destroys. It does not prove what the cloud would do:
it checks no permission, no quota and no name of an add-on, and starts no machine.

Calls that make something are noted in the file KSTACK_MOTO_MADE, if that is set, and are answered only when the file
KSTACK_MOTO_HOLD is not there: a cloud that takes its time, whose answer a killed program never hears.

Usage: MOTO_IAM_LOAD_MANAGED_POLICIES=true server.py PORT
"""

import base64
import io
import json
import os
import re
import sys
import time
import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.eks import urls
from moto.eks.models import Cluster, EKSBackend, eks_backends
from moto.eks.responses import EKSResponse
from moto.s3.models import FakeBucket
from moto.server import DomainDispatcherApplication


class NotFound(Exception):
    """What EKS answers with ResourceNotFoundException: the provider takes it for `is gone`."""


@dataclass
class Extras:
    """What a cluster has beyond moto. It hangs on moto's cluster object, so it ends with it."""

    addons: dict = field(default_factory=dict)
    access_entries: dict = field(default_factory=dict)
    access_policies: dict = field(default_factory=dict)  # by principal, then by policy
    pod_identities: dict = field(default_factory=dict)


class Call:
    """One request: the cluster it is about and the remaining parts of its path."""

    def __init__(self, request, url: str):
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", request.headers.get("Authorization", ""))
        self.region = scope[1] if scope else "us-east-1"
        self.method = request.method
        split = urlsplit(url)
        self.path = [unquote(part) for part in split.path.strip("/").split("/")]
        self.query = parse_qs(split.query)
        data = request.get_data()
        self.body = json.loads(data) if data else {}
        self.backend: EKSBackend = eks_backends[DEFAULT_ACCOUNT_ID][self.region]

    @property
    def cluster(self) -> Cluster:
        return find(self.backend.clusters, self.path[1], "cluster")

    @property
    def extras(self) -> Extras:
        return extras_of(self.cluster)

    def arn(self, kind: str, *parts: str) -> str:
        return f"arn:aws:eks:{self.region}:{DEFAULT_ACCOUNT_ID}:{kind}/{'/'.join((self.path[1], *parts))}"


def extras_of(cluster: Cluster) -> Extras:
    if not hasattr(cluster, "kstack_extras"):
        cluster.kstack_extras = Extras()
    return cluster.kstack_extras


def find(things: dict, key: str, kind: str):
    if key not in things:
        raise NotFound(f"no {kind} {key}")
    return things[key]


def answer(status: int, body: dict, **headers: str):
    return status, {"content-type": "application/json", **headers}, json.dumps(body)


def handler(function):
    """Makes one of moto's URL handlers of a function from a call to the answer's body."""

    def handle(request, url, _headers):
        try:
            return answer(200, function(Call(request, url)))
        except NotFound as missing:
            return answer(404, {"message": str(missing)}, **{"x-amzn-errortype": "ResourceNotFoundException"})

    return handle


def update(kind: str, identifier: str = "") -> dict:
    """An update that is already done."""
    identifier = identifier or str(uuid.uuid4())
    return {"id": identifier, "status": "Successful", "type": kind, "params": [], "errors": [], "createdAt": time.time()}


def stamped(**fields) -> dict:
    return {**fields, "createdAt": time.time(), "modifiedAt": time.time()}


def addons(call: Call) -> dict:
    known = call.extras.addons
    match call.method, call.path[3:]:
        case "POST", []:
            name = call.body["addonName"]
            known[name] = stamped(
                addonName=name,
                addonArn=call.arn("addon", name, str(uuid.uuid4())),
                addonVersion=call.body.get("addonVersion", "v1.0.0-eksbuild.1"),
                clusterName=call.path[1],
                health={"issues": []},
                podIdentityAssociations=[],
                status="ACTIVE",
                tags=call.body.get("tags", {}),
            )
            keep(known[name], call.body, "configurationValues", "serviceAccountRoleArn")
            return {"addon": {**known[name], "status": "CREATING"}}
        case "GET", []:
            return {"addons": list(known)}
        case "GET", [name]:
            return {"addon": find(known, name, "add-on")}
        case "POST", [name, "update"]:
            keep(find(known, name, "add-on"), call.body, "addonVersion", "configurationValues", "serviceAccountRoleArn")
            return {"update": update("AddonUpdate")}
        case "DELETE", [name]:
            find(known, name, "add-on")
            return {"addon": {**known.pop(name), "status": "DELETING"}}
    raise NotFound("/".join(call.path))


def access_entries(call: Call) -> dict:
    known, policies = call.extras.access_entries, call.extras.access_policies
    # The principal and the policy are ARNs with slashes, which arrive decoded.
    principal, of_policies, policy = "/".join(call.path[3:]).partition("/access-policies")
    policy = policy.lstrip("/")

    if not principal:
        if call.method == "GET":
            return {"accessEntries": list(known)}
        principal = call.body["principalArn"]
        known[principal] = stamped(
            accessEntryArn=call.arn("access-entry", str(uuid.uuid4())),
            clusterName=call.path[1],
            kubernetesGroups=call.body.get("kubernetesGroups", []),
            principalArn=principal,
            tags=call.body.get("tags", {}),
            type=call.body.get("type", "STANDARD"),
            username=call.body.get("username", principal),
        )
        return {"accessEntry": known[principal]}

    entry = find(known, principal, "access entry")
    own_policies = policies.setdefault(principal, {})
    match call.method, bool(of_policies):
        case "GET", False:
            return {"accessEntry": entry}
        case "POST", False:
            keep(entry, call.body, "kubernetesGroups", "username")
            return {"accessEntry": entry}
        case "DELETE", False:
            del known[principal], policies[principal]
            return {}
        case "GET", True:
            return {"clusterName": call.path[1], "principalArn": principal, "associatedAccessPolicies": list(own_policies.values())}
        case "POST", True:
            associated = {"policyArn": call.body["policyArn"], "accessScope": call.body["accessScope"], "associatedAt": time.time(), "modifiedAt": time.time()}
            own_policies[call.body["policyArn"]] = associated
            return {"clusterName": call.path[1], "principalArn": principal, "associatedAccessPolicy": associated}
        case "DELETE", True:
            own_policies.pop(policy, None)
            return {}
    raise NotFound("/".join(call.path))


def pod_identities(call: Call) -> dict:
    known = call.extras.pod_identities
    match call.method, call.path[3:]:
        case "POST", []:
            identifier = "a-" + uuid.uuid4().hex[:17]
            known[identifier] = stamped(
                associationArn=call.arn("podidentityassociation", identifier),
                associationId=identifier,
                clusterName=call.path[1],
                tags=call.body.get("tags", {}),
            )
            keep(known[identifier], call.body, "namespace", "roleArn", "serviceAccount")
            return {"association": known[identifier]}
        case "GET", []:
            wanted = {key: call.query[key][0] for key in ("namespace", "serviceAccount") if key in call.query}
            return {"associations": [each for each in known.values() if wanted.items() <= each.items()]}
        case "GET", [identifier]:
            return {"association": find(known, identifier, "association")}
        case "POST", [identifier]:
            keep(find(known, identifier, "association"), call.body, "roleArn")
            return {"association": known[identifier]}
        case "DELETE", [identifier]:
            find(known, identifier, "association")
            return {"association": known.pop(identifier)}
    raise NotFound("/".join(call.path))


def updates(call: Call) -> dict:
    """Describes an update, or starts one: POST is a new version of Kubernetes."""
    if call.method == "POST":
        call.cluster.version = call.body["version"]
        return {"update": update("VersionUpdate")}
    return {"update": update("ConfigUpdate", call.path[3])}


def update_cluster(call: Call) -> dict:
    """moto's own replaces the whole network part and answers with the cluster."""
    cluster = call.cluster
    cluster.resources_vpc_config.update(call.body.get("resourcesVpcConfig", {}))
    keep_attributes(cluster, call.body)
    if "logging" in call.body:
        enabled = {kind for each in call.body["logging"]["clusterLogging"] if each["enabled"] for kind in each["types"]}
        cluster.logging = {"clusterLogging": [{"types": sorted(enabled), "enabled": True}] if enabled else []}
    return {"update": update("ConfigUpdate")}


def update_nodegroup_version(call: Call) -> dict:
    group = find(call.cluster.nodegroups, call.path[3], "node group")
    group.version = call.body.get("version", group.version)
    group.release_version = call.body.get("releaseVersion", group.release_version)
    group.launch_template = {**(group.launch_template or {}), **call.body.get("launchTemplate", {})}
    return {"update": update("VersionUpdate")}


def tags(call: Call) -> dict:
    """Tags of everything in the region that has the ARN in the path."""
    arn = "/".join(call.path[1:])
    holders = {}
    for cluster in call.backend.clusters.values():
        extras = extras_of(cluster)
        holders[cluster.arn] = cluster.tags
        holders |= {group.arn: group.tags for group in cluster.nodegroups.values()}
        holders |= {profile.fargate_profile_arn: profile.tags for profile in cluster.fargate_profiles.values()}
        holders |= {each["addonArn"]: each["tags"] for each in extras.addons.values()}
        holders |= {each["accessEntryArn"]: each["tags"] for each in extras.access_entries.values()}
        holders |= {each["associationArn"]: each["tags"] for each in extras.pod_identities.values()}
    current = find(holders, arn, "resource")
    if call.method == "POST":
        current |= call.body["tags"]
    elif call.method == "DELETE":
        for key in call.query["tagKeys"]:
            current.pop(key, None)
    return {"tags": current}


def keep(thing: dict, body: dict, *keys: str) -> None:
    thing.update({key: body[key] for key in keys if body.get(key) is not None})


def keep_attributes(cluster: Cluster, body: dict) -> None:
    for key, attribute in {
        "accessConfig": "access_config",
        "deletionProtection": "deletion_protection",
        "upgradePolicy": "upgrade_policy",
        "zonalShiftConfig": "zonal_shift_config",
    }.items():
        if body.get(key) is not None:
            setattr(cluster, attribute, body[key])


def create_cluster(self: EKSResponse, moto=EKSResponse.create_cluster):
    created = moto(self)
    body = json.loads(self.body)
    cluster = self.eks_backend.clusters[body["name"]]
    keep_attributes(cluster, body)
    cluster.certificate_authority = {"data": base64.b64encode(b"a certificate of nobody").decode()}
    return created


def create_nodegroup(self: EKSResponse, moto=EKSResponse.create_nodegroup):
    created = moto(self)
    body = json.loads(self.body)
    group = self.eks_backend.clusters[self._get_param("name")].nodegroups[body["nodegroupName"]]
    group.remote_access = body.get("remoteAccess")  # moto makes up a key pair
    group.update_config = body.get("updateConfig")
    group.node_repair_config = body.get("nodeRepairConfig")
    return created


def create_launch_template(self, name, description, data, tags, moto=LaunchTemplateBackend.create_launch_template):
    specifications = data.get("TagSpecifications", [])
    data["TagSpecifications"] = [each for each in specifications if each["ResourceType"] != "launch-template"]
    return moto(self, name, description, data, tags)


def delete_nat_gateway(self, nat_gateway_id, moto=NatGatewayBackend.delete_nat_gateway):
    gateway = moto(self, nat_gateway_id)
    self.enis.pop(gateway._eni.id, None)
    return gateway


def bucket_permission(theirs):
    """Asks moto with a policy that has no statements about the connection."""

    def without_connection(self, action, resource):
        if self.policy is None:
            return theirs(self, action, resource)
        document = json.loads(self.policy)
        about = ("aws:SecureTransport", "s3:TlsVersion")
        document["Statement"] = [
            statement
            for statement in document["Statement"]
            if not any(key in about for test in statement.get("Condition", {}).values() for key in test)
        ]
        rest = json.dumps(document).encode() if document["Statement"] else None
        return theirs(SimpleNamespace(policy=rest), action, resource)

    return without_connection


def slow(theirs):
    """Keeps the answers of calls that make something, after it is made, as long as the test wants."""
    made, hold = os.environ.get("KSTACK_MOTO_MADE"), os.environ.get("KSTACK_MOTO_HOLD")

    def answer(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        answered = theirs(self, environ, start_response)
        action = re.match(rb"Action=(Create\w+)", body)
        if action:
            with open(made, "ab", 0) as file:
                file.write(action[1] + b"\n")
            while hold and os.path.exists(hold):
                time.sleep(0.02)
        return answered

    return answer if made else theirs


def install() -> None:
    """Hangs the calls above into moto. Its routes are tried in order, so ours go first."""
    cluster = "{0}/clusters/(?P<name>[^/]+)"
    own = {
        f"{cluster}/addons": addons,
        f"{cluster}/addons/(?P<addon>[^/]+)": addons,
        f"{cluster}/addons/(?P<addon>[^/]+)/update": addons,
        f"{cluster}/access-entries": access_entries,
        f"{cluster}/access-entries/(?P<entry>.+)": access_entries,
        f"{cluster}/pod-identity-associations": pod_identities,
        f"{cluster}/pod-identity-associations/(?P<association>[^/]+)": pod_identities,
        f"{cluster}/updates": updates,
        f"{cluster}/updates/(?P<update>[^/]+)": updates,
        f"{cluster}/update-config": update_cluster,
        f"{cluster}/node-groups/(?P<group>[^/]+)/update-version": update_nodegroup_version,
        "{0}/tags/(?P<resourceArn>.+)": tags,
    }
    theirs = dict(urls.url_paths)
    urls.url_paths.clear()
    urls.url_paths.update({f"{path}$": handler(function) for path, function in own.items()})
    for path, function in theirs.items():
        urls.url_paths.setdefault(path, function)
    EKSResponse.create_cluster = create_cluster
    EKSResponse.create_nodegroup = create_nodegroup
    FakeBucket.get_permission = bucket_permission(FakeBucket.get_permission)
    LaunchTemplateBackend.create_launch_template = create_launch_template
    NatGatewayBackend.delete_nat_gateway = delete_nat_gateway
    DomainDispatcherApplication.__call__ = slow(DomainDispatcherApplication.__call__)
    # moto shows those of the creation for ever; its constructor sets them, which is ignored here.
    LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, _: None)


if __name__ == "__main__":
    from moto.server import main

    install()
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
