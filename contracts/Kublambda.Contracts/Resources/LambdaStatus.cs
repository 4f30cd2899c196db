namespace Kublambda.Contracts.Resources;

/// <summary>What Kublambda says back; written by the controller alone.</summary>
public sealed record LambdaStatus
{
    /// <summary>The generation of the spec that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>The revision of <see cref="Image"/>, and its tag. While its pods do not start yet, or fail, the one before may still serve; the condition Ready says so.</summary>
    public string? Revision { get; init; }

    /// <summary>The last image that was built, by digest, under the name that nodes pull.</summary>
    public string? Image { get; init; }

    /// <summary>Where the function answers: the URL of its first HTTP trigger, else the one inside the cluster.</summary>
    public string? Url { get; init; }

    /// <summary>Ready replicas, for the scale subresource.</summary>
    public int? Replicas { get; init; }

    /// <summary>The label selector of the function's pods, for the scale subresource.</summary>
    public string? Selector { get; init; }

    public BuildStatus? Build { get; init; }
    public IReadOnlyList<TriggerStatus>? Triggers { get; init; }
    public IReadOnlyList<LambdaCondition>? Conditions { get; init; }
}

/// <summary>The newest build, waiting, running, done or failed.</summary>
public sealed record BuildStatus
{
    public string? Revision { get; init; }
    public string? Pipeline { get; init; }

    /// <summary>Of a git source: the commit that the branch, tag or HEAD stood at.</summary>
    public string? Commit { get; init; }

    /// <summary>One of <see cref="BuildPhases"/>.</summary>
    public string? Phase { get; init; }

    /// <summary>The step that runs, failed or is held up.</summary>
    public string? Step { get; init; }

    /// <summary>While it waits for a place to build: its place in the queue, 1 is the next.</summary>
    public int? Place { get; init; }

    /// <summary>When it began to wait for a place; absent where one was free.</summary>
    public DateTimeOffset? QueuedAt { get; init; }

    /// <summary><c>namespace/name</c> of the build pod.</summary>
    public string? Pod { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The last lines of the log of a failed build, <see cref="Limits.LogTailBytes"/> at most.</summary>
    public string? Log { get; init; }

    /// <summary>The steps of the build, as far as they have begun.</summary>
    public IReadOnlyList<BuildStepStatus>? Steps { get; init; }
}

/// <summary>One step of a build.</summary>
public sealed record BuildStepStatus
{
    public string Name { get; init; } = "";
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>Values of <see cref="BuildStatus.Phase"/>.</summary>
public static class BuildPhases
{
    public const string Queued = "Queued";
    public const string Running = "Running";
    public const string Succeeded = "Succeeded";
    public const string Failed = "Failed";
}

/// <summary>One trigger's state.</summary>
public sealed record TriggerStatus
{
    public string Name { get; init; } = "";
    public bool Ready { get; init; }

    /// <summary>Of an HTTP trigger: where it listens.</summary>
    public string? Url { get; init; }

    /// <summary>Of a resource trigger that is not ready, and of an HTTP trigger whose host is taken: one of <see cref="Reasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>What is missing, and what to do about it.</summary>
    public string? Message { get; init; }

    /// <summary>Changes of the selected objects, whether the condition matches or not.</summary>
    public long? Seen { get; init; }

    /// <summary>Those that the function is, or was, to be called for.</summary>
    public long? Matched { get; init; }

    /// <summary>Those that it answered with 2xx.</summary>
    public long? Delivered { get; init; }

    /// <summary>Those that went to the dead letters.</summary>
    public long? Failed { get; init; }

    /// <summary>Those that wait, or are tried again.</summary>
    public long? Waiting { get; init; }
    public TriggerFault? LastError { get; init; }
}

/// <summary>The newest thing that went wrong with a resource trigger: a condition that cannot be evaluated, a call that failed.</summary>
public sealed record TriggerFault
{
    public DateTimeOffset? Time { get; init; }
    public string Message { get; init; } = "";
}

/// <summary>A condition after the API conventions; types are in <see cref="ConditionTypes"/>, reasons in <see cref="Reasons"/>.</summary>
public sealed record LambdaCondition
{
    public string Type { get; init; } = "";

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public string Status { get; init; } = ConditionStatus.Unknown;
    public string Reason { get; init; } = "";
    public string Message { get; init; } = "";
    public long? ObservedGeneration { get; init; }
    public DateTimeOffset LastTransitionTime { get; init; }
}

/// <summary>Values of <see cref="LambdaCondition.Status"/>.</summary>
public static class ConditionStatus
{
    public const string True = "True";
    public const string False = "False";
    public const string Unknown = "Unknown";
}
