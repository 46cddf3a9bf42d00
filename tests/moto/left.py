#!/usr/bin/env python3
"""Lists what an account of the moto server holds, one line each: kind and name. An account that nobody used holds nothing:
what AWS makes itself (the default VPC, managed policies, aliases of AWS's keys) is left out, and so are keys and secrets
whose deletion is under way.

Usage: left.py ENDPOINT
"""

import sys

import boto3

REGION = "eu-west-1"


def client(service: str):
    return boto3.client(service, REGION, endpoint_url=sys.argv[1], aws_access_key_id="test", aws_secret_access_key="test")


def pages(service: str, operation: str, key: str, **arguments):
    """All items of a list, whether its answers come in pages or not."""
    caller = client(service)
    if caller.can_paginate(operation):
        for page in caller.get_paginator(operation).paginate(**arguments):
            yield from page[key]
    else:
        yield from getattr(caller, operation)(**arguments)[key]


def network():
    default = {vpc["VpcId"] for vpc in pages("ec2", "describe_vpcs", "Vpcs") if vpc["IsDefault"]}
    for operation, key, name in [
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_route_tables", "RouteTables", "RouteTableId"),
        ("describe_security_groups", "SecurityGroups", "GroupName"),
        ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
        ("describe_vpc_endpoints", "VpcEndpoints", "ServiceName"),
        ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ]:
        for each in pages("ec2", operation, key):
            if each.get("VpcId") not in default and each.get("State") != "deleted":
                yield key, each[name]
    for each in pages("ec2", "describe_internet_gateways", "InternetGateways"):
        if not default & {attachment["VpcId"] for attachment in each["Attachments"]}:
            yield "InternetGateways", each["InternetGatewayId"]
    for operation, key, name in [
        ("describe_addresses", "Addresses", "AllocationId"),
        ("describe_flow_logs", "FlowLogs", "FlowLogId"),
        ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
        ("describe_instances", "Reservations", "ReservationId"),
        ("describe_volumes", "Volumes", "VolumeId"),
    ]:
        yield from ((key, each[name]) for each in pages("ec2", operation, key))


def clusters():
    for cluster in pages("eks", "list_clusters", "clusters"):
        yield "Clusters", cluster
        for operation, key in [("list_nodegroups", "nodegroups"), ("list_fargate_profiles", "fargateProfileNames")]:
            yield from ((key, each) for each in pages("eks", operation, key, clusterName=cluster))


def identities():
    for role in pages("iam", "list_roles", "Roles"):
        if not role["Path"].startswith("/aws-service-role/"):
            yield "Roles", role["RoleName"]
    yield from (("Policies", each["Arn"]) for each in pages("iam", "list_policies", "Policies", Scope="Local"))
    for each in pages("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList"):
        yield "OpenIDConnectProviders", each["Arn"]


def rest():
    yield from (("LogGroups", each["logGroupName"]) for each in pages("logs", "describe_log_groups", "logGroups"))
    yield from (("HostedZones", each["Name"]) for each in pages("route53", "list_hosted_zones", "HostedZones"))
    for each in pages("kms", "list_keys", "Keys"):
        if client("kms").describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
            yield "Keys", each["KeyId"]
    for each in pages("kms", "list_aliases", "Aliases"):
        if not each["AliasName"].startswith("alias/aws/"):
            yield "Aliases", each["AliasName"]
    for bucket in client("s3").list_buckets()["Buckets"]:
        yield "Buckets", bucket["Name"]


if __name__ == "__main__":
    for part in (network, clusters, identities, rest):
        for kind, name in part():
            print(kind, name)
