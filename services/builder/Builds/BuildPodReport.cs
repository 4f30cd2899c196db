using System.Text.RegularExpressions;
using k8s.Models;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Hosting.Logs;

namespace Kublambda.Builder.Builds;

/// <summary>How far a build pod is.</summary>
public enum BuildPhase
{
    /// <summary>It waits or runs; it may be held up by a fault.</summary>
    Active,
    Succeeded,
    Failed,
}

/// <summary>What a build pod's status says, in the words of conditions. Two equal reports ask for nothing new.</summary>
public sealed partial record BuildPodReport
{
    // Waiting reasons of the kubelet (pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go).
    private static readonly string[] ImageFaults =
        ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ErrImageInspect", "RegistryUnavailable", "ErrRegistryUnavailable"];
    private static readonly string[] ContainerFaults = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];

    public required BuildPhase Phase { get; init; }

    /// <summary>Of a pod that succeeded: the digest that it says it pushed.</summary>
    public string? Digest { get; init; }

    /// <summary>One of <see cref="Reasons"/>, of a pod that failed or is held up.</summary>
    public string? Reason { get; init; }

    /// <summary>What happened, without a remedy.</summary>
    public string? Cause { get; init; }

    /// <summary>The step that runs, of a pod that does.</summary>
    public string? Running { get; init; }

    /// <summary>The step that it happened in, whose log says more where it had begun.</summary>
    public string? Step { get; init; }

    /// <summary>The step talks to the registry with the installation's credentials, and runs no code of the user.</summary>
    public bool StepIsOurs { get; init; }

    public static BuildPodReport Of(V1Pod pod) => pod.Status?.Phase switch
    {
        // Called off: how its containers end says nothing about the build, 137 least of all.
        not "Succeeded" when pod.Metadata.DeletionTimestamp is not null => new BuildPodReport { Phase = BuildPhase.Active },
        "Succeeded" => new BuildPodReport { Phase = BuildPhase.Succeeded, Digest = DigestOf(pod) },
        "Failed" => Failed(pod),
        _ => Active(pod),
    };

    /// <summary>When the pod ended; null while it runs.</summary>
    public static DateTimeOffset? FinishedAt(V1Pod pod)
    {
        if (BuildPod.IsActive(pod))
            return null;
        var ends = StatusesOf(pod).Select(s => s.State?.Terminated?.FinishedAt).Where(t => t is not null).ToList();
        // An evicted pod has no containers to tell by, and up to Kubernetes 1.23 no conditions: the kubelet's last word is that it ended. Else the
        // conditions changed when it did, or at least not later.
        var last = ends.Count > 0 ? ends.Max() : pod.Metadata.ManagedFields?.Where(f => f.Manager == "kubelet").Max(f => f.Time) ?? pod.Status?.Conditions?.Max(c => c.LastTransitionTime) ?? pod.Status?.StartTime ?? pod.Metadata.CreationTimestamp;
        return Utc(last);
    }

    public static DateTimeOffset? StartedAt(V1Pod pod) => Utc(pod.Metadata.CreationTimestamp);

    private static DateTimeOffset? Utc(DateTime? time) => time is { } set ? new DateTimeOffset(DateTime.SpecifyKind(set, DateTimeKind.Utc)) : null;

    /// <summary>The steps that have begun, with times.</summary>
    public static IReadOnlyList<BuildStepStatus> StepsOf(V1Pod pod) =>
    [
        .. StatusesOf(pod).Where(s => s.State?.Running is not null || s.State?.Terminated is not null).Select(s => new BuildStepStatus
        {
            Name = s.Name,
            StartedAt = Utc(s.State.Running?.StartedAt ?? s.State.Terminated?.StartedAt),
            FinishedAt = Utc(s.State.Terminated?.FinishedAt),
        }),
    ];

    private static BuildPodReport Active(V1Pod pod)
    {
        foreach (var status in StatusesOf(pod))
        {
            if (status.State?.Waiting is not { Reason: { } reason } waiting)
                continue;
            if (ImageFaults.Contains(reason))
                return Held(status.Name, Reasons.BuildImageUnavailable, $"The node cannot pull {status.Image}, the image of the build step \"{status.Name}\": {Words(waiting.Message) ?? reason}");
            if (ContainerFaults.Contains(reason))
                return Held(status.Name, Reasons.BuildPodRejected, $"The node cannot start the build step \"{status.Name}\" ({reason}): {Words(waiting.Message) ?? "it does not say why"}");
        }

        var scheduled = pod.Status?.Conditions?.FirstOrDefault(c => c is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" });
        return scheduled is not null
            ? Held(null, Reasons.BuildPodRejected, $"No node has room for the build pod: {Words(scheduled.Message)}")
            : new BuildPodReport { Phase = BuildPhase.Active, Running = StatusesOf(pod).FirstOrDefault(s => s.State?.Running is not null)?.Name };

        static BuildPodReport Held(string? step, string reason, string cause) => new() { Phase = BuildPhase.Active, Step = step, Reason = reason, Cause = cause };
    }

    private static BuildPodReport Failed(V1Pod pod)
    {
        var status = pod.Status;
        var ended = StatusesOf(pod).FirstOrDefault(s => s.State?.Terminated is { ExitCode: not 0 });
        var report = new BuildPodReport
        {
            Phase = BuildPhase.Failed,
            Step = ended?.Name ?? StatusesOf(pod).LastOrDefault(s => s.State?.Terminated is not null || s.State?.Running is not null)?.Name,
            StepIsOurs = ended is not null && TalksToRegistry(pod, ended.Name),
        };
        switch (status.Reason)
        {
            case "DeadlineExceeded":
                var stuck = Active(pod);
                return stuck.Reason is not null
                    ? report with { Reason = stuck.Reason, Cause = stuck.Cause }
                    : report with { Reason = Reasons.BuildTimeout, Cause = $"The build took longer than {pod.Spec.ActiveDeadlineSeconds} s and was ended." };
            case { Length: > 0 } reason when ended is null || reason is "Evicted" or "NodeLost" or "Shutdown" or "NodeShutdown" or "Terminated" or "Preempting":
                return report with { Reason = Reasons.BuildEvicted, Cause = $"The node ended the build pod ({reason}): {Words(status.Message) ?? "it does not say why"}" };
        }

        if (ended?.State.Terminated is not { } end)
            return report with { Reason = Reasons.BuildEvicted, Cause = "The build pod ended and no step says why; its node may be gone." };
        if (end.Reason == "OOMKilled" || end.ExitCode == 137 || end.Message?.Contains("OOM", StringComparison.Ordinal) == true)
            return report with { Reason = Reasons.BuildOutOfMemory, Cause = $"The build step \"{ended.Name}\" used more memory than its limit{LimitOf(pod, ended.Name)} and was ended." };
        if (StepFailures.Find(pod, ended.Name, end.ExitCode) is { } known)
            return report with { Reason = known.Reason, Cause = $"The build step \"{ended.Name}\" failed (exit code {end.ExitCode}): {known.Message}" };
        var exit = end.Reason is "Error" or null ? $"exit code {end.ExitCode}" : $"{end.Reason}, exit code {end.ExitCode}";
        var words = Words(end.Message) is { } said ? $" {said}" : "";
        return report with { Reason = Reasons.BuildFailed, Cause = $"The build step \"{ended.Name}\" failed ({exit}).{words}" };
    }

    private static string? DigestOf(V1Pod pod)
    {
        var message = pod.Status.ContainerStatuses?.LastOrDefault()?.State?.Terminated?.Message?.Trim();
        if (Registry.Digest.IsValid(message))
            return message;
        // The report.toml of a Cloud Native Buildpacks lifecycle, which it writes there itself.
        return message is not null && ReportedDigest().Match(message) is { Success: true } found ? found.Groups[1].Value : null;
    }

    [GeneratedRegex(@"(?m)^\s*digest\s*=\s*""(sha256:[0-9a-f]{64})""\s*$")]
    private static partial Regex ReportedDigest();

    internal static IEnumerable<V1ContainerStatus> StatusesOf(V1Pod pod) =>
        (pod.Status?.InitContainerStatuses ?? []).Concat(pod.Status?.ContainerStatuses ?? []);

    private static V1Container? StepOf(V1Pod pod, string name) =>
        (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers).FirstOrDefault(c => c.Name == name);

    private static bool TalksToRegistry(V1Pod pod, string step) =>
        StepOf(pod, step)?.VolumeMounts?.Any(m => m.Name == PipelineFile.CredentialsVolume) == true;

    private static string LimitOf(V1Pod pod, string step) =>
        StepOf(pod, step)?.Resources?.Limits?.TryGetValue("memory", out var limit) == true ? $" of {limit}" : "";

    private static string? Words(string? message) =>
        string.IsNullOrWhiteSpace(message) ? null : LogTail.Cut(message.Trim(), 1000);
}
