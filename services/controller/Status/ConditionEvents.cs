using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Status;

/// <summary>One Kubernetes Event to write.</summary>
/// <param name="Warning">Type Warning, else Normal.</param>
/// <param name="Reason">The reason of the condition.</param>
/// <param name="Message">The message of the condition.</param>
public sealed record ConditionEvent(bool Warning, string Reason, string Message);

/// <summary>Which Events follow from a change of status: one for each condition whose reason changed, and one for each step of a build.</summary>
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
    }
}
