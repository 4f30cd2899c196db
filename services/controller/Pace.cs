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

    /// <param name="lambda">The Lambda.</param>
    /// <param name="status">What is known of it.</param>
    /// <param name="now">The time.</param>
    /// <param name="follow">How often the builder is asked where a git branch points to: <see cref="FollowOptions"/>.</param>
    public static TimeSpan Next(Lambda lambda, LambdaStatus? status, DateTimeOffset now, TimeSpan? follow = null)
    {
        if (lambda.Metadata.DeletionTimestamp is { } deleted)
        {
            var age = now - new DateTimeOffset(deleted.ToUniversalTime());
            return TimeSpan.FromSeconds(age < TimeSpan.FromSeconds(30) ? 3 : age < TimeSpan.FromMinutes(2) ? 5 : 10);
        }

        if (IsSettled(lambda.Metadata.Generation, status))
            return follow is { } often && often < Settled && FollowsBranch(lambda) && !IsRefused(status) ? often : Settled;
        var last = status?.Conditions?.Select(condition => condition.LastTransitionTime).DefaultIfEmpty(now).Max() ?? now;
        return now - last > TimeSpan.FromMinutes(10) ? Stuck : Unsettled;
    }

    /// <summary>Its source may become another one without anybody telling us. A commit id never does.</summary>
    private static bool FollowsBranch(Lambda lambda) =>
        lambda.Spec.Source.Git is { } git && !(git.Revision is { Length: 40 or 64 } revision && revision.All(char.IsAsciiHexDigitLower));

    private static bool IsRefused(LambdaStatus? status) =>
        status?.Conditions?.Any(condition => condition is { Type: ConditionTypes.Accepted, Status: ConditionStatus.False }) == true;

    /// <summary>This generation runs, or is refused.</summary>
    public static bool IsSettled(long? generation, LambdaStatus? status) =>
        status?.ObservedGeneration == generation
        && status?.Conditions is { } conditions
        && conditions.Any(condition => condition.ObservedGeneration == generation && (
            condition is { Type: ConditionTypes.Ready, Status: ConditionStatus.True } or { Type: ConditionTypes.Accepted, Status: ConditionStatus.False }));
}
