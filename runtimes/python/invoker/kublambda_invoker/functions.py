"""From a request to a call of the handler, and from what it gives back to an answer: with Flask, as the Functions Framework does."""

import inspect
import io
import os
import sys
from urllib.parse import unquote_to_bytes

import flask
from werkzeug.exceptions import HTTPException

from .answer import send, send_plain
from .contexts import FunctionContext
from .events import read_event
from .fatal import BAD_TARGET, LOAD_FAILED, Fatal
from .http1 import Refusal

# Names of headers as the environment has them. Bounded: callers choose them.
_names = {}


def adapt(handler, declared, error_handlers, settings):
    """A function of (exchange, body, dispatcher) that calls the handler and answers."""
    app = flask.Flask("main", root_path=settings.source, static_folder=None, template_folder=os.path.join(settings.source, "templates"))
    for code, function in error_handlers:
        app.register_error_handler(code, function)
    call = caller(handler, declared)
    is_event = declared.signature == "cloudevent"
    server = {
        "SCRIPT_NAME": "", "SERVER_NAME": "localhost", "SERVER_PORT": str(settings.port), "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False, "wsgi.input_terminated": True,
    }

    def function(exchange, body, dispatcher):
        env = environment(server, exchange, body)
        if is_event:
            env["kublambda.event"] = event_of(exchange.head, body)
        context = FunctionContext(app, env)
        context.enter()
        error = None
        try:
            try:
                answer = call(context.request, dispatcher.loop, exchange)
            except Exception as raised:
                # Answers that are raised (abort(404)) and handlers of errors that the module registered.
                answer = app.handle_user_exception(raised)
            kind = type(answer)
            if (kind is str or kind is bytes) and context.plain:
                response = answer if kind is bytes else answer.encode()
            else:
                response = context.process(to_response(app, answer, dispatcher.loop, exchange))
        except BaseException as raised:
            error = raised
            raise
        finally:
            context.leave(error)
        if type(response) is bytes:
            send_plain(response, exchange, dispatcher, settings.max_response_bytes)
        else:
            send(response, exchange, dispatcher, settings.max_response_bytes)

    return function


def caller(handler, declared):
    """A function of (request, loop, exchange) that gives what the handler gives, awaited where it is a coroutine."""
    if declared.aio and declared.signature == "http":
        return aio_caller(handler)
    if declared.signature == "http":
        argument = None
    elif declared.signature == "cloudevent":
        argument = _event
    else:
        argument = _input(declared.input_type)

    def call(request, loop, exchange):
        answer = handler(request if argument is None else argument(request))
        return loop.run(answer, exchange) if inspect.isawaitable(answer) else answer

    return call if argument is None or argument is _event else lambda request, loop, exchange: _output(call(request, loop, exchange))


def aio_caller(handler):
    try:
        from . import starlette_requests as starlette
    except ImportError as error:
        raise Fatal(
            LOAD_FAILED, f"A function of functions_framework.aio takes a request of Starlette, which is not there: {error}.",
            "name starlette in requirements.txt, or use @functions_framework.http, whose functions may be async too.") from None

    def call(request, loop, exchange):
        theirs = starlette.request_of(request)
        try:
            answer = handler(theirs)
            if inspect.isawaitable(answer):
                answer = loop.run(answer, exchange)
        except Exception as error:
            answer = starlette.answer_of_error(error)
            if answer is None:
                raise
        return starlette.answer_of(answer, theirs, loop, exchange)

    return call


def _event(request):
    return request.environ["kublambda.event"]


def _input(kind):
    make = getattr(kind, "from_dict", None) or getattr(kind, "model_validate", None)
    if make is None:
        raise Fatal(BAD_TARGET, f"The type {kind} of the typed function has neither from_dict nor model_validate.", "give it the class method from_dict(data).")

    def read(request):
        try:
            return make(request.get_json(force=True))
        except Exception as error:
            raise Refusal(400, "bad_request", f"The request is no {kind.__name__}: {type(error).__name__}: {error}") from error

    return read


def _output(value):
    for name in ("to_dict", "model_dump"):
        if hasattr(value, name):
            return getattr(value, name)()
    return value


def event_of(head, body):
    try:
        return read_event(head.headers, body)
    except ValueError as error:
        raise Refusal(400, "bad_event", str(error)) from None


def to_response(app, answer, loop, exchange):
    """Flask's rules, and three more: nothing is 204, a number or a truth value is JSON, an asynchronous generator is streamed as others are."""
    if answer is None:
        return app.response_class(status=204)
    if isinstance(answer, HTTPException):
        return answer.get_response()
    if isinstance(answer, (int, float)):
        return app.json.response(answer)
    if hasattr(answer, "__aiter__"):
        answer = loop.iterate(answer, exchange)
    elif type(answer) is tuple and answer and hasattr(answer[0], "__aiter__"):
        answer = (loop.iterate(answer[0], exchange), *answer[1:])
    return app.make_response(answer)


def environment(server, exchange, body):
    """PEP 3333. Forwarding headers are trusted: a function is reached through a Service or Ingress of the cluster."""
    head = exchange.head
    path, _, query = head.target.partition("?")
    if not path.startswith("/"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    env = server.copy()
    for name, value in head.headers.items():
        key = _names.get(name)
        if key is None:
            key = "HTTP_" + name.upper().replace("-", "_")
            if "_" in name:
                continue  # could pass for another header
            if len(_names) < 1000:
                _names[name] = key
        env[key] = value
    env["REQUEST_METHOD"] = head.method
    env["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    env["QUERY_STRING"] = query
    env["REQUEST_URI"] = env["RAW_URI"] = head.target
    env["SERVER_PROTOCOL"] = "HTTP/1.1" if head.minor else "HTTP/1.0"
    env["wsgi.input"] = io.BytesIO(body)
    if body or head.chunked or "content-length" in head.headers:
        env["CONTENT_LENGTH"] = str(len(body))
    if "content-type" in head.headers:
        env["CONTENT_TYPE"] = head.headers["content-type"]
    forwarded = head.headers
    if "x-forwarded-proto" in forwarded:
        env["wsgi.url_scheme"] = first(forwarded["x-forwarded-proto"])
    if "x-forwarded-host" in forwarded:
        env["HTTP_HOST"] = first(forwarded["x-forwarded-host"])
    if "x-forwarded-for" in forwarded:
        env["REMOTE_ADDR"] = first(forwarded["x-forwarded-for"])
    else:
        env["REMOTE_ADDR"] = exchange.peer
    return env


def first(text):
    return text.partition(",")[0].strip()
