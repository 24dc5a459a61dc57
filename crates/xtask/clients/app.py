"""What hypercorn serves behind the proxy: echoes, a WebSocket, and a page for browsers."""

import asyncio

REPORTS = asyncio.Queue()

PAGE = b"""<!doctype html><title>page</title><script>
const results = [];
async function run() {
    results.push((await (await fetch("/echo", {method: "POST", body: "x".repeat(100000)})).text()).length);
    const secure = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(secure + "://" + location.host + "/socket");
    const answered = new Promise((done, failed) => {
        socket.onopen = () => socket.send("hello");
        socket.onmessage = (event) => done(event.data);
        socket.onerror = failed;
    });
    results.push(await answered);
    socket.close(1000);
    const all = await Promise.all([...Array(20).keys()].map((n) => fetch("/echo?" + n)));
    results.push(all.filter((answer) => answer.ok).length);
}
run().catch((error) => results.push(String(error)))
    .then(() => fetch("/report?" + encodeURIComponent(results.join(" "))));
</script>"""


async def app(scope, receive, send):
    if scope["type"] == "http":
        await http(scope, receive, send)
    elif scope["type"] == "websocket":
        await socket(receive, send)
    else:
        await lifespan(receive, send)


async def http(scope, receive, send):
    if scope["path"] == "/report":
        await REPORTS.put(scope["query_string"])
    body, kind = PAGE, b"text/html"
    if scope["path"] != "/":
        body, kind, more = b"", b"text/plain", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
    seen = str(scope["http_version"]).encode() + b" " + scope["method"].encode()
    headers = [(b"content-type", kind), (b"x-seen", seen)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    half = len(body) // 2
    await send({"type": "http.response.body", "body": body[:half], "more_body": True})
    await send({"type": "http.response.body", "body": body[half:]})


async def socket(receive, send):
    while True:
        message = await receive()
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif message["type"] == "websocket.receive":
            kept = {key: message[key] for key in ("text", "bytes") if message.get(key) is not None}
            await send({"type": "websocket.send", **kept})
        else:
            return


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
