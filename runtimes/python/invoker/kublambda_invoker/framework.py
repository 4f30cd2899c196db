"""What a function told the Functions Framework of itself: the stand-in of this image, or the package that the function brings along."""

import sys
from typing import Any, NamedTuple


class Declared(NamedTuple):
    signature: str  # http, cloudevent or typed
    input_type: Any  # of a typed function
    aio: bool  # it takes Starlette's request


class Framework:
    """Made before the function's module is loaded."""

    def __init__(self):
        import functions_framework

        self._module = functions_framework
        self.error_handlers = []
        # The package's own only works for an application that it has made itself.
        functions_framework.errorhandler = self._errorhandler

    def function(self, name):
        """The function that was registered under this name, where that is not its name in the module."""
        return getattr(self._module, "registered", {}).get(name)

    def declared(self, handler, signature):
        """A decorator outranks the setting."""
        registry = sys.modules.get("functions_framework._function_registry")
        name = getattr(handler, "__name__", None)
        known = getattr(registry, "REGISTRY_MAP", {}).get(name)
        inputs = {**getattr(registry, "INPUT_MAP", {}), **getattr(registry, "INPUT_TYPE_MAP", {})}
        return Declared(
            getattr(handler, "__kublambda_signature__", None) or known or signature,
            getattr(handler, "__kublambda_input__", None) or inputs.get(name),
            getattr(handler, "__kublambda_aio__", False) or name in getattr(registry, "ASGI_FUNCTIONS", ()))

    def _errorhandler(self, code_or_exception):
        def decorate(function):
            self.error_handlers.append((code_or_exception, function))
            return function
        return decorate
