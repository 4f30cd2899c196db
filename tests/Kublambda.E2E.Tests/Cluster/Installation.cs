using System.Globalization;
using k8s;
using k8s.Models;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>The services of Kublambda and what they stand on. Tests that disturb them run alone, see <see cref="DisturbsThePlatform"/>.</summary>
public sealed class Installation(TestCluster cluster)
{
    public const string Namespace = "kublambda-system";
    public static readonly IReadOnlyList<string> Services = ["controller", "builder", "deployer", "gc"];
    public const string Registry = "registry";
    public const string RabbitMq = "rabbitmq";
    private const int Patience = 240;

    /// <summary>Everything is up, as before each test.</summary>
    public async Task IsUpAsync(int seconds = Patience)
    {
        foreach (var workload in Services.Append(Registry).Append(RabbitMq))
            await IsUpAsync(workload, seconds);
    }

    public Task IsUpAsync(string workload, int seconds = Patience) =>
        Eventually.HoldsAsync(
            $"{workload} in {Namespace} to be up", () => StateAsync(workload), s => s.Wanted > 0 && s.Ready == s.Wanted && s.Pods == s.Wanted, seconds,
            explain: () => Diagnosis.OfAllAsync(cluster));

    /// <summary>Scales to 0 until the result is disposed; then everything is as before, and up.</summary>
    public async Task<Outage> TakeDownAsync(params string[] workloads)
    {
        var before = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var workload in workloads)
            before[workload] = (await StateAsync(workload)).Wanted;
        foreach (var workload in workloads)
            await ScaleAsync(workload, 0);
        foreach (var workload in workloads)
        {
            await Eventually.HoldsAsync($"{workload} to be down", () => StateAsync(workload), s => s is { Pods: 0, Wanted: 0 }, Patience,
                explain: () => Diagnosis.OfAllAsync(cluster));
        }

        return new(this, before);
    }

    public async Task<int> ReplicasAsync(string workload) => (await StateAsync(workload)).Wanted;

    public async Task ScaleAsync(string workload, int replicas)
    {
        var kind = await KindAsync(workload);
        await cluster.Kubectl.RunAsync(
            "-n", Namespace, "scale", $"{kind}/{workload}", $"--replicas={replicas.ToString(CultureInfo.InvariantCulture)}");
    }

    public async Task<IReadOnlyList<V1Pod>> PodsAsync(string workload) => (await SelectAsync(workload)).Pods;

    private async Task<WorkloadState> StateAsync(string workload)
    {
        var (wanted, ready, pods) = await SelectAsync(workload);
        return new(wanted, ready, pods.Count);
    }

    private async Task<(int Wanted, int Ready, IReadOnlyList<V1Pod> Pods)> SelectAsync(string workload)
    {
        V1LabelSelector selector;
        int wanted, ready;
        if (await KindAsync(workload) == "deployment")
        {
            var deployment = await cluster.Api.AppsV1.ReadNamespacedDeploymentAsync(workload, Namespace);
            (selector, wanted, ready) = (deployment.Spec.Selector, deployment.Spec.Replicas ?? 1, deployment.Status.ReadyReplicas ?? 0);
        }
        else
        {
            var set = await cluster.Api.AppsV1.ReadNamespacedStatefulSetAsync(workload, Namespace);
            (selector, wanted, ready) = (set.Spec.Selector, set.Spec.Replicas ?? 1, set.Status.ReadyReplicas ?? 0);
        }

        var labels = string.Join(',', selector.MatchLabels.Select(l => $"{l.Key}={l.Value}"));
        return (wanted, ready, [.. (await cluster.Api.CoreV1.ListNamespacedPodAsync(Namespace, labelSelector: labels)).Items.Where(p => p.Status.Phase is "Pending" or "Running")]);
    }

    /// <summary>Installations differ in what the registry and RabbitMQ are.</summary>
    private async Task<string> KindAsync(string workload)
    {
        var deployments = await cluster.Api.AppsV1.ListNamespacedDeploymentAsync(Namespace, fieldSelector: $"metadata.name={workload}");
        return deployments.Items.Count > 0 ? "deployment" : "statefulset";
    }
}

/// <summary>How many pods a workload wants, has ready, and has at all.</summary>
public sealed record WorkloadState(int Wanted, int Ready, int Pods);

/// <summary>Workloads that are down until this is disposed.</summary>
public sealed class Outage(Installation platform, IReadOnlyDictionary<string, int> before) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        foreach (var (workload, replicas) in before)
            await platform.ScaleAsync(workload, replicas);
        foreach (var workload in before.Keys)
            await platform.IsUpAsync(workload);
    }
}

/// <summary>Tests in this collection run one at a time, after all others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DisturbsThePlatform
{
    public const string Name = "disturbs the platform";
}
