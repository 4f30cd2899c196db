using Kublambda.Cel;
using Kublambda.Triggers;
using Kublambda.Watcher.Reporting;

namespace Kublambda.Watcher.Streams;

/// <summary>A trigger at work: with what it evaluates its condition on, where its events go, and what it counts.</summary>
internal sealed record BoundTrigger(CompiledTrigger Trigger, CelValue Lambda, TriggerQueues Queues, TriggerCounters Counters);
