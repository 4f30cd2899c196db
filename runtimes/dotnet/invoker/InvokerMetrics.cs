using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kublambda.Invoker;

/// <summary>Counts requests and renders them in Prometheus' text format; the names are those of every runtime.</summary>
internal sealed class InvokerMetrics
{
    private static readonly double[] Bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private readonly long[] _requests = new long[1000];
    private readonly ConcurrentDictionary<string, long> _errors = new();
    private readonly long[] _buckets = new long[Bounds.Length + 1];
    private long _ticks;

    /// <param name="code">0: the client left before the answer.</param>
    /// <param name="time">From the headers of the request to the end of the answer.</param>
    public void Request(int code, TimeSpan time)
    {
        Interlocked.Increment(ref _requests[code is > 0 and < 1000 ? code : 0]);
        var seconds = time.TotalSeconds;
        var i = 0;
        while (i < Bounds.Length && seconds > Bounds[i])
            i++;
        Interlocked.Increment(ref _buckets[i]);
        Interlocked.Add(ref _ticks, time.Ticks);
    }

    public void Error(string reason) => _errors.AddOrUpdate(reason, 1, (_, n) => n + 1);

    public string Render(int inFlight, int queued, bool ready)
    {
        var text = new StringBuilder();
        void Family(string name, string type, string help, IEnumerable<(string Suffix, double Value)> samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
            foreach (var (suffix, value) in samples)
                text.Append(CultureInfo.InvariantCulture, $"{name}{suffix} {value}\n");
        }

        Family("kublambda_function_requests_total", "counter", "Requests that ended, by status code (0: the client left before the answer).",
            Enumerable.Range(0, _requests.Length).Where(code => _requests[code] > 0).Select(code => ($"{{code=\"{code}\"}}", (double)_requests[code])));
        Family("kublambda_function_errors_total", "counter", "Requests that failed, by reason.",
            _errors.Select(error => ($"{{reason=\"{error.Key}\"}}", (double)error.Value)));
        Family("kublambda_function_requests_in_flight", "gauge", "Requests that the handler works on.", [("", inFlight)]);
        Family("kublambda_function_requests_queued", "gauge", "Requests that wait for a free place.", [("", queued)]);
        Family("kublambda_function_ready", "gauge", "1 while requests are accepted.", [("", ready ? 1 : 0)]);
        double below = 0;
        Family("kublambda_function_request_duration_seconds", "histogram", "From the headers of the request to the end of the answer.",
        [
            .. Bounds.Select((bound, i) => (string.Create(CultureInfo.InvariantCulture, $"_bucket{{le=\"{bound}\"}}"), below += _buckets[i])),
            ("_bucket{le=\"+Inf\"}", below += _buckets[^1]),
            ("_sum", TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds),
            ("_count", below),
        ]);
        using var process = Process.GetCurrentProcess();
        Family("process_resident_memory_bytes", "gauge", "Resident memory.", [("", process.WorkingSet64)]);
        Family("dotnet_gc_heap_size_bytes", "gauge", "Managed memory in use.", [("", GC.GetTotalMemory(false))]);
        Family("process_cpu_seconds_total", "counter", "Processor time used.", [("", process.TotalProcessorTime.TotalSeconds)]);
        Family("process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970.",
            [("", new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0)]);
        return text.ToString();
    }
}
