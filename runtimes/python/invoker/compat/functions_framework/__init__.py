"""
What functions import from the Functions Framework for Python, where their requirements do not bring it along:
https://github.com/GoogleCloudPlatform/functions-framework-python.
"""

import inspect

registered = {}


def http(function):
    """@functions_framework.http"""
    return register(function, "http")


def cloud_event(function):
    """@functions_framework.cloud_event"""
    return register(function, "cloudevent")


def typed(type_or_function):
    """@functions_framework.typed(Type), or @functions_framework.typed on a function whose parameter has a type: it has from_dict, and what is returned has to_dict."""
    if inspect.isfunction(type_or_function):
        parameter = next(iter(inspect.signature(type_or_function, eval_str=True).parameters.values()), None)
        if parameter is None or parameter.annotation is inspect.Parameter.empty:
            raise TypeError(f"{type_or_function.__name__} needs a parameter with a type, or @functions_framework.typed(Type).")
        return typed(parameter.annotation)(type_or_function)
    if not callable(getattr(type_or_function, "from_dict", None)):
        raise TypeError(f"{type_or_function} has no from_dict, which makes one of it out of JSON.")

    def decorate(function):
        function.__kublambda_input__ = type_or_function
        return register(function, "typed")
    return decorate


def errorhandler(code_or_exception):
    """@functions_framework.errorhandler(ZeroDivisionError), as Flask's. The invoker puts its own in this place."""
    return lambda function: function


def register(function, signature):
    function.__kublambda_signature__ = signature
    registered[function.__name__] = function
    return function
