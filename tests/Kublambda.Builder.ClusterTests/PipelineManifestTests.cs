using k8s;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

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
}
