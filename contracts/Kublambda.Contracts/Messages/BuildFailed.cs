using Kublambda.Contracts.Resources;

namespace Kublambda.Contracts.Messages;

/// <summary>This generation could not be built. From the builder.</summary>
public sealed record BuildFailed
{
    public required LambdaRef Lambda { get; init; }
    public required long Generation { get; init; }

    /// <summary>Null where the source could not even be read.</summary>
    public string? Revision { get; init; }
    public string? Pipeline { get; init; }

    /// <summary>Of a git source: the commit.</summary>
    public string? Commit { get; init; }
    public string? Pod { get; init; }

    /// <summary>One of <see cref="Reasons"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>The cause and what to do about it.</summary>
    public required string Message { get; init; }

    /// <summary>The last lines of the log, <see cref="Limits.LogTailBytes"/> at most.</summary>
    public string? Log { get; init; }

    /// <summary>True: nothing will change until the user does something. False: the builder tries again by itself.</summary>
    public required bool Final { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The step that failed or is held up, where there is one.</summary>
    public string? Step { get; init; }

    /// <summary>The steps of the pipeline, as far as they had begun, with times.</summary>
    public IReadOnlyList<BuildStepStatus> Steps { get; init; } = [];
}
