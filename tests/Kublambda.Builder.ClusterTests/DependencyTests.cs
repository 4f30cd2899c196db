using System.Formats.Tar;
using System.IO.Compression;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.ClusterTests;

/// <summary>Dependencies that build pods install, from the mirrors that the installation names.</summary>
public sealed class DependencyTests(Cluster cluster) : BuildScenario(cluster)
{
    private static readonly Dictionary<string, string> Packages = new() { ["package.json"] = """{"dependencies":{"greet":"1.0.0"}}""", ["index.js"] = "exports.handler = () => require('greet')" };
    private static readonly Dictionary<string, string> Requirements = new() { ["requirements.txt"] = "greet==1.0.0\n", ["main.py"] = "import greet\ndef handler(request): return greet.WORD\n" };

    [Fact]
    public async Task Packages_of_npm_pip_and_NuGet_are_installed_from_the_installations_mirrors_and_the_next_change_takes_no_pod()
    {
        var index = await PackageIndex.StartAsync(Cluster.Client, Namespace);
        var builder = await StartAsync(await SurroundingsAsync(index.Environment));
        Dictionary<string, string> project = new()
        {
            ["nuget.config"] = index.NuGetConfig,
            ["Shop.csproj"] = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include="greet" Version="1.0.0"/></ItemGroup></Project>""",
            ["Hello.cs"] = "public static class Hello { public static ulong Say() => System.IO.Hashing.XxHash64.HashToUInt64(new byte[1]); }",
        };
        var (node, python, dotnet) = (ALambda("node", Runtimes.Nodejs, Packages), ALambda("python", Runtimes.Python, Requirements), ALambda("dotnet", Runtimes.Dotnet, project));
        foreach (var lambda in new[] { node, python, dotnet })
            await builder.ChangedAsync(lambda);
        Assert.Contains("function/node_modules/greet/index.js", await BuiltAsync(builder, node));
        Assert.Contains("function/python_packages/greet.py", await BuiltAsync(builder, python));
        Assert.Contains("function/System.IO.Hashing.dll", await BuiltAsync(builder, dotnet));

        var changed = Change(python, spec => spec with { Source = Inline(new(Requirements) { ["main.py"] = "def handler(request): return 'other'\n" }) });
        await builder.ChangedAsync(changed);
        var again = await builder.SaysAsync<LambdaBuilt>(changed, b => b.FinishedAt is not null && b.Generation == 2);
        Assert.Null(again.Pod);
    }

    [Theory]
    [InlineData(Runtimes.Nodejs)]
    [InlineData(Runtimes.Python)]
    public async Task Without_a_way_to_the_registry_the_failure_says_so(string runtime)
    {
        // Nothing listens on the discard port of the pod itself: it refuses at once.
        var builder = await StartAsync(await SurroundingsAsync(PackageIndex.EnvironmentOf("127.0.0.1:9")));
        var lambda = ALambda("offline", runtime, runtime == Runtimes.Nodejs ? Packages : Requirements);
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda);
        Assert.Equal(Reasons.BuildFailed, failed.Reason);
        Assert.Contains("could not reach a package registry", failed.Message, StringComparison.Ordinal);
        Assert.Contains("install", failed.Message, StringComparison.Ordinal);
    }

    private static SourceSpec Inline(Dictionary<string, string> files) => new() { Inline = new() { Files = files } };

    private Lambda ALambda(string name, string runtime, Dictionary<string, string> files) =>
        ALambda(name, spec => spec with { Runtime = runtime, Source = Inline(files), Build = new() { Pipeline = "buildah" } });

    private async Task<(string, string)[]> SurroundingsAsync(Dictionary<string, string> environment)
    {
        await Cluster.Client.CoreV1.CreateNamespacedSecretAsync(new V1Secret { Metadata = new() { Name = "mirrors" }, StringData = environment }, Namespace, cancellationToken: Stop);
        return
        [
            ("Build:EnvironmentSecret", "mirrors"), ("Runtimes:python", Cluster.BaseImage), ("Runtimes:dotnet", Cluster.BaseImage),
            .. new[] { Runtimes.Nodejs, Runtimes.Python, Runtimes.Dotnet }.Select(r => ($"Build:Toolchains:{r}", $"localhost/kublambda/toolchain-{r}:dev")),
        ];
    }

    /// <returns>What lies in the layers above the base.</returns>
    private async Task<List<string>> BuiltAsync(BuilderProcess builder, Lambda lambda)
    {
        var built = await builder.SaysAsync<LambdaBuilt>(lambda, b => b.FinishedAt is not null, seconds: 240);
        Assert.NotNull(built.Pod);
        var repository = Names.Repository(LambdaRef.Of(lambda));
        var layers = (await Cluster.Registry.GetManifestAsync(repository, built.Revision, Stop))!.Parse().Layers!;
        var paths = new List<string>();
        foreach (var layer in layers.Skip(1))
        {
            await using var blob = await Cluster.Registry.OpenBlobAsync(repository, layer.Digest, Stop);
            await using var unpacked = new GZipStream(blob, CompressionMode.Decompress);
            await using var tar = new TarReader(unpacked);
            while (await tar.GetNextEntryAsync(cancellationToken: Stop) is { } entry)
                paths.Add(entry.Name);
        }

        return paths;
    }
}
