using System.Globalization;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Bench;

/// <summary>
/// Many triggers on one kind: memory and watches of one shared watcher with one trigger, with all of them, and of a watcher for each Lambda,
/// over the same objects. The API server counts the watches.
/// </summary>
internal sealed class TriggersBench(BenchCluster cluster, string ns) : IAsyncDisposable
{
    private const string Script = "deploy/local/shared-watcher";

    /// <summary>A kind that nothing else in a cluster looks at: so the API server's count of watches is ours.</summary>
    private const string Kind = "PodTemplate";
    private const int Writers = 8;
    private const int Changes = 200;
    private bool _shared;

    public static async Task<TriggersBench> StartAsync(BenchCluster cluster, CancellationToken cancellation) =>
        new TriggersBench(cluster, await cluster.NamespaceAsync(cancellation));

    /// <param name="lambdas">How many.</param>
    /// <param name="triggers">Of each Lambda, 20 at most.</param>
    /// <param name="objects">Of the kind.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<TriggersFigures> RunAsync(int lambdas, int triggers, int objects, CancellationToken cancellation)
    {
        await CreateAsync(objects, triggers, cancellation);
        var bare = await BareAsync(cancellation);
        var none = await WatchesAsync(cancellation);
        await SwitchAsync("on", cancellation);
        await ApplyAsync([Manifest(0, 1)], cancellation);
        await ReadyAsync(1, cancellation);
        await ChangeAsync(1, triggers, objects, cancellation);
        await SeenAsync(Expected(objects, triggers, 1), cancellation);
        var one = await SharedAsync(none, cancellation);

        await ApplyAsync(Enumerable.Range(0, lambdas).Select(i => Manifest(i, triggers)), cancellation);
        await ReadyAsync(lambdas, cancellation);
        await ChangeAsync(2, triggers, objects, cancellation);
        await SeenAsync(Expected(objects, triggers, 1) + (lambdas * Expected(objects, triggers, triggers)), cancellation);
        var all = await SharedAsync(none, cancellation);

        await SwitchAsync("off", cancellation);
        await ReadyAsync(lambdas, cancellation);
        var before = await SeenAsync(0, cancellation);
        await ChangeAsync(3, triggers, objects, cancellation);
        await SeenAsync(before + (lambdas * Expected(objects, triggers, triggers)), cancellation);
        var watchers = await cluster.Api.CoreV1.ListNamespacedPodAsync(ns, labelSelector: "app.kubernetes.io/component=watcher", cancellationToken: cancellation);
        var apart = new WatcherFigures(lambdas * triggers, await cluster.MemoryAsync([.. watchers.Items], cancellation), await WatchesAsync(cancellation) - none);
        return new TriggersFigures(lambdas, triggers, objects, bare, one, all, apart);
    }

    public async ValueTask DisposeAsync()
    {
        if (_shared)
            await SwitchAsync("off", CancellationToken.None);
        await cluster.Api.CoreV1.DeleteNamespaceAsync(ns);
    }

    private static string Named(int i) => string.Create(CultureInfo.InvariantCulture, $"object-{i}");

    /// <summary>Changes of a round that so many of the triggers of a Lambda see: the objects that are changed are the first ones, and trigger i looks at each i-th.</summary>
    private static int Expected(int objects, int triggers, int looking) => Enumerable.Range(0, Math.Min(Changes, objects)).Count(i => i % triggers < looking);

    private async Task SwitchAsync(string to, CancellationToken cancellation)
    {
        await cluster.RunAsync(Script, "", cancellation, to);
        _shared = to == "on";
    }

    /// <summary>MiB of a bare <c>kubectl get -w</c> of the same objects, resident.</summary>
    private async Task<double> BareAsync(CancellationToken cancellation)
    {
        using var watch = cluster.Follow(_ => { }, "get", "podtemplates", "--all-namespaces", "--watch");
        await Task.Delay(TimeSpan.FromSeconds(15), cancellation);
        return watch.ResidentMiB;
    }

    private async Task<WatcherFigures> SharedAsync(int none, CancellationToken cancellation)
    {
        var pods = await cluster.Api.CoreV1.ListNamespacedPodAsync("kublambda-system", labelSelector: "app.kubernetes.io/name=watcher", cancellationToken: cancellation);
        var triggers = (await LambdasAsync(cancellation)).Sum(lambda => lambda.Spec.Triggers?.Count ?? 0);
        return new WatcherFigures(triggers, await cluster.MemoryAsync([.. pods.Items.Where(p => p.Metadata.DeletionTimestamp is null)], cancellation), await WatchesAsync(cancellation) - none);
    }

