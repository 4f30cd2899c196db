using k8s.Models;

namespace Kublambda.Deployer.Applying;

/// <summary>The objects under a Lambda's name as they are, whoever owns them; null where there is none.</summary>
internal sealed record LiveWorkload
{
    public V1Deployment? Deployment { get; init; }
    public V1Service? Service { get; init; }
    public V2HorizontalPodAutoscaler? Autoscaler { get; init; }
    public V1Ingress? Ingress { get; init; }
}
