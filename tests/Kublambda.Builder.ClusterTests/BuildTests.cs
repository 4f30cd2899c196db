using System.IO.Compression;
using k8s;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;

namespace Kublambda.Builder.ClusterTests;

/// <summary>Builds on the real cluster: once, one after the other, and not longer than they are wanted.</summary>
public sealed class BuildTests(Cluster cluster) : BuildScenario(cluster)
{
    [Fact]
    public async Task A_function_is_built_once_and_said_again_whenever_it_is_asked_for()
    {
        var builder = await StartAsync();
        var lambda = ALambda("hello", l => l with { Build = new() { Pipeline = "buildah" } });
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<BuildStarted>(lambda);
        var built = await builder.SaysAsync<LambdaBuilt>(lambda, b => b.FinishedAt is not null, seconds: 120);

        Assert.StartsWith($"localhost:5000/{Names.Repository(LambdaRef.Of(lambda))}@sha256:", built.Image, StringComparison.Ordinal);
        var pod = Assert.Single(await builder.PodsAsync());
        TestContext.Current.TestOutputHelper?.WriteLine($"built in {built.FinishedAt - built.StartedAt}");
        var image = (await Cluster.Registry.GetManifestAsync(Names.Repository(LambdaRef.Of(lambda)), built.Revision, Stop))!.Parse();
        Assert.Equal(2, image.Layers!.Count);

        Assert.Equal(["fetch", "layer", "image"], built.Steps.Select(s => s.Name));
        Assert.All(built.Steps, s => Assert.True(s.StartedAt <= s.FinishedAt));
        await Cluster.EventuallyAsync(
            async () => await Cluster.Registry.HeadManifestAsync(Names.Repository(LambdaRef.Of(lambda)), Names.LogTag(built.Revision), Stop) is not null, "the log is kept", 10);

        builder.Said.Clear();
        await Cluster.Client.CoreV1.DeleteNamespacedPodAsync(pod.Name(), Namespace, cancellationToken: Stop);
        await builder.ChangedAsync(lambda);
        await builder.ChangedAsync(lambda);
        Assert.All(builder.Said, m => Assert.Equal(built.Image, Assert.IsType<LambdaBuilt>(m).Image));
        Assert.DoesNotContain(await builder.PodsAsync(), p => p.Uid() != pod.Uid());

        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Count == 0, "the pod is gone");
        var log = await builder.LogAsync(lambda, built.Revision);
        Assert.Contains("ended well", log, StringComparison.Ordinal);
        Assert.Contains($"pushed {Cluster.RegistryHost}/{Names.Repository(LambdaRef.Of(lambda))}:{built.Revision}", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newer_revision_ends_the_older_build_and_a_deleted_Lambda_all_of_them()
    {
        Pipeline("test", "trap 'exit 1' TERM; echo half way; sleep 300 & wait");
        var builder = await StartAsync();
        var lambda = ALambda("changes");
        await builder.ChangedAsync(lambda);
        var first = (await builder.SaysAsync<BuildStarted>(lambda, s => s.Step == "build")).Revision;
        await Cluster.EventuallyAsync(async () => (await builder.LogAsync(lambda, first))?.Contains("half way", StringComparison.Ordinal) == true, "the build has said something");
        var newer = Change(lambda, l => l with { Source = Code("exports.handler = () => 'other'") });
        await builder.ChangedAsync(newer);
        var second = (await builder.SaysAsync<BuildStarted>(newer, s => s.Generation == 2)).Revision;
        Assert.NotEqual(first, second);
        // Steps of a quick build may end before the kubelet has said that they began; this one lasts.
        await builder.SaysAsync<BuildStarted>(newer, s => s.Generation == 2 && s.Step == "build");
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).All(p => p.GetLabel(Labels.Revision) == second), "the older build is gone");
        var log = await builder.LogAsync(newer, first);
        Assert.Contains("called off", log, StringComparison.Ordinal);
        Assert.EndsWith("half way\n", log, StringComparison.Ordinal);

        await builder.DeletedAsync(newer);
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Count == 0, "no build is left");
        Assert.DoesNotContain(builder.Said, m => m is BuildFailed);
    }

    [Fact]
    public async Task Places_are_bounded_and_taken_by_the_next_one_without_being_told()
    {
        Pipeline("test", "sleep 1; exit 4");
        var builder = await StartAsync(("Build:MaxConcurrent", "1"));
        var lambdas = Enumerable.Range(0, 3).Select(i => ALambda($"many{i}")).ToList();
        foreach (var lambda in lambdas)
            await builder.ChangedAsync(lambda);
        Assert.Single(await builder.PodsAsync());
        var most = 0;
        await Cluster.EventuallyAsync(
            async () =>
            {
                most = Math.Max(most, (await builder.PodsAsync()).Count(BuildPod.IsActive));
                return lambdas.All(l => builder.Said.OfType<BuildFailed>().Any(f => f.Lambda == LambdaRef.Of(l)));
            },
            "all three were built");
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Two_replicas_build_once_and_the_second_takes_over_when_the_first_ends()
    {
        Pipeline("test", "sleep 6; echo done; exit 5");
        var first = await StartAsync();
        await Cluster.EventuallyAsync(async () => (await Cluster.Client.CoordinationV1.ListNamespacedLeaseAsync(Namespace)).Items.Count == 1, "a leader");
        var second = await StartAsync();
        var lambda = ALambda("twice");
        await Task.WhenAll(first.ChangedAsync(lambda), second.ChangedAsync(lambda), first.ChangedAsync(lambda), second.ChangedAsync(lambda));
        Assert.Single(await second.PodsAsync());
        await first.DisposeAsync();
        var failed = await second.SaysAsync<BuildFailed>(lambda);
        Assert.Contains("exit code 5", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_in_a_ConfigMap_is_noticed_when_it_comes_and_when_it_changes_without_being_told()
    {
        Pipeline("test", "sleep 30");
        var builder = await StartAsync();
        var lambda = ALambda("mapped", l => l with { Source = new() { Zip = new() { ConfigMap = new() { Name = "code", Key = "code.zip" } } } });
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<BuildFailed>(lambda, f => f.Reason == Reasons.SourceNotFound);

        var maps = Cluster.Client.CoreV1;
        await maps.CreateNamespacedConfigMapAsync(Code("one"), Namespace, cancellationToken: Stop);
        var first = await builder.SaysAsync<BuildStarted>(lambda, seconds: 20);
        await maps.ReplaceNamespacedConfigMapAsync(Code("two"), "code", Namespace, cancellationToken: Stop);
        await builder.SaysAsync<BuildStarted>(lambda, s => s.Revision != first.Revision, seconds: 20);

        static V1ConfigMap Code(string says)
        {
            using var zip = new MemoryStream();
            using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
            using (var writer = new StreamWriter(archive.CreateEntry("index.js").Open()))
                writer.Write($"exports.handler = () => '{says}'");
            return new V1ConfigMap { Metadata = new() { Name = "code" }, BinaryData = new Dictionary<string, byte[]> { ["code.zip"] = zip.ToArray() } };
        }
    }
}
