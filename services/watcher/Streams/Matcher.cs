using System.Text.Json;
using Kublambda.Cel;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;

namespace Kublambda.Watcher.Streams;

/// <summary>What a transition means for one trigger.</summary>
/// <param name="Trigger">Which.</param>
/// <param name="Message">The event to publish; null where its events or condition do not take it.</param>
/// <param name="Problem">Why the condition could not be evaluated.</param>
internal sealed record Match(BoundTrigger Trigger, Outgoing? Message, string? Problem);

/// <summary>Which triggers a transition concerns, and with which events. An object is read only where somebody looks at it.</summary>
internal static class Matcher
{
    public static IEnumerable<Match> Matches(Transition transition, StreamSpec stream, IReadOnlyList<BoundTrigger> triggers, DateTimeOffset time)
    {
        if (OwnWriting.Is(transition, stream))
            yield break;
        var old = new Lazily(transition.Old);
        var now = new Lazily(transition.New);
        foreach (var bound in triggers)
        {
            if (Happened(bound.Trigger, old, now) is not { } happened)
                continue;
            // For Deleted both are the last seen state: the same, whether the deletion was seen or found out later.
            var (state, before) = happened == TriggerEvent.Deleted ? (old, old) : (now, happened == TriggerEvent.Added ? null : old);
            string? problem = null;
            var takes = bound.Trigger.Events.Contains(happened)
                && bound.Trigger.Condition?.Matches(state.Value, before?.Value, happened, bound.Lambda, out problem) != false;
            yield return new Match(
                bound, takes ? EventMessage.Of(bound, stream, happened, state.State!, before?.State, time) : null, problem);
        }
    }

    /// <summary>As the API server has it: entering the selection is Added, leaving it Deleted.</summary>
    private static TriggerEvent? Happened(CompiledTrigger trigger, Lazily old, Lazily now) =>
        (old.IsIn(trigger), now.IsIn(trigger)) switch
        {
            (false, true) => TriggerEvent.Added,
            (true, true) => TriggerEvent.Modified,
            (true, false) => TriggerEvent.Deleted,
            _ => null,
        };

    private sealed class Lazily(ObjectState? state)
    {
        private JsonElement? _json;
        private CelValue? _value;
        private Dictionary<string, string>? _labels;

        public ObjectState? State => state;

        public CelValue Value => _value ??= CelValue.From(Json);

        private JsonElement Json => _json ??= JsonSerializer.Deserialize<JsonElement>(state!.Json());

        public bool IsIn(CompiledTrigger trigger) =>
            state is not null && trigger.Selects(ObjectState.NamespaceOf(state.Key), trigger.Labels == LabelSelector.Everything ? None : _labels ??= Labels());

        private static Dictionary<string, string> None { get; } = [];

        private Dictionary<string, string> Labels() =>
            Json.GetProperty("metadata").TryGetProperty("labels", out var labels) && labels.ValueKind == JsonValueKind.Object
                ? labels.EnumerateObject().ToDictionary(each => each.Name, each => each.Value.GetString() ?? "", StringComparer.Ordinal)
                : [];
    }
}