    /// <summary>Watches of the kind that the API server has open, whoever opened them.</summary>
    private async Task<int> WatchesAsync(CancellationToken cancellation)
    {
        var metrics = await cluster.KubectlAsync("", cancellation, "get", "--raw", "/metrics");
        var line = metrics.Split('\n').First(l => l.StartsWith("apiserver_registered_watchers{", StringComparison.Ordinal) && l.Contains($"kind=\"{Kind}\"", StringComparison.Ordinal));
        return (int)double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    private Task CreateAsync(int objects, int slots, CancellationToken cancellation) => Parallel.ForEachAsync(
        Enumerable.Range(0, objects), new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellation }, async (i, token) =>
            await cluster.Api.CoreV1.CreateNamespacedPodTemplateAsync(
                new()
                {
                    Metadata = new()
                    {
                        Name = Named(i),
                        Labels = new Dictionary<string, string> { ["slot"] = Slot(i % slots) },
                        Annotations = new Dictionary<string, string> { ["v"] = "0", ["text"] = string.Concat(Enumerable.Repeat(Named(i), 100)) },
                    },
                    Template = new() { Spec = new() { Containers = [new() { Name = "none", Image = "none" }] } },
                },
                ns, cancellationToken: token));

    private async Task ChangeAsync(int round, int slots, int objects, CancellationToken cancellation)
    {
        var patch = new V1Patch($$$"""{"metadata":{"annotations":{"v":"{{{round.ToString(CultureInfo.InvariantCulture)}}}"} } }""", V1Patch.PatchType.MergePatch);
        foreach (var i in Enumerable.Range(0, Math.Min(Changes, objects)))
            await cluster.Api.CoreV1.PatchNamespacedPodTemplateAsync(patch, Named(i), ns, cancellationToken: cancellation);
    }

    private async Task ApplyAsync(IEnumerable<string> manifests, CancellationToken cancellation) =>
        await cluster.KubectlAsync($$"""{"apiVersion":"v1","kind":"List","items":[{{string.Join(',', manifests)}}]}""", cancellation, "apply", "-f", "-");

    private async Task ReadyAsync(int lambdas, CancellationToken cancellation) => await BenchCluster.UntilAsync($"{lambdas} Lambdas to be Ready", async () =>
    {
        await Task.Delay(1000, cancellation);
        var all = await LambdasAsync(cancellation);
        return all.Count == lambdas && all.All(IsReady) ? all : null;
    }, cancellation, TimeSpan.FromMinutes(15));

    private static bool IsReady(Lambda lambda) =>
        lambda.Status?.Conditions?.Any(c => c is { Type: ConditionTypes.Ready, Status: ConditionStatus.True } && c.ObservedGeneration == lambda.Metadata.Generation) == true
        && lambda.Status.Triggers?.Count == lambda.Spec.Triggers?.Count && lambda.Status.Triggers!.All(t => t.Ready);

    /// <returns>Changes that all triggers together have seen, once they are as many.</returns>
    private async Task<long> SeenAsync(long atLeast, CancellationToken cancellation) => (await BenchCluster.UntilAsync($"{atLeast} changes to be seen", async () =>
    {
        await Task.Delay(1000, cancellation);
        var seen = (await LambdasAsync(cancellation)).Sum(lambda => lambda.Status?.Triggers?.Sum(t => t.Seen) ?? 0);
        return seen >= atLeast ? new Boxed(seen) : null;
    }, cancellation)).Value;

    private async Task<IReadOnlyList<Lambda>> LambdasAsync(CancellationToken cancellation) =>
        (await cluster.Api.CustomObjects.ListNamespacedCustomObjectAsync<Lambdas>(Lambda.Group, Lambda.Version, ns, Lambda.Plural, cancellationToken: cancellation)).Items;

    private string Manifest(int index, int triggers) => KubernetesJson.Serialize(new Lambda
    {
        Metadata = new() { Name = string.Create(CultureInfo.InvariantCulture, $"many-{index}"), NamespaceProperty = ns },
        Spec = new()
        {
            Runtime = Runtimes.Nodejs,
            Handler = "index.handler",
            Source = new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = "exports.handler = () => '';\n" } } },
            // Each looks at its part of the objects, and calls for none of them: what is measured is the watching.
            Triggers =
            [
                .. Enumerable.Range(0, triggers).Select(i => new TriggerSpec
                {
                    Name = Slot(i),
                    Resource = new() { ApiVersion = "v1", Kind = Kind, LabelSelector = $"slot={Slot(i)}", Condition = string.Create(CultureInfo.InvariantCulture, $"int(object.metadata.annotations.v) < -{i + 1}") },
                }),
            ],
            Scaling = new() { MinReplicas = 1, MaxReplicas = 1 },
        },
    });

    private static string Slot(int i) => string.Create(CultureInfo.InvariantCulture, $"s{i}");

    private sealed record Boxed(long Value);

    private sealed record Lambdas
    {
        public IReadOnlyList<Lambda> Items { get; init; } = [];
    }
}
