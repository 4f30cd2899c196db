using Kublambda.Builder.Builds;
using Kublambda.Builder.Fetching;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;
using Kublambda.Registry.Tests;

namespace Kublambda.Builder.Tests;

/// <summary>A bundle by way of a real registry.</summary>
public sealed class FetchTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_builder_pushes_is_what_a_build_pod_fetches()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var client = registry.Client();
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Source = new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = "code" } } } };
        using var bundle = await SourceBundler.Create(spec, null, Stop);
        var lambda = TestPipelines.Resize;
        var pushed = await SourceArtifact.PushAsync(client, TestPipelines.Job(), bundle, DateTimeOffset.UnixEpoch, Stop);
        Assert.Equal(pushed.Digest, (await SourceArtifact.PushAsync(client, TestPipelines.Job(), bundle, DateTimeOffset.UnixEpoch, Stop)).Digest);

        var manifest = (await client.GetManifestAsync(Names.Repository(lambda), "source-0123456789ab", Stop))!.Parse();
        Assert.Equal(OciAnnotations.SourceLayerMediaType, manifest.Layers![0].MediaType);
        Assert.Equal(lambda.Uid, manifest.Annotations![OciAnnotations.LambdaUid]);
        Assert.Equal(TestPipelines.Job().Cluster, manifest.Annotations[OciAnnotations.Cluster]);

        using var context = new TemporaryDirectory();
        await using var said = new StringWriter();
        var from = new ImageReference { Host = "ghcr.io", Repository = "a/b", Digest = $"sha256:{new string('b', 64)}" };
        var arguments = new FetchArguments
        {
            Bundle = new ImageReference { Host = registry.Host, Repository = Names.Repository(lambda), Digest = pushed.Digest },
            Directory = Path.Combine(context.Path, "source"),
            Dockerfile = Path.Combine(context.Path, "Dockerfile"),
            From = from,
            Runtime = Runtimes.Nodejs,
            Dependencies = true,
        };
        Assert.Equal(0, await FetchCommand.RunAsync(arguments, client, said, Stop));
        Assert.Equal(Dockerfile.Of(from, Runtimes.Nodejs, "source", dependencies: true), await File.ReadAllTextAsync(arguments.Dockerfile, Stop));
        Assert.True(Directory.Exists(Path.Combine(context.Path, "dependencies")));

        using var directory = new TemporaryDirectory();
        var (code, error) = await FetchAsync(client, new ImageReference { Host = registry.Host, Repository = Names.Repository(lambda), Digest = pushed.Digest }, directory.Path);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("code", await File.ReadAllTextAsync(Path.Combine(directory.Path, "index.js"), Stop));
    }

    [Fact]
    public async Task A_bundle_that_is_not_there_and_a_registry_that_is_not_there_are_told_apart()
    {
        await using var registry = await LocalRegistry.StartAsync();
        var reference = new ImageReference { Host = registry.Host, Repository = "a/b", Digest = $"sha256:{new string('a', 64)}" };
        using var directory = new TemporaryDirectory();
        var missing = await FetchAsync(registry.Client(), reference, directory.Path);
        Assert.Equal(1, missing.Code);
        Assert.Contains("is not found in the registry", missing.Error, StringComparison.Ordinal);

        await registry.KillAsync();
        var away = await FetchAsync(registry.Client(), reference, directory.Path);
        Assert.Equal(1, away.Code);
        // The words that the watcher tells the two by.
        var report = new BuildPodReport { Phase = BuildPhase.Failed, Reason = Reasons.BuildFailed, Cause = "", StepIsOurs = true };
        Assert.Equal(Reasons.RegistryUnavailable, BuildFault.Of(report, away.Error).Reason);
        Assert.Equal(Reasons.RegistryUnavailable, BuildFault.Of(report, missing.Error).Reason);
    }

    private static async Task<(int Code, string Error)> FetchAsync(IRegistryClient client, ImageReference reference, string directory)
    {
        await using var error = new StringWriter();
        var code = await FetchCommand.RunAsync(new FetchArguments { Bundle = reference, Directory = directory }, client, error, Stop);
        return (code, error.ToString());
    }
}
