using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Bench;

/// <summary>
/// A resource trigger beside a bare <c>kubectl get -w</c> of the same objects: how much later an event reaches the function, how many reach
/// it in a second when objects change as fast as they can, and what the watcher's memory is with few and with many objects.
/// </summary>
internal sealed class WatchBench(BenchCluster cluster, string ns) : IAsyncDisposable
{
    private const string Label = "bench";
    private const string Function = "seen";
    private const int Writers = 8;

    /// <summary>Keeps name, version and time of what it gets, and tells on GET.</summary>
    private const string Code = """
        const got = [];
        exports.handler = (req) => {
          if (req.method === 'GET') { const from = Number(req.query.from ?? 0); return { count: got.length, got: got.slice(from, from + 5000) }; }
          const { object } = req.body;
          got.push([object.metadata.name, Number(object.data.v), Date.now()]);
          return { status: 204, headers: {}, body: '' };
        };
        """;

    private readonly ConcurrentDictionary<(string Name, int Version), double> _watched = new();
    private readonly Dictionary<(string Name, int Version), double> _called = [];
    private int _told;

    public static async Task<WatchBench> StartAsync(BenchCluster cluster, CancellationToken cancellation) =>
        new WatchBench(cluster, await cluster.NamespaceAsync(cancellation));

