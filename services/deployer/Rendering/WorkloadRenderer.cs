using k8s.Models;

namespace Kublambda.Deployer.Rendering;

/// <summary>Every object of a Lambda, stamped and ready to apply; null where one is not wanted.</summary>
internal sealed record RenderedWorkload
{
    public required Workload Workload { get; init; }
    public required IReadOnlyList<HttpRoute> Routes { get; init; }
    public required V1Deployment Deployment { get; init; }
    public required V1Service Service { get; init; }
    public V2HorizontalPodAutoscaler? Autoscaler { get; init; }
    public V1Ingress? Ingress { get; init; }

    /// <summary>What the cluster cannot do for this Lambda.</summary>
    public string? Note { get; init; }
}

/// <summary>From a <see cref="Workload"/> to its objects.</summary>
internal static class WorkloadRenderer
{
    /// <param name="workload">What to render.</param>
    /// <param name="options">The installation's way of exposing functions.</param>
    /// <param name="autoscalingVersion">As discovered; null where the cluster serves no version that is known here.</param>
    /// <param name="ingresses">Those of all Lambdas: who has which host and path.</param>
    public static RenderedWorkload Render(Workload workload, HttpOptions options, string? autoscalingVersion, IEnumerable<V1Ingress>? ingresses = null)
    {
        var routes = HttpRoute.Of(workload, options);
        var taken = RouteClaims.Taken(workload.Lambda, routes, ingresses ?? []);
        routes = [.. routes.Select(route => route with { TakenBy = taken.GetValueOrDefault(route.Trigger) })];
        var wanted = AutoscalerRenderer.IsWanted(workload);
        var autoscaled = wanted && autoscalingVersion is not null;
        return new RenderedWorkload
        {
            Workload = workload,
            Routes = routes,
            Deployment = Stamp.Put(DeploymentRenderer.Render(workload, autoscaled ? null : workload.MinReplicas)),
            Service = Stamp.Put(ServiceRenderer.Render(workload, routes)),
            Autoscaler = autoscaled ? Stamp.Put(AutoscalerRenderer.Render(workload, autoscalingVersion!)) : null,
            Ingress = IngressRenderer.Render(workload, routes, options) is { } ingress ? Stamp.Put(ingress) : null,
            Note = wanted && !autoscaled
                ? $"The cluster serves no autoscaling API: {workload.MinReplicas} replicas run always."
                : null,
        };
    }
}
