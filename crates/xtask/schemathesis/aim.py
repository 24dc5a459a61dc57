"""Aims Schemathesis: made-up ids would be answered 404, and objects nobody works on 409.

One object of each kind is made first, and the document that Schemathesis reads is told their ids.
After each call what is pending becomes ACTIVE, as if a worker had done it (and nothing is deleted, so
that the objects stay).
"""

import json
import os
import sqlite3
import urllib.request

import schemathesis

BASE = os.environ["SERVICE"]
DATABASE = os.environ["DATABASE"]
TABLES = [
    "load_balancer",
    "listener",
    "pool",
    "member",
    "health_monitor",
    "l7policy",
    "l7rule",
]


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "x-project-id": "schemathesis"}
    request = urllib.request.Request(BASE + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def work():
    database = sqlite3.connect(DATABASE, timeout=10)
    with database:
        for table in TABLES:
            database.execute(
                f"UPDATE {table} SET provisioning_status = 'ACTIVE'"
                " WHERE provisioning_status LIKE 'PENDING_%' OR provisioning_status = 'ERROR'"
            )
    database.close()


def make(path, key, **fields):
    made = call("POST", f"/v2.0/lbaas/{path}", {key: fields})[key]
    work()
    return made.get("id") or made["name"]


def objects():
    subnet = call("GET", "/v2.0/subnets")["subnets"][0]
    lb = make("loadbalancers", "loadbalancer", vip_subnet_id=subnet["id"])
    protocol = {"protocol": "HTTP"}
    pool = make("pools", "pool", loadbalancer_id=lb, lb_algorithm="ROUND_ROBIN", **protocol)
    listener = make("listeners", "listener", loadbalancer_id=lb, protocol_port=80, **protocol)
    policy = make("l7policies", "l7policy", listener_id=listener, action="REJECT")
    rule = {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/"}
    check = {"type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
    profile = {"name": "profile", "provider_name": "noop_driver"}
    flavors = make("flavorprofiles", "flavorprofile", flavor_data="{}", **profile)
    zones = make(
        "availabilityzoneprofiles", "availability_zone_profile",
        availability_zone_data="{}", **profile,
    )
    address = {"address": "192.0.2.1", "protocol_port": 80}
    return {
        "subnet": subnet["id"],
        "network": subnet["network_id"],
        "loadbalancers": lb,
        "pools": pool,
        "listeners": listener,
        "l7policies": policy,
        "rules": make(f"l7policies/{policy}/rules", "rule", **rule),
        "members": make(f"pools/{pool}/members", "member", **address),
        "healthmonitors": make("healthmonitors", "healthmonitor", pool_id=pool, **check),
        "flavorprofiles": flavors,
        "flavors": make("flavors", "flavor", name="flavor", flavor_profile_id=flavors),
        "availabilityzoneprofiles": zones,
        "availabilityzones": make(
            "availabilityzones", "availability_zone",
            name="zone", availability_zone_profile_id=zones,
        ),
    }


def ids_of_fields(made):
    return {
        "loadbalancer_id": made["loadbalancers"],
        "listener_id": made["listeners"],
        "pool_id": made["pools"],
        "default_pool_id": made["pools"],
        "redirect_pool_id": made["pools"],
        "subnet_id": made["subnet"],
        "vip_subnet_id": made["subnet"],
        "vip_network_id": made["network"],
        "flavor_id": made["flavors"],
        "availability_zone": made["availabilityzones"],
        "flavor_profile_id": made["flavorprofiles"],
        "availability_zone_profile_id": made["availabilityzoneprofiles"],
        "provider": "noop_driver",
        "provider_name": "noop_driver",
    }


@schemathesis.hook
def before_load_schema(context, raw_schema):
    made = objects()
    known = ids_of_fields(made)
    for name, schema in raw_schema["components"]["schemas"].items():
        if name.endswith(("Post", "Put", "Fields", "InTree")):
            properties = schema["properties"]
            for field in properties.keys() & known.keys():
                properties[field] = {"type": "string", "enum": [known[field]]}
    for path, item in raw_schema["paths"].items():
        for operation in item.values():
            aim(path, operation, made)


def aim(path, operation, made):
    parts = path.split("/")
    kept = []
    for parameter in operation.get("parameters", []):
        # Few keys would come with one body only: most POSTs would do nothing.
        if parameter["name"] == "Idempotency-Key":
            continue
        if parameter["in"] == "path":
            above = parts[parts.index("{" + parameter["name"] + "}") - 1]
            value = "noop_driver" if above == "providers" else made.get(above)
            if value is not None:
                parameter["schema"] = {"type": "string", "enum": [value]}
        kept.append(parameter)
    operation["parameters"] = kept


@schemathesis.hook
def after_call(context, case, response):
    if case.method != "GET":
        work()
