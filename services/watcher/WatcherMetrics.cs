using System.Diagnostics.Metrics;
using Kublambda.Triggers;

namespace Kublambda.Watcher;

/// <summary>What the watcher counts, by Lambda and trigger.</summary>
internal sealed class WatcherMetrics
{
    private readonly Counter<long> _seen;
    private readonly Counter<long> _matched;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _dead;
    private readonly Counter<long> _parked;
    private readonly Counter<long> _lists;
    private readonly Counter<long> _collapsed;
    private readonly Histogram<double> _duration;

    public WatcherMetrics(IMeterFactory meters)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create("kublambda");
#pragma warning restore CA2000
        _seen = meter.CreateCounter<long>("trigger_seen_total", description: "Changes of selected objects.");
        _matched = meter.CreateCounter<long>("trigger_matched_total", description: "Events that were queued for the function.");
        _calls = meter.CreateCounter<long>("trigger_calls_total", description: "Calls of the function, by answer.");
        _dead = meter.CreateCounter<long>("trigger_dead_letters_total", description: "Events that were given up.");
        _parked = meter.CreateCounter<long>("trigger_parked_total", description: "Events that were put aside because an earlier one of their object is not taken.");
        _lists = meter.CreateCounter<long>("trigger_lists_total", description: "Full lists of a stream.");
        _collapsed = meter.CreateCounter<long>("trigger_collapsed_total", description: "Objects that changed while etcd forgot how: all of it came as one step.");
        _duration = meter.CreateHistogram<double>("trigger_call_seconds", "s", "Time until the function answered.");
    }

    public void Seen(CompiledTrigger trigger) => _seen.Add(1, Tags(trigger.Lambda.ToString(), trigger.Name));

    public void Matched(CompiledTrigger trigger) => _matched.Add(1, Tags(trigger.Lambda.ToString(), trigger.Name));

    public void Called(string lambda, string trigger, string answer, TimeSpan took)
    {
        _calls.Add(1, [.. Tags(lambda, trigger), new("answer", answer)]);
        _duration.Record(took.TotalSeconds, Tags(lambda, trigger));
    }

    public void GivenUp(string lambda, string trigger) => _dead.Add(1, Tags(lambda, trigger));

    public void Parked(string lambda, string trigger) => _parked.Add(1, Tags(lambda, trigger));

    public void Listed(StreamSpec stream) => _lists.Add(1, new KeyValuePair<string, object?>("resource", stream.Served.Plural));

    public void Collapsed(StreamSpec stream, int objects) => _collapsed.Add(objects, new KeyValuePair<string, object?>("resource", stream.Served.Plural));

    private static KeyValuePair<string, object?>[] Tags(string lambda, string trigger) => [new("lambda", lambda), new("trigger", trigger)];
}
