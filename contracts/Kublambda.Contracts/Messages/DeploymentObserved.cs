using Kublambda.Contracts.Resources;

namespace Kublambda.Contracts.Messages;

/// <summary>How the workload of a Lambda stands. From the deployer, whenever that changes and whenever it is asked.</summary>
public sealed record DeploymentObserved
{
    public required LambdaRef Lambda { get; init; }

    /// <summary>The generation whose spec the objects were rendered from.</summary>
    public required long Generation { get; init; }

    /// <summary>The revision that the objects ask for.</summary>
    public required string Revision { get; init; }
    public required string Image { get; init; }

    /// <summary>Of the condition <see cref="ConditionTypes.Deployed"/>: True, False or Unknown.</summary>
    public required string Status { get; init; }

    /// <summary>One of <see cref="Reasons"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>The cause and what to do about it; for a failing pod with the last lines of its log.</summary>
    public required string Message { get; init; }

    /// <summary>True while at least one pod, of this revision or an older one, answers requests.</summary>
    public required bool Serving { get; init; }
    public string? Url { get; init; }
    public required int ReadyReplicas { get; init; }

    /// <summary>The label selector of the pods.</summary>
    public required string Selector { get; init; }
    public IReadOnlyList<TriggerStatus> Triggers { get; init; } = [];
}
