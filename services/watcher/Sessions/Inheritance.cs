using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Lambdas;
using Kublambda.Watcher.State;
using Kublambda.Watcher.Streams;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Sessions;

/// <summary>
/// What the own watcher of a Lambda has left to the shared one. Its watches go on from where they were, with its log, until they have come
/// as far as those of the shared watcher; then these take the triggers over. So nothing is left out, and nothing is told as new.
/// </summary>
internal sealed class Inheritance : IAsyncDisposable
{
    /// <summary>A watch that ends soon says soon how far it has come, by a bookmark shortly before.</summary>
    private static readonly TimeSpan ShortWatch = TimeSpan.FromSeconds(4);
    private readonly StateLog _log;
    private readonly StreamSet _streams;
    private StreamPlan _plan = new([], []);

    private Inheritance(StateLog log, StreamSet streams) => (_log, _streams) = (log, streams);

    public StreamSet Streams => _streams;

    /// <summary>The caller holds the lock of the Lambda.</summary>
    public static async Task<Inheritance> OpenAsync(
        IConnection connection, ConfirmedChannel channel, SessionParts parts, TriggerQueues queues, CancellationToken session)
    {
        var log = await parts.LogAsync(connection, channel, queues, session);
        return new Inheritance(log, new StreamSet(log, channel, parts, parts.Options with { Shared = false, WatchTimeout = ShortWatch }, session));
    }

    public Task AdjustAsync(IEnumerable<CompiledTrigger> triggers, Func<GroupVersionKind, ServedKind?> served, Func<CompiledTrigger, BoundTrigger> bind)
    {
        _plan = StreamPlan.Of(triggers, served, shared: false);
        return _streams.AdjustAsync(_plan, bind);
    }

    /// <summary>Whether all watches run. One whose kind is not there keeps what was last seen here, until it is.</summary>
    public bool IsReady(ActiveLambda lambda) => _plan.NotServed.Count == 0 && lambda.Triggers.All(trigger => _streams.HealthOf(trigger).Ready);

    /// <summary>The watches of the shared watcher that will do what these do.</summary>
    public IEnumerable<string> Successors => _plan.Streams.Select(each => SuccessorOf(each.Stream)).Distinct(StringComparer.Ordinal);

    /// <summary>Whether each of the watches has come as far as the one that takes over.</summary>
    /// <param name="positionOf">Of the watches that take over.</param>
    public bool HasCaughtUp(Func<string, string?> positionOf) => _plan.Streams.All(each =>
        Transitions.Number(_streams.PositionOf(each.Stream.Id) ?? "") is { } here && Transitions.Number(positionOf(SuccessorOf(each.Stream)) ?? "") is { } there && here >= there);

    public async ValueTask DisposeAsync()
    {
        await _streams.StopAsync();
        _log.Dispose();
    }

    private static string SuccessorOf(StreamSpec stream) => Shared(stream).Id;

    /// <summary>The watch of a shared watcher that sees all that this one does.</summary>
    internal static StreamSpec Shared(StreamSpec stream) => new(stream.Served, null, null, stream.FieldSelector);
}
