using System.Globalization;
using System.Text.Json;
using Kublambda.RuntimeBench;

// usage: in the root of the checkout, Kublambda.RuntimeBench [requests a round] [rounds]
var requests = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20_000;
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
(string Runtime, string[] Bare, string[] Invoker, string Source, string Target)[] all =
[
    ("nodejs", ["node", "bench/bare/server.js"], ["node", "runtimes/nodejs/invoker/invoker.js"], "bench/functions/nodejs", "index.handler"),
    ("python", ["/usr/bin/python3", "bench/bare/server.py"], ["/usr/bin/python3", "runtimes/python/invoker/invoker.py"], "bench/functions/python", "main.handler"),
    ("dotnet", ["dotnet", "artifacts/bin/Bare/release/Bare.dll"], ["dotnet", "artifacts/bin/Kublambda.Invoker/release/invoker.dll"], "artifacts/bin/Empty/release", "Bench.Empty"),
];

var results = new List<Comparison>();
foreach (var (runtime, bareCommand, invokerCommand, source, target) in all)
{
    using var bare = await ServerProcess.StartAsync(bareCommand, []);
    using var invoker = await ServerProcess.StartAsync(invokerCommand,
    [
        ("FUNCTION_SOURCE", Path.GetFullPath(source)), ("FUNCTION_TARGET", target), ("LISTEN_ADDRESS", "127.0.0.1"), ("PORT", "0"), ("ADMIN_PORT", "0"),
    ]);
    var samples = new List<(Sample Bare, Sample Invoker)>();
    for (var round = 0; round <= rounds; round++)
    {
        var pair = (await Load.RunAsync(bare, requests), await Load.RunAsync(invoker, requests));
        if (round > 0) // the first warms up
            samples.Add(pair);
    }

    var comparison = Comparison.Of(runtime, samples);
    results.Add(comparison);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{runtime,-8} processor time of a request: bare {comparison.BareCpuMicroseconds,6:F1} us, invoker {comparison.InvokerCpuMicroseconds,6:F1} us, ratio {comparison.CpuRatio:F2}; elapsed: bare {comparison.BareMicroseconds,6:F1} us, invoker {comparison.InvokerMicroseconds,6:F1} us, ratio {comparison.ElapsedRatio:F2}"));
}

var report = new
{
    At = TimeProvider.System.GetUtcNow(),
    Cores = Environment.ProcessorCount,
    Kernel = (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease")).Trim(),
    Requests = requests,
    Rounds = rounds,
    Load.Connections,
    Runtimes = results,
};
Directory.CreateDirectory("bench/results");
var file = $"bench/results/runtimes-{report.At.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.json";
await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }) + "\n");
Console.WriteLine($"written to {file}");
return results.TrueForAll(r => r.CpuRatio <= 1.2) ? 0 : 1;
