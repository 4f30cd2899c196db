namespace Kublambda.Contracts.Messages;

/// <summary>All places for builds are taken; the build waits, and starts by itself. From the builder, again whenever it is asked.</summary>
public sealed record BuildQueued
{
    public required LambdaRef Lambda { get; init; }
    public required long Generation { get; init; }
    public required string Revision { get; init; }
    public required string Pipeline { get; init; }

    /// <summary>Of a git source: the commit.</summary>
    public string? Commit { get; init; }

    /// <summary>When it began to wait.</summary>
    public required DateTimeOffset QueuedAt { get; init; }

    /// <summary>Its place in the queue: 1 is the next.</summary>
    public required int Place { get; init; }

    /// <summary>How many wait.</summary>
    public required int Waiting { get; init; }
}
