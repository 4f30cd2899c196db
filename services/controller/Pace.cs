using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller;

/// <summary>When to look at a Lambda again, and say again what it needs, if nothing happens.</summary>
public static class Pace
{
    public static readonly TimeSpan Unsettled = TimeSpan.FromSeconds(15);

    /// <summary>For what has not changed in ten minutes: most likely its user has to act.</summary>
    public static readonly TimeSpan Stuck = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan Settled = TimeSpan.FromMinutes(5);

    public static TimeSpan Next(Lambda lambda, LambdaStatus? status, DateTimeOffset now)
    {
        if (lambda.Metadata.DeletionTimestamp is { } deleted)
        {
            var age = now - new DateTimeOffset(deleted.ToUniversalTime());
            return TimeSpan.FromSeconds(age < TimeSpan.FromSeconds(30) ? 3 : age < TimeSpan.FromMinutes(2) ? 5 : 10);
        }

        if (IsSettled(lambda.Metadata.Generation, status))
            return Settled;
        var last = status?.Conditions?.Select(condition => condition.LastTransitionTime).DefaultIfEmpty(now).Max() ?? now;
        return now - last > TimeSpan.FromMinutes(10) ? Stuck : Unsettled;
    }

    /// <summary>This generation runs, or is refused.</summary>
    public static bool IsSettled(long? generation, LambdaStatus? status) =>
        status?.ObservedGeneration == generation
        && status?.Conditions is { } conditions
        && conditions.Any(condition => condition.ObservedGeneration == generation && (
            condition is { Type: ConditionTypes.Ready, Status: ConditionStatus.True } or { Type: ConditionTypes.Accepted, Status: ConditionStatus.False }));
}
