// Node's bare HTTP server, for bench-runtimes.
require('node:http').createServer((req, res) => res.end()).listen(0, '127.0.0.1', function () {
  console.log(JSON.stringify({ message: 'Listening.', port: this.address().port }));
});
