using System.Diagnostics.Metrics;

namespace Kublambda.Kubernetes;

/// <summary>What an informer counts and shows, by resource.</summary>
internal sealed class InformerMetrics
{
    private readonly Counter<long> _lists;
    private readonly Counter<long> _watches;
    private readonly KeyValuePair<string, object?> _tag;

    /// <param name="meters">Owns the meter.</param>
    /// <param name="resource">Value of the label <c>resource</c>.</param>
    /// <param name="silence">Time since the last sign of life: the one to alarm on.</param>
    /// <param name="count">Objects in the cache.</param>
    public InformerMetrics(IMeterFactory meters, ResourceQuery resource, Func<TimeSpan> silence, Func<int> count)
    {
        var tag = _tag = new KeyValuePair<string, object?>("resource", resource.ToString());
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create("kublambda");
#pragma warning restore CA2000
        _lists = meter.CreateCounter<long>("informer_lists_total", description: "Full lists.");
        _watches = meter.CreateCounter<long>("informer_watches_total", description: "Watches opened.");
        meter.CreateObservableGauge(
            "informer_silence_seconds", () => new Measurement<double>(silence().TotalSeconds, tag),
            description: "Time since the API server last said anything.");
        meter.CreateObservableGauge("informer_objects", () => new Measurement<int>(count(), tag), description: "Objects in the cache.");
    }

    public void Listed() => _lists.Add(1, _tag);

    public void Watching() => _watches.Add(1, _tag);
}
