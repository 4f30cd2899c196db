using System.Collections.Concurrent;
using Kublambda.Contracts.Resources;
using Kublambda.Triggers;
using Kublambda.Watcher.Delivery;
using Kublambda.Watcher.Reporting;

namespace Kublambda.Watcher.Lambdas;

/// <summary>What is kept of a Lambda as long as the process lives, whatever becomes of connections.</summary>
internal sealed class LambdaRuntime(string uid, IReadOnlyList<TriggerStatus> before)
{
    private readonly ConcurrentDictionary<string, TriggerCounters> _counters = new(StringComparer.Ordinal);

    public TriggerQueues Queues { get; } = new(uid);

    /// <summary>Ids of events that the function has taken lately.</summary>
    public RecentIds Taken { get; } = new(4096);

    /// <summary>Events that wait in the broker and are not at hand here.</summary>
    public long Queued { get; set; }

    public TriggerCounters Counters(string trigger) =>
        _counters.GetOrAdd(trigger, name => new TriggerCounters(before.FirstOrDefault(each => each.Name == name)));

    /// <summary>How each trigger's watches do, by name.</summary>
    public Func<IReadOnlyDictionary<string, StreamHealth>> Health { get; set; } = () => new Dictionary<string, StreamHealth>();
}
