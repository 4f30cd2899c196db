using Kublambda.Contracts;

namespace Kublambda.Triggers;

/// <summary>
/// The names of everything in RabbitMQ that belongs to the triggers of one Lambda. All begin with <c>kublambda.triggers.&lt;uid&gt;</c>: a watcher's
/// user may touch only these, and clean-up finds them by it. One direct exchange; queues are bound to it under their last word.
/// </summary>
/// <param name="Owner">The uid of the Lambda; <see cref="SharedOwner"/> for the state of a shared watcher.</param>
public sealed record TriggerQueues(string Owner)
{
    /// <summary>Whose state a shared watcher keeps.</summary>
    public const string SharedOwner = "shared";

    public const string EventsKey = "events";
    public const string ParkedKey = "parked";
    public const string DeadKey = "dead";

    public string Exchange => Names.TriggerPrefix(Owner);

    /// <summary>Events that wait for a 2xx: a quorum queue with one consumer at a time.</summary>
    public string Events => $"{Exchange}.{EventsKey}";

    /// <summary>Events that are tried on apart from the others, because the first one of their object is not taken: a quorum queue with one consumer at a time.</summary>
    public string Parked => $"{Exchange}.{ParkedKey}";

    /// <summary>Events that were given up: a quorum queue. The headers of <see cref="TriggerHeaders"/> say why; published again to <see cref="Exchange"/> under <see cref="EventsKey"/> they are delivered again.</summary>
    public string Dead => $"{Exchange}.{DeadKey}";

    /// <summary>An exchange that nothing is published to. That it is there says that the queues were there long enough to be written down, and may hold something.</summary>
    public string Used => $"{Exchange}.used";

    /// <summary>The same for the state.</summary>
    public string StateUsed => $"{Exchange}.state-used";

    /// <summary>An exclusive queue: who has it is the one who publishes.</summary>
    public string Lock => $"{Exchange}.lock";

    /// <summary>A queue without messages. Where it is there, what was last seen for the Lambda is in the state of the shared watcher, and its own watcher must not begin.</summary>
    public string Lent => $"{Exchange}.lent";

    /// <summary>The last seen state, in one of two streams: <c>a</c> or <c>b</c>.</summary>
    public string State(char side) => $"{Exchange}.{StateKey(side)}";

    public static string StateKey(char side) => $"state-{side}";
}

/// <summary>
/// Headers of messages in <see cref="TriggerQueues.Events"/> and <see cref="TriggerQueues.Dead"/>. A message is a CloudEvent as the AMQP binding has it:
/// its attributes are headers with <see cref="CloudEventPrefix"/>, its data is the body (<c>content-encoding: gzip</c> where that is set).
/// </summary>
public static class TriggerHeaders
{
    public const string CloudEventPrefix = "cloudEvents:";

    /// <summary><c>namespace/name</c> of the Lambda.</summary>
    public const string Lambda = "kublambda-lambda";

    /// <summary>Name of the trigger.</summary>
    public const string Trigger = CloudEventPrefix + "trigger";

    /// <summary>Only on dead letters: why it was given up.</summary>
    public const string Reason = "kublambda-reason";

    /// <summary>Only on parked events: when it was first at hand, in milliseconds since 1970.</summary>
    public const string Since = "kublambda-since";

    /// <summary>On dead letters and parked events: how often it was tried.</summary>
    public const string Attempts = "kublambda-attempts";

    /// <summary>Only on dead letters: when it was given up, RFC 3339.</summary>
    public const string GivenUpAt = "kublambda-given-up-at";
}
