using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Rendering;

/// <summary>One Ingress with a path for every trigger that is exposed by Ingress.</summary>
internal static class IngressRenderer
{
    /// <returns>Null where no trigger is exposed by Ingress, but for those whose host and path are another Lambda's.</returns>
    public static V1Ingress? Render(Workload workload, IReadOnlyList<HttpRoute> routes, HttpOptions options)
    {
        var exposed = routes.Where(r => r is { Exposure: Exposures.Ingress, TakenBy: null }).ToList();
        if (exposed.Count == 0)
            return null;
        var metadata = Metadata.For(workload.Lambda);
        var issuer = string.IsNullOrEmpty(options.ClusterIssuer) ? null : options.ClusterIssuer;
        if (issuer is not null)
            metadata.Annotations[Annotations.ClusterIssuer] = issuer;
        return new V1Ingress
        {
            ApiVersion = "networking.k8s.io/v1",
            Kind = "Ingress",
            Metadata = metadata,
            Spec = new V1IngressSpec
            {
                IngressClassName = string.IsNullOrEmpty(options.IngressClass) ? null : options.IngressClass,
                Tls = options.Tls || issuer is not null ? Tls(exposed, issuer is null ? null : $"{Names.Workload(workload.Lambda)}-tls") : null,
                Rules =
                [
                    .. exposed.GroupBy(r => r.Host, StringComparer.OrdinalIgnoreCase).Select(host => new V1IngressRule
                    {
                        Host = host.Key,
                        Http = new V1HTTPIngressRuleValue
                        {
                            Paths = [.. host.Select(r => r.Path).Distinct(StringComparer.Ordinal).Select(path => Path(workload.Lambda, path))],
                        },
                    }),
                ],
            },
        };
    }

    /// <returns>Null where no route has a host: no certificate is for all of them.</returns>
    private static IList<V1IngressTLS>? Tls(IReadOnlyList<HttpRoute> exposed, string? secret) =>
        exposed.Select(route => route.Host).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToList() is { Count: > 0 } hosts
            ? [new V1IngressTLS { Hosts = hosts, SecretName = secret }]
            : null;

    private static V1HTTPIngressPath Path(LambdaRef lambda, string path) => new()
    {
        Path = path,
        PathType = "Prefix",
        Backend = new V1IngressBackend
        {
            Service = new V1IngressServiceBackend
            {
                Name = Names.Workload(lambda),
                Port = new V1ServiceBackendPort { Number = ServiceRenderer.Port },
            },
        },
    };
}
