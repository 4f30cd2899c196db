using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Triggers;

namespace Kublambda.Watcher.Streams;

/// <summary>
/// What watchers write about their triggers, and what becomes of it in the status of Lambdas, is nothing that happened: a trigger on
/// ConfigMaps or Lambdas that was told of it would count it, and write again, for ever.
/// </summary>
internal static partial class OwnWriting
{
    public static bool Is(Transition transition, StreamSpec stream) => stream.Served.Kind switch
    {
        { Group: "", Kind: "ConfigMap" } => IsReport(transition),
        { Group: Lambda.Group, Kind: Lambda.KindName } => IsCounting(transition),
        _ => false,
    };

    /// <summary>By its name first, so that other ConfigMaps need not be read.</summary>
    private static bool IsReport(Transition transition) =>
        ReportName().IsMatch(ObjectState.NameOf(transition.Key))
        && Read((transition.New ?? transition.Old)!)["metadata"]?["labels"] is JsonObject labels
        && (string?)labels[Labels.ManagedBy] == Labels.ManagedByValue
        && labels.ContainsKey(Labels.LambdaUid);

    /// <summary>Nothing but the counts has changed.</summary>
    private static bool IsCounting(Transition transition) =>
        transition is { Old: { } old, New: { } now } && JsonNode.DeepEquals(WithoutCounts(old), WithoutCounts(now));

    private static JsonObject WithoutCounts(ObjectState state)
    {
        var lambda = Read(state);
        (lambda["metadata"] as JsonObject)?.Remove("resourceVersion");
        (lambda["status"] as JsonObject)?.Remove("triggers");
        return lambda;
    }

    private static JsonObject Read(ObjectState state) => JsonNode.Parse(state.Json())!.AsObject();

    /// <summary><see cref="Names.Watcher"/>.</summary>
    [GeneratedRegex(@"-[0-9a-f]{8}-watcher\z", RegexOptions.CultureInvariant)]
    private static partial Regex ReportName();
}
