using System.Diagnostics.Metrics;
using k8s.Models;
using Kublambda.Builder.Queueing;
using Kublambda.Contracts;
using Kublambda.Kubernetes;

namespace Kublambda.Builder.Builds;

/// <summary>What Prometheus sees of builds.</summary>
public sealed class BuildMetrics
{
    private readonly Counter<long> _finished;
    private readonly Histogram<double> _seconds;

    public BuildMetrics(IMeterFactory meters, BuildSlots slots, LeaderGate gate)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create("kublambda");
#pragma warning restore CA2000
        _finished = meter.CreateCounter<long>("builds_finished_total", description: "Build pods that ended, by reason.");
        _seconds = meter.CreateHistogram<double>("build_seconds", unit: "s", description: "From the creation of a build pod to its end.");
        meter.CreateObservableGauge("builds_waiting", () => gate.IsLeader ? slots.Waiting : 0, description: "Lambdas that wait for a place; the leader's count, 0 elsewhere.");
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