    /// <param name="paced">Changes of the latency run, 20 a second.</param>
    /// <param name="burst">Changes of the throughput run, as fast as eight writers can.</param>
    /// <param name="objects">Objects of the memory run.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<WatchFigures> RunAsync(int paced, int burst, int objects, CancellationToken cancellation)
    {
        await CreateAsync(0, 200, cancellation);
        await cluster.KubectlAsync(Manifest(), cancellation, "apply", "-f", "-");
        var lambda = await BenchCluster.UntilAsync("the function to be Ready", async () => await ReadyAsync(cancellation), cancellation);
        var url = new Uri(lambda.Status!.Url!);
        using var watch = cluster.Follow(Watched, "-n", ns, "get", "configmaps", "-l", $"of={Label}", "--watch-only", "-o", "jsonpath={.metadata.name} {.data.v}{\"\\n\"}");
        await Task.Delay(TimeSpan.FromSeconds(2), cancellation);

        var slow = Changes(1, paced, 50);
        foreach (var (name, version) in slow)
        {
            await ChangeAsync(name, version, cancellation);
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }

        await ToldAsync(url, slow, cancellation);
        var few = await MemoryAsync(lambda, cancellation);
        double[] added = [.. slow.Select(c => _called[c] - _watched[c]).Order()];

        var fast = Changes(1_000, burst, 200);
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, Writers), cancellation, async (writer, token) =>
        {
            foreach (var (name, version) in fast.Where((_, i) => i % 200 % Writers == writer))
                await ChangeAsync(name, version, token);
        });
        var written = clock.Elapsed.TotalSeconds;
        await ToldAsync(url, fast, cancellation);
        var (watchRate, callRate) = (Rate(fast, _watched), Rate(fast, _called));

        await CreateAsync(200, objects, cancellation);
        await ToldAsync(url, [.. Enumerable.Range(200, objects - 200).Select(i => (Named(i), 0))], cancellation);
        return new WatchFigures(
            Math.Round(added.Percentile(0.5), 1), Math.Round(added.Percentile(0.99), 1), Math.Round(fast.Count / written, 1), Math.Round(watchRate, 1), Math.Round(callRate, 1),
            few, objects, await MemoryAsync(lambda, cancellation));
    }

    public async ValueTask DisposeAsync() => await cluster.Api.CoreV1.DeleteNamespaceAsync(ns);

    private static string Named(int i) => string.Create(CultureInfo.InvariantCulture, $"object-{i}");

    private static List<(string Name, int Version)> Changes(int from, int count, int objects) => [.. Enumerable.Range(0, count).Select(i => (Named(i % objects), from + (i / objects)))];

    private static double Rate(List<(string, int)> changes, IReadOnlyDictionary<(string, int), double> at)
    {
        var times = changes.Select(c => at[c]).ToList();
        return (times.Count - 1) / (times.Max() - times.Min()) * 1000;
    }

    private void Watched(string line)
    {
        if (line.Split(' ') is [var name, var version] && int.TryParse(version, CultureInfo.InvariantCulture, out var v))
            _watched.TryAdd((name, v), (DateTime.UtcNow - DateTime.UnixEpoch).TotalMilliseconds);
    }

    private Task CreateAsync(int from, int to, CancellationToken cancellation) =>
        Parallel.ForEachAsync(Enumerable.Range(from, to - from), new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellation }, async (i, token) =>
            await cluster.Api.CoreV1.CreateNamespacedConfigMapAsync(
                new()
                {
                    Metadata = new() { Name = Named(i), Labels = new Dictionary<string, string> { ["of"] = Label } },
                    Data = new Dictionary<string, string> { ["v"] = "0", ["text"] = string.Concat(Enumerable.Repeat(Named(i), 100)) },
                },
                ns, cancellationToken: token));

    private async Task ChangeAsync(string name, int version, CancellationToken cancellation) => await cluster.Api.CoreV1.PatchNamespacedConfigMapAsync(
        new V1Patch($$$"""{"data":{"v":"{{{version.ToString(CultureInfo.InvariantCulture)}}}"}}""", V1Patch.PatchType.MergePatch), name, ns, cancellationToken: cancellation);

    /// <summary>Waits until the function and the bare watch have all of these.</summary>
    private async Task ToldAsync(Uri url, List<(string, int)> all, CancellationToken cancellation) => await BenchCluster.UntilAsync("all events to reach the function", async () =>
    {
        using var page = JsonDocument.Parse(await BenchCluster.GetAsync(new Uri(url, string.Create(CultureInfo.InvariantCulture, $"/?from={_told}")), cancellation));
        foreach (var told in page.RootElement.GetProperty("got").EnumerateArray())
        {
            _called.TryAdd((told[0].GetString()!, told[1].GetInt32()), told[2].GetDouble());
            _told++;
        }

        await Task.Delay(200, cancellation);
        return all.TrueForAll(c => _called.ContainsKey(c) && _watched.ContainsKey(c)) ? "all" : null;
    }, cancellation);

    /// <summary>MiB of the working set of the watcher's pod, as the kubelet counts it.</summary>
    private async Task<double> MemoryAsync(Lambda lambda, CancellationToken cancellation)
    {
        var pods = await cluster.Api.CoreV1.ListNamespacedPodAsync(ns, labelSelector: $"{Labels.WatcherOf}={lambda.Metadata.Uid}", cancellationToken: cancellation);
        return await cluster.MemoryAsync([pods.Items.Single()], cancellation);
    }

    private async Task<Lambda?> ReadyAsync(CancellationToken cancellation)
    {
        var lambda = await cluster.Api.CustomObjects.GetNamespacedCustomObjectAsync<Lambda>(Lambda.Group, Lambda.Version, ns, Lambda.Plural, Function, cancellation);
        return lambda.Status?.Conditions?.Any(c => c is { Type: ConditionTypes.Ready, Status: ConditionStatus.True }) == true ? lambda : null;
    }

    private string Manifest() => KubernetesJson.Serialize(new Lambda
    {
        Metadata = new() { Name = Function, NamespaceProperty = ns },
        Spec = new()
        {
            Runtime = Runtimes.Nodejs,
            Handler = "index.handler",
            Source = new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = Code } } },
            Triggers =
            [
                new() { Name = "web", Http = new() { Exposure = Exposures.NodePort } },
                new() { Name = "maps", Resource = new() { ApiVersion = "v1", Kind = "ConfigMap", LabelSelector = $"of={Label}", Condition = "event != 'Modified' || object.data.v != oldObject.data.v" } },
            ],
            Scaling = new() { MinReplicas = 1, MaxReplicas = 1 },
        },
    });
}
