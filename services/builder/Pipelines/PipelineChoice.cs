using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Pipelines;

/// <summary>Which pipeline builds a Lambda.</summary>
public sealed class PipelineChoice(PipelineCatalog catalog)
{
    /// <exception cref="PipelineChoiceException">There is no such pipeline, or it does not do for this source.</exception>
    public async Task<Pipeline> OfAsync(LambdaSpec spec, Bundle bundle, CancellationToken cancellationToken)
    {
        var asked = spec.Build?.Pipeline;
        var chosen = catalog.Find(asked)
            ?? throw new PipelineChoiceException(Reasons.UnknownPipeline, $"There is no pipeline \"{SourcePath.Show(asked!)}\" here. Set spec.build.pipeline to one of: {string.Join(", ", catalog.Names)}.");
        var automatic = asked is null or BuildSpec.AutoPipeline;
        if (chosen.HasPod && !automatic)
            return chosen;
        var manifest = await DependencyManifests.FindAsync(spec.Runtime, bundle, cancellationToken);
        if (manifest is null)
            return Pipeline.Append;
        return chosen.HasPod
            ? chosen
            : throw new PipelineChoiceException(Reasons.SourceInvalid, $"The source has {SourcePath.Show(manifest)}, and the pipeline \"{chosen.Name}\" installs and compiles nothing. Set spec.build.pipeline to one that does ({string.Join(", ", catalog.Names.Where(n => n != chosen.Name))}), or bring along what it needs.");
    }
}

/// <summary>The user has to name another pipeline.</summary>
/// <param name="reason">One of <see cref="Reasons"/>.</param>
/// <param name="message">What to do.</param>
public sealed class PipelineChoiceException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}
