"""Counts requests and renders them in Prometheus' text format; the names are those of every runtime."""

import os
import resource
import threading
import time
from bisect import bisect_left

BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
STARTED = time.time()
PAGE = os.sysconf("SC_PAGE_SIZE")


class Metrics:
    def __init__(self):
        self._lock = threading.Lock()
        self._requests = {}
        self._errors = {}
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def request(self, code, seconds):
        with self._lock:
            self._requests[code] = self._requests.get(code, 0) + 1
            self._buckets[bisect_left(BUCKETS, seconds)] += 1
            self._seconds += seconds

    def error(self, reason):
        with self._lock:
            self._errors[reason] = self._errors.get(reason, 0) + 1

    def render(self, in_flight, queued, ready):
        with self._lock:
            requests, errors, buckets, seconds = dict(self._requests), dict(self._errors), list(self._buckets), self._seconds
        lines = []

        def family(name, kind, about, samples):
            lines.extend((f"# HELP {name} {about}", f"# TYPE {name} {kind}"))
            lines.extend(f"{name}{suffix} {value}" for suffix, value in samples)

        family("kublambda_function_requests_total", "counter", "Requests that ended, by status code (0: the client left before the answer).",
               [(f'{{code="{code}"}}', n) for code, n in requests.items()])
        family("kublambda_function_errors_total", "counter", "Requests that failed, by reason.", [(f'{{reason="{r}"}}', n) for r, n in errors.items()])
        family("kublambda_function_requests_in_flight", "gauge", "Requests that the handler works on.", [("", in_flight)])
        family("kublambda_function_requests_queued", "gauge", "Requests that wait for a free place.", [("", queued)])
        family("kublambda_function_ready", "gauge", "1 while requests are accepted.", [("", 1 if ready else 0)])
        below, samples = 0, []
        for bound, n in zip(BUCKETS, buckets):
            below += n
            samples.append((f'_bucket{{le="{bound}"}}', below))
        count = sum(buckets)
        family("kublambda_function_request_duration_seconds", "histogram", "From the headers of the request to the end of the answer.",
               [*samples, ('_bucket{le="+Inf"}', count), ("_sum", round(seconds, 6)), ("_count", count)])
        family("process_resident_memory_bytes", "gauge", "Resident memory of the function's process.", [("", resident_bytes())])
        usage = resource.getrusage(resource.RUSAGE_SELF)
        family("process_cpu_seconds_total", "counter", "Processor time used.", [("", round(usage.ru_utime + usage.ru_stime, 6))])
        family("process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970.", [("", round(STARTED, 3))])
        return "\n".join(lines) + "\n"


def resident_bytes():
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * PAGE
