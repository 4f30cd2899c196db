using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Applying;

namespace Kublambda.Deployer;

/// <summary>
/// Which generation and image the objects of a Lambda have to be rendered from when nobody says it: at start, at
/// resync, and after somebody touched an object.
/// </summary>
internal static class TargetWorkload
{
    /// <summary>
    /// In this order:
    /// <list type="number">
    /// <item>The Deployment was rendered from a newer generation than this reading of the Lambda: it stays.</item>
    /// <item>The Deployment was rendered from this generation: it stays with its image, as status may be older than the
    /// last word of the builder.</item>
    /// <item>This generation is built: its image in status.</item>
    /// <item>This generation is not built, or not accepted: the objects stay as they were last rendered, with the older
    /// spec and its image. A new spec is never rolled out with an image that was not built for it.</item>
    /// <item>The Deployment is gone and what it was rendered from with it: the present spec with the last image, because
    /// a function that answers is better than none. The generation is 0: no generation's rollout.</item>
    /// </list>
    /// </summary>
    /// <param name="lambda">As it is now.</param>
    /// <param name="deployment">As it is now.</param>
    /// <param name="remembered">What this process rendered last for this Lambda.</param>
    /// <returns>Null where there is nothing to run yet.</returns>
    public static Workload? Choose(Lambda lambda, V1Deployment? deployment, Workload? remembered)
    {
        var generation = lambda.Metadata.Generation ?? 0;
        var accepted = IsTrue(lambda, ConditionTypes.Accepted, generation);
        // What somebody wrote there by hand is not what was rendered.
        var written = deployment is null || ForeignFields.HaveAnnotation(deployment, Annotations.RenderedFrom)
            ? null : Workload.On(deployment, LambdaRef.Of(lambda));
        var rendered = written ?? remembered;

        if (rendered?.Generation > generation)
            return rendered;
        if (accepted && rendered?.Generation == generation)
            return Workload.Of(lambda, rendered.Revision, rendered.Image);
        var known = lambda.Status is { Revision.Length: > 0, Image.Length: > 0 };
        if (accepted && known && IsTrue(lambda, ConditionTypes.Built, generation))
            return Workload.Of(lambda, lambda.Status!.Revision!, lambda.Status.Image!);
        if (rendered is not null)
            return rendered;
        return accepted && known
            ? Workload.Of(lambda, lambda.Status!.Revision!, lambda.Status.Image!) with { Generation = 0 }
            : null;
    }

    /// <summary>Whether the condition is True and speaks of this generation.</summary>
    public static bool IsTrue(Lambda lambda, string type, long generation) =>
        lambda.Status?.Conditions?.Any(c => c.Type == type && c.Status == ConditionStatus.True && c.ObservedGeneration == generation) == true;
}
