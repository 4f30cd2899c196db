"""CloudEvents 1.0 over HTTP: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md."""

import base64
import binascii
import json
import re
from urllib.parse import unquote_to_bytes

BATCH = "application/cloudevents-batch"
STRUCTURED = "application/cloudevents"
REQUIRED = ("specversion", "id", "source", "type")
NAME = re.compile(r"[a-z0-9]+")

try:
    from cloudevents.http import CloudEvent  # ours, or the function's own
except ImportError:
    from compat.cloudevents.http import CloudEvent


def read_event(headers, body):
    """
    The event of a request, in binary or structured mode, told apart by the Content-Type. Names of headers are lower case.

    :raises ValueError: it is none; the message says why.
    """
    content_type = headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith(BATCH):
        raise ValueError("The request is a batch of events. Send them one by one.")
    if kind.startswith(STRUCTURED):
        return _structured(kind, body)
    return _binary(headers, content_type, kind, body)


def _binary(headers, content_type, kind, body):
    attributes = {}
    for name, value in headers.items():
        if name.startswith("ce-") and NAME.fullmatch(name[3:]):
            attributes[name[3:]] = _decoded(name, value)
    attributes.pop("datacontenttype", None)
    if not attributes:
        raise ValueError("The request is no CloudEvent: it has neither ce-... headers nor the Content-Type application/cloudevents+json.")
    _check(attributes)
    if content_type:
        attributes["datacontenttype"] = content_type
    return CloudEvent(attributes, _data(body, kind))


def _decoded(name, value):
    """Percent-encoded UTF-8, decoded once; the header itself came as ISO 8859-1."""
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise ValueError(f"The header {name} is no percent-encoded UTF-8.") from None


def _data(body, kind):
    """JSON where the type says so, or says nothing and it is; else bytes."""
    if not body:
        return None
    is_json = kind == "application/json" or kind.endswith("+json")
    if kind and not is_json:
        return body
    try:
        return json.loads(body)
    except ValueError as error:
        if is_json:
            raise ValueError(f"The event's data is no valid JSON: {error}") from None
        return body


def _structured(kind, body):
    if kind != "application/cloudevents+json":
        raise ValueError(f"The event format {kind} is not known. Use application/cloudevents+json.")
    try:
        members = json.loads(body)
    except ValueError as error:
        raise ValueError(f"The event is no valid JSON: {error}") from None
    if not isinstance(members, dict):
        raise ValueError("The event is no JSON object.")
    data = members.pop("data", None)
    encoded = members.pop("data_base64", None)
    if encoded is not None:
        if data is not None:
            raise ValueError("The event has both data and data_base64.")
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise ValueError("The event's data_base64 is no base64.") from None
    attributes = {name: value for name, value in members.items() if value is not None}
    _check(attributes)
    return CloudEvent(attributes, data)


def _check(attributes):
    missing = [name for name in REQUIRED if not isinstance(attributes.get(name), str) or not attributes[name]]
    if missing:
        raise ValueError(f"The event lacks {', '.join(missing)}.")
    if attributes["specversion"] not in ("1.0", "0.3"):
        raise ValueError(f"The event's specversion is {attributes['specversion']}; 1.0 is what is understood.")
