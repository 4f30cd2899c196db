using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Status;

/// <summary>The condition Ready: the first of the others that is not True, and what serves meanwhile.</summary>
internal static class ReadySummary
{
    private static readonly string[] Stages = [ConditionTypes.Accepted, ConditionTypes.Built, ConditionTypes.Deployed];

    /// <param name="conditions">Is changed.</param>
    /// <param name="status">The rest of the status.</param>
    /// <param name="generation">Of the Lambda.</param>
    /// <param name="servesMeanwhile">Whether anything serves, where the deployer has just said so; else the ready replicas tell.</param>
    public static void Set(ConditionSet conditions, LambdaStatus status, long? generation, bool? servesMeanwhile)
    {
        if (conditions[ConditionTypes.Terminating] is { } ending)
        {
            conditions.Set(ConditionTypes.Ready, ConditionStatus.False, ending.Reason, ending.Message, generation);
            return;
        }

        foreach (var type in Stages)
        {
            if (conditions[type] is { Status: not ConditionStatus.True } stage)
            {
                conditions.Set(ConditionTypes.Ready, stage.Status, stage.Reason, WithMeanwhile(stage, conditions, status, servesMeanwhile), generation);
                return;
            }
        }

        var message = status.Url is null ? $"Revision {status.Revision} answers requests." : $"Revision {status.Revision} answers requests at {status.Url}.";
        conditions.Set(ConditionTypes.Ready, ConditionStatus.True, Reasons.Ready, message, generation);
    }

    private static string WithMeanwhile(LambdaCondition stage, ConditionSet conditions, LambdaStatus status, bool? servesMeanwhile)
    {
        var serves = servesMeanwhile ?? status.Replicas > 0;
        if (!serves || stage.Message.Contains("still serves", StringComparison.Ordinal))
            return stage.Message;
        // Until the image of this generation is there, status.revision is what runs; from then on it is what is being rolled out.
        var newIsOut = stage.Type == ConditionTypes.Deployed && conditions[ConditionTypes.Built]?.Status == ConditionStatus.True;
        if (newIsOut && servesMeanwhile is null && stage.Reason != Reasons.DeploymentPending)
            return stage.Message;
        // Before the first one there was none: what serves is a replica of this one.
        if (newIsOut && stage.ObservedGeneration == 1 && stage.Reason != Reasons.DeploymentPending)
            return stage.Message;
        var who = newIsOut || status.Revision is null ? "The revision before" : $"Revision {status.Revision}";
        return $"{stage.Message}\n{who} still serves{(status.Url is null ? "" : $" at {status.Url}")}.";
    }
}
