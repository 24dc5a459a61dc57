"""HTTP/2 through the proxy, by clients and servers that nobody here wrote."""

import asyncio
import concurrent.futures
import pathlib
import socket
import sys
import tempfile
import threading

import grpc
import h2.config
import h2.connection
import h2.events
import httpx

import ground

IDENTITY = {"request_serializer": None, "response_deserializer": None}


def check(what, condition, seen=None):
    print(f"  {'ok' if condition else 'FAILED'}: {what}" + ("" if condition else f": {seen!r}"))
    check.failed |= not condition


check.failed = False


async def with_httpx(port, files):
    context = ground.trusting(files[0], ["h2", "http/1.1"])
    url = f"https://localhost:{port}"
    async with httpx.AsyncClient(http2=True, verify=context, timeout=20) as client:
        response = await client.get(f"{url}/a?b")
        check("httpx speaks HTTP/2", response.http_version == "HTTP/2", response.http_version)
        said = response.text.split()
        check("hypercorn does, too", said[:4] == ["2", "GET", "/a", "0"], said)
        check("fields of a connection stay on it", "connection" not in said, said)
        response = await client.post(f"{url}/b", content=b"y" * 3_000_000)
        check("a large body goes up", response.text.split()[3] == "3000000", response.text)
        response = await client.get(f"{url}/large?5242880")
        check("a large body comes down", len(response.content) == 5_242_880, len(response.content))
        response = await client.head(f"{url}/large?65536")
        check("HEAD has no body", response.status_code == 200 and not response.content)
        asked = [client.post(f"{url}/{n}", content=b"z" * n) for n in range(100)]
        answers = await asyncio.gather(*asked)
        lengths = [answer.text.split()[2:4] for answer in answers]
        check("a hundred at once", lengths == [[f"/{n}", str(n)] for n in range(100)], lengths)
        try:
            await client.get(f"{url}/slow", timeout=0.3)
            check("a client that gives up", False)
        except httpx.ReadTimeout:
            response = await client.get(url)
            check("a client that gives up goes on", response.status_code == 200)


def grpc_server(files):
    cancelled = threading.Event()

    def fail(request, context):
        context.set_trailing_metadata([("why", "there is none")])
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: 100 %")

    def hang(request, context):
        context.add_callback(cancelled.set)
        cancelled.wait(ground.PATIENCE)
        return b""

    def both(requests, context):
        for request in requests:
            yield request + b"!"

    methods = {
        "Echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Hang": grpc.unary_unary_rpc_method_handler(hang),
        "Down": grpc.unary_stream_rpc_method_handler(
            lambda request, context: (b"%d" % n for n in range(int(request)))
        ),
        "Up": grpc.stream_unary_rpc_method_handler(
            lambda requests, context: b"%d" % sum(map(len, requests))
        ),
        "Both": grpc.stream_stream_rpc_method_handler(both),
    }
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(64))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("s", methods)])
    chain, key = (path.read_bytes() for path in files)
    credentials = grpc.ssl_server_credentials([(key, chain)])
    port = server.add_secure_port(f"{ground.HOST}:0", credentials)
    server.start()
    return server, port, cancelled


def with_grpc(port, files, cancelled):
    credentials = grpc.ssl_channel_credentials(files[0].read_bytes())
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        echo = channel.unary_unary("/s/Echo", **IDENTITY)
        check("a unary call", echo(b"hi", timeout=20) == b"hi")
        large = b"x" * 3_000_000
        check("a large message", echo(large, timeout=20) == large)
        try:
            channel.unary_unary("/s/Fail", **IDENTITY)(b"", timeout=20)
            check("a call that fails", False)
        except grpc.RpcError as error:
            seen = error.code(), error.details(), dict(error.trailing_metadata()).get("why")
            wanted = grpc.StatusCode.NOT_FOUND, "no such thing: 100 %", "there is none"
            check("status and trailers of a failure", seen == wanted, seen)
        down = list(channel.unary_stream("/s/Down", **IDENTITY)(b"1000", timeout=20))
        check("a stream down", down == [b"%d" % n for n in range(1000)], down)
        parts = (b"x" * 1000 for _ in range(1000))
        up = channel.stream_unary("/s/Up", **IDENTITY)(parts, timeout=20)
        check("a stream up", up == b"1000000", up)
        ping_pong(channel)
        calls = [echo.future(b"%d" % n, timeout=20) for n in range(200)]
        answers = [call.result() for call in calls]
        check("two hundred calls at once", answers == [b"%d" % n for n in range(200)], answers)
        try:
            channel.unary_unary("/s/Hang", **IDENTITY)(b"", timeout=0.5)
            check("a deadline", False)
        except grpc.RpcError as error:
            check("a deadline", error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error.code())
        check("the server learns of it", cancelled.wait(ground.PATIENCE))


