using System.Collections.Concurrent;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Reporting;
using Kublambda.Watcher.State;
using Kublambda.Watcher.Streams;

namespace Kublambda.Watcher.Sessions;

/// <summary>The watches over one log of last seen state.</summary>
internal sealed class StreamSet(StateLog log, ConfirmedChannel channel, SessionParts parts, WatcherOptions options, CancellationToken session)
{
    private readonly ConcurrentDictionary<string, Running<ObjectStream>> _running = new(StringComparer.Ordinal);
    private volatile StreamPlan _plan = new([], []);

    public StateStore Store => log.Store;

    public IEnumerable<Task> Tasks => _running.Values.Select(each => each.Task);

    /// <summary>Makes what runs what is planned.</summary>
    /// <param name="plan">The watches.</param>
    /// <param name="bind">A trigger at work; null: its events come from elsewhere for now.</param>
    public async Task AdjustAsync(StreamPlan plan, Func<CompiledTrigger, BoundTrigger?> bind)
    {
        foreach (var (spec, triggers) in plan.Streams)
        {
            List<BoundTrigger> bound = [.. triggers.Select(bind).OfType<BoundTrigger>()];
            if (_running.TryGetValue(spec.Id, out var running))
            {
                running.Of.Feed(bound);
                continue;
            }

            var stream = parts.Stream(spec, log, channel, options, session);
            stream.Feed(bound);
            _running[spec.Id] = Running<ObjectStream>.Start(stream, stream.RunAsync, session);
        }

        _plan = plan;
        await StopAsync(_running.Keys.Except(plan.Streams.Select(each => each.Stream.Id)));
    }

    /// <summary>Until the next <see cref="AdjustAsync"/> these stay where they are.</summary>
    public async Task StopAsync(IEnumerable<string> streams)
    {
        foreach (var id in streams.ToList())
        {
            if (_running.TryRemove(id, out var running))
                await running.StopAsync();
        }
    }

    public Task StopAsync() => Task.WhenAll(_running.Values.Select(each => each.StopAsync()));

    /// <summary>What no trigger needs any more, not even one whose kind is away for now.</summary>
    public Task ForgetAsync()
    {
        IEnumerable<PlannedStream> Away(bool namespaced) =>
            StreamPlan.Of(_plan.NotServed, kind => new ServedKind(kind, "", namespaced), options.Shared).Streams;
        var needed = _plan.Streams.Concat(Away(true)).Concat(Away(false)).Select(each => each.Stream.Id).ToHashSet(StringComparer.Ordinal);
        return log.AppendAsync([.. Store.Streams.Where(id => !needed.Contains(id)).Select(id => new StateRecord(StateRecordKind.Drop) { Stream = id })], session);
    }

    /// <summary>How the watches of a trigger do: the first that is not well.</summary>
    public StreamHealth HealthOf(CompiledTrigger trigger) =>
        _plan.Streams.Where(each => each.Triggers.Contains(trigger))
            .Select(each => _running.TryGetValue(each.Stream.Id, out var running) ? running.Of.Health : StreamHealth.Starting)
            .FirstOrDefault(each => !each.Ready) ?? StreamHealth.Fine;

    /// <summary>How far a watch has come, by what is stored; null: nowhere, or its history is lost and it compares lists.</summary>
    public string? PositionOf(string stream) => Store.Position(stream) is { Position.Length: > 0, Relist: false } at ? at.Position : null;
}
