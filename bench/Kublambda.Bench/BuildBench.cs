using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Bench;

/// <summary>
/// Builds by every pipeline that runs here: the first one of a new Lambda, and the one after a change of one line; without and with a
/// dependency. From the object's creation to Built=True, in turn with the bare build pod of buildah alone.
/// </summary>
internal sealed class BuildBench(BenchCluster cluster, Uri registry, string ns) : IAsyncDisposable
{
    private const string Builds = "kublambda-builds";
    private const string Package = """{"dependencies":{"left-pad":"1.3.0"}}""";
    private readonly HttpClient _http = new() { BaseAddress = registry };
    private V1Pod? _bare;
    private bool _modelled;

    public static async Task<BuildBench> StartAsync(BenchCluster cluster, Uri registry, CancellationToken cancellation) =>
        new BuildBench(cluster, registry, await cluster.NamespaceAsync(cancellation));

    public async Task<IReadOnlyList<BuildSample>> RunAsync(int runs, CancellationToken cancellation)
    {
        var samples = new List<BuildSample>();
        for (var i = 0; i < runs; i++)
        {
            var round = new List<BuildSample>();
            round.AddRange(await PairAsync($"append-{i}", "append", dependency: false, cancellation));
            round.AddRange(await PairAsync($"buildah-{i}", "buildah", dependency: false, cancellation));
            round.AddRange(await PairAsync($"packages-{i}", "buildah", dependency: true, cancellation));
            round.Add(await BareAsync($"{ns}-{i}", cancellation));
            Console.WriteLine(string.Join("  ", round.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Measure} {s.Seconds:F2} s"))));
            samples.AddRange(round);
        }

        return samples;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await cluster.Api.CoreV1.DeleteNamespaceAsync(ns);
    }

    private async Task<IReadOnlyList<BuildSample>> PairAsync(string name, string pipeline, bool dependency, CancellationToken cancellation)
    {
        var what = dependency ? $"{pipeline} with a dependency" : pipeline;
        var first = await BuildAsync(name, pipeline, dependency, $"{what}: first build", "one", 1, cancellation);
        var again = await BuildAsync(name, pipeline, dependency, $"{what}: one line changed", "two", 2, cancellation);
        await cluster.KubectlAsync("", cancellation, "-n", ns, "delete", "lambda", name);
        return [first, again];
    }

    private async Task<BuildSample> BuildAsync(string name, string pipeline, bool dependency, string measure, string says, long generation, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        // Not by kubectl, whose own start would be a good part of the shortest of these times.
        var lambda = Manifest(name, pipeline, dependency, says);
        if (generation == 1)
            await cluster.Api.CustomObjects.CreateNamespacedCustomObjectAsync(lambda, Lambda.Group, Lambda.Version, ns, Lambda.Plural, cancellationToken: cancellation);
        else
            await cluster.Api.CustomObjects.PatchNamespacedCustomObjectAsync(new V1Patch(lambda, V1Patch.PatchType.MergePatch), Lambda.Group, Lambda.Version, ns, Lambda.Plural, name, cancellationToken: cancellation);
        var built = await BenchCluster.UntilAsync($"{name} to be built", async () =>
        {
            if (_bare is null && pipeline == "buildah" && !dependency)
                _bare = (await cluster.Api.CoreV1.ListNamespacedPodAsync(Builds, labelSelector: $"{Labels.Lambda}={name},{Labels.LambdaNamespace}={ns}", cancellationToken: cancellation)).Items.FirstOrDefault();
            var now = await cluster.Api.CustomObjects.GetNamespacedCustomObjectAsync<Lambda>(Lambda.Group, Lambda.Version, ns, Lambda.Plural, name, cancellation);
            var condition = now.Status?.Conditions?.FirstOrDefault(c => c.Type == ConditionTypes.Built);
            if (condition is { Status: ConditionStatus.False } && condition.ObservedGeneration == generation && condition.Reason != Reasons.BuildPending)
                throw new InvalidOperationException($"{name} is not built: {condition.Reason}: {condition.Message}");
            return condition is { Status: ConditionStatus.True } && condition.ObservedGeneration == generation ? now : null;
        }, cancellation);
        var seconds = clock.Elapsed.TotalSeconds;
        return new BuildSample(measure, seconds, await PushedAsync(built, cancellation));
    }

    /// <summary>Bytes of the image that its runtime's image does not have: what had to travel into the registry.</summary>
    private async Task<long> PushedAsync(Lambda lambda, CancellationToken cancellation)
    {
        var image = await SizesAsync(Names.Repository(LambdaRef.Of(lambda)), lambda.Status!.Revision!, cancellation);
        var below = await SizesAsync("kublambda/runtime-nodejs", "dev", cancellation);
        return image.Where(b => !below.ContainsKey(b.Key)).Sum(b => b.Value);
    }

    private async Task<Dictionary<string, long>> SizesAsync(string repository, string tag, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v2/{repository}/manifests/{tag}");
        request.Headers.Accept.ParseAdd("application/vnd.oci.image.manifest.v1+json");
        request.Headers.Accept.ParseAdd("application/vnd.docker.distribution.manifest.v2+json");
        using var response = await _http.SendAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
        using var manifest = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
        return manifest.RootElement.GetProperty("layers").EnumerateArray().Append(manifest.RootElement.GetProperty("config"))
            .DistinctBy(b => b.GetProperty("digest").GetString()).ToDictionary(b => b.GetProperty("digest").GetString()!, b => b.GetProperty("size").GetInt64());
    }

    /// <summary>
    /// What a build pod of buildah is without us: the first Lambda's source, and buildah's own <c>from</c>, <c>copy</c> and <c>commit</c>. Without the
    /// labels that would make it ours.
    /// </summary>
    private async Task<BuildSample> BareAsync(string name, CancellationToken cancellation)
    {
        var spec = PlainBuildah.Of(_bare?.Spec ?? throw new InvalidOperationException("no build pod was seen"), $"bench/bare:{ns}-bare");
        // The source of the first Lambda goes with it: the pod reads it from a copy.
        var pod = new V1Pod { ApiVersion = "v1", Kind = "Pod", Metadata = new() { Name = name, NamespaceProperty = Builds }, Spec = spec };
        if (!_modelled)
            await BuildAsync("model", "buildah", dependency: false, "", "one", 1, cancellation);
        _modelled = true;
        var model = await cluster.Api.CustomObjects.GetNamespacedCustomObjectAsync<Lambda>(Lambda.Group, Lambda.Version, ns, Lambda.Plural, "model", cancellation);
        var bundle = spec.InitContainers[0].Args.ToList();
        bundle[^2] = $"{bundle[^2][..bundle[^2].IndexOf('/', StringComparison.Ordinal)]}/{Names.Repository(LambdaRef.Of(model))}@{await SourceAsync(model, cancellation)}";
        spec.InitContainers[0].Args = bundle;
        var clock = Stopwatch.StartNew();
        await cluster.Api.CoreV1.CreateNamespacedPodAsync(pod, Builds, cancellationToken: cancellation);
        var ended = await BenchCluster.UntilAsync("the end of the build pod", async () =>
        {
            var now = await cluster.Api.CoreV1.ReadNamespacedPodAsync(name, Builds, cancellationToken: cancellation);
            return now.Status.Phase is "Succeeded" or "Failed" ? now : null;
        }, cancellation);
        var seconds = clock.Elapsed.TotalSeconds;
        await cluster.Api.CoreV1.DeleteNamespacedPodAsync(name, Builds, cancellationToken: cancellation);
        return ended.Status.Phase == "Succeeded"
            ? new BuildSample(BuildReport.Bare, seconds, null)
            : throw new InvalidOperationException($"the bare build pod failed: {KubernetesJson.Serialize(ended.Status)}");
    }

    private async Task<string> SourceAsync(Lambda lambda, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, $"v2/{Names.Repository(LambdaRef.Of(lambda))}/manifests/{Names.SourceTag(lambda.Status!.Revision!)}");
        request.Headers.Accept.ParseAdd("application/vnd.oci.image.manifest.v1+json");
        using var response = await _http.SendAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
        return response.Headers.GetValues("Docker-Content-Digest").First();
    }

    private Lambda Manifest(string name, string pipeline, bool dependency, string says)
    {
        var code = dependency ? $"exports.handler = () => require('left-pad')('{says}', 5);" : $"exports.handler = () => '{says}';";
        var files = new Dictionary<string, string> { ["index.js"] = code };
        if (dependency)
            files["package.json"] = Package;
        return new Lambda
        {
            Metadata = new() { Name = name, NamespaceProperty = ns },
            Spec = new()
            {
                Runtime = Runtimes.Nodejs,
                Handler = "index.handler",
                Source = new() { Inline = new() { Files = files } },
                Build = new() { Pipeline = pipeline },
            },
        };
    }
}

/// <summary>One build.</summary>
/// <param name="Measure">What was built how.</param>
/// <param name="Seconds">From its creation or change to Built=True.</param>
/// <param name="Bytes">Of the image, beyond its runtime's.</param>
internal sealed record BuildSample(string Measure, double Seconds, long? Bytes);
