"""
What functions import from the Functions Framework for Python, where their requirements do not bring it along:
https://github.com/GoogleCloudPlatform/functions-framework-python.
"""

registered = {}
error_handlers = []


def http(function):
    """@functions_framework.http"""
    return _register(function, "http")


def cloud_event(function):
    """@functions_framework.cloud_event"""
    return _register(function, "cloudevent")


def errorhandler(code_or_exception):
    """@functions_framework.errorhandler(ZeroDivisionError), as Flask's."""
    def register(function):
        error_handlers.append((code_or_exception, function))
        return function
    return register


def _register(function, signature):
    function.__kublambda_signature__ = signature
    registered[function.__name__] = function
    return function
