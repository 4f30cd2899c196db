namespace Kublambda.Contracts.Resources;

/// <summary>Bounds of the autoscaler.</summary>
public sealed record ScalingSpec
{
    public int? MinReplicas { get; init; }
    public int? MaxReplicas { get; init; }

    /// <summary>Requests that one replica handles at the same time; more wait in a short queue, then get a 503.</summary>
    public int? Concurrency { get; init; }
}
