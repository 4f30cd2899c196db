using k8s.Models;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Observing;

/// <summary>What is seen of a Lambda's objects: everything that <see cref="Observer"/> judges by.</summary>
internal sealed record WorkloadView
{
    public required Workload Workload { get; init; }
    public IReadOnlyList<HttpRoute> Routes { get; init; } = [];
    public V1Deployment? Deployment { get; init; }
    public V1Service? Service { get; init; }
    public V1Ingress? Ingress { get; init; }
    public IReadOnlyList<V1ReplicaSet> ReplicaSets { get; init; } = [];

    /// <summary>Of all revisions.</summary>
    public IReadOnlyList<V1Pod> Pods { get; init; } = [];

    /// <summary>Host that node ports are reached by; null where none is known.</summary>
    public string? NodeAddress { get; init; }

    /// <summary>Why the objects could not be applied.</summary>
    public StalledException? Stalled { get; init; }

    /// <summary>What the cluster cannot do for this Lambda.</summary>
    public string? Note { get; init; }

    /// <summary>What was looked up about the pod that <see cref="Rollout.Of"/> found failing.</summary>
    public PodDetails Details { get; init; } = PodDetails.None;
}

/// <summary>What costs a request to know, and is only asked for about a pod that fails.</summary>
/// <param name="Log">The last lines of the log, of the container that failed.</param>
/// <param name="Events">Messages of the pod's Warning events, newest first.</param>
internal sealed record PodDetails(string? Log, IReadOnlyList<string> Events)
{
    public static PodDetails None { get; } = new(null, []);
}
