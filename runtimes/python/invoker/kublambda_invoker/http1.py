"""HTTP/1.1 on a blocking socket, as far as a function behind a Service needs it; refuses whatever two parsers could read in two ways."""

import re
import time
from email.utils import formatdate
from http.client import responses

MAX_HEAD_BYTES = 16 * 1024
RECEIVE_BYTES = 16 * 1024
REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.([01])")
# A name, and a value without line breaks and zeros: RFC 9110, 5.5. No space before the colon, no continuation lines.
FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)\r\n")
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")


class Refusal(Exception):
    """A request that gets an answer of its own before the handler sees it."""

    def __init__(self, status, reason, message):
        super().__init__(message)
        self.status = status
        self.reason = reason


class Gone(Exception):
    """The other side left, or the connection is of no use any more."""


class Head:
    """Request line and headers. Names are lower case; a header that came several times is joined as RFC 9110, 5.3 says."""

    __slots__ = ("method", "target", "minor", "headers", "keep_alive", "length", "chunked")

    def __init__(self, method, target, minor, headers):
        self.method = method
        self.target = target
        self.minor = minor
        self.headers = headers
        connection = headers.get("connection")
        if connection is None:
            self.keep_alive = minor == 1
        else:
            tokens = connection.lower()
            self.keep_alive = "keep-alive" in tokens if minor == 0 else "close" not in tokens
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        self.chunked = coding is not None
        self.length = 0
        if coding is not None:
            if length is not None or minor == 0 or coding.lower() != "chunked":
                raise Refusal(400, "bad_request", "Transfer-Encoding may only be chunked, in HTTP/1.1 and without Content-Length.")
        elif length is not None:
            if not (length.isascii() and length.isdigit() and len(length) < 19):
                raise Refusal(400, "bad_request", "Content-Length is no number.")
            self.length = int(length)

    def get(self, name):
        return self.headers.get(name)


def parse_head(block):
    """What stands before the empty line; the last header's line break is part of it."""
    text = block.decode("latin-1")
    end = text.find("\r\n")
    line = REQUEST_LINE.fullmatch(text, 0, end)
    fields = FIELD.findall(text, end + 2)
    if line is None or len(fields) != text.count("\n") - 1:
        raise Refusal(400, "bad_request", "The request is no valid HTTP/1.1.")
    headers = {}
    for name, value in fields:
        name, value = name.lower(), value.rstrip(" \t")
        if name in headers:
            if name in ("content-length", "host"):
                raise Refusal(400, "bad_request", f"The header {name} came twice.")
            value = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}"
        headers[name] = value
    return Head(line[1], line[2], int(line[3]), headers)


class Wire:
    """The bytes of one connection. A receive that takes longer than the socket's own time limit ends it."""

    __slots__ = ("socket", "_receive", "_rest")

    def __init__(self, sock):
        self.socket = sock
        self._receive = sock.recv
        self._rest = b""

    def wait(self):
        """Waits for the first bytes of a request. False: there are no more."""
        if self._rest:
            return True
        try:
            self._rest = self._receive(RECEIVE_BYTES)
        except OSError:
            return False
        return bool(self._rest)

    def read_head(self, deadline):
        """After wait()."""
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > MAX_HEAD_BYTES:
                raise Refusal(431, "bad_request", f"The request's headers are larger than {MAX_HEAD_BYTES} bytes.")
            if b"\n" in data[:1024] and not REQUEST_LINE.match(data[:data.index(b"\n")].decode("latin-1")):
                raise Refusal(400, "bad_request", "The request is no valid HTTP/1.1.")
            if time.monotonic() > deadline:
                raise Refusal(408, "timeout", "The request did not arrive in time.")
            data += self._more()
        self._rest = data[end + 4:]
        if end > MAX_HEAD_BYTES:
            raise Refusal(431, "bad_request", f"The request's headers are larger than {MAX_HEAD_BYTES} bytes.")
        return parse_head(data[:end + 2])

    def read_body(self, head, max_bytes):
        if head.length > max_bytes:
            raise too_large(max_bytes)
        if head.length or head.chunked:
            if head.headers.get("expect", "").lower() == "100-continue" and not self._rest:
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            return self._chunks(max_bytes) if head.chunked else self._exactly(head.length)
        return b""

    def _exactly(self, length):
        data = self._rest
        if len(data) < length:
            parts, have = [data], len(data)
            while have < length:
                part = self._more(min(max(length - have, RECEIVE_BYTES), 1 << 18))
                parts.append(part)
                have += len(part)
            data = b"".join(parts)
        self._rest = data[length:]
        return data[:length]

    def _chunks(self, max_bytes):
        parts, total = [], 0
        while True:
            size = CHUNK_SIZE.fullmatch(self._line())
            if size is None:
                raise Refusal(400, "bad_request", "The request's body is no valid chunked coding.")
            size = int(size[1], 16)
            total += size
            if total > max_bytes:
                raise too_large(max_bytes)
            if size == 0:
                break
            data = self._exactly(size + 2)
            if data[-2:] != b"\r\n":
                raise Refusal(400, "bad_request", "The request's body is no valid chunked coding.")
            parts.append(data[:-2])
        trailers = 0
        while line := self._line():
            trailers += len(line)
            if trailers > MAX_HEAD_BYTES:
                raise Refusal(431, "bad_request", "The request's trailers are too large.")
        return b"".join(parts)

    def _line(self):
        while (end := self._rest.find(b"\r\n")) < 0:
            if len(self._rest) > 4096:
                raise Refusal(400, "bad_request", "The request's body is no valid chunked coding.")
            self._rest += self._more()
        line, self._rest = self._rest[:end], self._rest[end + 2:]
        return line

    def _more(self, size=RECEIVE_BYTES):
        try:
            data = self._receive(size)
        except OSError:
            data = b""
        if not data:
            raise Gone
        return data

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone from error


def too_large(max_bytes):
    return Refusal(413, "request_too_large", f"The request's body is larger than {max_bytes} bytes. Send less, or raise FUNCTION_MAX_REQUEST_BYTES.")


_date = (0, "")


def head_of_answer(status, headers, keep_alive):
    """Status line and headers, as bytes; status is a number or a number and a phrase."""
    global _date
    second = int(time.time())
    if _date[0] != second:
        _date = (second, formatdate(second, usegmt=True))
    if isinstance(status, int):
        status = f"{status} {responses.get(status, 'Status')}"
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
    if fields.count("\n") != len(headers) or fields.count("\r") != len(headers) or "\n" in status:
        raise ValueError("The name or value of a header holds a line break.")
    kept = "Connection: keep-alive\r\nKeep-Alive: timeout=75" if keep_alive else "Connection: close"
    return f"HTTP/1.1 {status}\r\n{fields}Date: {_date[1]}\r\n{kept}\r\n\r\n".encode("latin-1", "replace")
