using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Observing;

/// <summary>How far the Deployment is with what was rendered.</summary>
/// <param name="Status">Of the condition Deployed.</param>
/// <param name="Reason">One of <see cref="Reasons"/>.</param>
/// <param name="Cause">In a sentence.</param>
/// <param name="Failure">The failing pod that is to blame; null where none is.</param>
internal sealed record Rollout(string Status, string Reason, string Cause, PodFailure? Failure = null)
{
    private const string RevisionAnnotation = "deployment.kubernetes.io/revision";

    /// <summary>The most telling reason first, where pods fail in different ways.</summary>
    private static readonly string[] Telling =
    [
        Reasons.HandlerNotFound, Reasons.LoadFailed, Reasons.Unresponsive, Reasons.OutOfMemory, Reasons.ConfigNotFound,
        Reasons.ImagePullFailed, Reasons.CrashLoop, Reasons.NotListening, Reasons.Unschedulable,
    ];

    public static Rollout Of(WorkloadView view, DateTimeOffset now)
    {
        if (view.Deployment is not { } deployment)
            return new(ConditionStatus.Unknown, Reasons.DeploymentPending, "The Deployment is not there yet.");
        var status = deployment.Status ?? new V1DeploymentStatus();
        var wanted = deployment.Spec.Replicas ?? 1;
        var available = status.AvailableReplicas ?? 0;
        var current = (status.ObservedGeneration ?? 0) >= (deployment.Metadata.Generation ?? 0);
        if (!current || !CarriesRevision(deployment, view.Workload))
            return new(ConditionStatus.Unknown, Reasons.RollingOut, $"The rollout of revision {view.Workload.Revision} begins.");

        var replicaSet = CurrentReplicaSet(deployment, view.ReplicaSets);
        var failure = replicaSet is null ? null : WorstOf(view.Pods.Where(p => IsOf(p, replicaSet)), now);
        var complete = status.Replicas > 0 && status.Replicas == status.UpdatedReplicas;
        if (complete && IsAvailable(deployment, view.Workload, available))
        {
            var further = failure is null || available >= wanted ? "" : $" A further one cannot: {failure.Cause}";
            return new(ConditionStatus.True, Reasons.DeploymentSucceeded,
                $"{available} of {wanted} replicas run revision {view.Workload.Revision}.{further}");
        }

        if (Rejection(deployment, replicaSet) is { } rejection)
            return rejection;
        if (failure is not null)
            return new(failure.Reason == Reasons.RollingOut ? ConditionStatus.Unknown : ConditionStatus.False, failure.Reason, failure.Cause, failure);

        var progress = $"{status.UpdatedReplicas ?? 0} of {wanted} replicas have revision {view.Workload.Revision}, {replicaSet?.Status?.AvailableReplicas ?? 0} of them are available.";
        return Condition(deployment, "Progressing") is { Reason: "ProgressDeadlineExceeded" }
            ? new(ConditionStatus.False, Reasons.RollingOut, $"The rollout has stopped: {progress}")
            : new(ConditionStatus.Unknown, Reasons.RollingOut, progress);
    }

    /// <summary>
    /// All replicas; or, once the rollout has been complete, at least the minimum: replicas that the autoscaler adds
    /// later do not make a deployed function undeployed while they start.
    /// </summary>
    private static bool IsAvailable(V1Deployment deployment, Workload workload, int available) =>
        available == deployment.Status.Replicas
        || (available >= workload.MinReplicas
            && Condition(deployment, "Progressing") is { Status: "True", Reason: "NewReplicaSetAvailable" });

    private static bool CarriesRevision(V1Deployment deployment, Workload workload) =>
        deployment.Spec.Template.Metadata?.Labels?.TryGetValue(Labels.Revision, out var revision) == true && revision == workload.Revision;

    /// <summary>
    /// Both carry the number of the rollout. Labels would not do: two rollouts can have the same revision of the code and
    /// differ in the environment.
    /// </summary>
    private static V1ReplicaSet? CurrentReplicaSet(V1Deployment deployment, IReadOnlyList<V1ReplicaSet> replicaSets) =>
        Annotation(deployment.Metadata) is { } number
            ? replicaSets.FirstOrDefault(r => IsOwnedBy(r.Metadata, deployment.Metadata.Uid) && Annotation(r.Metadata) == number)
            : null;

    private static string? Annotation(V1ObjectMeta metadata) =>
        metadata.Annotations?.TryGetValue(RevisionAnnotation, out var number) == true ? number : null;

    private static bool IsOf(V1Pod pod, V1ReplicaSet replicaSet) =>
        pod.Metadata.DeletionTimestamp is null && IsOwnedBy(pod.Metadata, replicaSet.Metadata.Uid);

    private static bool IsOwnedBy(V1ObjectMeta metadata, string uid) => metadata.OwnerReferences?.Any(o => o.Uid == uid) == true;

    private static PodFailure? WorstOf(IEnumerable<V1Pod> pods, DateTimeOffset now) =>
        pods.Select(p => PodFailure.Of(p, now)).OfType<PodFailure>()
            .OrderBy(f => Array.IndexOf(Telling, f.Reason) is var rank && rank < 0 ? int.MaxValue : rank)
            .ThenByDescending(f => f.Pod.Metadata.CreationTimestamp)
            .ThenBy(f => f.Pod.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();

    private static Rollout? Rejection(V1Deployment deployment, V1ReplicaSet? replicaSet)
    {
        var words = replicaSet?.Status?.Conditions?.FirstOrDefault(c => c is { Type: "ReplicaFailure", Status: "True" })?.Message
            ?? (Condition(deployment, "ReplicaFailure") is { Status: "True" } failed ? failed.Message : null);
        return words is null
            ? null
            : new(ConditionStatus.False, Reasons.PodRejected, $"Pods cannot be created: {words}\nRemedy: {RejectionRemedy(words)}");
    }

    private static string RejectionRemedy(string words) =>
        words.Contains("exceeded quota", StringComparison.Ordinal)
            ? "raise the ResourceQuota of the namespace, or lower spec.resources or spec.scaling of the Lambda."
        : words.Contains("service account", StringComparison.OrdinalIgnoreCase) || words.Contains("serviceaccount", StringComparison.OrdinalIgnoreCase)
            ? "create the ServiceAccount that spec.serviceAccountName names, or correct the name."
            : "change the Lambda so that the policy named here admits its pods, or change the policy.";

    private static V1DeploymentCondition? Condition(V1Deployment deployment, string type) =>
        deployment.Status?.Conditions?.FirstOrDefault(c => c.Type == type);
}
