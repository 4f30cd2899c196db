"""
Flask's contexts, so that `flask.request`, `g`, `session`, `current_app`, `after_this_request` and `stream_with_context` work in
a handler. Matching of routes, signals and teardown functions are what a handler has no use for, and most of what a context
costs: 50 of 70 microseconds. A Flask whose inside is another gets its own contexts, whole.
"""

import flask
from flask.ctx import AppContext

try:
    from flask.ctx import RequestContext
    from flask.globals import _cv_app, _cv_request
except ImportError:
    RequestContext = None


class WholeContext:
    """Flask's own."""

    def __init__(self, app, environ):
        self._context = app.request_context(environ)
        self.app = app
        self.request = self._context.request

    def enter(self):
        self._context.push()

    def leave(self, error):
        self._context.pop(error)

    def process(self, response):
        return self.app.process_response(response)

    plain = False


if RequestContext is None:
    FunctionContext = WholeContext
else:
    class LeanAppContext(AppContext):
        def __init__(self, app):
            self.app = app
            self.url_adapter = None
            self.g = app.app_ctx_globals_class()
            self._cv_tokens = []

    class FunctionContext(RequestContext):
        def __init__(self, app, environ, request=None, session=None):
            if request is None:
                request = app.request_class(environ)
                request.json_module = app.json
            self.app = app
            self.request = request
            self.url_adapter = None
            self.flashes = None
            self._session = session
            self._after_request_functions = []
            self._cv_tokens = []

        @property
        def session(self):
            if self._session is None:
                interface = self.app.session_interface
                self._session = interface.open_session(self.app, self.request) or interface.make_null_session(self.app)
            return self._session

        @session.setter
        def session(self, value):
            self._session = value

        def enter(self):
            app = LeanAppContext(self.app)
            app._cv_tokens.append(_cv_app.set(app))
            self._cv_tokens.append((_cv_request.set(self), app))

        def leave(self, error):
            """As a stack, for stream_with_context enters once more before this, and leaves when the stream ends."""
            token, app = self._cv_tokens.pop()
            _cv_request.reset(token)
            if app is None:
                return
            if "files" in self.request.__dict__:
                self.request.close()
            # Else request and environment hold each other until the next collection.
            self.request.environ["werkzeug.request"] = None
            _cv_app.reset(app._cv_tokens.pop())

        @property
        def plain(self):
            """Whether nothing has to be done to an answer."""
            return self._session is None and not self._after_request_functions

        def process(self, response):
            return response if self.plain else self.app.process_response(response)
