namespace Kublambda.Contracts.Messages;

/// <summary>The repository of a Lambda that is being deleted is empty, and no build can fill it again. From gc.</summary>
public sealed record ImagesDeleted
{
    public required LambdaRef Lambda { get; init; }

    /// <summary><c>namespace/name-uid8</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>Digests of the manifests that this run deleted; empty where they were gone already.</summary>
    public required IReadOnlyList<string> Manifests { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }
}
