"""What happens to the mock.patch()es of the upstream tests.

Every patch that is active while a request is made falls in one of these:

* IDENTITY   evaluated in this process and sent as X-* headers (shim.py)
* BENIGN     the server's noop drivers do the same without it
* CONFIG     mapped to configuration of the server (another profile)
* DATABASE   mapped to a fault in the shared database (a trigger)
* BRIDGED    the server asks the test process over HTTP ([harness] bridge_url)
* anything else: the test is skipped ("excluded"), never silently passed.
"""
import http.server
import json
import threading
import unittest
from unittest import mock

from octavia.common import exceptions as oct_exc
from oslo_config import cfg

from . import db, dbfault, settings

_active = {}

IDENTITY = {
    "oslo_context.context.RequestContext.from_environ",
    "oslo_context.context.RequestContext.to_policy_values",
    "octavia.common.context.RequestContext.project_id",
}
LOAD_CERTS = "octavia.common.tls_utils.cert_parser.load_certificates_data"
BENIGN = {
    LOAD_CERTS,
    "oslo_messaging.get_rpc_transport",
    "oslo_messaging.Target",
    "oslo_messaging.get_rpc_client",
    "octavia.certificates.manager.barbican.BarbicanCertManager",
    "octavia.api.drivers.driver_factory.get_driver",
    # One test disables certificate parsing; it gets real sample data instead.
    "cryptography.hazmat.backends.default_backend",
    "cryptography.x509.load_pem_x509_certificate",
    "cryptography.x509.load_pem_x509_crl",
}
# Two tests make the API believe that the load balancer has an SR-IOV flavor;
# the shim gives it one (flavored()).
SRIOV = ("octavia.api.v2.controllers.load_balancer."
         "LoadBalancersController._apply_flavor_to_lb_dict")
SECRET_DATA = "octavia.api.drivers.utils._get_secret_data"
DB_DOWN = {
    "octavia.db.api.get_session",
    "octavia.db.healthcheck.check_database_connection",
}
QUOTA = "octavia.db.repositories.Repositories.check_quota_met"
CERT_METHODS = ("get_cert", "get_secret", "set_acls", "unset_acls")
BRIDGED_PREFIX = (
    "octavia.network.drivers.noop_driver.driver.NoopManager.",
    "octavia.network.drivers.noop_driver.driver.NoopNetworkDriver.",
    "octavia.api.drivers.noop_driver.driver.NoopManager.",
    "octavia.api.drivers.noop_driver.driver.NoopProviderDriver.",
)
BRIDGED = {
    "octavia.api.drivers.utils.call_provider",
    "octavia.common.utils.get_network_driver",
    "octavia.common.validate.subnet_exists",
    "octavia.common.validate.qos_policy_exists",
    "oslo_messaging.RPCClient.cast",
    "oslo_messaging.rpc.client.RPCClient.cast",
}
QUOTA_OPTION = {
    "LoadBalancer": "default_load_balancer_quota",
    "Listener": "default_listener_quota",
    "Pool": "default_pool_quota",
    "HealthMonitor": "default_health_monitor_quota",
    "Member": "default_member_quota",
    "L7Policy": "default_l7policy_quota",
    "L7Rule": "default_l7rule_quota",
}


def install():
    """Keep track of the patches that are in force."""
    enter, leave = mock._patch.__enter__, mock._patch.__exit__

    def on_enter(self):
        value = enter(self)
        try:
            name = _name(self.target, self.attribute)
        except Exception:  # never lose one: an unknown name excludes the test
            name = f"{self.target!r}.{self.attribute}"
        _active[id(self)] = (name, self)
        return value

    def on_exit(self, *exc):
        _active.pop(id(self), None)
        return leave(self, *exc)

    mock._patch.__enter__ = on_enter
    mock._patch.__exit__ = on_exit


def _name(target, attr):
    if isinstance(target, type(mock)):
        return f"{target.__name__}.{attr}"
    return f"{target.__module__}.{target.__qualname__}.{attr}"


def forget():
    _active.clear()
    _lists.clear()
    _noop_state().update(networks={}, subnets={}, ports={}, current_network=None)


def active():
    names = {name for name, _ in _active.values()}
    if SECRET_DATA in names:
        names = names - {SECRET_DATA} | {"cert.get_secret"}
    names |= {f"cert.{m}" for m in _configured_cert_methods()}
    if _noop_state()["subnets"]:
        names.add("network.state")
    return names - IDENTITY - BENIGN


def _cert_mock():
    from octavia.certificates.manager import barbican
    cls = barbican.BarbicanCertManager
    return cls.return_value if isinstance(cls, mock.NonCallableMock) else None


