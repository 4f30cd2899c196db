using System.Security.Cryptography;
using System.Text;

namespace Kublambda.Triggers;

/// <summary>A kind as the API server serves it.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Plural">As it stands in URLs.</param>
/// <param name="Namespaced">Whether its objects live in namespaces.</param>
public sealed record ServedKind(GroupVersionKind Kind, string Plural, bool Namespaced);

/// <summary>One watch: objects of a kind, in one namespace or all, all of them or those that selectors match.</summary>
public sealed record StreamSpec(ServedKind Served, string? Namespace, string? LabelSelector, string? FieldSelector)
{
    /// <summary>The same for the same stream, over restarts: 16 hex digits.</summary>
    public string Id { get; } = Hash(
        $"{Served.Kind.ApiVersion}\n{Served.Kind.Kind}\n{Namespace ?? "*"}\n{LabelSelector}\n{FieldSelector}");

    public override string ToString() => $"{Served.Plural} of {Served.Kind.ApiVersion} in {Namespace ?? "all namespaces"}";

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
}

/// <summary>A watch, and the triggers that it feeds.</summary>
public sealed record PlannedStream(StreamSpec Stream, IReadOnlyList<CompiledTrigger> Triggers);

/// <summary>Which watches a set of triggers needs.</summary>
/// <param name="Streams">One for each distinct stream.</param>
/// <param name="NotServed">Triggers whose kind the API server does not have.</param>
public sealed record StreamPlan(IReadOnlyList<PlannedStream> Streams, IReadOnlyList<CompiledTrigger> NotServed)
{
    /// <param name="triggers">All there are.</param>
    /// <param name="served">The kind as it is served; null where it is not.</param>
    /// <param name="shared">
    /// False: watches as narrow as the triggers, as the rights of one Lambda's watcher are. True: one cluster-wide watch for each kind and
    /// field selector, however many triggers; namespaces and labels are looked at here.
    /// </param>
    public static StreamPlan Of(IEnumerable<CompiledTrigger> triggers, Func<GroupVersionKind, ServedKind?> served, bool shared)
    {
        var streams = new Dictionary<StreamSpec, List<CompiledTrigger>>();
        var missing = new List<CompiledTrigger>();
        foreach (var trigger in triggers)
        {
            if (served(trigger.Kind) is not { } kind)
            {
                missing.Add(trigger);
                continue;
            }

            foreach (var stream in Needed(trigger, kind, shared))
            {
                if (!streams.TryGetValue(stream, out var fed))
                    streams[stream] = fed = [];
                fed.Add(trigger);
            }
        }

        return new StreamPlan([.. streams.Select(pair => new PlannedStream(pair.Key, pair.Value))], missing);
    }

    private static IEnumerable<StreamSpec> Needed(CompiledTrigger trigger, ServedKind kind, bool shared)
    {
        if (shared)
            return [new StreamSpec(kind, null, null, trigger.FieldSelector)];
        var labels = trigger.Labels.ToString() is { Length: > 0 } text ? text : null;
        return !kind.Namespaced || trigger.Namespaces is null
            ? [new StreamSpec(kind, null, labels, trigger.FieldSelector)]
            : trigger.Namespaces.Order(StringComparer.Ordinal).Select(ns => new StreamSpec(kind, ns, labels, trigger.FieldSelector));
    }
}
