namespace Kublambda.Contracts.Messages;

/// <summary>A build began, or still runs. From the builder.</summary>
public sealed record BuildStarted
{
    public required LambdaRef Lambda { get; init; }
    public required long Generation { get; init; }
    public required string Revision { get; init; }
    public required string Pipeline { get; init; }

    /// <summary><c>namespace/name</c> of the build pod; null where the builder makes the image itself.</summary>
    public string? Pod { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
}
