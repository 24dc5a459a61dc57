"""Clients and servers that nobody here wrote, through the data plane: `check.py PROXY`.

hypercorn and OpenSSL's s_server are the members; curl, s_client, httpx, websockets and, where there
is one, Chromium are the clients. Each goes through an HTTP listener and through one with TLS.
"""

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

import httpx
import websockets
from hypercorn.asyncio import serve
from hypercorn.config import Config

import app

HOST = "127.0.0.1"
PATIENCE = 30


def free_port():
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        return bound.getsockname()[1]


def identifier(number):
    return f"00000000-0000-4000-8000-{number:012d}"


def listener(number, pool, tls=None):
    limits = {"client_data_ms": 10000, "member_connect_ms": 5000, "member_data_ms": 10000, "tcp_inspect_ms": 0}
    made = {"id": identifier(number), "protocol": "HTTP", "port": free_port(), "default_pool": identifier(pool),
            "timeouts": limits}
    return {**made, "tls": tls} if tls else made


def pool(number, port, **more):
    member = {"id": identifier(number + 1), "address": HOST, "port": port, "weight": 1}
    return {"id": identifier(number), "protocol": "HTTP", "algorithm": "ROUND_ROBIN", "members": [member], **more}


def certificate(directory):
    chain, key = os.path.join(directory, "chain.pem"), os.path.join(directory, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", f"subjectAltName=IP:{HOST},DNS:localhost",
         "-keyout", key, "-out", chain],
        check=True, capture_output=True)
    return chain, key


async def ran(*command, given=None):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    output, errors = await asyncio.wait_for(process.communicate(given), PATIENCE)
    assert process.returncode == 0, (command, process.returncode, errors.decode())
    return output


async def listening(port):
    for _ in range(PATIENCE * 20):
        try:
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.05)
    raise TimeoutError(f"nobody listens at port {port}")


async def curl(url, chain, directory):
    tls = ("-sS", "--fail", "--http1.1", "--cacert", chain, "--max-time", str(PATIENCE))
    big = os.path.join(directory, "big")
    with open(big, "wb") as file:
        file.write(os.urandom(3 << 20))
    with open(big, "rb") as file:
        content = file.read()
    assert await ran("curl", *tls, "--data-binary", f"@{big}", "-H", "Expect: 100-continue", url + "/echo") == content
    assert await ran("curl", *tls, "-T", "-", url + "/echo", given=content) == content, "chunked"
    assert b"x-seen: 1.1 HEAD" in await ran("curl", *tls, "-I", url + "/echo")
    # The last one counts: --http1.0 after --http1.1.
    assert await ran("curl", *tls, "--http1.0", "--data", "old", url + "/echo") == b"old"
    many = await ran("curl", *tls, *[f"{url}/echo?{n}" for n in range(20)], "-d", "x")
    assert many == b"x" * 20
    assert await ran("curl", *tls, "-X", "DELETE", "-w", "%{http_code}", url + "/echo") == b"200"


async def through_httpx(url, trust):
    async with httpx.AsyncClient(verify=trust, timeout=PATIENCE) as client:
        async def pieces():
            for _ in range(50):
                yield b"piece" * 1000

        answer = await client.post(url + "/echo", content=pieces())
        assert answer.content == b"piece" * 50_000 and answer.http_version == "HTTP/1.1"
        answers = await asyncio.gather(*[client.get(f"{url}/echo?{n}") for n in range(60)])
        assert {answer.status_code for answer in answers} == {200}
        for code in (1, 2, 3):
            assert (await client.request("PATCH", url + "/echo", content=b"a" * code)).content == b"a" * code


async def through_websockets(url, trust):
    secured = {"ssl": trust} if url.startswith("wss") else {}
    async with websockets.connect(url + "/socket", max_size=1 << 22, proxy=None, **secured) as client:
        for message in ("text", "\u00e9" * 1000, b"\0\xff" * 500_000):
            await client.send(message)
            assert await asyncio.wait_for(client.recv(), PATIENCE) == message
        await asyncio.wait_for(await client.ping(), PATIENCE)
    assert client.close_code == 1000, client.close_code
    sockets = [websockets.connect(url + "/socket", proxy=None, **secured) for _ in range(20)]
    opened = await asyncio.gather(*sockets)
    for number, client in enumerate(opened):
        await client.send(str(number))
    assert [await client.recv() for client in opened] == [str(number) for number in range(20)]
    await asyncio.gather(*[client.close() for client in opened])


