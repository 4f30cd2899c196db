using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Kublambda.Kubernetes;

/// <summary>Server-side apply: the fields that are set are ours, the others are left alone.</summary>
public static class KubernetesApply
{
    /// <summary>
    /// Applies an object of a type of KubernetesClient, with force (another manager's hold on our fields is taken over).
    /// <c>apiVersion</c> of the object holds where it is set, so one type can serve two versions of the same shape.
    /// </summary>
    /// <returns>The object as it is stored now.</returns>
    /// <exception cref="HttpOperationException">The API server refused it; the response's content says why.</exception>
    public static Task<T> ApplyAsync<T>(this IKubernetes client, T item, string fieldManager, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var query = ResourceQuery.For<T>();
        if (string.IsNullOrEmpty(item.ApiVersion))
        {
            item.ApiVersion = query.Group.Length == 0 ? query.Version : $"{query.Group}/{query.Version}";
        }
        else
        {
            var slash = item.ApiVersion.IndexOf('/', StringComparison.Ordinal);
            query = query with { Group = slash < 0 ? "" : item.ApiVersion[..slash], Version = item.ApiVersion[(slash + 1)..] };
        }

        if (string.IsNullOrEmpty(item.Kind))
            item.Kind = KindOf(typeof(T));
        return client.ApplyAsync(query, item, fieldManager, cancellationToken);
    }

    /// <summary>Applies an object of any type, custom resources among them; <c>apiVersion</c> and <c>kind</c> are set in it.</summary>
    /// <inheritdoc cref="ApplyAsync{T}(IKubernetes, T, string, CancellationToken)"/>
    public static async Task<T> ApplyAsync<T>(
        this IKubernetes client, ResourceQuery resource, T item, string fieldManager, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var path = (resource with { Namespace = item.Metadata.NamespaceProperty }).ObjectPath(item.Metadata.Name);
        var parameters = RawApi.Query(("fieldManager", fieldManager), ("force", "true"));
        var stored = await new RawApi(client).PatchAsync(
            path + parameters, "application/apply-patch+yaml", KubernetesJson.Serialize(item), cancellationToken);
        return KubernetesJson.Deserialize<T>(stored);
    }

    internal static string KindOf(Type type) =>
        type.GetCustomAttributes(typeof(KubernetesEntityAttribute), false).OfType<KubernetesEntityAttribute>().FirstOrDefault()?.Kind ?? type.Name;
}
