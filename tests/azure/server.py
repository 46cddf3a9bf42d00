#!/usr/bin/env python3
"""A stand-in for Azure: enough of Entra, Resource Manager and key vaults for the real azurerm provider to create, read,
change and destroy what modules/azure makes, and of Blob Storage (storage.py) to keep states in what they made. Loopback only; it is the proxy (HTTPS_PROXY) of whoever talks to it, so that
real host names end here and nothing leaves the machine.

It keeps what it is sent and adds what Azure would. Of what Azure checks it checks only what an order depends on: that the
resource group is there, and the role of who reads and writes blobs. It proves that modules apply,
converge and leave nothing behind, and proves nothing about how Azure behaves.

Usage: server.py PORT CERTIFICATE KEY   (a certificate for the hosts below; GET /objects and /blobs list what there
is, GET /blobs/<account>/<container>/<name> gives a blob)
"""

import base64
import hashlib
import http.server
import json
import re
import ssl
import sys
import time
import uuid
from urllib.parse import parse_qs, unquote, urlsplit

from storage import BLOBS, DOMAIN, account_of, blobs

TENANT = "00000000-0000-0000-0000-0000000000aa"
PRINCIPAL = "00000000-0000-0000-0000-0000000000bb"
VERSIONS = ["1.33.4", "1.34.1"]

OBJECTS: dict[str, dict] = {}  # resources by lower-case id, keys of vaults by host and name

DELETED_VAULTS: dict[str, dict] = {}  # what a vault leaves behind for its days of grace, by name


def identifier(*parts: str) -> str:
    """The same UUID for the same name."""
    return str(uuid.UUID(hashlib.sha256("/".join(parts).lower().encode()).hexdigest()[:32]))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(audience: str) -> dict:
    now = int(time.time())
    claims = dict(aud=audience, iss=f"https://sts.windows.net/{TENANT}/", tid=TENANT, oid=PRINCIPAL, appid=PRINCIPAL, idtyp="app", sub=PRINCIPAL, iat=now, nbf=now, exp=now + 86400)
    return dict(token_type="Bearer", expires_in=86400, ext_expires_in=86400, access_token=f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}.none")


def children(prefix: str) -> list[dict]:
    """The resources one level below."""
    return [value for key, value in OBJECTS.items() if key.startswith(prefix + "/") and "/" not in key[len(prefix) + 1 :]]


def patch_of(version: str | None) -> str:
    """The version that runs where a minor version, or none, is asked for."""
    return next((each for each in VERSIONS if version and each.startswith(version)), VERSIONS[0])


def complete_cluster(path: str, resource: dict) -> None:
    properties, key = resource["properties"], path.lower()
    name = resource["name"]
    properties.update(currentKubernetesVersion=patch_of(properties.get("kubernetesVersion")), powerState=dict(code="Running"))
    properties["kubernetesVersion"] = properties.get("kubernetesVersion") or VERSIONS[0]
    private = properties.get("apiServerAccessProfile", {}).get("enablePrivateCluster")
    properties["privateFQDN" if private else "fqdn"] = f"{properties.get('dnsPrefix', name)}-0000.hcp.{resource['location']}.azmk8s.io"
    if properties.get("oidcIssuerProfile", {}).get("enabled"):
        properties["oidcIssuerProfile"]["issuerURL"] = f"https://{resource['location']}.oic.prod-aks.azure.com/{TENANT}/{identifier(path)}/"
    for each in resource.get("identity", {}).get("userAssignedIdentities", {}):
        resource["identity"]["userAssignedIdentities"][each] = dict(principalId=identifier(each, "principal"), clientId=identifier(each, "client"))
    for pool in properties.get("agentPoolProfiles", []):
        stored = OBJECTS.setdefault(f"{key}/agentpools/{pool['name'].lower()}", dict(id=f"{path}/agentPools/{pool['name']}", name=pool["name"], type="Microsoft.ContainerService/managedClusters/agentPools", properties={}))
        stored["properties"].update({field: value for field, value in pool.items() if field != "name"})
        complete_pool(stored)
        pool.update(stored["properties"])


