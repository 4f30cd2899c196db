using System.Diagnostics;
using System.Text.Json;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.ClusterTests;

/// <summary>Images that the builder makes without a pod.</summary>
public sealed class AppendTests(Cluster cluster) : BuildScenario(cluster)
{
    [Fact]
    public async Task A_function_without_dependencies_is_built_in_under_a_second_without_a_pod_and_says_the_same_facts()
    {
        var builder = await StartAsync();
        await builder.ChangedAsync(ALambda("warm", Appended));
        var lambda = ALambda("hello", Appended);
        var clock = Stopwatch.StartNew();
        await builder.ChangedAsync(lambda);
        var built = await builder.SaysAsync<LambdaBuilt>(lambda, b => b.FinishedAt is not null, seconds: 20);
        TestContext.Current.TestOutputHelper?.WriteLine($"built in {built.FinishedAt - built.StartedAt}, {clock.Elapsed} with everything around");
        Assert.True(built.FinishedAt - built.StartedAt < TimeSpan.FromSeconds(1), $"took {built.FinishedAt - built.StartedAt}");
        Assert.Equal(("append", null), (built.Pipeline, built.Pod));
        Assert.Null((await builder.SaysAsync<BuildStarted>(lambda)).Pod);
        Assert.Empty(await builder.PodsAsync());

        var repository = Names.Repository(LambdaRef.Of(lambda));
        var image = (await Cluster.Registry.GetManifestAsync(repository, built.Revision, Stop))!;
        Assert.EndsWith($"@{image.Descriptor.Digest}", built.Image, StringComparison.Ordinal);
        var labels = await LabelsAsync(repository, image.Parse().Config!.Digest);
        Assert.Equal(lambda.Metadata.Uid, labels[OciAnnotations.LambdaUid]);
        Assert.Equal($"{Namespace}/hello", labels[OciAnnotations.Lambda]);
        Assert.Equal(built.Revision, labels[OciAnnotations.Revision]);
        Assert.NotEmpty(labels[OciAnnotations.Cluster]);
        var source = (await Cluster.Registry.GetManifestAsync(repository, Names.SourceTag(built.Revision), Stop))!.Parse();
        Assert.True(DateTimeOffset.UtcNow - DateTimeOffset.Parse(source.Annotations![OciAnnotations.Created], null) < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_source_with_dependencies_that_names_append_is_told_so()
    {
        var builder = await StartAsync();
        var lambda = ALambda("needs", s => Appended(s) with
        {
            Source = new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = "x", ["package.json"] = """{"dependencies":{"a":"1"}}""" } } },
        });
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda);
        Assert.Equal((Reasons.SourceInvalid, true), (failed.Reason, failed.Final));
    }

    private static LambdaSpec Appended(LambdaSpec spec) => spec with { Build = new BuildSpec { Pipeline = "append" } };

    private async Task<Dictionary<string, string>> LabelsAsync(string repository, string config)
    {
        await using var stream = await Cluster.Registry.OpenBlobAsync(repository, config, Stop);
        using var json = await JsonDocument.ParseAsync(stream, cancellationToken: Stop);
        return json.RootElement.GetProperty("config").GetProperty("Labels").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!);
    }
}
