using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Deployer.Rendering;

/// <summary>The Deployment that runs the function: restricted pod security, and rollouts that lose no request.</summary>
internal static class DeploymentRenderer
{
    /// <summary>
    /// Seconds from SIGTERM to the end that are not a request's: the invoker goes on accepting for a few seconds, until
    /// every node has taken the pod's address out of its rules, and then finishes what it has.
    /// </summary>
    public const int DrainSeconds = 15;

    private const int MostRenderedFrom = 60_000;

    /// <param name="workload">What to render.</param>
    /// <param name="replicas">Null where an autoscaler owns the number of replicas.</param>
    public static V1Deployment Render(Workload workload, int? replicas)
    {
        var metadata = Metadata.For(workload.Lambda);
        metadata.Labels[Labels.Revision] = workload.Revision;
        // The API server takes 256 KiB of annotations. A larger one is left out: repairs then go by what is remembered, or by status.
        if (workload.ToJson() is { Length: <= MostRenderedFrom } json)
            metadata.Annotations[Annotations.RenderedFrom] = json;
        return new V1Deployment
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = metadata,
            Spec = new V1DeploymentSpec
            {
                Replicas = replicas,
                RevisionHistoryLimit = 2,
                ProgressDeadlineSeconds = 300,
                MinReadySeconds = 1,
                Strategy = new V1DeploymentStrategy
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new V1RollingUpdateDeployment { MaxUnavailable = 0, MaxSurge = "25%" },
                },
                Selector = new V1LabelSelector { MatchLabels = Metadata.Selector(workload.Lambda) },
                Template = Pod(workload),
            },
        };
    }

    private static V1PodTemplateSpec Pod(Workload workload)
    {
        var labels = Labels.For(workload.Lambda);
        labels[Labels.Revision] = workload.Revision;
        return new V1PodTemplateSpec
        {
            Metadata = new V1ObjectMeta { Labels = labels },
            Spec = new V1PodSpec
            {
                // Never left out: the API server copies the name to the old field serviceAccount, and takes it from there again when ours is taken away.
                ServiceAccountName = workload.Spec.ServiceAccountName ?? "default",
                AutomountServiceAccountToken = workload.Spec.ServiceAccountName is not null,
                EnableServiceLinks = false,
                TerminationGracePeriodSeconds = workload.TimeoutSeconds + DrainSeconds,
                SecurityContext = RestrictedSecurity.Pod(65532),
                Containers = [FunctionContainer.Render(workload)],
                Volumes =
                [
                    new V1Volume
                    {
                        Name = "tmp",
                        EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = new(FunctionResources.TmpSize) },
                    },
                ],
            },
        };
    }
}
