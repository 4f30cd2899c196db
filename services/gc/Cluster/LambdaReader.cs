using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Gc.Cluster;

/// <summary>
/// Reads which Lambdas exist, from the API server itself and never from a cache: deletions depend on it. Only the
/// metadata are read, so that a Lambda with a spec that cannot be understood protects its images as any other.
/// </summary>
public sealed class LambdaReader(IKubernetes kubernetes)
{
    private const int PageSize = 500;

    /// <summary>True where this very Lambda, by uid, is there and not being deleted.</summary>
    /// <exception cref="HttpOperationException">The API server refuses: nobody may conclude anything from that.</exception>
    public async Task<bool> IsAliveAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        var found = await FindAsync(lambda, cancellationToken);
        return found is { DeletionTimestamp: null };
    }

    /// <summary>True where this very Lambda, by uid, is there, being deleted or not.</summary>
    public async Task<bool> ExistsAsync(LambdaRef lambda, CancellationToken cancellationToken) =>
        await FindAsync(lambda, cancellationToken) is not null;

    /// <summary>All Lambdas of the cluster, those that are being deleted too.</summary>
    public async Task<IReadOnlyList<LambdaRef>> ListAsync(CancellationToken cancellationToken)
    {
        var all = new List<LambdaRef>();
        string? next = null;
        do
        {
            var page = await kubernetes.CustomObjects.ListClusterCustomObjectAsync<MetadataList>(
                Lambda.Group, Lambda.Version, Lambda.Plural, limit: PageSize, continueParameter: next, cancellationToken: cancellationToken);
            all.AddRange(page.Items.Select(item => new LambdaRef(item.Metadata.NamespaceProperty, item.Metadata.Name, item.Metadata.Uid)));
            next = page.Metadata?.ContinueProperty;
        }
        while (!string.IsNullOrEmpty(next));
        return all;
    }

    private async Task<V1ObjectMeta?> FindAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        try
        {
            var found = await kubernetes.CustomObjects.GetNamespacedCustomObjectAsync<MetadataOnly>(
                Lambda.Group, Lambda.Version, lambda.Namespace, Lambda.Plural, lambda.Name, cancellationToken);
            return found.Metadata.Uid == lambda.Uid ? found.Metadata : null;
        }
        catch (HttpOperationException e) when (IsAbsent(e, lambda))
        {
            return null;
        }
    }

    /// <summary>A 404 speaks of the Lambda only where it names it: without the CRD, the answer is a 404 too.</summary>
    private static bool IsAbsent(HttpOperationException e, LambdaRef lambda)
    {
        if (e.Response.StatusCode != HttpStatusCode.NotFound || string.IsNullOrEmpty(e.Response.Content))
            return false;
        try
        {
            return KubernetesJson.Deserialize<V1Status>(e.Response.Content).Details?.Name == lambda.Name;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private sealed record MetadataOnly
    {
        public V1ObjectMeta Metadata { get; set; } = new();
    }

    private sealed record MetadataList
    {
        public V1ListMeta? Metadata { get; set; }
        public IReadOnlyList<MetadataOnly> Items { get; set; } = [];
    }
}