def _configured_cert_methods():
    inst = _cert_mock()
    out = set()
    if inst is None:
        return out
    for name, child in inst._mock_children.items():
        if name in CERT_METHODS and isinstance(child, mock.NonCallableMock):
            if child._mock_side_effect is not None or \
                    child._mock_return_value is not mock.DEFAULT:
                out.add(name)
    return out


def quota_class():
    """The object type of BaseAPITest.start_quota_mock()."""
    from octavia.common import data_models
    from octavia.db import repositories
    check = repositories.Repositories.check_quota_met
    for name in QUOTA_OPTION:
        if check.side_effect(None, getattr(data_models, name), None):
            return name
    raise AssertionError("unknown quota mock")


def apply(names, overrides, headers):
    """Map doubles to configuration; returns what is left for the bridge."""
    rest = set()
    for name in names:
        if name in DB_DOWN:
            overrides[("database", "connection")] = settings.DEAD_DB_URL
            overrides[("database", "max_retries")] = 0
        elif name == QUOTA:
            # 'quota met' for one object type: default quota 0.  Quotas are
            # not enforced with auth_strategy=noauth, so ask as an admin.
            overrides[("api_settings", "auth_strategy")] = "testing"
            overrides[("quotas", QUOTA_OPTION[quota_class()])] = 0
            roles = set(filter(None, headers.get("X-Roles", "").split(",")))
            headers["X-Roles"] = ",".join(sorted(roles | {"admin"}))
        elif name == SRIOV or dbfault.handles(name):
            pass  # the shim or a trigger in the database does it
        elif name in BRIDGED or \
                name.startswith(BRIDGED_PREFIX + ("cert.", "network.")):
            rest.add(name)
        else:
            rest.add("UNMAPPED:" + name)
    unmapped = [n for n in rest if n.startswith("UNMAPPED:")]
    if unmapped:
        raise unittest.SkipTest("harness: excluded, patches " + ", ".join(
            sorted(n[9:] for n in unmapped)))
    return overrides, headers, rest


# --------------------------------------------------------------------------
# The bridge: a tiny HTTP/JSON server in the test process.
#
#   POST {bridge_url}   {"op": "network.get_subnet", "args": {...}}
#   -> {"passthrough": true}      use your own noop implementation
#   -> {"result": ...}            use this value
#   -> {"error": {"kind": ..., "code": ..., "message": ...}}
# --------------------------------------------------------------------------
PASS = {"passthrough": True}
_bridge = None
_secrets = {}
_request = {}
LOG = []


def new_request(body=b""):
    _secrets.clear()
    try:
        _request["body"] = json.loads(body)
    except ValueError:
        _request["body"] = None


def bridge_url():
    global _bridge
    if _bridge is None:
        _bridge = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=_bridge.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{_bridge.server_port}/"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        req = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            answer = handle(req["op"], req.get("args") or {})
        except Exception as e:  # a bug of the harness, not of the server
            answer = {"error": {"kind": "HarnessBug", "code": 500, "message": repr(e)}}
        LOG.append((req, answer))
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def handle(op, args):
    family, _, method = op.partition(".")
    return {"network": _network, "provider": _provider, "cert": _cert,
            "rpc": _rpc}[family](method, args)


def patched(name):
    return any(n == name for n, _ in _active.values())


def _call(func, *args, **kwargs):
    try:
        return {"result": to_json(func(*args, **kwargs))}
    except Exception as e:
        return {"error": error_json(e)}


def error_json(e):
    kind = type(e)
    if kind.__module__.startswith("octavia.tests"):
        kind = kind.__mro__[1]  # a test's own subclass
    out = {"kind": kind.__name__, "code": 500, "message": str(e)}
    if kind is NotImplementedError:
        out["kind"] = "builtins.NotImplementedError"
    for attr in ("orig_msg", "orig_code"):
        if getattr(e, attr, None) is not None:
            out[attr] = getattr(e, attr)
    if isinstance(e, oct_exc.APIException):
        out["code"], out["message"] = e.code, e.msg
    elif isinstance(e, oct_exc.OctaviaException):
        out["message"] = str(e)
    for attr in ("user_fault_string", "operator_fault_string"):
        if getattr(e, attr, None):
            out[attr] = str(getattr(e, attr))
    return out


_NET = "octavia.network.drivers.noop_driver.driver.NoopManager."
_FIELDS = ("id", "name", "network_id", "subnet_id", "ip_address", "port_id",
           "ip_version", "cidr", "gateway_ip", "port_security_enabled", "mtu",
           "fixed_ips", "subnets", "device_owner", "device_id", "status",
           "qos_policy_id", "security_group_ids", "project_id", "admin_state_up",
           "total_ips", "used_ips", "subnet_ip_availability", "tenant_id",
           "load_balancer_id", "mac_address", "host_routes", "vnic_type",
           "provider_segmentation_id", "router_external", "network_name")


