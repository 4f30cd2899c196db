using Kublambda.Contracts.Resources;

namespace Kublambda.Contracts.Messages;

/// <summary>A build began, runs its next step, or still runs. From the builder.</summary>
public sealed record BuildStarted
{
    public required LambdaRef Lambda { get; init; }
    public required long Generation { get; init; }
    public required string Revision { get; init; }
    public required string Pipeline { get; init; }

    /// <summary>Of a git source: the commit.</summary>
    public string? Commit { get; init; }

    /// <summary><c>namespace/name</c> of the build pod; null where the builder makes the image itself.</summary>
    public string? Pod { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The step that runs; null where none does yet.</summary>
    public string? Step { get; init; }

    /// <summary>The steps of the pipeline, as far as they have begun, with times.</summary>
    public IReadOnlyList<BuildStepStatus> Steps { get; init; } = [];
}
