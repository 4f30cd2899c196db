using k8s;

namespace Kublambda.Kubernetes;

/// <summary>
/// Tells this cluster from others by the uid of its namespace <c>kube-system</c>, which lives as long as the cluster: the
/// usual way, for Kubernetes itself has no id for a cluster.
/// </summary>
public sealed class ClusterIdentity(IKubernetes client)
{
    private string? _uid;

    /// <exception cref="k8s.Autorest.HttpOperationException">The API server refuses, or is in trouble.</exception>
    public async Task<string> ReadAsync(CancellationToken cancellationToken) =>
        _uid ??= (await client.CoreV1.ReadNamespaceAsync("kube-system", cancellationToken: cancellationToken)).Metadata.Uid;
}
