using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>What is left of a Lambda anywhere: every kind of object, every namespace, the registry, the broker.</summary>
public sealed class Leftovers(TestCluster cluster, LambdaRef lambda, string? image)
{
    private string kinds = "";

    public static Leftovers Of(TestCluster cluster, Lambda lambda) => new(cluster, LambdaRef.Of(lambda), lambda.Status?.Image);

    /// <summary>All kinds that the API server has and lists, Events excepted: they are the history, and expire.</summary>
    public async Task<IReadOnlyList<string>> ListAsync()
    {
        if (kinds.Length == 0)
        {
            var resources = await cluster.Kubectl.RunAsync("api-resources", "--verbs=list", "-o", "name");
            kinds = string.Join(',', resources.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(IsKept));
        }

        var objects = await cluster.Kubectl.RunAsync(
            "get", kinds, "-A", "-l", $"{Labels.LambdaUid}={lambda.Uid}", "--ignore-not-found", "--no-headers",
            "-o", "custom-columns=K:.kind,NS:.metadata.namespace,N:.metadata.name,D:.metadata.deletionTimestamp");
        var left = objects.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToList();
        if (await LambdaSpace.In(cluster, lambda.Namespace).FindAsync(lambda.Name) is { } itself && itself.Metadata.Uid == lambda.Uid)
            left.Add($"Lambda {lambda} with finalizers {string.Join(',', itself.Metadata.Finalizers ?? [])}");
        // Pods of watchers have a label of their own, or the function's Service would select them.
        var watchers = await cluster.Kubectl.RunAsync("get", "pods,replicasets", "-A", "-l", $"{Labels.WatcherOf}={lambda.Uid}", "--ignore-not-found", "-o", "name");
        left.AddRange(watchers.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        left.AddRange(await InRegistryAsync());
        // The way there is a long one: only when all else is gone.
        return left.Count > 0 ? left : await BrokerView.NamedAsync(cluster, lambda.Uid);
    }

    /// <summary>Waits until there is nothing.</summary>
    public Task NoneAsync(int seconds) =>
        Eventually.HoldsAsync(
            $"nothing to be left of {lambda}", ListAsync, left => left.Count == 0, seconds, left => string.Join("; ", left),
            () => Diagnosis.OfAsync(cluster, lambda.Namespace, lambda.Name));

    private static bool IsKept(string kind) => !kind.StartsWith("events", StringComparison.Ordinal) && kind != "componentstatuses";

    private async Task<IReadOnlyList<string>> InRegistryAsync()
    {
        var repository = Names.Repository(lambda);
        var left = (await cluster.Registry.TagsAsync(repository)).Select(tag => $"{repository}:{tag}").ToList();
        if (image is not null && RegistryView.Parse(image) is var (_, digest) && await cluster.Registry.DigestAsync(repository, digest) is not null)
            left.Add($"{repository}@{digest}");
        return left;
    }
}
