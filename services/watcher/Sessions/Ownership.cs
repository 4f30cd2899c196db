using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Lambdas;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Sessions;

/// <summary>
/// For which Lambdas a shared watcher works: those whose lock it has got, so that no watcher of their own is at work. What such a one has
/// left is taken over; from then on the queue <see cref="TriggerQueues.Lent"/> says that what was last seen is in the shared state.
/// </summary>
internal sealed partial class Ownership(IConnection connection, ConfirmedChannel channel, SessionParts parts, CancellationToken session) : IAsyncDisposable
{
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(200);

    /// <summary>A broker ends the exclusive queues of a lost connection within seconds.</summary>
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(60);

    /// <summary>How long watches are held while others catch up; after a part of it those that run have surely come so far.</summary>
    private static readonly TimeSpan HoldAtMost = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SurelyAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, Inheritance?> _owned = new(StringComparer.Ordinal);
    private readonly ILogger _logger = parts.Logger<Ownership>();

    public IEnumerable<Task> Tasks => _owned.Values.OfType<Inheritance>().SelectMany(each => each.Streams.Tasks);

    /// <summary>Some Lambda is not taken over yet.</summary>
    public bool IsPending { get; private set; }

    /// <summary>What its own watcher has left and is not taken over yet.</summary>
    public Inheritance? LeftOf(ActiveLambda lambda) => _owned.GetValueOrDefault(lambda.Ref.Uid);

    /// <summary>Takes those that can be had.</summary>
    /// <param name="all">With and without triggers.</param>
    /// <returns>Those that are owned now.</returns>
    public async Task<IReadOnlyList<ActiveLambda>> TakeAsync(IReadOnlyList<ActiveLambda> all, CancellationToken cancellationToken)
    {
        List<ActiveLambda> wanted = [.. all.Where(each => each.Triggers.Count > 0 || each.Problems.Count > 0)];
        foreach (var uid in _owned.Keys.Except(wanted.Select(each => each.Ref.Uid)).ToList())
        {
            if (_owned[uid] is { } left)
                await left.DisposeAsync();
            _owned.Remove(uid);
            await Topology.UnlockAsync(connection, new TriggerQueues(uid), cancellationToken);
        }

        foreach (var lambda in wanted.Where(each => !_owned.ContainsKey(each.Ref.Uid)))
            await TakeAsync(lambda, cancellationToken);
        List<ActiveLambda> owned = [.. wanted.Where(each => _owned.ContainsKey(each.Ref.Uid))];
        IsPending = owned.Count < wanted.Count || _owned.Values.Any(each => each is not null);
        return owned;
    }

    /// <summary>
    /// Lets the shared watches take over from those that Lambdas' own watchers have left, where these run: holds the former where they are
    /// until the latter have come so far. What is behind that place comes from the shared ones alone.
    /// </summary>
    public async Task TakeOverAsync(IReadOnlyList<ActiveLambda> owned, StreamSet shared, CancellationToken cancellationToken)
    {
        List<(ActiveLambda Lambda, Inheritance Left)> ready =
        [
            .. owned.Select(each => (Lambda: each, Left: LeftOf(each)!))
                .Where(each => each.Left is not null && each.Left.IsReady(each.Lambda) && each.Left.Successors.All(id => shared.PositionOf(id) is not null)),
        ];
        if (ready.Count == 0)
            return;
        await shared.StopAsync(ready.SelectMany(each => each.Left.Successors).Distinct(StringComparer.Ordinal));
        var began = parts.Time.GetTimestamp();
        while (ready.Count > 0 && parts.Time.GetElapsedTime(began) < HoldAtMost && !channel.Failed.IsCompleted)
        {
            var surely = parts.Time.GetElapsedTime(began) > SurelyAfter;
            foreach (var each in ready.Where(each => each.Left.HasCaughtUp(shared.PositionOf) || (surely && each.Left.IsReady(each.Lambda))).ToList())
            {
                await EndAsync(each.Lambda, each.Left);
                ready.Remove(each);
            }

            await Task.Delay(Look, parts.Time, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var left in _owned.Values.OfType<Inheritance>())
            await left.DisposeAsync();
    }

    private async Task TakeAsync(ActiveLambda lambda, CancellationToken cancellationToken)
    {
        var queues = new TriggerQueues(lambda.Ref.Uid);
        var began = parts.Time.GetTimestamp();
        while (!await Topology.TryLockAsync(connection, queues, cancellationToken))
        {
            if (!await Topology.IsLentAsync(connection, queues, cancellationToken))
            {
                LogWaits(lambda.Ref.ToString());
                return;
            }

            // It is this watcher's, and the lock still that of its last connection: to go on without this Lambda would be to leave its events out.
            if (parts.Time.GetElapsedTime(began) > LockPatience)
                throw new BrokerLostException($"The lock of {lambda.Ref} is not given free.");
            await Task.Delay(LockRetry, parts.Time, cancellationToken);
        }

        Inheritance? left = null;
        if (await Topology.IsLentAsync(connection, queues, cancellationToken))
            await Topology.DeleteStateAsync(connection, queues, cancellationToken);
        else if (await Topology.StateExistsAsync(connection, queues, 'a', cancellationToken) || await Topology.StateExistsAsync(connection, queues, 'b', cancellationToken))
            left = await Inheritance.OpenAsync(connection, channel, parts, queues, session);
        else
            await Topology.LendAsync(connection, queues, cancellationToken);
        _owned[lambda.Ref.Uid] = left;
    }

    private async Task EndAsync(ActiveLambda lambda, Inheritance left)
    {
        var queues = new TriggerQueues(lambda.Ref.Uid);
        await left.DisposeAsync();
        await Topology.LendAsync(connection, queues, session);
        await Topology.DeleteStateAsync(connection, queues, session);
        _owned[lambda.Ref.Uid] = null;
        LogTaken(lambda.Ref.ToString());
    }

    [LoggerMessage(LogLevel.Information, "{Lambda}: its own watcher is still at work, waiting until it ends")]
    private partial void LogWaits(string lambda);

    [LoggerMessage(LogLevel.Information, "{Lambda}: taken over from its own watcher")]
    private partial void LogTaken(string lambda);
}
