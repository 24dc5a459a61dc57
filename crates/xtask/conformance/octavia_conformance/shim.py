"""The replacement for pecan.testing.load_test_app(): same webtest.TestApp
interface for the tests, real HTTP to an external server behind it."""
import http.client
import json
import time
import unittest
import urllib.parse

import webtest
from octavia.common import constants
from octavia.common import context as octavia_context
from octavia.common import service as octavia_service
from oslo_config import cfg

from . import db, dbfault, doubles, profiles, settings

FROM_ENVIRON = "oslo_context.context.RequestContext.from_environ"
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}

# Filled per test by the plugin: what the running test asked for.
TRACE = {"test": None, "profiles": set(), "doubles": set(), "requests": 0, "identity": 0}
HTTP_SECONDS = [0.0, 0]


def identity_headers(environ):
    """The identity the test gave its request context, as the headers that
    keystonemiddleware would have put there.

    The tests patch from_environ / to_policy_values / project_id; evaluating
    the (patched) context in this process gives the values they want.
    """
    ctx = octavia_context.RequestContext.from_environ(environ)
    values = ctx.to_policy_values()
    headers = {}
    project_id = ctx.project_id
    if not project_id and not doubles.patched(FROM_ENVIRON):
        # Many tests patch the policy values only; a server takes both from
        # the same header.
        project_id = values.get("project_id")
    if project_id:
        headers["X-Project-Id"] = project_id
    if values.get("user_id"):
        headers["X-User-Id"] = values["user_id"]
    roles = list(values.get("roles") or [])
    if cfg.CONF.api_settings.auth_strategy != constants.NOAUTH:
        # 'is_admin': True in patched policy values has no header of its own;
        # the default policy grants the same to this role.
        is_admin = isinstance(values, dict) and values.get("is_admin")
        if is_admin and "admin" not in roles:
            roles.append("admin")
    if roles:
        headers["X-Roles"] = ",".join(roles)
    return headers


def choose(environ, headers):
    """Overrides of the profile this request has to go to."""
    overrides = profiles.current_overrides()
    if overrides.get(("api_settings", "auth_strategy")) == constants.KEYSTONE:
        # Set after the application was built, so there is no keystone
        # middleware: the same as 'testing'.
        overrides[("api_settings", "auth_strategy")] = constants.TESTING
    active = doubles.active()
    if not any(map(dbfault.is_repository, active)):
        dbfault.clear()
    TRACE["doubles"].update(active)
    overrides, headers, rest = doubles.apply(active, overrides, headers)
    if rest:
        if not settings.BRIDGE:
            raise unittest.SkipTest("harness: needs test doubles: " + ",".join(sorted(rest)))
        overrides[("harness", "bridge_url")] = doubles.bridge_url()
    return overrides


def _forward(srv, method, path, body, headers):
    for attempt in (0, 1):
        if srv.conn is None:
            srv.conn = http.client.HTTPConnection(srv.host, srv.port, timeout=60)
        try:
            srv.conn.request(method, path, body=body, headers=headers)
            resp = srv.conn.getresponse()
            return resp, resp.read()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            srv.conn.close()
            srv.conn = None
            if attempt:
                raise


def proxy(environ, start_response):
    headers = {}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            headers[key[5:].replace("_", "-").title()] = value
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    if body or environ["REQUEST_METHOD"] in ("POST", "PUT", "PATCH"):
        headers["Content-Length"] = str(len(body))

    identity = identity_headers(environ)
    TRACE["identity"] += bool(identity)
    headers.update(identity)
    overrides = choose(environ, headers)
    srv = profiles.POOL.get(overrides)
    TRACE["profiles"].add(srv.key or f"{srv.host}:{srv.port}")
    TRACE["requests"] += 1

    flavor = None
    if doubles.patched(doubles.SRIOV):
        flavor = db.add_flavor('{"sriov_vip": true}')
        doc = json.loads(body)
        doc["loadbalancer"]["flavor_id"] = flavor
        body = json.dumps(doc).encode()
        headers["Content-Length"] = str(len(body))
    db.publish()
    doubles.new_request(body)
    path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    path = urllib.parse.quote(path.encode("latin-1"), safe="/:~!$&'()*+,;=@")
    if environ.get("QUERY_STRING"):
        path += "?" + environ["QUERY_STRING"]
    began = time.monotonic()
    resp, data = _forward(srv, environ["REQUEST_METHOD"], path, body or None, headers)
    HTTP_SECONDS[0] += time.monotonic() - began
    HTTP_SECONDS[1] += 1
    if settings.TRANSCRIPT:
        with open(settings.TRANSCRIPT, "a") as f:
            f.write(json.dumps({
                "test": TRACE["test"], "method": environ["REQUEST_METHOD"], "path": path,
                "headers": {k: v for k, v in headers.items() if k.startswith(("X-", "Accept"))},
                "conf": {f"{g}.{n}": str(v) for (g, n), v in overrides.items()},
                "body": body.decode("utf-8", "replace"),
                "status": resp.status,
                "response_headers": {k: v for k, v in resp.getheaders()
                                     if k.lower() in ("content-type", "allow", "location")},
                "response": data.decode("utf-8", "replace")}) + "\n")
    out = [(k, v) for k, v in resp.getheaders() if k.lower() not in HOP]
    if flavor:
        doc = json.loads(data)
        if doc.get("loadbalancer", {}).get("flavor_id") == flavor:
            doc["loadbalancer"]["flavor_id"] = None
        data = json.dumps(doc).encode()
        out = [(k, v) for k, v in out if k.lower() != "content-length"]
        out.append(("Content-Length", str(len(data))))
    start_response(f"{resp.status} {resp.reason}", out)
    return [data]


def load_test_app(config=None, **kwargs):
    # The policy engine is used in this process to evaluate the identity of a
    # request, so oslo.config has to be initialised as setup_app() does.
    octavia_service.prepare_service(())
    return webtest.TestApp(proxy, lint=False)


def reset_trace(test=None):
    TRACE.update(test=test, profiles=set(), doubles=set(), requests=0, identity=0)
    return TRACE

