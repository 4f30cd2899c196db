using k8s.Models;
using Kublambda.Hosting.Logs;

namespace Kublambda.Builder.Logs;

/// <summary>What a build was given that must not be read in its log.</summary>
internal static class BuildSecrets
{
    /// <summary>
    /// The values of a build's variables whose names say secret: a step that prints its environment, or fails with a command line
    /// in its words, would tell them.
    /// </summary>
    public static IReadOnlyList<string> Of(V1Pod pod) =>
    [
        .. (pod.Spec?.InitContainers ?? []).Concat(pod.Spec?.Containers ?? []).SelectMany(c => c.Env ?? [])
            .Where(e => LogSecrets.SaysSecret(e.Name) && e.Value is not null)
            // As Kubernetes hands it to the process.
            .Select(e => e.Value.Replace("$$(", "$(", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal),
    ];
}
