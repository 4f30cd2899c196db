using k8s;
using k8s.Models;

namespace Kublambda.Kubernetes;

/// <summary>Roles and their bindings by labels, in all namespaces and of the cluster: what owner references do not reach.</summary>
public sealed class RoleCatalog(IKubernetes client)
{
    /// <summary>Bindings before roles, so that no right outlives what it was given for when they are deleted in this order.</summary>
    public async Task<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(string labelSelector, CancellationToken cancellationToken)
    {
        var api = client.RbacAuthorizationV1;
        var clusterBindings = await api.ListClusterRoleBindingAsync(labelSelector: labelSelector, cancellationToken: cancellationToken);
        var bindings = await api.ListRoleBindingForAllNamespacesAsync(labelSelector: labelSelector, cancellationToken: cancellationToken);
        var clusterRoles = await api.ListClusterRoleAsync(labelSelector: labelSelector, cancellationToken: cancellationToken);
        var roles = await api.ListRoleForAllNamespacesAsync(labelSelector: labelSelector, cancellationToken: cancellationToken);
        return [.. clusterBindings.Items, .. bindings.Items, .. clusterRoles.Items, .. roles.Items];
    }

    /// <summary>Deletes one of them; one that is gone is no error.</summary>
    public Task DeleteAsync(IKubernetesObject<V1ObjectMeta> item, CancellationToken cancellationToken) =>
        client.DeleteAsync(ResourceQuery.For(item.GetType()) with { Namespace = item.Metadata.NamespaceProperty }, item, cancellationToken);
}
