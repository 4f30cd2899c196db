using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Rendering;

/// <summary>One HTTP trigger with everything decided that the resource may leave open.</summary>
/// <param name="Trigger">Name of the trigger.</param>
/// <param name="Exposure">One of <see cref="Exposures"/>.</param>
/// <param name="Host">Host of the Ingress rule; null matches every host.</param>
/// <param name="Path">Path prefix, starting with a slash.</param>
internal sealed record HttpRoute(string Trigger, string Exposure, string? Host, string Path)
{
    /// <summary>The Lambda that has this host and path already, as <c>namespace/name</c>; null where nobody has: <see cref="RouteClaims"/>.</summary>
    public string? TakenBy { get; init; }

    public static IReadOnlyList<HttpRoute> Of(Workload workload, HttpOptions options) =>
    [
        .. (workload.Spec.Triggers ?? []).Where(t => t.Http is not null).Select(t => new HttpRoute(
            t.Name,
            Given(t.Http!.Exposure) ?? options.DefaultExposure,
            Given(t.Http.Host) ?? (Given(options.Domain) is { } domain
                ? $"{workload.Lambda.Name}.{workload.Lambda.Namespace}.{domain}" : null),
            Given(t.Http.Path) ?? "/")),
    ];

    /// <summary>
    /// The type of the one Service that all triggers share: the widest that any of them asks for, as a load balancer's
    /// Service has a node port and a cluster address too, and an Ingress needs the cluster address only.
    /// </summary>
    public static string ServiceType(IReadOnlyList<HttpRoute> routes)
    {
        if (routes.Any(r => r.Exposure == Exposures.LoadBalancer))
            return Exposures.LoadBalancer;
        return routes.Any(r => r.Exposure == Exposures.NodePort) ? Exposures.NodePort : Exposures.ClusterIP;
    }

    private static string? Given(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
