using System.Diagnostics.Metrics;
using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Builder.Builds;

/// <summary>What Prometheus sees of builds.</summary>
public sealed class BuildMetrics
{
    private readonly Counter<long> _finished;
    private readonly Histogram<double> _seconds;

    public BuildMetrics(IMeterFactory meters, BuildSlots slots)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create("kublambda");
#pragma warning restore CA2000
        _finished = meter.CreateCounter<long>("builds_finished", description: "Build pods that ended, by reason.");
        _seconds = meter.CreateHistogram<double>("build_seconds", unit: "s", description: "From the creation of a build pod to its end.");
        meter.CreateObservableGauge("builds_waiting", () => slots.Waiting, description: "Lambdas that wait in this replica for a place.");
    }

    /// <summary>Counts a pod at the moment it ends, which the leader alone sees.</summary>
    public void Finished(V1Pod pod)
    {
        var reason = new KeyValuePair<string, object?>("reason", BuildPodReport.Of(pod).Reason ?? Reasons.BuildSucceeded);
        _finished.Add(1, reason);
        if (BuildPodReport.StartedAt(pod) is { } start && BuildPodReport.FinishedAt(pod) is { } end)
            _seconds.Record((end - start).TotalSeconds, reason);
    }
}
