using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Observing;

/// <summary>Which log belongs to a failure.</summary>
internal enum LogOf
{
    None,
    Current,
    Previous,
}

/// <summary>Why a pod does not serve.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Reason">One of <see cref="Reasons"/>.</param>
/// <param name="Cause">What happened.</param>
/// <param name="Remedy">What to do about it; null where the cause says it already.</param>
/// <param name="Log">The log whose last lines show it.</param>
/// <param name="WantsEvents">The kubelet's words may be in the pod's events only.</param>
internal sealed record PodFailure(V1Pod Pod, string Reason, string Cause, string? Remedy, LogOf Log = LogOf.None, bool WantsEvents = false)
{
    /// <summary>A pod that runs for so long and is not ready will not become so by waiting.</summary>
    public static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(10);

    /// <summary>A pod whose containers are not made after so long has a problem that only its events tell.</summary>
    private static readonly TimeSpan CreatePatience = TimeSpan.FromSeconds(20);

    /// <returns>Null for a pod that is ready, or on its way.</returns>
    public static PodFailure? Of(V1Pod pod, DateTimeOffset now)
    {
        if (PodState.IsReady(pod))
            return null;
        if (pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled") is { Status: "False", Reason: "Unschedulable" } unscheduled)
        {
            return new(pod, Reasons.Unschedulable, $"No node can take the pod {pod.Metadata.Name}: {unscheduled.Message}",
                "lower spec.resources.requests of the Lambda, or give the cluster more room.");
        }

        if (pod.Status?.Phase == "Failed")
        {
            return new(pod, Reasons.CrashLoop, $"The pod {pod.Metadata.Name} was ended: {pod.Status.Reason} {pod.Status.Message}".TrimEnd(),
                "stay below the limits of spec.resources; /tmp holds 256Mi.");
        }

        var container = pod.Status?.ContainerStatuses?.FirstOrDefault(c => c.Name == FunctionContainer.Name);
        if (container?.State?.Waiting is { } waiting && OfWaiting(pod, waiting, now) is { } stuck)
            return stuck;
        // The reason of the last end also holds while the next try is under way.
        if ((container?.State?.Terminated ?? container?.LastState?.Terminated) is { } ended)
            return CrashedProcess.Of(pod, container!, ended);
        return container?.State?.Running is { } running ? OfRunning(pod, running, now) : OfCreating(pod, now);
    }

    private static PodFailure? OfWaiting(V1Pod pod, V1ContainerStateWaiting waiting, DateTimeOffset now)
    {
        switch (waiting.Reason)
        {
            case "ErrImagePull" or "ImagePullBackOff" or "InvalidImageName" or "ErrImageNeverPull" or "RegistryUnavailable"
                or "ImageInspectError":
                var image = pod.Spec.Containers[0].Image;
                var registry = image.Split('/', 2)[0];
                return new(pod, Reasons.ImagePullFailed,
                    $"Node {pod.Spec.NodeName} cannot pull {image}: {waiting.Message}",
                    $"nodes pull by the registry's name {registry} (setting Registry__PullHost). See that every node can reach it under that "
                    + "name and trusts it (a registry without TLS needs a mirror entry in containerd), and that it still has the image.",
                    WantsEvents: waiting.Message?.StartsWith("Back-off", StringComparison.Ordinal) != false);
            case "CreateContainerConfigError":
                return new(pod, Reasons.ConfigNotFound, $"The pod {pod.Metadata.Name} cannot start: {waiting.Message}",
                    $"create what is missing in the namespace {pod.Metadata.NamespaceProperty}, or correct spec.env; the pod then starts by itself.");
            case "CreateContainerError" or "RunContainerError":
                return new(pod, Reasons.CrashLoop, $"The container of pod {pod.Metadata.Name} cannot be started: {waiting.Message}",
                    "see that the image has the entry point of its runtime.");
            case "ContainerCreating" or "PodInitializing":
                return OfCreating(pod, now);
            default:
                return null;
        }
    }

    private static PodFailure? OfCreating(V1Pod pod, DateTimeOffset now) =>
        pod.Metadata.CreationTimestamp is { } created && now - created.ToUniversalTime() > CreatePatience
            ? new(pod, Reasons.RollingOut, $"The pod {pod.Metadata.Name} is not created yet on node {pod.Spec.NodeName}.", null, WantsEvents: true)
            : null;

    private static PodFailure? OfRunning(V1Pod pod, V1ContainerStateRunning running, DateTimeOffset now)
    {
        var since = PodState.NotReadySince(pod, running);
        if (since is null || now - since.Value < ReadyPatience)
            return null;
        return new(pod, Reasons.NotListening,
            $"The pod {pod.Metadata.Name} runs, and has not been ready for {(int)(now - since.Value).TotalSeconds} s: the code is still loading, "
            + $"its event loop is blocked, or nothing listens on ports {FunctionContainer.Port} and {FunctionContainer.AdminPort}.",
            "do slow work in the handler or in the background instead of while the module loads, and leave PORT and ADMIN_PORT to the runtime.",
            LogOf.Current);
    }
}
