using Kublambda.Builder.Builds;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;

namespace Kublambda.Builder.Tests;

/// <summary>The pipelines of this repository, and builds with them.</summary>
internal static class TestPipelines
{
    public static readonly BuildOptions Options = new()
    {
        PipelinesPath = Path.Combine(AppContext.BaseDirectory, "pipelines"),
        Images = { ["fetch"] = "ghcr.io/kublambda/builder:1", ["buildah"] = "quay.io/buildah/stable:1", ["paketo"] = "paketobuildpacks/builder-jammy-full:1", ["kaniko"] = "ghcr.io/osscontainertools/kaniko:v1.28.3" },
        Toolchains = { ["nodejs"] = "ghcr.io/kublambda/toolchain-nodejs:1" },
    };

    public static readonly LambdaRef Resize = new("shop", "resize", "1a2b3c4d-0000-4000-8000-000000000001");

    public static Pipeline Buildah() => Named("buildah");

    public static Pipeline Named(string name) => PipelineCatalog.Load(Options).Find(name)!;

    public static BuildJob Job(LambdaRef? lambda = null, string pipeline = "buildah") => new()
    {
        Lambda = lambda ?? Resize,
        Cluster = "00000000-0000-4000-8000-00000000c105",
        Generation = 3,
        Revision = "0123456789ab",
        Pipeline = Named(pipeline),
        Bundle = $"registry.kublambda-system.svc:5000/shop/resize-1a2b3c4d@sha256:{new string('a', 64)}",
        Base = $"ghcr.io/kublambda/runtime-nodejs@sha256:{new string('b', 64)}",
        BaseInsecure = false,
        Image = "registry.kublambda-system.svc:5000/shop/resize-1a2b3c4d:0123456789ab",
        ImageInsecure = true,
        Cache = "registry.kublambda-system.svc:5000/shop/resize-1a2b3c4d/cache",
        Runtime = "nodejs",
        Handler = "index.handler",
        Signature = "http",
    };
}
