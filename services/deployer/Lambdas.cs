using k8s;
using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer;

/// <summary>The Lambda resource.</summary>
internal static class Lambdas
{
    public static ResourceQuery Resource { get; } = new(Lambda.Group, Lambda.Version, Lambda.Plural);

    /// <summary>As it is now, from the API server; null where there is none.</summary>
    public static Task<Lambda?> ReadAsync(IKubernetes client, string ns, string name, CancellationToken cancellationToken) =>
        client.ReadOrNullAsync<Lambda>(Resource with { Namespace = ns }, name, cancellationToken);
}
