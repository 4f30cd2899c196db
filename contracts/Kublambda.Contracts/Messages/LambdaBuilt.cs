using Kublambda.Contracts.Resources;

namespace Kublambda.Contracts.Messages;

/// <summary>The image of this generation is in the registry, new or from before. From the builder.</summary>
public sealed record LambdaBuilt
{
    public required LambdaRef Lambda { get; init; }
    public required long Generation { get; init; }
    public required string Revision { get; init; }

    /// <summary>By digest, under the name that nodes pull: <c>host/namespace/name-uid8@sha256:...</c></summary>
    public required string Image { get; init; }
    public required string Pipeline { get; init; }

    /// <summary>Of a git source: the commit.</summary>
    public string? Commit { get; init; }

    /// <summary><c>namespace/name</c> of the build pod; null where nothing had to be built.</summary>
    public string? Pod { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The steps of the build, with times; none where nothing had to be built.</summary>
    public IReadOnlyList<BuildStepStatus> Steps { get; init; } = [];
}
