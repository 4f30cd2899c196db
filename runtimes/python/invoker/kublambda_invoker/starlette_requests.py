"""
Functions of `functions_framework.aio`: they take Starlette's request, and may answer with one of its responses
(https://github.com/GoogleCloudPlatform/functions-framework-python/tree/main/examples/cloud_run_async).
"""

import asyncio
import queue
from urllib.parse import unquote

import flask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


def request_of(request):
    """Starlette's request, of the Flask request that is being answered."""
    body = request.get_data()
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if given:
            return given.pop()
        # Next would be the client's departure; the coroutine is cancelled then.
        return await asyncio.get_running_loop().create_future()

    environ = request.environ
    target = environ["RAW_URI"].partition("?")[0]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": environ["SERVER_PROTOCOL"].partition("/")[2],
        "method": request.method, "scheme": request.scheme, "path": unquote(target), "raw_path": target.encode("latin-1"),
        "query_string": request.query_string, "root_path": "", "path_params": {},
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
        "client": (environ["REMOTE_ADDR"], 0), "server": ("localhost", int(environ["SERVER_PORT"])), "state": {},
    }
    return Request(scope, receive)


def answer_of(answer, request, loop, exchange):
    """What Flask takes in place of one of Starlette's responses; anything else as it is."""
    if not isinstance(answer, Response):
        return answer
    messages = _messages(answer, request, loop, exchange)
    start = next(messages)
    response = flask.Response(_bodies(messages), status=start["status"])
    response.headers.clear()
    for name, value in start.get("headers", ()):
        response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
    return response


def answer_of_error(error):
    """A raised HTTPException as an answer, else None."""
    if not isinstance(error, HTTPException):
        return None
    return flask.Response(str(error.detail), status=error.status_code, headers=getattr(error, "headers", None), mimetype="text/plain")


def _bodies(messages):
    try:
        for message in messages:
            if message.get("body"):
                yield message["body"]
    finally:
        messages.close()


def _messages(app, request, loop, exchange):
    """What an ASGI application sends, one message after another; it goes on when the one before was taken."""
    inbox = queue.SimpleQueue()

    async def send(message):
        taken = asyncio.get_running_loop().create_future()
        inbox.put((message, taken))
        await taken

    async def run():
        try:
            await app(request.scope, request.receive, send)
        except BaseException as error:
            inbox.put((error, None))
            raise
        inbox.put((None, None))

    task = loop.start(run(), exchange)
    try:
        while True:
            message, taken = inbox.get()
            if message is None:
                return
            if isinstance(message, BaseException):
                raise message
            yield message
            loop.call_soon(_resolve, taken)
    finally:
        task.cancel()
        exchange.cancel = None


def _resolve(future):
    if not future.done():
        future.set_result(None)
