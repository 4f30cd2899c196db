using System.Collections.Concurrent;
using Kublambda.Contracts;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Delivery;
using Kublambda.Watcher.Lambdas;
using Kublambda.Watcher.Reporting;
using Kublambda.Watcher.State;
using Kublambda.Watcher.Streams;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Sessions;

/// <summary>
/// All that hangs on one connection to the broker: the lock, the state as it was read, the watches and the deliveries. When the connection
/// is lost another watcher may have gone on meanwhile, so nothing is kept: the next session reads again what is stored.
/// </summary>
internal sealed class Session(
    IConnection connection, ConfirmedChannel channel, StateLog log, SessionParts parts, CancellationToken ended) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Running<ObjectStream>> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Running<Deliverer>> _deliverers = new(StringComparer.Ordinal);
    private readonly ConsumerConnection _consumers = new(parts.Connector);

    /// <summary>Ends, with an exception, when a watch or a delivery ended that should not have.</summary>
    public async Task Broken()
    {
        var tasks = _streams.Values.Select(each => each.Task).Concat(_deliverers.Values.Select(each => each.Task)).Append(channel.Failed);
        await await Task.WhenAny(tasks);
        throw new BrokerLostException("A watch or a delivery ended by itself.");
    }

    /// <summary>Makes what runs what the Lambdas ask for.</summary>
    public async Task AdjustAsync(CancellationToken cancellationToken)
    {
        var settled = parts.Lambdas.IsSettled;
        var lambdas = parts.Lambdas.Current;
        await DeliverAsync(lambdas, cancellationToken);
        var kinds = await KindsAsync(lambdas, cancellationToken);
        var refused = await RefusedAsync(lambdas, kinds, cancellationToken);
        var plan = StreamPlan.Of(
            lambdas.SelectMany(each => each.Triggers).Where(each => !refused.ContainsKey(each)), kinds.GetValueOrDefault, parts.Options.Shared);
        await WatchAsync(plan, lambdas, cancellationToken);
        if (settled)
            await ForgetAsync(plan, cancellationToken);
        foreach (var lambda in lambdas)
            parts.Runtimes.Find(lambda.Ref.Uid)!.Health = () => HealthOf(lambda, plan, refused);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_streams.Values.Select(each => each.StopAsync()).Concat(_deliverers.Values.Select(each => each.StopAsync())));
        foreach (var each in _deliverers.Values)
            each.Of.Dispose();
        await _consumers.DisposeAsync();
    }

    private async Task DeliverAsync(IReadOnlyList<ActiveLambda> lambdas, CancellationToken cancellationToken)
    {
        foreach (var lambda in lambdas)
        {
            var uid = lambda.Ref.Uid;
            var runtime = await parts.Runtimes.GetAsync(lambda.Ref, cancellationToken);
            if (_deliverers.ContainsKey(uid))
                continue;
            await Topology.DeclareEventsAsync(connection, runtime.Queues, cancellationToken);
#pragma warning disable CA2000 // Disposed of when it is stopped.
            var deliverer = parts.Deliverer(lambda, runtime, _consumers, channel);
#pragma warning restore CA2000
            _deliverers[uid] = Running<Deliverer>.Start(deliverer, deliverer.RunAsync, ended);
        }

        foreach (var uid in _deliverers.Keys.Except(lambdas.Select(each => each.Ref.Uid)).ToList())
        {
            await _deliverers[uid].StopAsync();
            _deliverers[uid].Of.Dispose();
            _deliverers.Remove(uid);
            parts.Runtimes.Forget(uid);
        }
    }

    private async Task<Dictionary<GroupVersionKind, ServedKind?>> KindsAsync(IReadOnlyList<ActiveLambda> lambdas, CancellationToken cancellationToken)
    {
        var kinds = new Dictionary<GroupVersionKind, ServedKind?>();
        foreach (var kind in lambdas.SelectMany(each => each.Triggers).Select(each => each.Kind).Distinct())
        {
            var found = await parts.Kinds.FindAsync(kind.ApiVersion, kind.Kind, cancellationToken);
            kinds[kind] = found is { Watchable: true } ? new ServedKind(kind, found.Plural, found.Namespaced) : null;
        }

        return kinds;
    }

    /// <summary>Triggers that the policy does not allow, and why. Of no meaning where the watcher's rights say it.</summary>
    private async Task<Dictionary<CompiledTrigger, string>> RefusedAsync(
        IReadOnlyList<ActiveLambda> lambdas, Dictionary<GroupVersionKind, ServedKind?> kinds, CancellationToken cancellationToken)
    {
        var refused = new Dictionary<CompiledTrigger, string>();
        if (!parts.Options.Shared)
            return refused;
        var policy = await parts.Permissions.ReadAsync(cancellationToken);
        foreach (var trigger in lambdas.SelectMany(each => each.Triggers))
        {
            if (kinds.GetValueOrDefault(trigger.Kind) is { } served && Permissions.Refusal(policy, trigger, served) is { } why)
                refused[trigger] = why;
        }

        return refused;
    }

    private async Task WatchAsync(StreamPlan plan, IReadOnlyList<ActiveLambda> lambdas, CancellationToken cancellationToken)
    {
        var values = lambdas.ToDictionary(each => each.Ref.Uid, each => each.ForConditions(), StringComparer.Ordinal);
        foreach (var (spec, triggers) in plan.Streams)
        {
            List<BoundTrigger> bound = [];
            foreach (var trigger in triggers)
            {
                var runtime = await parts.Runtimes.GetAsync(trigger.Lambda, cancellationToken);
                bound.Add(new BoundTrigger(trigger, values[trigger.Lambda.Uid], runtime.Queues, runtime.Counters(trigger.Name)));
            }

            if (_streams.TryGetValue(spec.Id, out var running))
            {
                running.Of.Feed(bound);
                continue;
            }

            var stream = parts.Stream(spec, log, channel, ended);
            stream.Feed(bound);
            _streams[spec.Id] = Running<ObjectStream>.Start(stream, stream.RunAsync, ended);
        }

        foreach (var id in _streams.Keys.Except(plan.Streams.Select(each => each.Stream.Id)).ToList())
        {
            await _streams[id].StopAsync();
            _streams.TryRemove(id, out _);
        }
    }

    /// <summary>What no trigger needs any more, not even one whose kind is away for now.</summary>
    private async Task ForgetAsync(StreamPlan plan, CancellationToken cancellationToken)
    {
        IEnumerable<PlannedStream> Away(bool namespaced) =>
            StreamPlan.Of(plan.NotServed, kind => new ServedKind(kind, "", namespaced), parts.Options.Shared).Streams;
        var needed = plan.Streams.Concat(Away(true)).Concat(Away(false)).Select(each => each.Stream.Id).ToHashSet(StringComparer.Ordinal);
        List<StateRecord> drops = [.. log.Store.Streams.Where(id => !needed.Contains(id)).Select(id => new StateRecord(StateRecordKind.Drop) { Stream = id })];
        await log.AppendAsync(drops, ended);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private Dictionary<string, StreamHealth> HealthOf(ActiveLambda lambda, StreamPlan plan, Dictionary<CompiledTrigger, string> refused)
    {
        var health = new Dictionary<string, StreamHealth>(StringComparer.Ordinal);
        foreach (var (name, problem) in lambda.Problems)
            health[name] = new StreamHealth(false, Reasons.TriggerFailing, problem);
        foreach (var (trigger, why) in refused.Where(each => each.Key.Lambda.Uid == lambda.Ref.Uid))
            health[trigger.Name] = new StreamHealth(false, Reasons.TriggerForbidden, why);
        foreach (var trigger in plan.NotServed.Where(each => each.Lambda.Uid == lambda.Ref.Uid))
        {
            health[trigger.Name] = new StreamHealth(
                false, Reasons.KindNotFound, $"The cluster has no {trigger.Kind} that can be watched; the trigger starts when it comes. Check apiVersion and kind, or install what defines it.");
        }

        foreach (var trigger in lambda.Triggers.Where(each => !health.ContainsKey(each.Name)))
        {
            health[trigger.Name] = plan.Streams.Where(each => each.Triggers.Contains(trigger))
                .Select(each => _streams.TryGetValue(each.Stream.Id, out var running) ? running.Of.Health : StreamHealth.Starting)
                .FirstOrDefault(each => !each.Ready) ?? StreamHealth.Fine;
        }

        return health;
    }
}

/// <summary>Something at work, and the task of it.</summary>
internal sealed record Running<T>(T Of, Task Task, CancellationTokenSource Stop)
{
    public static Running<T> Start(T of, Func<CancellationToken, Task> run, CancellationToken ended)
    {
#pragma warning disable CA2000 // Disposed of when it is stopped.
        var stop = CancellationTokenSource.CreateLinkedTokenSource(ended);
#pragma warning restore CA2000
        return new Running<T>(of, Task.Run(() => run(stop.Token), CancellationToken.None), stop);
    }

    public async Task StopAsync()
    {
        await Stop.CancelAsync();
        await Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Stop.Dispose();
    }
}
