"""Decorators of functions that take Starlette's request, most of them coroutines."""

from functions_framework import register


def http(function):
    """@functions_framework.aio.http"""
    function.__kublambda_aio__ = True
    return register(function, "http")


def cloud_event(function):
    """@functions_framework.aio.cloud_event"""
    return register(function, "cloudevent")
