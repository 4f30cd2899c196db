using System.Formats.Tar;
using System.IO.Compression;
using k8s;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Tests;

namespace Kublambda.Builder.ClusterTests;

/// <summary>The pods of all pipelines of this repository, before a real API server.</summary>
public sealed class PipelineManifestTests(Cluster cluster) : BuildScenario(cluster)
{
    /// <summary>Each with and without dependencies, for a runtime that is compiled too, and with volumes in memory and on disk.</summary>
    public static TheoryData<string, string, bool, string> Variants => new(
        from file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "pipelines"), "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)!).Where(f => f != "kustomization").Order(StringComparer.Ordinal)
        from variant in new[] { (Runtimes.Nodejs, false, "Memory"), (Runtimes.Nodejs, true, ""), (Runtimes.Dotnet, true, "Memory") }
        select (file, variant.Item1, variant.Item2, variant.Item3));

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task The_API_server_takes_the_pod(string name, string runtime, bool dependencies, string medium)
    {
        var options = new BuildOptions
        {
            Namespace = Namespace,
            PipelinesPath = Path.Combine(AppContext.BaseDirectory, "pipelines"),
            Images = { ["fetch"] = "a/fetch", ["buildah"] = "a/buildah", ["kaniko"] = "a/kaniko", ["paketo"] = "a/paketo" },
            TrustBundle = "trust",
            EnvironmentSecret = "proxies",
            Parameters = { ["buildah"] = new() { ["store-medium"] = medium } },
        };
        var job = new BuildJob
        {
            Lambda = new LambdaRef("shop", "resize", "1a2b3c4d-0000-4000-8000-000000000001"),
            Generation = 1,
            Cluster = "c",
            Revision = "0123456789ab",
            Pipeline = PipelineCatalog.Load(options).Find(name)!,
            Bundle = $"registry:5000/shop/x@sha256:{new string('a', 64)}",
            Base = $"registry:5000/base@sha256:{new string('b', 64)}",
            BaseInsecure = true,
            Image = "registry:5000/shop/x:0123456789ab",
            ImageInsecure = true,
            Cache = "registry:5000/shop/x/cache",
            Runtime = runtime,
            Toolchain = "a/toolchain",
            Dependencies = dependencies ? "0123456789abcdef" : null,
            Builder = new BuilderImage("sha256:b", 1001, 1000, "0.13"),
            Settings = new() { Env = [new() { Name = "A", Value = "b" }] },
        };
        var pod = await Cluster.Client.CoreV1.CreateNamespacedPodAsync(BuildPod.Render(job, options), Namespace, dryRun: "All", cancellationToken: Stop);
        Assert.Equal(Names.BuildPod(job.Lambda, job.Revision), pod.Metadata.Name);
    }

    [Fact]
    public async Task The_pipeline_of_the_manual_takes_its_file_alone_and_builds()
    {
        var manual = await File.ReadAllTextAsync(Path.Combine(Checkout.Root(), "docs", "pipelines.md"), Stop);
        var begin = manual.IndexOf("```yaml\nname: stamped", StringComparison.Ordinal) + "```yaml\n".Length;
        await File.WriteAllTextAsync(Path.Combine(Files, "stamped.yaml"), manual[begin..manual.IndexOf("```", begin, StringComparison.Ordinal)], Stop);
        var builder = await StartAsync(("Build:Parameters:stamped:file", "STAMP"));
        var lambda = ALambda("manual", l => l with { Build = new() { Pipeline = "stamped" } });
        await builder.ChangedAsync(lambda);
        var built = await builder.SaysAsync<LambdaBuilt>(lambda, b => b.FinishedAt is not null, seconds: 240);
        var repository = Names.Repository(LambdaRef.Of(lambda));
        var layer = (await Cluster.Registry.GetManifestAsync(repository, built.Revision, Stop))!.Parse().Layers![^1];
        await using var blob = await Cluster.Registry.OpenBlobAsync(repository, layer.Digest, Stop);
        await using var unpacked = new GZipStream(blob, CompressionMode.Decompress);
        await using var tar = new TarReader(unpacked);
        var files = new Dictionary<string, string>();
        while (await tar.GetNextEntryAsync(copyData: true, Stop) is { } entry)
        {
            if (entry.DataStream is not { } content)
                continue;
            using var reader = new StreamReader(content);
            files[entry.Name] = await reader.ReadToEndAsync(Stop);
        }

        Assert.Equal($"{built.Revision}\n", files["function/STAMP"]);
        Assert.Contains("function/index.js", files.Keys);
    }
}
