"""Reads the environment. Every variable, its default and its unit is in README.md."""

import math
from typing import NamedTuple, Optional

from .fatal import BAD_TARGET, Fatal

MIB = 1024 * 1024


class Settings(NamedTuple):
    port: int
    admin_port: int
    address: Optional[str]  # None: all addresses, IPv6 and IPv4
    target: str
    signature: str
    source: str
    timeout: float
    concurrency: int
    queue_length: int
    max_request_bytes: int
    max_response_bytes: int
    load_timeout: float
    drain: float
    termination_log: str
    identity: dict


def read_settings(env):
    concurrency = _number(env, "FUNCTION_CONCURRENCY", 50, low=1, whole=True)
    name = env.get("KUBLAMBDA_NAME")
    return Settings(
        port=_number(env, "PORT", 8080, high=65535, whole=True),
        admin_port=_number(env, "ADMIN_PORT", 8081, high=65535, whole=True),
        address=env.get("LISTEN_ADDRESS") or None,
        target=env.get("FUNCTION_TARGET", ""),
        signature=env.get("FUNCTION_SIGNATURE_TYPE") or "http",
        source=env.get("FUNCTION_SOURCE") or "/function",
        timeout=_number(env, "FUNCTION_TIMEOUT_SECONDS", 60, low=0.1, high=86400),
        concurrency=concurrency,
        queue_length=_number(env, "FUNCTION_QUEUE_LENGTH", concurrency, whole=True),
        max_request_bytes=_number(env, "FUNCTION_MAX_REQUEST_BYTES", 10 * MIB, whole=True),
        max_response_bytes=_number(env, "FUNCTION_MAX_RESPONSE_BYTES", 6 * MIB, low=1, whole=True),
        load_timeout=_number(env, "FUNCTION_LOAD_TIMEOUT_SECONDS", 20, low=0.1, high=3600),
        drain=_number(env, "SHUTDOWN_DRAIN_SECONDS", 3, high=3600),
        termination_log=env.get("KUBLAMBDA_TERMINATION_LOG") or "/dev/termination-log",
        identity={
            "lambda": f"{env.get('KUBLAMBDA_NAMESPACE') or 'default'}/{name}" if name else None,
            "revision": env.get("KUBLAMBDA_REVISION") or None,
        },
    )


def _number(env, name, fallback, low=0, high=2**53 - 1, whole=False):
    text = env.get(name)
    if not text:
        return fallback
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = math.nan
    if low <= value <= high:
        return value
    raise Fatal(
        BAD_TARGET,
        f'{name} is "{text}", which is not {"a whole number" if whole else "a number"} from {low} to {high}.',
        f"set {name} to such a number, or leave it out for its default, {fallback}.")