def complete_pool(resource: dict) -> None:
    properties = resource["properties"]
    properties["orchestratorVersion"] = properties.get("orchestratorVersion") or VERSIONS[0]
    properties.update(currentOrchestratorVersion=patch_of(properties["orchestratorVersion"]), powerState=dict(code="Running"), provisioningState="Succeeded", nodeImageVersion="AKSUbuntu")


def complete(path: str, resource: dict) -> None:
    """What Azure adds to a resource by itself."""
    properties, kind, name = resource["properties"], resource["type"].lower(), resource["name"]
    properties["provisioningState"] = "Succeeded"
    if kind == "microsoft.containerservice/managedclusters":
        complete_cluster(path, resource)
    elif kind == "microsoft.containerservice/managedclusters/agentpools":
        complete_pool(resource)
    elif kind == "microsoft.authorization/roleassignments":
        properties["scope"] = re.split("/providers/Microsoft.Authorization/", path, flags=re.IGNORECASE)[0]
        properties.setdefault("principalType", "Group")
    elif kind == "microsoft.managedidentity/userassignedidentities":
        properties.update(tenantId=TENANT, principalId=identifier(path, "principal"), clientId=identifier(path, "client"))
    elif kind == "microsoft.network/virtualnetworks":
        properties.pop("subnets", None)  # they are resources of their own
    elif kind == "microsoft.network/publicipaddresses":
        properties["ipAddress"] = f"203.0.113.{int(identifier(path)[:2], 16)}"
    elif kind == "microsoft.network/dnszones":
        properties.update(nameServers=[f"ns{i}-01.azure-dns.example." for i in (1, 2)], maxNumberOfRecordSets=10000, numberOfRecordSets=2)
        soa = dict(email="azuredns-hostmaster.microsoft.com", expireTime=2419200, host="ns1-01.azure-dns.example.", minimumTTL=300, refreshTime=3600, retryTime=300, serialNumber=1)
        OBJECTS[f"{path.lower()}/soa/@"] = dict(id=f"{path}/SOA/@", name="@", type="Microsoft.Network/dnszones/SOA", properties=dict(TTL=3600, SOARecord=soa))
    elif kind == "microsoft.keyvault/vaults":
        properties["vaultUri"] = f"https://{name}.vault.azure.net/"
    elif kind == "microsoft.operationalinsights/workspaces":
        properties["customerId"] = identifier(path)
    elif kind == "microsoft.storage/storageaccounts":
        properties.update(primaryLocation=resource["location"], primaryEndpoints=dict(blob=f"https://{name}.blob.core.windows.net/"))


def merge(old: dict, new: dict) -> dict:
    """JSON merge patch."""
    result = dict(old)
    for key, value in new.items():
        result[key] = merge(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) and key != "tags" else value
    return result