async def s_client(port, chain):
    for version in ("-tls1_2", "-tls1_3"):
        request = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
        answer = await ran("openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", chain, version,
                           "-servername", "localhost", "-connect", f"{HOST}:{port}", given=request)
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), answer


async def s_server(url, trust):
    async with httpx.AsyncClient(verify=trust, timeout=PATIENCE) as client:
        for _ in range(3):
            answer = await client.get(url + "/")
            assert answer.status_code == 200 and "s_server" in answer.text, answer


async def chromium(url):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        print("SKIPPED: there is no Chromium", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as profile:
        process = await asyncio.create_subprocess_exec(
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--ignore-certificate-errors", "--no-proxy-server", f"--user-data-dir={profile}",
            "--remote-debugging-port=0", url + "/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            report = await asyncio.wait_for(app.REPORTS.get(), 2 * PATIENCE)
        finally:
            process.terminate()
            await process.wait()
    assert urllib.parse.unquote(report.decode()) == "100000 hello 20", report


async def main(proxy, directory):
    chain, key = certificate(directory)
    read = lambda path: open(path, encoding="ascii").read()
    tls = {"certificates": [{"chain": read(chain), "key": read(key)}], "versions": ["TLSv1.2", "TLSv1.3"],
           "alpn": ["http/1.1", "http/1.0"]}
    member, other = free_port(), free_port()
    listeners = [listener(10, 100), listener(11, 100, tls), listener(12, 200)]
    document = {
        "generation": 1, "amphora_id": identifier(1), "load_balancer_id": identifier(2), "vips": [HOST],
        "listeners": listeners,
        "pools": [pool(100, member), pool(200, other, tls={"versions": ["TLSv1.2", "TLSv1.3"]})],
    }
    file = os.path.join(directory, "document.json")
    with open(file, "w", encoding="ascii") as out:
        json.dump(document, out)
    stop = asyncio.Event()
    config = Config()
    config.bind = [f"{HOST}:{member}"]
    server = asyncio.create_task(serve(app.app, config, shutdown_trigger=stop.wait))
    www = await asyncio.create_subprocess_exec(
        "openssl", "s_server", "-www", "-quiet", "-accept", f"{HOST}:{other}", "-cert", chain, "-key", key,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    plane = await asyncio.create_subprocess_exec(proxy, file, "2", stdin=subprocess.PIPE)
    try:
        ports = [listener["port"] for listener in listeners]
        for port in [member, other, *ports]:
            await listening(port)
        plain, secured = f"{HOST}:{ports[0]}", f"{HOST}:{ports[1]}"
        trust = ssl.create_default_context(cafile=chain)
        checks = {
            "curl, HTTP": curl(f"http://{plain}", chain, directory),
            "curl, TLS": curl(f"https://{secured}", chain, directory),
            "httpx, HTTP": through_httpx(f"http://{plain}", trust),
            "httpx, TLS": through_httpx(f"https://{secured}", trust),
            "websockets, HTTP": through_websockets(f"ws://{plain}", trust),
            "websockets, TLS": through_websockets(f"wss://{secured}", trust),
            "s_client": s_client(ports[1], chain),
            "s_server as a member": s_server(f"http://{HOST}:{ports[2]}", trust),
            "Chromium, HTTP": chromium(f"http://{plain}"),
            "Chromium, TLS": chromium(f"https://{secured}"),
        }
        for name, check in checks.items():
            await asyncio.wait_for(check, 4 * PATIENCE)
            print(f"ok: {name}", flush=True)
    finally:
        stop.set()
        for process in (plane, www):
            if process.returncode is None:
                process.terminate()
            await process.wait()
        await server


with tempfile.TemporaryDirectory() as directory:
    asyncio.run(main(sys.argv[1], directory))
