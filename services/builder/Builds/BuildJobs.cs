using k8s.Models;
using Kublambda.Builder.Pipelines;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Builds;

/// <summary>From a Lambda and its source to everything that decides its image, and so to the name of its revision.</summary>
public sealed class BuildJobs(
    PipelineChoice pipelines, RuntimeImages runtimes, BuilderImages builders, ClusterIdentity cluster, IOptions<BuildOptions> options, IOptions<RegistryOptions> registry)
{
    /// <exception cref="PipelineChoiceException">The user has to name another pipeline.</exception>
    /// <exception cref="RuntimeImageException">The operator has to provide an image.</exception>
    /// <exception cref="RegistryException">A registry does not answer, or refuses.</exception>
    public async Task<BuildJob> CreateAsync(Lambda lambda, Bundle bundle, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lambda);
        ArgumentNullException.ThrowIfNull(bundle);
        var (spec, reference) = (lambda.Spec, LambdaRef.Of(lambda));
        var (pipeline, manifest) = await pipelines.OfAsync(spec, bundle, cancellationToken);
        var builder = pipeline.Builder is { } name ? await builders.ReadAsync(pipeline, name, cancellationToken) : null;
        var (image, insecure) = builder is null ? await runtimes.ResolveAsync(spec.Runtime, cancellationToken) : (null, false);
        var below = builder?.Digest ?? image!.Digest!;
        var toolchain = manifest is not null && pipeline.Steps.Any(s => s.When == StepCondition.Dependencies) ? Toolchain(spec.Runtime) : "";
        var rebuild = lambda.GetAnnotation(Labels.Rebuild);
        var revision = Revision.Of(bundle.ContentDigest, $"{below}{toolchain}", pipeline, spec.Build?.Env, rebuild);
        return new BuildJob
        {
            Lambda = reference,
            Generation = lambda.Metadata.Generation ?? 0,
            Cluster = await cluster.ReadAsync(cancellationToken),
            Revision = revision,
            Pipeline = pipeline,
            Commit = bundle.Commit,
            Bundle = "",
            Base = image?.ToString() ?? "",
            BaseInsecure = insecure,
            Image = $"{registry.Value.PushHost}/{Names.Repository(reference)}:{Names.ImageTag(revision)}",
            ImageInsecure = registry.Value.Insecure,
            Cache = $"{registry.Value.PushHost}/{Names.CacheRepository(reference)}",
            Runtime = spec.Runtime,
            Handler = spec.Handler ?? Defaults.HandlerOf(spec.Runtime) ?? "",
            Signature = spec.Signature ?? Signatures.Http,
            Toolchain = toolchain,
            Dependencies = manifest is null ? null : await DependencyKey.OfAsync(
                spec.Runtime, bundle, [below, toolchain, rebuild, .. (spec.Build?.Env ?? []).SelectMany(e => new[] { e.Name, e.Value })], cancellationToken),
            Builder = builder,
            Settings = spec.Build,
        };
    }

    private string Toolchain(string runtime) => options.Value.Toolchains.GetValueOrDefault(runtime) is { Length: > 0 } image
        ? image
        : throw new RuntimeImageException($"This installation has no image to install dependencies of the runtime \"{runtime}\" with: the operator has to set Build__Toolchains__{runtime}, or the source brings along what it needs.");
}
