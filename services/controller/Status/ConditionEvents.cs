using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Status;

/// <summary>One Kubernetes Event to write.</summary>
/// <param name="Warning">Type Warning, else Normal.</param>
/// <param name="Reason">The reason of the condition.</param>
/// <param name="Message">The message of the condition.</param>
public sealed record ConditionEvent(bool Warning, string Reason, string Message);

/// <summary>Which Events follow from a change of status: one for each condition whose reason changed, one for each step of a build, and those of resource triggers.</summary>
public static class ConditionEvents
{
    public static IEnumerable<ConditionEvent> Between(LambdaStatus? before, LambdaStatus after)
    {
        foreach (var condition in after.Conditions ?? [])
        {
            // Ready repeats what another condition says, until it is True.
            if (condition.Type == ConditionTypes.Ready && condition.Status != ConditionStatus.True)
                continue;
            var old = before?.Conditions?.FirstOrDefault(each => each.Type == condition.Type);
            // Nor is it a change that nothing is known at first sight.
            if (old is null && condition.Status == ConditionStatus.Unknown)
                continue;
            if (old?.Reason != condition.Reason || old.Status != condition.Status || (condition.Reason == Reasons.Building && old.Message != condition.Message))
                yield return new ConditionEvent(condition.Status == ConditionStatus.False, condition.Reason, condition.Message);
        }

        foreach (var trigger in after.Triggers ?? [])
        {
            foreach (var item in Between(before?.Triggers?.FirstOrDefault(each => each.Name == trigger.Name), trigger))
                yield return item;
        }
    }

    private static IEnumerable<ConditionEvent> Between(TriggerStatus? before, TriggerStatus after)
    {
        // Only resource triggers count.
        if (after is { Ready: true, Seen: not null } && before?.Ready != true)
            yield return new ConditionEvent(false, Reasons.TriggerReady, $"Trigger {after.Name} watches.");
        if (after is { Ready: false, Reason: not (null or Reasons.TriggerPending) } && before?.Reason != after.Reason)
            yield return new ConditionEvent(true, after.Reason, $"Trigger {after.Name}: {after.Message}");
        if (after.Failed > (before?.Failed ?? 0))
            yield return new ConditionEvent(true, Reasons.EventGivenUp, $"Trigger {after.Name}: the function did not take an event, which is among the dead letters now. {after.LastError?.Message}".TrimEnd());
    }
}
