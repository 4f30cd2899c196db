using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>Accounts for everything that carries our labels or lies in the registry: each belongs to a Lambda that is there.</summary>
internal static class Accounts
{
    /// <summary>What belongs to nobody, of one namespace's Lambdas.</summary>
    public static async Task<IReadOnlyList<string>> OrphansAsync(TestCluster cluster, LambdaSpace space)
    {
        var lambdas = await space.ListAsync();
        var uids = lambdas.Select(l => l.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        return [.. await ObjectsAsync(cluster, space.Name, uids), .. await BuildsAsync(cluster, space.Name, lambdas), .. await ImagesAsync(cluster, space.Name, lambdas)];
    }

    private static async Task<IEnumerable<string>> ObjectsAsync(TestCluster cluster, string ns, HashSet<string> uids)
    {
        const string kinds = "pods,replicasets,deployments,services,endpoints,endpointslices,horizontalpodautoscalers,ingresses,configmaps,secrets";
        var listed = await cluster.Kubectl.RunAsync(
            "-n", ns, "get", kinds, "-l", Labels.ManagedSelector, "--no-headers", "-o",
            $"custom-columns=K:.kind,N:.metadata.name,U:.metadata.labels.{Labels.LambdaUid.Replace(".", "\\.", StringComparison.Ordinal)}");
        return listed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(line => !uids.Contains(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1]));
    }

    /// <summary>Build pods still under way, or of Lambdas that are gone.</summary>
    private static async Task<IEnumerable<string>> BuildsAsync(TestCluster cluster, string ns, IReadOnlyList<Lambda> lambdas)
    {
        var pods = await cluster.Api.CoreV1.ListNamespacedPodAsync(BuildPods.Namespace, labelSelector: $"{Labels.LambdaNamespace}={ns}");
        return pods.Items
            .Where(pod => pod.Status.Phase is "Pending" or "Running" || !lambdas.Any(l => l.Metadata.Uid == pod.Metadata.Labels[Labels.LambdaUid]))
            .Select(pod => $"build pod {pod.Metadata.Name} {pod.Status.Phase}");
    }

    /// <summary>Repositories of Lambdas that are gone; Lambdas whose repository misses the image that they run.</summary>
    private static async Task<IEnumerable<string>> ImagesAsync(TestCluster cluster, string ns, IReadOnlyList<Lambda> lambdas)
    {
        var expected = lambdas.Select(l => Names.Repository(LambdaRef.Of(l))).ToHashSet(StringComparer.Ordinal);
        var found = (await cluster.Registry.RepositoriesAsync()).Where(r => r.StartsWith($"{ns}/", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        var wrong = found.Except(expected).Select(r => $"repository {r} of no Lambda").ToList();
        wrong.AddRange(expected.Except(found).Select(r => $"no repository {r}"));
        foreach (var lambda in lambdas)
        {
            if (lambda.Status?.Image is not { } image || (await cluster.Registry.MissingAsync(image)).Count > 0)
                wrong.Add($"{lambda.Metadata.Name} has no image that pulls");
        }

        return wrong;
    }
}
