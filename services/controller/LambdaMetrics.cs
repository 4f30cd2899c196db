using System.Diagnostics.Metrics;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;

namespace Kublambda.Controller;

/// <summary>
/// How many Lambdas there are, by what their condition Ready says. The leader counts, the other replicas say 0: a sum over all
/// of them is right.
/// </summary>
public sealed class LambdaMetrics
{
    private readonly Lock _lock = new();

    /// <summary>What was said once has to be said again as 0: a scrape keeps what it is not told of.</summary>
    private readonly HashSet<(string Ready, string Reason)> _said = [];

    public LambdaMetrics(IMeterFactory meters, IResourceCache<Lambda> cache, LeaderGate gate)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create("kublambda");
#pragma warning restore CA2000
        meter.CreateObservableGauge(
            "lambdas", () => Measure(gate.IsLeader ? cache.List() : []), description: "Lambdas by status and reason of their condition Ready; the leader's count, 0 elsewhere.");
    }

    internal IReadOnlyList<Measurement<int>> Measure(IEnumerable<Lambda> lambdas)
    {
        var counts = lambdas.CountBy(Group).ToDictionary();
        lock (_lock)
        {
            _said.UnionWith(counts.Keys);
            return [.. _said.Select(group => new Measurement<int>(counts.GetValueOrDefault(group), new("ready", group.Ready), new("reason", group.Reason)))];
        }
    }

    private static (string Ready, string Reason) Group(Lambda lambda) =>
        lambda.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.Ready) is { } ready
            ? (ready.Status, ready.Reason)
            : (ConditionStatus.Unknown, "");
}
