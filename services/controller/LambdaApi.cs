using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller;

/// <summary>A Lambda as it is in the API server now.</summary>
/// <param name="Lambda">Where <paramref name="Error"/> is set, only its metadata is true.</param>
/// <param name="Error">Why the rest could not be read.</param>
public sealed record LambdaReading(Lambda Lambda, string? Error);

/// <summary>The calls on Lambdas that the controller makes; all writes are refused (409) when the object has changed since it was read.</summary>
public sealed class LambdaApi(IKubernetes client)
{
    /// <summary>Null: there is no such Lambda.</summary>
    public async Task<LambdaReading?> ReadAsync(string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            var raw = await client.CustomObjects.GetNamespacedCustomObjectAsync(
                Lambda.Group, Lambda.Version, ns, Lambda.Plural, name, cancellationToken);
            return Decode((JsonElement)raw);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>
    /// Reads as much as can be read: a status that cannot be read is written anew, and of a spec that cannot be read the
    /// metadata is enough to say so and to delete the Lambda.
    /// </summary>
    public static LambdaReading Decode(JsonElement json)
    {
        if (TryDecode(json, out var lambda, out var error))
            return new LambdaReading(lambda, null);
        var withoutStatus = JsonObject.Create(json)!;
        withoutStatus.Remove("status");
        if (TryDecode(JsonSerializer.SerializeToElement(withoutStatus), out lambda, out _))
            return new LambdaReading(lambda, null);
        var metadata = KubernetesJson.Deserialize<V1ObjectMeta>(json.GetProperty("metadata"));
        return new LambdaReading(new Lambda { Metadata = metadata }, error);
    }

    private static bool TryDecode(JsonElement json, out Lambda value, out string? error)
    {
        try
        {
            (value, error) = (KubernetesJson.Deserialize<Lambda>(json), null);
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or NotSupportedException or InvalidOperationException)
        {
            (value, error) = (default!, e.Message);
            return false;
        }
    }

    public Task WriteStatusAsync(Lambda lambda, LambdaStatus status, CancellationToken cancellationToken)
    {
        // PUT, so that members that are gone go. The API server takes nothing but the status of it.
        var body = new
        {
            apiVersion = lambda.ApiVersion,
            kind = lambda.Kind,
            metadata = new { name = lambda.Metadata.Name, @namespace = lambda.Metadata.NamespaceProperty, resourceVersion = lambda.Metadata.ResourceVersion, uid = lambda.Metadata.Uid },
            status,
        };
        return client.CustomObjects.ReplaceNamespacedCustomObjectStatusAsync(
            body, Lambda.Group, Lambda.Version, lambda.Metadata.NamespaceProperty, Lambda.Plural, lambda.Metadata.Name, cancellationToken: cancellationToken);
    }

    /// <summary>Sets the whole list of finalizers, which the resourceVersion guards.</summary>
    public async Task<LambdaReading> WriteFinalizersAsync(Lambda lambda, IReadOnlyList<string> finalizers, CancellationToken cancellationToken)
    {
        var patch = new { metadata = new { resourceVersion = lambda.Metadata.ResourceVersion, uid = lambda.Metadata.Uid, finalizers } };
        var raw = await client.CustomObjects.PatchNamespacedCustomObjectAsync(
            new V1Patch(JsonSerializer.Serialize(patch), V1Patch.PatchType.MergePatch), Lambda.Group, Lambda.Version,
            lambda.Metadata.NamespaceProperty, Lambda.Plural, lambda.Metadata.Name, cancellationToken: cancellationToken);
        return Decode((JsonElement)raw);
    }
}
