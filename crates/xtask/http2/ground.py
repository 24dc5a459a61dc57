"""What the checks stand on: a certificate, members, and the proxy with its document."""

import json
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

HOST = "127.0.0.1"
PATIENCE = 20


def free_port():
    with socket.create_server((HOST, 0)) as server:
        return server.getsockname()[1]


def certificate(directory):
    chain, key = directory / "chain.pem", directory / "key.pem"
    command = "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-out", chain, "-keyout", key, "-subj", "/CN=localhost", "-addext", names]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return chain, key


def until_listening(port, process):
    for _ in range(PATIENCE * 20):
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode}")
        try:
            return socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nobody listens at port {port}")


def hypercorn(files):
    """Starts hypercorn; returns the process and its port."""
    port = free_port()
    command = [sys.executable, "-m", "hypercorn", "app:app", "--bind", f"{HOST}:{port}"]
    command += ["--certfile", files[0], "--keyfile", files[1], "--error-logfile", "/dev/null"]
    # In this process: what it starts would outlive it.
    command += ["--workers", "0"]
    process = subprocess.Popen(command, cwd=pathlib.Path(__file__).parent)
    until_listening(port, process)
    return process, port


class Origin:
    """A server of HTTP/1.1 that keeps every byte it got, and answers each head."""

    def __init__(self):
        self.server = socket.create_server((HOST, 0))
        self.port = self.server.getsockname()[1]
        self.heads = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        rest = b""
        while data := connection.recv(65_536):
            rest += data
            while b"\r\n\r\n" in rest:
                head, rest = rest.split(b"\r\n\r\n", 1)
                self.heads.append(head)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")


def name(number):
    return f"00000000-0000-4000-8000-{number:012}"


def document(files, members):
    """A listener of HTTP/2 for each member: `(port of the listener, port of the member, its ALPN)`."""
    chain, key = (path.read_text() for path in files)
    versions = ["TLSv1.2", "TLSv1.3"]
    own = {"certificates": [{"chain": chain, "key": key}], "versions": versions}
    timeouts = {"client_data_ms": 20_000, "member_connect_ms": 5_000, "member_data_ms": 20_000}
    listeners, pools = [], []
    for number, (port, member, alpn) in enumerate(members):
        listeners.append({
            "id": name(100 + number), "protocol": "HTTP", "port": port,
            "default_pool": name(200 + number), "timeouts": {**timeouts, "tcp_inspect_ms": 0},
            "insert_headers": {}, "tls": {**own, "alpn": ["h2", "http/1.1"]},
        })
        pool = {
            "id": name(200 + number), "protocol": "HTTP", "algorithm": "ROUND_ROBIN",
            "members": [{"id": name(300 + number), "address": HOST, "port": member, "weight": 1}],
        }
        if alpn:
            pool["tls"] = {"versions": versions, "alpn": alpn}
        pools.append(pool)
    ids = {"generation": 1, "amphora_id": name(1), "load_balancer_id": name(2)}
    return {**ids, "vips": [HOST], "listeners": listeners, "pools": pools}


def proxy(binary, directory, config):
    """Starts the proxy; it serves until its input closes."""
    file = directory / "proxy.json"
    file.write_text(json.dumps(config))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([binary, file, "2"], **pipes)
    if not process.stdout.readline().startswith("serving"):
        sys.exit("the proxy does not serve")
    return process


def trusting(chain, protocols):
    context = ssl.create_default_context(cafile=chain)
    context.set_alpn_protocols(protocols)
    return context
