using k8s.Models;

namespace Kublambda.Builder.Builds;

/// <summary>What to do about a build pod that is there already.</summary>
public enum BuildStep
{
    /// <summary>Leave it alone and say how it stands.</summary>
    Observe,

    /// <summary>Its fault may have passed: take it away and build again.</summary>
    Retry,

    /// <summary>It failed, or is held up, for an earlier generation, whose settings may have been the cause: take it away and build again.</summary>
    StartOver,
}

/// <summary>When a failed build is tried again. All it needs to know stands on the pod, so that it survives the builder.</summary>
public static class RetryPolicy
{
    /// <summary>Tries of one revision in quick succession, all of which met a fault that may pass.</summary>
    public const int Attempts = 5;

    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);

    /// <param name="pod">The build pod of this revision.</param>
    /// <param name="fault">Its fault, where it failed or is held up.</param>
    /// <param name="generation">The Lambda's generation.</param>
    /// <param name="now">The time.</param>
    public static (BuildStep Step, bool Final, TimeSpan? Wait) Decide(V1Pod pod, BuildFault? fault, long generation, DateTimeOffset now)
    {
        if (fault is null)
            return (BuildStep.Observe, false, null);
        if (BuildPod.GenerationOf(pod) < generation)
            return (BuildStep.StartOver, false, null);
        // Held up, for example by an image that cannot be pulled: Kubernetes itself goes on trying, up to the deadline.
        if (BuildPod.IsActive(pod))
            return (BuildStep.Observe, false, null);
        if (!BuildFault.IsTransient(fault.Reason))
            return (BuildStep.Observe, true, null);
        // The quick tries are used up, or would change nothing. When the pod is removed, much later, a new round begins: whoever mended the cause
        // need not touch every Lambda.
        if (BuildPod.AttemptOf(pod) >= Attempts || !BuildFault.PassesSoon(fault.Reason))
            return (BuildStep.Observe, false, null);
        var due = (BuildPodReport.FinishedAt(pod) ?? now) + Delay(BuildPod.AttemptOf(pod));
        return due <= now ? (BuildStep.Retry, false, null) : (BuildStep.Observe, false, due - now);
    }

    /// <summary>5, 15, 45, 135 s after the first, second, third and fourth try.</summary>
    public static TimeSpan Delay(int attempt) => First * Math.Pow(3, Math.Clamp(attempt - 1, 0, Attempts));
}
