using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Status;

/// <summary>The condition Ready: the first of the others that is not True, and what serves meanwhile; then the first trigger that is not ready, of HTTP triggers those whose host is taken.</summary>
internal static class ReadySummary
{
    private static readonly string[] Stages = [ConditionTypes.Accepted, ConditionTypes.Built, ConditionTypes.Deployed];

    /// <param name="conditions">Is changed.</param>
    /// <param name="status">The rest of the status.</param>
    /// <param name="generation">Of the Lambda.</param>
    /// <param name="servesMeanwhile">Whether anything serves, where the deployer has just said so; else the ready replicas tell.</param>
    /// <param name="triggers">Those of the spec.</param>
    public static void Set(ConditionSet conditions, LambdaStatus status, long? generation, bool? servesMeanwhile, IReadOnlyList<TriggerSpec> triggers)
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

        // HTTP triggers may wait for a load balancer or an Ingress controller for ever, while the function answers; what belongs to
        // another Lambda is the user's to mend.
        foreach (var trigger in triggers.Where(trigger => trigger.Resource is not null || IsRefused(trigger, status)))
        {
            if (Missing(trigger, status) is not { } missing)
                continue;
            var waits = missing.Reason is null or Reasons.TriggerPending;
            conditions.Set(
                ConditionTypes.Ready, waits ? ConditionStatus.Unknown : ConditionStatus.False, missing.Reason ?? Reasons.TriggerPending,
                $"Trigger {trigger.Name}: {missing.Message ?? "it starts."}", generation);
            return;
        }

        var message = status.Url is null ? $"Revision {status.Revision} answers requests." : $"Revision {status.Revision} answers requests at {status.Url}.";
        conditions.Set(ConditionTypes.Ready, ConditionStatus.True, Reasons.Ready, message, generation);
    }

    private static bool IsRefused(TriggerSpec trigger, LambdaStatus status) =>
        status.Triggers?.Any(seen => seen.Name == trigger.Name && seen is { Ready: false, Reason: not null }) == true;

    /// <returns>Null for a trigger that is ready.</returns>
    private static TriggerStatus? Missing(TriggerSpec trigger, LambdaStatus status) =>
        status.Triggers?.FirstOrDefault(seen => seen.Name == trigger.Name) is { } known ? known.Ready ? null : known : new TriggerStatus();

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
