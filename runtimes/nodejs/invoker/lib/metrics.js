'use strict';

const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counts requests and renders them in Prometheus' text format. */
class Metrics {
  #requests = new Map();
  #errors = new Map();
  #buckets = new Array(BUCKETS.length + 1).fill(0);
  #seconds = 0;
  #count = 0;
  #gauges;

  /** gauges() gives { inFlight, queued, ready } at the time of asking. */
  constructor(gauges) {
    this.#gauges = gauges;
  }

  request(statusCode, seconds) {
    this.#requests.set(statusCode, (this.#requests.get(statusCode) || 0) + 1);
    let i = 0;
    while (i < BUCKETS.length && seconds > BUCKETS[i]) i++;
    this.#buckets[i]++;
    this.#seconds += seconds;
    this.#count++;
  }

  error(reason) {
    this.#errors.set(reason, (this.#errors.get(reason) || 0) + 1);
  }

  render() {
    const { inFlight, queued, ready } = this.#gauges();
    const memory = process.memoryUsage();
    const cpu = process.cpuUsage();
    const lines = [];
    const family = (name, type, help, samples) => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [suffix, value] of samples) lines.push(`${name}${suffix} ${value}`);
    };

    family('kublambda_function_requests_total', 'counter', 'Requests that ended, by status code (0: the client left before the answer).',
      [...this.#requests].map(([code, n]) => [`{code="${code}"}`, n]));
    family('kublambda_function_errors_total', 'counter', 'Requests that failed, by reason.',
      [...this.#errors].map(([reason, n]) => [`{reason="${reason}"}`, n]));
    family('kublambda_function_requests_in_flight', 'gauge', 'Requests that the handler works on.', [['', inFlight]]);
    family('kublambda_function_requests_queued', 'gauge', 'Requests that wait for a free place.', [['', queued]]);
    family('kublambda_function_ready', 'gauge', '1 while requests are accepted.', [['', ready ? 1 : 0]]);
    let below = 0;
    family('kublambda_function_request_duration_seconds', 'histogram', 'From the headers of the request to the end of the answer.', [
      ...BUCKETS.map((le, i) => [`_bucket{le="${le}"}`, (below += this.#buckets[i])]),
      ['_bucket{le="+Inf"}', this.#count],
      ['_sum', this.#seconds],
      ['_count', this.#count],
    ]);
    family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [['', memory.rss]]);
    family('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use.', [['', memory.heapUsed]]);
    family('nodejs_external_memory_bytes', 'gauge', 'Memory of Buffers and the like, outside the heap.', [['', memory.external]]);
    family('process_cpu_seconds_total', 'counter', 'Processor time used.', [['', (cpu.user + cpu.system) / 1e6]]);
    family('process_start_time_seconds', 'gauge', 'Start of the process, in seconds since 1970.',
      [['', (Date.now() / 1000 - process.uptime()).toFixed(3)]]);
    return `${lines.join('\n')}\n`;
  }
}

module.exports = { Metrics };
