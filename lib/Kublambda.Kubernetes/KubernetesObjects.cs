using System.Net;
using System.Text;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Kublambda.Kubernetes;

/// <summary>Single objects of any resource, in any version of it that the API server has.</summary>
public static class KubernetesObjects
{
    /// <summary>Reads an object.</summary>
    /// <returns>Null where there is none of that name.</returns>
    /// <exception cref="HttpOperationException">The API server answered with anything but 2xx and 404.</exception>
    public static async Task<T?> ReadOrNullAsync<T>(this IKubernetes client, ResourceQuery resource, string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            using var response = await new RawApi(client).GetAsync(resource.ObjectPath(name), cancellationToken);
            return KubernetesJson.Deserialize<T>(await response.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Changes an object by a JSON patch (RFC 6902).</summary>
    /// <exception cref="HttpOperationException">The API server refused it.</exception>
    public static Task JsonPatchAsync(
        this IKubernetes client, ResourceQuery resource, string name, string patch, string fieldManager, CancellationToken cancellationToken) =>
        new RawApi(client).PatchAsync(
            resource.ObjectPath(name) + RawApi.Query(("fieldManager", fieldManager)), "application/json-patch+json", patch, cancellationToken);

    /// <summary>
    /// Deletes exactly this object, not a later one of the same name; what it owns follows in the background. One that is
    /// gone already, or is another one by now, is no error.
    /// </summary>
    /// <exception cref="HttpOperationException">The API server refused it.</exception>
    public static async Task DeleteAsync(
        this IKubernetes client, ResourceQuery resource, IKubernetesObject<V1ObjectMeta> item, CancellationToken cancellationToken)
    {
        var options = new V1DeleteOptions
        {
            PropagationPolicy = "Background",
            Preconditions = new V1Preconditions { Uid = item.Metadata.Uid },
        };
        using var content = new StringContent(KubernetesJson.Serialize(options), Encoding.UTF8, "application/json");
        try
        {
            using var response = await new RawApi(client).SendAsync(
                HttpMethod.Delete, resource.ObjectPath(item.Metadata.Name), content, cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // Gone, or its uid is another one.
        }
    }
}
