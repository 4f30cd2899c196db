using System.Diagnostics.Metrics;
using k8s.Models;

namespace Kublambda.Builder.Builds;

/// <summary>What Prometheus sees of builds.</summary>
public sealed class BuildMetrics
{
    private readonly Counter<long> _announced;
    private readonly Histogram<double> _seconds;

    public BuildMetrics(IMeterFactory meters, BuildSlots slots)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create("kublambda");
#pragma warning restore CA2000
        _announced = meter.CreateCounter<long>("builds_announced", description: "Outcomes published, repeated ones too, by reason.");
        _seconds = meter.CreateHistogram<double>("build_seconds", unit: "s", description: "From the creation of a build pod to its end.");
        meter.CreateObservableGauge("builds_waiting", () => slots.Waiting, description: "Lambdas that wait in this replica for a place.");
    }

    public void Succeeded(V1Pod? pod)
    {
        _announced.Add(1, new KeyValuePair<string, object?>("reason", Contracts.Reasons.BuildSucceeded));
        if (pod is not null && BuildPodReport.StartedAt(pod) is { } start && BuildPodReport.FinishedAt(pod) is { } end)
            _seconds.Record((end - start).TotalSeconds);
    }

    public void Failed(V1Pod pod, string reason) =>
        _announced.Add(1, new KeyValuePair<string, object?>("reason", reason), new KeyValuePair<string, object?>("active", BuildPod.IsActive(pod)));
}
