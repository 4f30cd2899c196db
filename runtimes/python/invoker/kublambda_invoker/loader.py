"""Loads the function that FUNCTION_TARGET (`module.function`) names from the source directory."""

import importlib
import os
import re
import sys
import traceback

from .fatal import BAD_TARGET, LOAD_FAILED, Fatal
from .framework import Framework
from .supervisor import place

TARGET = re.compile(r"([A-Za-z0-9_][\w./-]*)\.([A-Za-z_]\w*)", re.ASCII)
# Where the build puts what requirements.txt asks for.
PACKAGES = "python_packages"
COMPAT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "compat")
SIGNATURES = ("http", "cloudevent")


def load_function(settings):
    """What the dispatcher calls for each request."""
    if settings.signature not in SIGNATURES:
        raise Fatal(BAD_TARGET, f'The signature "{settings.signature}" is not supported by this runtime.', 'use the signature "http" or "cloudevent".')
    module, name, file = locate(settings.target, settings.source)
    # What the source brings comes first; what the invoker provides for lack of it comes last.
    sys.path[0:0] = [settings.source, os.path.join(settings.source, PACKAGES)]
    sys.path.append(COMPAT)
    os.chdir(settings.source)
    try:
        framework = Framework()
        loaded = importlib.import_module(module)
    except BaseException as error:
        raise load_failure(error, file, settings.source) from None
    handler = getattr(loaded, name, None) or framework.function(name)
    if not callable(handler):
        raise missing(loaded, handler, settings.target, name, file)
    from . import functions  # after the function's own packages are on the path: it may bring its Flask

    return functions.adapt(handler, framework.declared(handler, settings.signature), framework.error_handlers, settings)


def locate(target, source):
    match = TARGET.fullmatch(target)
    if match is None or ".." in match[1].split("/"):
        raise Fatal(
            BAD_TARGET, f'The handler "{target}" is not of the form module.function.' if target else "No handler is set (FUNCTION_TARGET is empty).",
            'name a file without its extension, a dot, and one of its functions: "main.handler" is the function handler of main.py.')
    path, name = match[1], match[2]
    for candidate in (path, path.replace(".", "/")):
        for file in (f"{candidate}.py", f"{candidate}/__init__.py"):
            if os.path.isfile(os.path.join(source, file)):
                return candidate.replace("/", "."), name, file
    raise Fatal(
        BAD_TARGET, f'The handler "{target}" was not found: there is no {path}.py in the source. {inventory(source)}',
        f"add {path}.py to the source, or let the handler name a file that is there.")


def inventory(source):
    try:
        names = sorted(os.listdir(source))
    except OSError as error:
        return f"The source directory {source} cannot be read ({error.strerror})."
    if not names:
        return "The source is empty."
    return f"It holds: {', '.join(names[:20])}{f' and {len(names) - 20} more' if len(names) > 20 else ''}."


def missing(module, found, target, name, file):
    if found is not None:
        return Fatal(BAD_TARGET, f'The handler "{target}" is no function: {file} has "{name}" as {type(found).__name__}.', f'define a function {name}(request).')
    own = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", None) == module.__name__]
    shown = ", ".join(f'"{n}"' for n in own[:20]) or "no function"
    other = f', or set the handler to "{target[:-len(name)]}{own[0]}"' if own else ""
    return Fatal(BAD_TARGET, f'The handler "{target}" was not found: {file} defines {shown}.', f'define a function named "{name}" (def {name}(request): ...){other}.')


def load_failure(error, file, source):
    stack = "".join(traceback.format_exception(error))
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{os.path.relpath(error.filename, source)}:{error.lineno}"
        what = f"SyntaxError: {error.msg}"
        remedy = "correct the syntax at this place."
    else:
        # The innermost frame of the user's own comes last in a traceback.
        where = place("\n".join(reversed(stack.split("\n"))), source)
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        remedy = "correct the code that runs when the module is loaded; it must not raise."
        if isinstance(error, ModuleNotFoundError):
            remedy = f'put the missing module into the source, or name its package in requirements.txt; it has to end up in "{PACKAGES}".'
        elif isinstance(error, SystemExit):
            what = f"it called sys.exit({error.code if error.code is not None else ''})"
    cause = f"{file} could not be loaded: {what}{f' (at {where})' if where else ''}"
    return Fatal(LOAD_FAILED, cause, f"{remedy}\n{without_internals(stack)}")


def without_internals(stack):
    """A traceback without the frames of the import system and of the invoker."""
    here = os.path.dirname(os.path.abspath(__file__))
    return re.sub(rf'^  File "(?:<frozen importlib|{re.escape(here)}|[^"]*/importlib/__init__\.py)[^\n]*\n(?:    [^\n]*\n)*', "", stack, flags=re.M).rstrip()
