"""What hypercorn serves: it says what it got, and sends as much as is asked for."""

import asyncio


async def read(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    path, query = scope["path"], scope["query_string"]
    if path == "/slow":
        await asyncio.sleep(3600)
    body = await read(receive)
    if path == "/large":
        parts = [b"x" * 65_536] * (int(query) // 65_536)
    else:
        names = sorted({name.decode() for name, _ in scope["headers"]})
        said = [scope["http_version"], scope["method"], path, str(len(body)), *names]
        parts = [" ".join(said).encode()]
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})
