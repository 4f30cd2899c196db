namespace Kublambda.Contracts.Messages;

/// <summary>The clean-up of a Lambda that is being deleted waits for something; it is tried again. From gc.</summary>
public sealed record CleanupDelayed
{
    public required LambdaRef Lambda { get; init; }

    /// <summary>One of <see cref="Reasons"/>.</summary>
    public required string Reason { get; init; }
    public required string Message { get; init; }
}
