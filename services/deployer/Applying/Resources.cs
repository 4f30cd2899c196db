using k8s;
using k8s.Models;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer.Applying;

/// <summary>The resources that the deployer writes.</summary>
internal static class Resources
{
    public static ResourceQuery Deployments { get; } = ResourceQuery.For<V1Deployment>();
    public static ResourceQuery Services { get; } = ResourceQuery.For<V1Service>();
    public static ResourceQuery Ingresses { get; } = ResourceQuery.For<V1Ingress>();

    /// <summary>In <c>autoscaling/v1</c>, which every cluster has: enough to see that something changed.</summary>
    public static ResourceQuery Autoscalers { get; } = ResourceQuery.For<V1HorizontalPodAutoscaler>();

    public static ResourceQuery Of(IKubernetesObject<V1ObjectMeta> item)
    {
        var query = item switch
        {
            V1Deployment => Deployments,
            V1Service => Services,
            V1Ingress => Ingresses,
            V2HorizontalPodAutoscaler => Autoscalers with { Version = item.ApiVersion[(item.ApiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..] },
            _ => throw new NotSupportedException(item.GetType().Name),
        };
        return query with { Namespace = item.Metadata.NamespaceProperty };
    }
}
