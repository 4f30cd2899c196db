using k8s.Models;

namespace Kublambda.Deployer.Observing;

/// <summary>Reads a pod's status.</summary>
internal static class PodState
{
    public static bool IsReady(V1Pod pod) => ReadyCondition(pod)?.Status == "True";

    /// <summary>Ready, and not on its way out.</summary>
    public static bool Serves(V1Pod pod) => pod.Metadata.DeletionTimestamp is null && IsReady(pod);

    /// <summary>Since when the container has been running without being ready.</summary>
    public static DateTimeOffset? NotReadySince(V1Pod pod, V1ContainerStateRunning running)
    {
        var times = new[] { running.StartedAt, ReadyCondition(pod)?.LastTransitionTime }.OfType<DateTime>().ToList();
        return times.Count == 0 ? null : new DateTimeOffset(times.Max().ToUniversalTime());
    }

    private static V1PodCondition? ReadyCondition(V1Pod pod) => pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready");
}