def kubeconfig(cluster: dict) -> dict:
    host = cluster["properties"].get("fqdn") or cluster["properties"].get("privateFQDN")
    text = json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": f"https://{host}:443", "certificate-authority-data": base64.b64encode(b"authority").decode()}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": ["get-token"], "provideClusterInfo": False}}}],
    })
    return dict(kubeconfigs=[dict(name="clusterUser", value=base64.b64encode(text.encode()).decode())])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host = ""

    def log_message(self, *arguments: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        host = self.path.split(":")[0]
        if host.endswith(DOMAIN) and not account_of(host, OBJECTS):
            self.send_error(502, "Bad Gateway", "there is no such host")  # as a proxy says it
            return
        self.send_response(200)
        self.end_headers()
        self.connection = CONTEXT.wrap_socket(self.connection, server_side=True)
        self.host = host
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)

    def answer(self, status: int, value: object = None) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        # Everything is done at once here.
        self.reply(status, body, {"Content-Type": "application/json; charset=utf-8", "X-Go-Azure-Sdk-Skip-Polling-Delay": "true"})

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        sys.stdout.write(f"{status} {self.command} {self.host}{self.path}\n")
        sys.stdout.flush()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self) -> None:
        self.answer(404, dict(error=dict(code="ResourceNotFound", message=f"there is no {self.path}")))

    def serve(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path).rstrip("/").replace("//", "/")
        query = parse_qs(url.query)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {}  # a form
        if not self.host:
            self.inventory(path)
        elif self.host == "login.microsoftonline.com":
            self.login(path, raw)
        elif self.host == "management.azure.com":
            self.manage(path, query, body)
        elif self.host.endswith(".vault.azure.net"):
            self.vault(path, body)
        elif self.host.endswith(DOMAIN):
            self.reply(*blobs(self, self.host, path, query, raw, OBJECTS))
        else:
            self.missing()

    def inventory(self, path: str) -> None:
        key = tuple(path.removeprefix("/blobs/").split("/", 2))
        if path == "/objects":
            self.answer(200, sorted(OBJECTS))
        elif path == "/blobs":
            self.answer(200, sorted("/".join(each) for each in BLOBS))
        elif key in BLOBS:
            self.reply(200, BLOBS[key].content, {})
        else:
            self.missing()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = serve

    def login(self, path: str, raw: bytes) -> None:
        if path.endswith("/token"):
            scope = parse_qs(raw.decode()).get("scope", [""])[0]
            self.answer(200, token(scope.split("/.default")[0]))
        elif path.endswith("/.well-known/openid-configuration"):
            root = f"https://{self.host}/{TENANT}"
            self.answer(200, dict(issuer=root, token_endpoint=f"{root}/oauth2/v2.0/token", authorization_endpoint=f"{root}/oauth2/v2.0/authorize"))
        else:
            self.missing()

    def vault(self, path: str, body: dict) -> None:
        """Keys: POST /keys/<name>/create, GET and PATCH /keys/<name>[/<version>], DELETE /keys/<name>."""
        kind, name, *rest = path.strip("/").split("/") + ["", ""]
        key = f"{self.host}/keys/{name}"
        if rest[:1] == ["create"]:
            version = identifier(key, str(len(OBJECTS))).replace("-", "")
            OBJECTS[key] = dict(
                key=dict(kid=f"https://{key}/{version}", kty=body["kty"], key_ops=body.get("key_ops"), n=base64.urlsafe_b64encode(b"\x80" + bytes(body["key_size"] // 8 - 1)).decode().rstrip("="), e="AQAB"),
                attributes=dict(enabled=True, created=1, updated=1, recoveryLevel="Recoverable"),
                tags=body.get("tags"),
            )
            self.answer(200, OBJECTS[key])
        elif kind == "keys" and rest[:1] == ["rotationpolicy"]:
            self.answer(200, dict(id=f"https://{key}/rotationpolicy", lifetimeActions=[], attributes={}))
        elif kind == "keys" and self.command == "DELETE" and key in OBJECTS:
            self.answer(200, OBJECTS.pop(key))
        elif kind == "keys" and key in OBJECTS:
            OBJECTS[key] = merge(OBJECTS[key], {field: value for field, value in body.items() if field == "tags"})
            self.answer(200, OBJECTS[key])
        else:
            self.missing()

    def manage(self, path: str, query: dict, body: dict) -> None:
        key, parts = path.lower(), path.strip("/").split("/")
        if self.command in ("PUT", "PATCH"):
            self.put(path, body)
        elif self.command == "DELETE":
            found = [each for each in OBJECTS if each == key or each.startswith(key + "/")]
            for each in found:
                resource = OBJECTS.pop(each)
                if resource.get("type", "").lower() == "microsoft.storage/storageaccounts":
                    for blob in [blob for blob in BLOBS if blob[0] == resource["name"]]:
                        del BLOBS[blob]
                if resource.get("type", "").lower() == "microsoft.keyvault/vaults":
                    protected = resource["properties"].get("enablePurgeProtection", False)
                    DELETED_VAULTS[resource["name"]] = dict(location=resource["location"], vaultId=resource["id"], purgeProtectionEnabled=protected)
            self.answer(200 if found and "/providers/" not in key else 204)  # 200 of a resource group only
        elif self.command == "POST" and key.endswith("/listclusterusercredential"):
            cluster = OBJECTS.get(key.rsplit("/", 1)[0])
            self.answer(200, kubeconfig(cluster)) if cluster else self.missing()
        elif self.command == "POST":
            self.answer(200, dict(keys=[]))
        elif key.endswith("/providers/microsoft.authorization/roledefinitions"):
            wanted = re.search(r"roleName eq '(.*)'", query.get("$filter", [""])[0])
            made = [each for each in OBJECTS.values() if each.get("type", "").lower() == "microsoft.authorization/roledefinitions"]
            named = [each for each in made if wanted and each["properties"]["roleName"] == wanted[1]]
            self.answer(200, dict(value=named or [role(key.split("/providers/")[0], wanted[1])] if wanted else made))
        elif re.fullmatch(r".*/providers/microsoft.authorization/roledefinitions/[^/]+", key) and key not in OBJECTS:
            known = next((each for each in ROLES.values() if each["name"] == parts[-1]), None)
            self.answer(200, known) if known else self.missing()
        elif key in OBJECTS:
            value = dict(OBJECTS[key])
            if value["type"].lower() == "microsoft.network/virtualnetworks":
                value["properties"] = dict(value["properties"], subnets=children(f"{key}/subnets"))
            if value["type"].lower() == "microsoft.containerservice/managedclusters":
                pools = [dict(pool["properties"], name=pool["name"]) for pool in children(f"{key}/agentpools")]
                value["properties"] = dict(value["properties"], agentPoolProfiles=pools)
            self.answer(200, value)
        elif "/deletedvaults/" in key and parts[-1] in DELETED_VAULTS:
            self.answer(200, dict(id=path, name=parts[-1], type="Microsoft.KeyVault/deletedVaults", properties=DELETED_VAULTS[parts[-1]]))
        elif key.endswith("/availableagentpoolversions"):
            versions = [dict(kubernetesVersion=each) for each in VERSIONS]
            self.answer(200, dict(id=path, name="default", type="", properties=dict(agentPoolVersions=versions)))
        elif len(parts) == 2 and parts[0] == "subscriptions":
            self.answer(200, dict(id=path, subscriptionId=parts[1], displayName="stand-in", state="Enabled", tenantId=TENANT))
        elif re.fullmatch(r".*/storageaccounts/[^/]+/(blob|file|queue|table)services/default", key):
            self.answer(200, dict(id=path, name="default", type="Microsoft.Storage/storageAccounts/blobServices", properties={}))
        elif key.endswith("/resources"):
            wanted = re.search(r"resourceType eq '([^']*)'", query.get("$filter", [""])[0])
            below = [value for each, value in OBJECTS.items() if each.startswith(key.removesuffix("resources")) and "/providers/" in each]
            self.answer(200, dict(value=[each for each in below if not wanted or each["type"].lower() == wanted[1].lower()]))
        elif len(parts) % 2 == 1 and not key.endswith("deletedvaults"):  # a list of resources
            self.answer(200, dict(value=children(key)))
        else:
            self.missing()

    def put(self, path: str, body: dict) -> None:
        key, parts = path.lower(), path.strip("/").split("/")
        provider = len(parts) - 1 - [each.lower() for each in reversed(parts)].index("providers") if "providers" in [each.lower() for each in parts] else None
        group = re.match("(/subscriptions/[^/]+/resourcegroups/[^/]+)/", key)
        if group and group[1] not in OBJECTS:
            self.answer(404, dict(error=dict(code="ResourceGroupNotFound", message=f"there is no {group[1]}")))
            return
        resource = merge(OBJECTS.get(key, {}), body) if self.command == "PATCH" else body
        if provider is None:
            kind = "Microsoft.Resources/resourceGroups"
            time.sleep(1)  # long enough that what does not wait for its group comes too early
        else:
            kind = "/".join([parts[provider + 1], *parts[provider + 2 :: 2]])
        resource.update(id=path, name=parts[-1], type=kind)
        resource.setdefault("properties", {})
        OBJECTS[key] = resource
        complete(path, resource)
        self.answer(201 if kind == "Microsoft.Authorization/roleDefinitions" else 200, resource)  # as the provider wants it


ROLES: dict[str, dict] = {}  # built-in roles, by name


def role(scope: str, name: str) -> dict:
    number = identifier(name)
    ROLES[name] = dict(id=f"/providers/Microsoft.Authorization/roleDefinitions/{number}", name=number, type="Microsoft.Authorization/roleDefinitions", properties=dict(roleName=name, type="BuiltInRole"))
    return dict(ROLES[name], id=f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{number}")


if __name__ == "__main__":
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CONTEXT.load_cert_chain(sys.argv[2], sys.argv[3])
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
