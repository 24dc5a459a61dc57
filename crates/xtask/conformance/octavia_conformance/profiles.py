"""Server profiles: one external server per distinct set of configuration.

The upstream tests change oslo.config options in their own process.  The
harness reads the overrides that are in force at the moment of a request and
sends the request to a server that was started with exactly those options.
"""
import collections
import hashlib
import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time

from oslo_config import cfg

from . import settings

IGNORED = {("database", "connection"), ("database", "pool_timeout")}


def current_overrides():
    out = {}
    for name, info in cfg.CONF._opts.items():
        if "override" in info:
            out[("DEFAULT", name)] = info["override"]
    for gname, group in cfg.CONF._groups.items():
        for name, info in group._opts.items():
            if "override" in info and (gname, name) not in IGNORED:
                out[(gname, name)] = info["override"]
    return out


def _fmt(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ",".join(str(v) for v in value)
    return str(value)


def render(overrides, port):
    """The octavia.conf of one profile."""
    conf = collections.defaultdict(dict)
    conf["DEFAULT"]["transport_url"] = "fake://"
    conf["api_settings"]["bind_host"] = "127.0.0.1"
    conf["api_settings"]["bind_port"] = str(port)
    conf["database"]["connection"] = settings.DB_URL
    conf["certificates"]["cert_manager"] = "noop_cert_manager"
    conf["controller_worker"]["network_driver"] = "network_noop_driver"
    for (group, name), value in {**settings.EXTRA_CONF, **overrides}.items():
        conf[group][name] = value
    lines = []
    for group in sorted(conf, key=lambda g: (g != "DEFAULT", g)):
        lines.append(f"[{group}]")
        for name, value in sorted(conf[group].items()):
            if value is not None:
                lines.append(f"{name} = {_fmt(value)}")
        lines.append("")
    return "\n".join(lines) + "\n"


class Server:
    def __init__(self, host, port, proc=None, key=None):
        self.host, self.port, self.proc, self.key = host, port, proc, key
        self.conn = None

    def alive(self):
        return self.proc is None or self.proc.poll() is None

    def stop(self):
        if self.conn is not None:
            self.conn.close()
        if self.proc is not None and self.proc.poll() is None:
            os.killpg(self.proc.pid, signal.SIGTERM)
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.proc.pid, signal.SIGKILL)
                self.proc.wait(10)


class Pool:
    def __init__(self):
        self.servers = collections.OrderedDict()
        self.launched = 0
        self.start_seconds = []
        self.seen = {}

    def get(self, overrides):
        key = json.dumps(sorted((f"{g}.{n}", _fmt(v)) for (g, n), v in overrides.items()))
        self.seen[key] = self.seen.get(key, 0) + 1
        srv = self.servers.get(key)
        if srv is not None and srv.alive():
            self.servers.move_to_end(key)
            return srv
        while len(self.servers) >= settings.MAX_SERVERS:
            _, old = self.servers.popitem(last=False)
            old.stop()
        srv = self._start(key, overrides)
        self.servers[key] = srv
        return srv

    @staticmethod
    def _free_port():
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def _start(self, key, overrides):
        port = self._free_port()
        tag = hashlib.sha1(key.encode()).hexdigest()[:10]
        workdir = os.path.join(settings.WORKDIR, f"{tag}-{port}")
        os.makedirs(workdir, exist_ok=True)
        config = os.path.join(workdir, "octavia.conf")
        with open(config, "w") as f:
            f.write(render(overrides, port))
        cmd = settings.SERVER_CMD.format(config=config, port=port, workdir=workdir)
        log = open(os.path.join(workdir, "server.log"), "ab")
        began = time.monotonic()
        argv = shlex.split(cmd)
        if shutil.which("setpriv"):  # no server outlives a killed test run
            argv = ["setpriv", "--pdeathsig", "TERM", "--", *argv]
        proc = subprocess.Popen(argv, stdout=log, stderr=log,
                                stdin=subprocess.DEVNULL, start_new_session=True,
                                cwd=workdir)
        self.launched += 1
        while True:
            if proc.poll() is not None:
                raise RuntimeError(f"server exited with {proc.returncode}, see {workdir}")
            try:
                conn = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                conn.request("GET", "/")
                conn.getresponse().read()
                conn.close()
                break
            except OSError:
                if time.monotonic() - began > settings.START_TIMEOUT:
                    os.killpg(proc.pid, signal.SIGKILL)
                    raise RuntimeError(f"server did not answer in time, see {workdir}")
                time.sleep(0.02)
        self.start_seconds.append(time.monotonic() - began)
        return Server("127.0.0.1", port, proc, key)

    def stop_all(self):
        for srv in self.servers.values():
            srv.stop()
        self.servers.clear()


POOL = Pool()
