namespace Kublambda.Contracts.Messages;

/// <summary>A build pod was created, or still runs. From the builder.</summary>
public sealed record BuildStarted
{
    public required LambdaRef Lambda { get; init; }
    public required long Generation { get; init; }
    public required string Revision { get; init; }
    public required string Pipeline { get; init; }

    /// <summary><c>namespace/name</c> of the build pod.</summary>
    public required string Pod { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
}
