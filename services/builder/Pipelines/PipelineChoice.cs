using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Pipelines;

/// <summary>Which pipeline builds a Lambda.</summary>
public sealed class PipelineChoice(PipelineCatalog catalog)
{
    /// <returns>The pipeline, and the path of the manifest where the source has dependencies to install.</returns>
    /// <exception cref="PipelineChoiceException">There is no such pipeline, or it does not do for this source.</exception>
    public async Task<(Pipeline Pipeline, string? Manifest)> OfAsync(LambdaSpec spec, Bundle bundle, CancellationToken cancellationToken)
    {
        var asked = spec.Build?.Pipeline;
        var manifest = await DependencyManifests.FindAsync(spec.Runtime, bundle, cancellationToken);
        if (asked is null or BuildSpec.AutoPipeline)
            return (manifest is null && Builds(Pipeline.Append, spec.Runtime) ? Pipeline.Append : Automatic(spec.Runtime), manifest);

        var chosen = catalog.Find(asked)
            ?? throw new PipelineChoiceException(Reasons.UnknownPipeline, $"There is no pipeline \"{SourcePath.Show(asked)}\" here. Set spec.build.pipeline to one of: {Names(spec.Runtime)}.");
        if (!Builds(chosen, spec.Runtime))
            throw new PipelineChoiceException(Reasons.UnknownPipeline, $"The pipeline \"{chosen.Name}\" does not build the runtime \"{spec.Runtime}\". Set spec.build.pipeline to one of: {Names(spec.Runtime)}.");
        if (manifest is not null && !chosen.HasPod)
            throw new PipelineChoiceException(Reasons.SourceInvalid, $"The source has {SourcePath.Show(manifest)}, and the pipeline \"{chosen.Name}\" installs and compiles nothing. Set spec.build.pipeline to one that does ({Names(spec.Runtime, chosen)}), or bring along what it needs.");
        return (chosen, manifest);
    }

    // The installation's default where that one can, else the first by name.
    private Pipeline Automatic(string runtime) =>
        catalog.All.Where(p => p is { HasPod: true, Automatic: true } && Builds(p, runtime)).OrderByDescending(p => p.Name == catalog.Default).ThenBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault()
        ?? throw new PipelineChoiceException(Reasons.UnknownPipeline, $"This installation has no pipeline for the runtime \"{runtime}\": the operator has to add one.");

    private string Names(string runtime, Pipeline? but = null) =>
        string.Join(", ", catalog.All.Where(p => p != but && Builds(p, runtime)).Select(p => p.Name));

    private static bool Builds(Pipeline pipeline, string runtime) =>
        pipeline.Runtimes.Count == 0 ? runtime != Runtimes.Buildpack : pipeline.Runtimes.Contains(runtime);
}

/// <summary>The user has to name another pipeline.</summary>
/// <param name="reason">One of <see cref="Reasons"/>.</param>
/// <param name="message">What to do.</param>
public sealed class PipelineChoiceException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}
