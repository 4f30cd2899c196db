using System.Text.Json;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Lambdas;
using Kublambda.Watcher.State;
using Kublambda.Watcher.Streams;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Sessions;

/// <summary>
/// An installation that has had one shared watcher gives each Lambda its own again: writes what the shared one saw last for a Lambda into the
/// Lambda's own log, as its watcher would have it. That one begins as soon as <see cref="TriggerQueues.Lent"/> is gone.
/// </summary>
internal sealed partial class HandBack(IConnection connection, ConfirmedChannel channel, SessionParts parts)
{
    /// <summary>Lambdas at the same time: most of it is waiting for the broker.</summary>
    private const int Parallel = 8;
    private const int BatchSize = 200;
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(200);
    private readonly ILogger _logger = parts.Logger<HandBack>();

    /// <summary>Gives back what can be. The caller holds the shared lock.</summary>
    /// <returns>How many Lambdas are still to come: those whose spec is not accepted now.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!await Topology.StateExistsAsync(connection, parts.Owner, 'a', cancellationToken) && !await Topology.StateExistsAsync(connection, parts.Owner, 'b', cancellationToken))
            return 0;
        using var log = await parts.LogAsync(connection, channel, parts.Owner, cancellationToken);
        var lambdas = parts.Lambdas.Current;
        await System.Threading.Tasks.Parallel.ForEachAsync(
            lambdas, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken },
            async (lambda, token) => await GiveAsync(lambda, log.Store, token));
        var waiting = 0;
        foreach (var uid in parts.Lambdas.Unsettled)
            waiting += await Topology.IsLentAsync(connection, new TriggerQueues(uid), cancellationToken) ? 1 : 0;
        if (waiting == 0)
            await Topology.DeleteStateAsync(connection, parts.Owner, cancellationToken);
        LogDone(lambdas.Count, waiting);
        return waiting;
    }

    private async Task GiveAsync(ActiveLambda lambda, StateStore shared, CancellationToken cancellationToken)
    {
        var queues = new TriggerQueues(lambda.Ref.Uid);
        if (!await Topology.IsLentAsync(connection, queues, cancellationToken))
            return;
        while (!await Topology.TryLockAsync(connection, queues, cancellationToken))
            await Task.Delay(LockRetry, parts.Time, cancellationToken);
        // What an earlier attempt has left.
        await Topology.DeleteStateAsync(connection, queues, cancellationToken);
        var plan = await PlanAsync(lambda, cancellationToken);
        using (var log = await parts.LogAsync(connection, channel, queues, cancellationToken))
        {
            foreach (var group in plan.GroupBy(each => Inheritance.Shared(each.Stream).Id, StringComparer.Ordinal))
                await CopyAsync(shared, group.Key, [.. group], log, cancellationToken);
        }

        await Topology.GiveBackAsync(connection, queues, cancellationToken);
        await Topology.UnlockAsync(connection, queues, cancellationToken);
        LogGiven(lambda.Ref.ToString());
    }

    /// <summary>The watches of the Lambda's own watcher. Of a kind that is not there now it is not known whether it has namespaces: then both.</summary>
    private async Task<IReadOnlyList<PlannedStream>> PlanAsync(ActiveLambda lambda, CancellationToken cancellationToken)
    {
        var kinds = new Dictionary<GroupVersionKind, ServedKind?>();
        foreach (var kind in lambda.Triggers.Select(each => each.Kind).Distinct())
            kinds[kind] = await parts.Kinds.FindAsync(kind.ApiVersion, kind.Kind, cancellationToken) is { } found ? new ServedKind(kind, found.Plural, found.Namespaced) : null;
        var plan = StreamPlan.Of(lambda.Triggers, kinds.GetValueOrDefault, shared: false);
        return
        [
            .. plan.Streams.Concat(Away(true)).Concat(Away(false)).DistinctBy(each => each.Stream.Id, StringComparer.Ordinal),
        ];

        IEnumerable<PlannedStream> Away(bool namespaced) => StreamPlan.Of(plan.NotServed, kind => new ServedKind(kind, "", namespaced), shared: false).Streams;
    }

    private static async Task CopyAsync(StateStore shared, string from, IReadOnlyList<PlannedStream> to, StateLog log, CancellationToken cancellationToken)
    {
        if (shared.Position(from) is not { Position.Length: > 0 } position)
            return;
        var batch = new List<StateRecord>(BatchSize);
        foreach (var key in shared.Versions(from).Keys)
        {
            if (shared.Get(from, key) is not { } state)
                continue;
            var labels = new Lazy<Dictionary<string, string>>(() => LabelsOf(state));
            batch.AddRange(to.Where(each => IsIn(each, state, labels)).Select(each => StateRecord.Put(each.Stream.Id, state, "")));
            if (batch.Count < BatchSize)
                continue;
            await log.AppendAsync(batch, cancellationToken);
            batch.Clear();
        }

        // Last: a watch without a position has seen nothing.
        foreach (var id in to.Select(each => each.Stream.Id))
        {
            batch.Add(StateRecord.At(id, position.Position));
            if (position.Relist)
                batch.Add(new StateRecord(StateRecordKind.Relist) { Stream = id });
        }

        await log.AppendAsync(batch, cancellationToken);
    }

    /// <summary>All triggers of one watch have its labels in common.</summary>
    private static bool IsIn(PlannedStream watch, ObjectState state, Lazy<Dictionary<string, string>> labels) =>
        (watch.Stream.Namespace is null || watch.Stream.Namespace == ObjectState.NamespaceOf(state.Key))
        && (watch.Stream.LabelSelector is null || watch.Triggers[0].Labels.Matches(labels.Value));

    private static Dictionary<string, string> LabelsOf(ObjectState state)
    {
        using var json = JsonDocument.Parse(state.Json());
        return json.RootElement.GetProperty("metadata").TryGetProperty("labels", out var labels) && labels.ValueKind == JsonValueKind.Object
            ? labels.EnumerateObject().ToDictionary(each => each.Name, each => each.Value.GetString() ?? "", StringComparer.Ordinal)
            : [];
    }

    [LoggerMessage(LogLevel.Information, "{Lambda}: what was seen last is given back to its own watcher")]
    private partial void LogGiven(string lambda);

    [LoggerMessage(LogLevel.Information, "{Count} Lambdas have what was seen last; {Waiting} are still to be accepted. At 0 this Deployment is of no use any more: delete it")]
    private partial void LogDone(int count, int waiting);
}
