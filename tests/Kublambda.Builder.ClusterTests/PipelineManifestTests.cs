using k8s;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;

namespace Kublambda.Builder.ClusterTests;

/// <summary>The pods of all pipelines of this repository, before a real API server.</summary>
public sealed class PipelineManifestTests(Cluster cluster) : BuildScenario(cluster)
{
    [Theory]
    [InlineData("buildah", false)]
    [InlineData("buildah", true)]
    [InlineData("kaniko", false)]
    [InlineData("kaniko", true)]
    [InlineData("buildpacks", false)]
    [InlineData("buildpacks-phases", false)]
    public async Task The_API_server_takes_the_pod(string name, bool dependencies)
    {
        var options = new BuildOptions
        {
            Namespace = Namespace,
            PipelinesPath = Path.Combine(AppContext.BaseDirectory, "pipelines"),
            Images = { ["fetch"] = "a/fetch", ["buildah"] = "a/buildah", ["kaniko"] = "a/kaniko", ["paketo"] = "a/paketo" },
            TrustBundle = "trust",
            EnvironmentSecret = "proxies",
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
            Runtime = "nodejs",
            Toolchain = "a/toolchain",
            Dependencies = dependencies ? "0123456789abcdef" : null,
            Builder = new BuilderImage("sha256:b", 1001, 1000, "0.13"),
            Settings = new() { Env = [new() { Name = "A", Value = "b" }] },
        };
        var pod = await Cluster.Client.CoreV1.CreateNamespacedPodAsync(BuildPod.Render(job, options), Namespace, dryRun: "All", cancellationToken: Stop);
        Assert.Equal(Names.BuildPod(job.Lambda, job.Revision), pod.Metadata.Name);
    }
}