def to_json(obj, depth=0):
    if obj is None or isinstance(obj, (str, int, float, bool)):
        return obj
    if isinstance(obj, bytes):
        return obj.decode()
    if isinstance(obj, dict):
        return {k: to_json(v, depth + 1) for k, v in obj.items()}
    if isinstance(obj, (list, tuple, set)):
        return [to_json(v, depth + 1) for v in obj]
    if isinstance(obj, mock.NonCallableMock):
        out = {}
        for field in _FIELDS:
            value = getattr(obj, field, None)
            if value is not None and not isinstance(value, mock.NonCallableMock):
                out[field] = to_json(value, depth + 1)
        return out or None
    if depth > 4:
        return None
    out = {}
    for field in _FIELDS:
        if field == "subnets" and hasattr(obj, field):
            out[field] = [getattr(s, "id", s) for s in (obj.subnets or [])]
        elif hasattr(obj, field):
            out[field] = to_json(getattr(obj, field), depth + 1)
    return out


_lists = {}


def _items(func):
    """The list behind mock.side_effect (it is kept as an iterator), or None.
    Returns (items, memory); the memory lives as long as the list does."""
    effect = func.side_effect
    if effect is None or not hasattr(effect, "__next__"):
        return None, None
    known = _lists.get(id(func))
    if known is None or known[0] is not effect:
        items = list(effect)
        func.side_effect = iter(items)
        known = _lists[id(func)] = (func.side_effect, items, {})
    return known[1], known[2]


def _value(item):
    if isinstance(item, BaseException):
        return {"error": error_json(item)}
    if isinstance(item, type) and issubclass(item, BaseException):
        return {"error": error_json(item())}
    return {"result": to_json(item)}


def _by_id(func, ident):
    """Lists of return values are written for one order of calls; a server is
    free to ask in another, so answer by id wherever the objects have one."""
    items, _ = _items(func)
    if not items or any(isinstance(i, (BaseException, type, mock.NonCallableMock))
                        for i in items):
        return None
    for item in items:
        if getattr(item, "id", None) == ident:
            return _value(item)
    return None


def _secret_role(ref):
    """'crl' or 'ca': where the request (or the database) has this reference."""
    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if value == ref:
                    return "crl" if "crl" in key else "ca"
                found = walk(value)
                if found:
                    return found
        elif isinstance(node, list):
            for value in node:
                found = walk(value)
                if found:
                    return found
        return None

    return walk(_request.get("body")) or db.secret_role(ref)


def _secret_from_list(items, memory, ref):
    """side_effect = [CA, CRL, CA, CRL, ...]: a reference keeps its value; the
    first reference of a role has the first value, later ones the last."""
    if ref not in memory:
        odd = _secret_role(ref) == "crl"
        mine = items[1::2] if odd else items[0::2]
        first = odd not in memory
        memory[odd] = True
        memory[ref] = _value(mine[0] if first else mine[-1])
    return memory[ref]


def _network(method, args):
    ident = args.get("id")
    if patched("octavia.common.utils.get_network_driver"):
        from octavia.common import utils
        answer = _call(getattr(utils.get_network_driver(), method), ident)
        if isinstance(answer.get("result"), str):
            answer["result"] = {"id": answer["result"]}
        return answer
    state = _noop_state()
    if method in ("get_subnet", "get_network") and ident in state[method[4:] + "s"]:
        return {"result": to_json(state[method[4:] + "s"][ident])}
    if method == "get_subnet" and patched("octavia.common.validate.subnet_exists"):
        from octavia.common import validate
        try:
            found = validate.subnet_exists(ident, context=None)
        except Exception as e:
            return {"error": error_json(e)}
        if not found:
            return {"error": {"kind": "SubnetNotFound", "code": 404, "message": ""}}
        return PASS
    if method == "get_qos_policy" and patched("octavia.common.validate.qos_policy_exists"):
        from octavia.common import validate
        try:
            validate.qos_policy_exists(ident)
        except Exception as e:
            return {"error": error_json(e)}
        return {"result": {"id": ident}}
    if not patched(_NET + method):
        return PASS
    from octavia.network.drivers.noop_driver import driver
    func = getattr(driver.NoopManager, method)
    if method == "qos_enabled":
        return _call(func)
    if method == "allocate_vip":
        return _vips(func)
    answer = _by_id(func, ident)
    if answer is None:
        answer = _call(func, ident)
    return answer


