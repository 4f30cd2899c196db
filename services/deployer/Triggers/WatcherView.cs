using k8s.Models;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Triggers;

/// <summary>What is seen of a Lambda's watcher.</summary>
internal sealed record WatcherView
{
    /// <summary>The Lambda's namespace.</summary>
    public required string Home { get; init; }

    /// <summary>The resource triggers.</summary>
    public required IReadOnlyList<TriggerSpec> Triggers { get; init; }
    public required WatchPlan Plan { get; init; }

    /// <summary>True: the installation runs one watcher for all.</summary>
    public bool Shared { get; init; }
    public V1Deployment? Deployment { get; init; }

    /// <summary>What keeps its pod from starting; null where nothing is known.</summary>
    public string? Trouble { get; init; }

    /// <summary>What the watcher says.</summary>
    public IReadOnlyList<TriggerStatus> Reports { get; init; } = [];

    /// <summary>Why the watcher could not be set up.</summary>
    public Exception? Failure { get; init; }

    /// <summary>Why its rights could not be given, by namespace; null is the whole cluster.</summary>
    public IReadOnlyList<(string? Namespace, Exception Error)> Refused { get; init; } = [];
}
