using Kublambda.Contracts;

namespace Kublambda.Builder.Queueing;

/// <summary>What the replicas of the builder share: who waits for a place, and places that are taken before their pod is there.</summary>
public sealed record QueueState
{
    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<WaitingBuild> Waiting { get; init; } = [];
    public IReadOnlyList<ReservedPlace> Reserved { get; init; } = [];
}

/// <summary>A Lambda that waits for a place.</summary>
/// <param name="Lambda">Which.</param>
/// <param name="Since">Since when.</param>
/// <param name="Asked">When it was last asked for, to the minute: what nobody asks for any more is dropped.</param>
public sealed record WaitingBuild(LambdaRef Lambda, DateTimeOffset Since, DateTimeOffset Asked);

/// <summary>A place whose pod is about to be created.</summary>
/// <param name="Pod">Name of the pod.</param>
/// <param name="Lambda">Whose.</param>
/// <param name="Until">When it counts as given up, where its replica dies in between.</param>
public sealed record ReservedPlace(string Pod, LambdaRef Lambda, DateTimeOffset Until);
