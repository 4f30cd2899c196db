using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Triggers;

/// <summary>A resource trigger, ready to be used: selectors parsed, condition compiled.</summary>
public sealed class CompiledTrigger
{
    /// <summary>An element of <c>namespaces</c> that stands for all of them.</summary>
    public const string AllNamespaces = "*";

    private CompiledTrigger(
        LambdaRef lambda, string name, GroupVersionKind kind, IReadOnlySet<string>? namespaces, LabelSelector labels, string? fieldSelector,
        IReadOnlySet<TriggerEvent> events, TriggerCondition? condition)
    {
        (Lambda, Name, Kind, Namespaces) = (lambda, name, kind, namespaces);
        (Labels, FieldSelector, Events, Condition) = (labels, fieldSelector, events, condition);
    }

    public LambdaRef Lambda { get; }

    /// <summary>Name of the trigger.</summary>
    public string Name { get; }
    public GroupVersionKind Kind { get; }

    /// <summary>Null: all. Of no meaning for a kind that is cluster-scoped.</summary>
    public IReadOnlySet<string>? Namespaces { get; }
    public LabelSelector Labels { get; }
    public string? FieldSelector { get; }
    public IReadOnlySet<TriggerEvent> Events { get; }

    /// <summary>Null: every event.</summary>
    public TriggerCondition? Condition { get; }

    /// <param name="lambda">Whose trigger it is; without <c>namespaces</c> its own namespace is watched.</param>
    /// <param name="name">Name of the trigger.</param>
    /// <param name="trigger">As in the resource.</param>
    /// <exception cref="FormatException">A field other than the condition is wrong; the message begins with the field's name.</exception>
    /// <exception cref="Cel.CelException">The condition is wrong.</exception>
    public static CompiledTrigger Compile(LambdaRef lambda, string name, ResourceTrigger trigger)
    {
        var kind = Field("apiVersion", () => GroupVersionKind.Of(trigger.ApiVersion, trigger.Kind));
        var namespaces = trigger.Namespaces is { Count: > 0 } given ? given : [lambda.Namespace];
        return new CompiledTrigger(
            lambda, name, kind,
            namespaces.Contains(AllNamespaces) ? null : namespaces.ToHashSet(StringComparer.Ordinal),
            Field("labelSelector", () => LabelSelector.Parse(trigger.LabelSelector)),
            Field("fieldSelector", () => Triggers.FieldSelector.Parse(trigger.FieldSelector)),
            Field("events", () => trigger.Events is { Count: > 0 } events ? events.Select(Event).ToHashSet() : [.. Enum.GetValues<TriggerEvent>()]),
            string.IsNullOrWhiteSpace(trigger.Condition) ? null : TriggerCondition.Compile(trigger.Condition));
    }

    /// <summary>Whether an object is in the trigger's selection, as far as we decide on it; field selectors are the API server's.</summary>
    /// <param name="ns">Its namespace; null for a cluster-scoped one.</param>
    /// <param name="labels">Its labels.</param>
    public bool Selects(string? ns, IReadOnlyDictionary<string, string> labels) =>
        (ns is null || Namespaces is null || Namespaces.Contains(ns)) && Labels.Matches(labels);

    private static TriggerEvent Event(string word) =>
        Enum.TryParse<TriggerEvent>(word, out var parsed) && TriggerEvents.All.Contains(word)
            ? parsed
            : throw new FormatException($"\"{word}\" is no event: write some of {string.Join(", ", TriggerEvents.All)}.");

    private static T Field<T>(string field, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException e)
        {
            throw new FormatException($"{field}: {e.Message}", e);
        }
    }
}
