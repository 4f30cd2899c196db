using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>Reads a Lambda's status.</summary>
public static class Seen
{
    public static LambdaCondition? Condition(Lambda lambda, string type) => lambda.Status?.Conditions?.FirstOrDefault(c => c.Type == type);

    public static bool IsReady(Lambda lambda) =>
        lambda.Metadata.DeletionTimestamp is null
        && lambda.Status?.ObservedGeneration == lambda.Metadata.Generation
        && Condition(lambda, ConditionTypes.Ready) is { Status: ConditionStatus.True } ready
        && ready.ObservedGeneration == lambda.Metadata.Generation;

    /// <summary>In one line.</summary>
    public static string Status(Lambda lambda)
    {
        var conditions = lambda.Status?.Conditions ?? [];
        var words = conditions.Select(c => $"{c.Type}={c.Status} {c.Reason}@{c.ObservedGeneration} \"{c.Message}\"");
        return $"generation {lambda.Metadata.Generation}, {string.Join("; ", words.DefaultIfEmpty("no conditions"))}";
    }
}
