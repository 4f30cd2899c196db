namespace Kublambda.Contracts.Messages;

/// <summary>A Lambda is new, changed or not settled yet. From the controller; said again until it is settled.</summary>
public sealed record LambdaChanged
{
    public required LambdaRef Lambda { get; init; }

    /// <summary><c>metadata.generation</c> that was seen.</summary>
    public required long Generation { get; init; }
}