def ping_pong(channel):
    """Each message waits for the answer to the one before."""
    answered, seen = threading.Semaphore(1), []

    def requests():
        for number in range(100):
            answered.acquire()
            yield b"%d" % number

    for answer in channel.stream_stream("/s/Both", **IDENTITY)(requests(), timeout=20):
        seen.append(answer)
        answered.release()
    check("a conversation", seen == [b"%d!" % n for n in range(100)], seen)


GOOD = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "localhost")]


def replaced(name, value):
    return [(known, value if known == name else before) for known, before in GOOD]


INJECTIONS = [
    *(GOOD + [field] for field in [
        ("x", "a\r\nhost: other"), ("x", "a\n"), ("x", "a\0b"), ("x", " a"), ("x", "a "),
        ("x\r\nhost", "a"), ("x: y", "a"), ("x y", "a"), ("X", "a"), ("", "a"), ("x", "a\x7f"),
        ("transfer-encoding", "chunked"), ("transfer-encoding", "identity"),
        ("connection", "close"), ("connection", "content-length"), ("upgrade", "h2c"),
        ("keep-alive", "1"), ("proxy-connection", "close"), ("te", "chunked"),
        ("content-length", "5"), ("content-length", "-1"), ("content-length", "0x1"),
        ("content-length", "1,1"), ("host", "other"), (":path", "/other"), (":status", "200"),
        (":protocol", "websocket"), (":unknown", "a"),
    ]),
    *(replaced(*field) for field in [
        (":method", "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET"), (":method", "G ET"), (":method", ""),
        (":path", "/ HTTP/1.1\r\nx: y"), (":path", "/ /"), (":path", ""), (":path", "x"),
        (":path", "*"), (":path", "https://other/"), (":path", "/\t"), (":path", "/\x00"),
        (":scheme", "ftp"), (":scheme", "https://other/"), (":authority", "a\r\nx: y"),
        (":authority", "user@localhost"), (":authority", "a b"), (":authority", "a/b"),
    ]),
    *([field for field in GOOD if field[0] != name] for name in [":method", ":scheme", ":path"]),
    GOOD[:3] + [("x", "y"), GOOD[3]],
    GOOD + [("host", "localhost"), ("host", "localhost")],
    GOOD + [("content-length", "0"), ("content-length", "0")],
]


def ask(port, files, fields):
    """Sends one request as it is; returns how the stream or connection ended."""
    context = ground.trusting(files[0], ["h2"])
    plain = socket.create_connection((ground.HOST, port), ground.PATIENCE)
    plain.settimeout(ground.PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost") as stream:
        config = h2.config.H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False
        )
        connection = h2.connection.H2Connection(config)
        connection.initiate_connection()
        connection.send_headers(1, fields, end_stream=True)
        stream.sendall(connection.data_to_send())
        while data := stream.recv(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    return dict(event.headers)[b":status"].decode()
                if isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                    return type(event).__name__
            stream.sendall(connection.data_to_send())
    return "closed"


def with_injections(port, files, origin):
    check("an honest request", ask(port, files, GOOD) == "200")
    before = len(origin.heads)
    for fields in INJECTIONS:
        ended = ask(port, files, fields)
        is_refused = ended in ("StreamReset", "ConnectionTerminated") or ended.startswith("4")
        if not is_refused:
            check(f"{fields} is refused", False, ended)
    passed = origin.heads[before:]
    check(f"none of {len(INJECTIONS)} injections reaches the member", not passed, passed)


def main(binary):
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        files = ground.certificate(directory)
        member, member_port = ground.hypercorn(files)
        server, grpc_port, cancelled = grpc_server(files)
        origin = ground.Origin()
        ports = [ground.free_port() for _ in range(3)]
        alpn = ["h2", "http/1.1"]
        members = zip(ports, [member_port, grpc_port, origin.port], [alpn, alpn, None])
        proxy = ground.proxy(binary, directory, ground.document(files, list(members)))
        try:
            print("httpx and hypercorn")
            asyncio.run(with_httpx(ports[0], files))
            print("grpcio on both sides")
            with_grpc(ports[1], files, cancelled)
            print("h2, without its checks")
            with_injections(ports[2], files, origin)
        finally:
            for process in [member, proxy]:
                process.kill()
                process.wait()
            server.stop(None)
    sys.exit(check.failed)


main(sys.argv[1])
