namespace Kublambda.Contracts.Messages;

/// <summary>A Lambda is being deleted: everything of it has to go. From the controller; said again until it is gone.</summary>
public sealed record LambdaDeleted
{
    public required LambdaRef Lambda { get; init; }

    /// <summary><c>metadata.deletionTimestamp</c>.</summary>
    public required DateTimeOffset DeletedAt { get; init; }
}
