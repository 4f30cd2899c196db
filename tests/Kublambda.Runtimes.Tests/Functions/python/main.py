"""The function of the conformance suite. Those of the other languages do the same: ../README.md."""

import base64
import gc
import os
import threading
import time

from flask import Response

lock = threading.Lock()
running = 0
most = 0
left = 0


def handler(request):
    global running, most
    match request.path:
        case "/echo":
            return {
                "method": request.method, "path": request.path, "query": request.args.to_dict(), "header": request.headers.get("X-Test"),
                "body": base64.b64encode(request.get_data()).decode(),
            }
        case "/bytes":
            return Response(request.get_data(), mimetype="application/octet-stream")
        case "/made":
            return "made", 201, {"X-Made": "yes"}
        case "/json":
            return {"hello": "Ada", "list": [1, None, "ü"]}
        case "/text":
            return "grüße"
        case "/nothing":
            return None
        case "/stream":
            return pieces()
        case "/broken-stream":
            return broken()
        case "/throw":
            raise TypeError("boom")
        case "/slow":
            sleep(float(request.args["ms"]) / 1000)
            return "slow"
        case "/large":
            return b"x" * int(request.args["bytes"])
        case "/busy":
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.3)
            with lock:
                running -= 1
            return {"most": most}
        case "/endless":
            return endless()
        case "/left":
            return {"left": left}
        case "/header":
            return "set", {"X-Value": request.args["value"]}
        case "/live-bytes":
            gc.collect()
            with open("/proc/self/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        case _:
            return ""


def event(event):
    if event["type"] == "throw":
        raise RuntimeError("boom")
    if event["type"] == "silent":
        return None
    data = {"base64": base64.b64encode(event.data).decode()} if isinstance(event.data, bytes) else event.data
    return {"attributes": {name: event[name] for name in event}, "data": data}


def pieces():
    for piece in ("one", "two", "three"):
        yield f"{piece}\n"
        time.sleep(0.3)


def endless():
    global left
    try:
        while True:
            yield "on\n"
            time.sleep(0.02)
    finally:
        left += 1


def broken():
    yield "part"
    time.sleep(0.05)
    raise RuntimeError("in the middle")


def sleep(seconds):
    """In pieces: an interpreter can be interrupted between them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
