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
internal sealed class Session : IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly ConfirmedChannel _channel;
    private readonly SessionParts _parts;
    private readonly CancellationToken _ended;
    private readonly StreamSet _streams;
    private readonly Ownership? _ownership;
    private readonly Dictionary<string, Running<Deliverer>> _deliverers = new(StringComparer.Ordinal);
    private readonly ConsumerConnection _consumers;

    public Session(IConnection connection, ConfirmedChannel channel, StateLog log, SessionParts parts, CancellationToken ended)
    {
        (_connection, _channel, _parts, _ended) = (connection, channel, parts, ended);
        _streams = new StreamSet(log, channel, parts, parts.Options, ended);
        _ownership = parts.Options.Shared ? new Ownership(connection, channel, parts, ended) : null;
        _consumers = new ConsumerConnection(parts.Connector);
    }

    /// <summary>Not everything is as it should be, for a reason that passes soon.</summary>
    public bool IsPending => _ownership?.IsPending == true;

    /// <summary>Ends, with an exception, when a watch or a delivery ended that should not have.</summary>
    public async Task Broken()
    {
        var tasks = _streams.Tasks.Concat(_ownership?.Tasks ?? []).Concat(_deliverers.Values.Select(each => each.Task)).Append(_channel.Failed);
        await await Task.WhenAny(tasks);
        throw new BrokerLostException("A watch or a delivery ended by itself.");
    }

    /// <summary>Makes what runs what the Lambdas ask for.</summary>
    public async Task AdjustAsync(CancellationToken cancellationToken)
    {
        var settled = _parts.Lambdas.IsSettled;
        var lambdas = _parts.Lambdas.Current;
        if (_ownership is not null)
            lambdas = await _ownership.TakeAsync(lambdas, cancellationToken);
        await DeliverAsync(lambdas, cancellationToken);
        var kinds = await KindsAsync(lambdas, cancellationToken);
        var refused = await RefusedAsync(lambdas, kinds, cancellationToken);
        var plan = StreamPlan.Of(
            lambdas.SelectMany(each => each.Triggers).Where(each => !refused.ContainsKey(each)), kinds.GetValueOrDefault, _parts.Options.Shared);
        if (_ownership is not null)
            await InheritAsync(_ownership, lambdas, kinds, refused, cancellationToken);
        await WatchAsync(plan, lambdas);
        if (settled && !IsPending)
            await _streams.ForgetAsync();
        foreach (var lambda in lambdas)
        {
            var streams = _ownership?.LeftOf(lambda)?.Streams ?? _streams;
            _parts.Runtimes.Find(lambda.Ref.Uid)!.Health = () => HealthOf(lambda, streams, plan, refused);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_deliverers.Values.Select(each => each.StopAsync()).Append(_streams.StopAsync()));
        if (_ownership is not null)
            await _ownership.DisposeAsync();
        await _consumers.DisposeAsync();
    }

    /// <summary>Lets go on what Lambdas' own watchers have left, and takes over what has come as far as the shared watches.</summary>
    private async Task InheritAsync(
        Ownership ownership, IReadOnlyList<ActiveLambda> lambdas, Dictionary<GroupVersionKind, ServedKind?> kinds, Dictionary<CompiledTrigger, string> refused,
        CancellationToken cancellationToken)
    {
        foreach (var lambda in lambdas)
        {
            if (ownership.LeftOf(lambda) is { } left)
                await left.AdjustAsync(lambda.Triggers.Where(each => !refused.ContainsKey(each)), kinds.GetValueOrDefault, Bound(lambda.ForConditions()));
        }

        await ownership.TakeOverAsync(lambdas, _streams, cancellationToken);
    }

    private Func<CompiledTrigger, BoundTrigger> Bound(Cel.CelValue lambda) => trigger =>
    {
        var runtime = _parts.Runtimes.Find(trigger.Lambda.Uid)!;
        return new BoundTrigger(trigger, lambda, runtime.Queues, runtime.Counters(trigger.Name));
    };

    private async Task DeliverAsync(IReadOnlyList<ActiveLambda> lambdas, CancellationToken cancellationToken)
    {
        var added = new List<(ActiveLambda Lambda, LambdaRuntime Runtime)>();
        foreach (var lambda in lambdas)
        {
            var runtime = await _parts.Runtimes.GetAsync(lambda.Ref, cancellationToken);
            if (!_deliverers.ContainsKey(lambda.Ref.Uid))
                added.Add((lambda, runtime));
        }

        await _parts.FirstUse(_connection).PrepareAsync([.. added.Select(each => each.Runtime.Queues)], cancellationToken);
        foreach (var (lambda, runtime) in added)
        {
            var deliverer = _parts.Deliverer(lambda, runtime, _consumers, _channel);
            _deliverers[lambda.Ref.Uid] = Running<Deliverer>.Start(deliverer, deliverer.RunAsync, _ended);
        }

        foreach (var uid in _deliverers.Keys.Except(lambdas.Select(each => each.Ref.Uid)).ToList())
        {
            await _deliverers[uid].StopAsync();
            _deliverers.Remove(uid);
            _parts.Runtimes.Forget(uid);
        }
    }

    private async Task<Dictionary<GroupVersionKind, ServedKind?>> KindsAsync(IReadOnlyList<ActiveLambda> lambdas, CancellationToken cancellationToken)
    {
        var kinds = new Dictionary<GroupVersionKind, ServedKind?>();
        foreach (var kind in lambdas.SelectMany(each => each.Triggers).Select(each => each.Kind).Distinct())
        {
            var found = await _parts.Kinds.FindAsync(kind.ApiVersion, kind.Kind, cancellationToken);
            kinds[kind] = found is { Watchable: true } ? new ServedKind(kind, found.Plural, found.Namespaced) : null;
        }

        return kinds;
    }

    /// <summary>Triggers that the policy does not allow, and why. Of no meaning where the watcher's rights say it.</summary>
    private async Task<Dictionary<CompiledTrigger, string>> RefusedAsync(
        IReadOnlyList<ActiveLambda> lambdas, Dictionary<GroupVersionKind, ServedKind?> kinds, CancellationToken cancellationToken)
    {
        var refused = new Dictionary<CompiledTrigger, string>();
        if (!_parts.Options.Shared)
            return refused;
        var policy = await _parts.Permissions.ReadAsync(cancellationToken);
        foreach (var trigger in lambdas.SelectMany(each => each.Triggers))
        {
            if (kinds.GetValueOrDefault(trigger.Kind) is { } served && Permissions.Refusal(policy, trigger, served) is { } why)
                refused[trigger] = why;
        }

        return refused;
    }

    private Task WatchAsync(StreamPlan plan, IReadOnlyList<ActiveLambda> lambdas)
    {
        // What its own watcher has left still does the work for a Lambda that is not here.
        var here = lambdas.Where(each => _ownership?.LeftOf(each) is null).ToDictionary(each => each.Ref.Uid, each => Bound(each.ForConditions()), StringComparer.Ordinal);
        return _streams.AdjustAsync(plan, trigger => here.TryGetValue(trigger.Lambda.Uid, out var bind) ? bind(trigger) : null);
    }

    private static Dictionary<string, StreamHealth> HealthOf(ActiveLambda lambda, StreamSet streams, StreamPlan plan, Dictionary<CompiledTrigger, string> refused)
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
            health[trigger.Name] = streams.HealthOf(trigger);
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
