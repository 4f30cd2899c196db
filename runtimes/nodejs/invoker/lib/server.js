'use strict';

const http = require('node:http');
const { announcesTooMuch } = require('./body');
const { ExitCodes, Fatal } = require('./fatal');
const { FunctionRequest } = require('./request');
const { createResponseClass } = require('./response');

/** Longer than the idle timeout of the usual proxies (60 s), so that it is they who close an idle connection. */
const KEEP_ALIVE_MS = 75_000;
const MAX_HEADER_BYTES = 16 * 1024;

const CLIENT_ERRORS = {
  HPE_HEADER_OVERFLOW: [431, `The request's headers are larger than ${MAX_HEADER_BYTES} bytes.`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/** The function's own port. */
function createFunctionServer({ settings, dispatcher }) {
  const server = http.createServer({
    IncomingMessage: FunctionRequest,
    ServerResponse: createResponseClass({
      maxResponseBytes: settings.maxResponseBytes,
      onTooLarge: (res, error) => dispatcher.answerTooLarge(res, error),
    }),
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    noDelay: true,
  }, (req, res) => dispatcher.accept(req, res));

  // "Expect: 100-continue": a body that will be refused anyway is not sent, and nothing else comes on this connection.
  server.on('checkContinue', (req, res) => {
    if (announcesTooMuch(req, settings.maxRequestBytes)) res.shouldKeepAlive = false;
    else res.writeContinue();
    dispatcher.accept(req, res);
  });
  server.on('clientError', (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) return socket.destroy(error);
    const [status, message] = CLIENT_ERRORS[error.code] ?? [400, 'The request is no valid HTTP/1.1.'];
    const body = JSON.stringify({ error: 'bad_request', message });
    return socket.end(
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n`
      + `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
  return server;
}

/** Resolves to the port. */
function listen(server, port, address) {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(error.code === 'EADDRINUSE'
      ? new Fatal(
        ExitCodes.loadFailed,
        `Port ${port} is taken: the module itself listens on it.`,
        'do not call listen() in the module; export the handler (an Express app is one too), the runtime listens.')
      : error));
    server.listen({ port, host: address }, () => resolve(server.address().port));
  });
}

module.exports = { createFunctionServer, listen };
