using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.State;

namespace Kublambda.Watcher.Streams;

/// <summary>
/// Takes the transitions of one stream over into what is stored, in batches: first their events, then, when the broker has stored those,
/// the state. A crash between the two makes the same events again, with the same ids; none is ever left out.
/// </summary>
/// <remarks>What has begun to be stored is not given up before <paramref name="session"/> ends: half of a batch would be in the log, and not here.</remarks>
internal sealed class Committer(
    StreamSpec stream, StateLog log, ConfirmedChannel channel, WatcherMetrics metrics, TimeProvider time, CancellationToken session)
{
    /// <summary>Transitions of a batch, and bytes (compressed) of their states.</summary>
    private const int MaxCount = 200;
    private const int MaxBytes = 2 * 1024 * 1024;

    private readonly List<Transition> _batch = [];
    private readonly Dictionary<string, ObjectState?> _states = new(StringComparer.Ordinal);
    private int _bytes;
    private string _position = "";

    /// <summary>Who is told; replaced when triggers change.</summary>
    public IReadOnlyList<BoundTrigger> Triggers { get; set; } = [];

    public bool IsFull => _batch.Count >= MaxCount || _bytes >= MaxBytes;

    public bool IsEmpty => _batch.Count == 0 && _position.Length == 0;

    /// <summary>The object as it was last seen, this batch included.</summary>
    public ObjectState? Last(string key) => _states.TryGetValue(key, out var state) ? state : log.Store.Get(stream.Id, key);

    public void Add(IEnumerable<Transition> transitions)
    {
        foreach (var transition in transitions)
        {
            _batch.Add(transition);
            _states[transition.Key] = transition.New;
            _bytes += transition.New?.Packed.Length ?? 0;
            // It says the position itself; what was reached before must not be written after it.
            if (transition.Position.Length > 0)
                _position = "";
        }
    }

    /// <summary>The stream has been read up to here, though nothing has to be done about it.</summary>
    public void Reached(string position) => _position = position;

    /// <summary>Forgets what has been added and not been flushed.</summary>
    public void Reset()
    {
        _batch.Clear();
        _states.Clear();
        (_bytes, _position) = (0, "");
    }

    /// <param name="silently">The objects that are there when a stream begins: remembered, and nobody is told.</param>
    public async Task FlushAsync(bool silently)
    {
        if (IsEmpty)
            return;
        var triggers = Triggers;
        var now = time.GetUtcNow();
        List<Match> matches = silently ? [] : [.. _batch.SelectMany(each => Matcher.Matches(each, stream, triggers, now))];
        await channel.PublishAsync([.. matches.Select(match => match.Message).OfType<Outgoing>()], session);

        List<StateRecord> records = [.. _batch.Select(Record)];
        if (_position.Length > 0)
            records.Add(StateRecord.At(stream.Id, _position));
        await log.AppendAsync(records, session);
        Count(matches, now);
        Reset();
    }

    private StateRecord Record(Transition transition) => transition.New is { } state
        ? StateRecord.Put(stream.Id, state, transition.Position)
        : StateRecord.Delete(stream.Id, transition.Key, transition.Position);

    private void Count(List<Match> matches, DateTimeOffset now)
    {
        foreach (var (bound, message, problem) in matches)
        {
            bound.Counters.Seen();
            metrics.Seen(bound.Trigger);
            if (problem is not null)
                bound.Counters.Error(now, $"The condition could not be evaluated, so the event was not taken: {problem}");
            if (message is null)
                continue;
            bound.Counters.Matched();
            metrics.Matched(bound.Trigger);
        }
    }
}
