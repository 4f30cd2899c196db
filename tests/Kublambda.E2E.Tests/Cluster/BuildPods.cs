using k8s;
using Kublambda.Contracts;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>
/// Which build pods there ever were. Pods go soon after they end; the scheduler's Event "Scheduled", one for each pod that
/// ever got a node, stays for an hour.
/// </summary>
internal static class BuildPods
{
    public const string Namespace = "kublambda-builds";

    /// <summary><c>name uid</c> of each.</summary>
    public static async Task<IReadOnlyList<string>> AllAsync(TestCluster cluster)
    {
        var events = await cluster.Api.CoreV1.ListNamespacedEventAsync(Namespace, fieldSelector: "reason=Scheduled,involvedObject.kind=Pod");
        return [.. events.Items.Select(e => $"{e.InvolvedObject.Name} {e.InvolvedObject.Uid}").Distinct()];
    }

    public static async Task<IReadOnlyList<string>> OfAsync(TestCluster cluster, LambdaRef lambda) =>
        [.. (await AllAsync(cluster)).Where(pod => pod.Contains($"-{Names.ShortUid(lambda)}-", StringComparison.Ordinal))];
}
