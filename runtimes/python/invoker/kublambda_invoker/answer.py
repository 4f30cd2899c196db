"""Writes a Flask response to the connection."""

from .http1 import Gone, head_of_answer

BODILESS = (204, 304)
HTML = ("Content-Type", "text/html; charset=utf-8")


def send(response, exchange, dispatcher, max_bytes):
    head = exchange.head
    headers = response.headers
    status = response.status_code
    if "Location" in headers:
        headers = response.get_wsgi_headers({"wsgi.url_scheme": "http", "HTTP_HOST": "localhost", "REQUEST_METHOD": head.method, "SERVER_NAME": "", "SERVER_PORT": ""})
    fields = [(name, value) for name, value in headers if name not in ("Connection", "Keep-Alive", "Date")]
    try:
        if status in BODILESS or status < 200:
            fields = [(n, v) for n, v in fields if n.lower() not in ("content-length", "content-type", "transfer-encoding")]
            _start(exchange, response, fields, b"")
        elif response.is_streamed:
            _stream(response, exchange, fields, head)
        else:
            body = response.get_data()
            if len(body) > max_bytes:
                dispatcher.too_large(exchange, len(body))
                return
            fields = [(n, v) for n, v in fields if n.lower() != "content-length"]
            fields.append(("Content-Length", len(body)))
            _start(exchange, response, fields, b"" if head.method == "HEAD" else body)
    finally:
        response.close()


def send_plain(body, exchange, dispatcher, max_bytes):
    """What Flask makes of a string, without the detour."""
    if len(body) > max_bytes:
        dispatcher.too_large(exchange, len(body))
        return
    if not exchange.take_answer():
        raise Gone
    exchange.code = 200
    head = head_of_answer("200 OK", (HTML, ("Content-Length", len(body))), exchange.keep_alive)
    exchange.wire.send(head if exchange.head.method == "HEAD" else head + body)


def _start(exchange, response, fields, body):
    head = head_of_answer(response.status, fields, exchange.keep_alive)
    if not exchange.take_answer():
        raise Gone
    exchange.code = response.status_code
    exchange.wire.send(head + body)


def _stream(response, exchange, fields, head):
    """Chunked, each piece as it comes; sending waits for the client, so the function does too."""
    sized = any(name.lower() == "content-length" for name, _ in fields)
    chunked = not sized and head.minor == 1
    if chunked:
        fields.append(("Transfer-Encoding", "chunked"))
    elif not sized:
        exchange.keep_alive = False
    pieces = iter(response.response)
    # Nothing is sent before the first piece: until then an error can still be a 500.
    piece = next(pieces, None)
    _start(exchange, response, fields, b"")
    while piece is not None:
        data = piece.encode() if isinstance(piece, str) else bytes(piece)
        if data and head.method != "HEAD":
            exchange.wire.send(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        piece = next(pieces, None)
    if chunked and head.method != "HEAD":
        exchange.wire.send(b"0\r\n\r\n")