def _noop_state():
    """What a test put into the noop network driver of this process."""
    from octavia.network.drivers.noop_driver import driver
    return driver._NOOP_MANAGER_VARS


def _vips(func):
    try:
        vip, additional = func(None)
    except Exception as e:
        return {"error": error_json(e)}
    return {"result": {"vip": to_json(vip), "additional_vips": to_json(additional)}}


def _provider(method, args):
    """provider.call: {"provider", "method", "args": [...]}; provider objects
    come as {"type": "Member", "data": {octavia-lib dictionary}}."""
    from octavia.api.drivers import driver_factory
    from octavia.api.drivers import utils as driver_utils
    provider, name = args["provider"], args["method"]
    doubled = patched("octavia.api.drivers.utils.call_provider")
    if not doubled:
        base = "octavia.api.drivers.noop_driver.driver."
        if not (patched(base + "NoopManager." + name) or
                patched(base + "NoopProviderDriver." + name)):
            return PASS
    driver = driver_factory.get_driver(provider)
    func = getattr(driver, name)
    values = [_provider_object(a) for a in args["args"]]
    kwargs = {k: _provider_object(v) for k, v in (args.get("kwargs") or {}).items()}
    try:
        result = driver_utils.call_provider(provider, func, *values, **kwargs)
    except Exception as e:
        return {"error": error_json(e)}
    if isinstance(result, mock.NonCallableMock) or isinstance(result, tuple) and \
            any(isinstance(r, mock.NonCallableMock) for r in result):
        # The test does not care what the driver says.
        return PASS if name == "create_vip_port" else {"result": None}
    return {"result": list(result) if isinstance(result, tuple) else result}


def _provider_object(value):
    from octavia_lib.api.drivers import data_models
    if isinstance(value, list):
        objects = [_provider_object(v) for v in value]
        if objects and all(isinstance(o, data_models.Member) for o in objects):
            # Existing members come in the order of an unordered SELECT.
            order = db.member_order([o.member_id for o in objects])
            objects.sort(key=lambda o: order.get(o.member_id, -1))
        return objects
    if isinstance(value, dict) and set(value) == {"type", "data"}:
        return getattr(data_models, value["type"]).from_dict(value["data"])
    return value


def _cert(method, args):
    inst, ref = _cert_mock(), args["ref"]
    if method == "get_secret" and patched(SECRET_DATA):
        from octavia.tests.common import sample_certs
        _secrets.setdefault(ref, sample_certs.X509_CA_CRL if _secrets
                            else sample_certs.X509_CA_CERT)
        return {"result": to_json(_secrets[ref])}
    if inst is None or method not in _configured_cert_methods():
        return PASS
    func = getattr(inst, method)
    items, memory = _items(func)
    if method == "get_secret" and items and len(items) % 2 == 0 and \
            b"X509 CRL" in _bytes(items[1]):
        return _secret_from_list(items, memory, ref)
    # Lists of secrets are written for one order of calls; within a request
    # the same reference always gets the same answer.
    if (method, ref) in _secrets:
        return _secrets[(method, ref)]
    answer = _cert_value(func, ref)
    if method == "get_cert" and "result" in answer and patched(LOAD_CERTS):
        answer = PASS  # nothing in this process would look into it
    _secrets[(method, ref)] = answer
    return answer


def _bytes(value):
    return value.encode() if isinstance(value, str) else \
        value if isinstance(value, bytes) else b""


def _cert_value(func, ref):
    items, memory = _items(func)
    try:
        value = func(None, ref)
    except StopIteration:  # asked more often than upstream does
        return _value(items[-1])
    except Exception as e:
        return {"error": error_json(e)}
    if func._mock_name == "get_cert" and isinstance(value, (str, bytes)):
        return {"result": {"certificate": to_json(value)}}
    if isinstance(value, mock.NonCallableMock):
        out = {}
        for field, getter in (("certificate", "get_certificate"),
                              ("private_key", "get_private_key"),
                              ("passphrase", "get_private_key_passphrase"),
                              ("intermediates", "get_intermediates")):
            got = getattr(value, getter)()
            if not isinstance(got, mock.NonCallableMock):
                out[field] = to_json(got)
        return {"result": out}
    return {"result": to_json(value)}


def _rpc(method, args):
    import oslo_messaging
    if not isinstance(oslo_messaging.RPCClient.cast, mock.NonCallableMock):
        return PASS
    return _call(lambda: oslo_messaging.RPCClient.cast(
        {}, args["method"], **args["kwargs"]) and None)


__all__ = ["install", "active", "apply", "bridge_url", "cfg"]
