'use strict';

const http = require('node:http');

/**
 * The admin port: probes and metrics. It runs on the function's own event loop, so liveness fails when that is blocked.
 * status() gives 'loading', 'ready' or 'draining'.
 */
function createAdminServer({ status, metrics }) {
  return http.createServer({ maxHeaderSize: 8192 }, (req, res) => {
    req.resume();
    const reply = (code, type, body) => {
      res.writeHead(code, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' });
      res.end(req.method === 'HEAD' ? undefined : body);
    };
    const text = (code, body) => reply(code, 'text/plain; charset=utf-8', body);

    if (req.method !== 'GET' && req.method !== 'HEAD') return text(405, 'Only GET and HEAD.\n');
    switch (req.url.split('?', 1)[0]) {
      case '/healthz/live':
        return text(200, 'ok\n');
      case '/healthz/ready':
        return status() === 'ready' ? text(200, 'ok\n') : text(503, `${status()}\n`);
      case '/metrics':
        return reply(200, 'text/plain; version=0.0.4; charset=utf-8', metrics.render());
      default:
        return text(404, 'Here are /healthz/live, /healthz/ready and /metrics.\n');
    }
  });
}

module.exports = { createAdminServer };
