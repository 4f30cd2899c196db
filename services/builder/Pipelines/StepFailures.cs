using System.Text.Json;
using k8s.Models;

namespace Kublambda.Builder.Pipelines;

/// <summary>What exit codes of steps mean, as a pod carries it: who looks at a pod later may have other pipeline files.</summary>
internal static class StepFailures
{
    /// <summary>Annotation of build pods.</summary>
    public const string Annotation = "kublambda.dev/exit-codes";

    /// <summary>The reasons that a pipeline file may give to an exit code.</summary>
    public static readonly IReadOnlyList<string> Reasons =
        [Contracts.Reasons.BuildFailed, Contracts.Reasons.BuildpackNotDetected, Contracts.Reasons.BuilderIncompatible, Contracts.Reasons.RegistryUnavailable];

    /// <returns>Null where no step says anything.</returns>
    public static string? Write(Pipeline pipeline)
    {
        var entries = pipeline.Steps.SelectMany(s => s.Failures.Select(f => new Entry(s.Name, f.ExitCodes, f.Reason, f.Message))).ToList();
        return entries.Count == 0 ? null : JsonSerializer.Serialize(entries);
    }

    /// <returns>Null where the code has no meaning of its own.</returns>
    public static (string Reason, string Message)? Find(V1Pod pod, string step, int exitCode)
    {
        if (pod.GetAnnotation(Annotation) is not { } text)
            return null;
        try
        {
            return JsonSerializer.Deserialize<List<Entry>>(text)?.FirstOrDefault(e => e.Step == step && e.ExitCodes.Contains(exitCode)) is { } entry
                ? (entry.Reason, entry.Message)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Entry(string Step, IReadOnlyList<int> ExitCodes, string Reason, string Message);
}
