using System.Diagnostics.Metrics;
using k8s;
using k8s.Models;
using Kublambda.Kubernetes.ClusterTests;
using Kublambda.Tests;
using Microsoft.Extensions.Logging.Abstractions;

[assembly: AssemblyFixture(typeof(Cluster))]

namespace Kublambda.Kubernetes.ClusterTests;

/// <summary>The cluster of KUBECONFIG or of the repository's <c>.local/kubeconfig</c>, and a namespace in it for this run.</summary>
public sealed class Cluster : ClusterFixture
{
    private readonly MeterFactory _meters = new();

    public string Namespace { get; private set; } = "";

    protected override async Task StartAsync() => Namespace = await NamespaceAsync("kubernetes-lib");

    protected override async ValueTask DisposeAsyncCore()
    {
        await base.DisposeAsyncCore();
        _meters.Dispose();
    }

    internal Informer<T> AnInformer<T>(IKubernetes client, string label, IResourceHandler<T> handler, TimeSpan? watchTimeout = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var query = new ResourceQuery("", "v1", "configmaps") { Namespace = Namespace, LabelSelector = $"test={label}" };
        return new Informer<T>(client, query, [handler], _meters, TimeProvider.System, NullLogger<Informer<T>>.Instance)
        {
            WatchTimeout = watchTimeout ?? TimeSpan.FromSeconds(60),
            WatchGrace = TimeSpan.FromSeconds(1),
        };
    }

    internal Task CreateMapAsync(string name, string label, string value = "1") => Client.CoreV1.CreateNamespacedConfigMapAsync(
        new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["test"] = label } },
            Data = new Dictionary<string, string> { ["value"] = value },
        },
        Namespace);

    internal static async Task EventuallyAsync(Func<bool> condition, string what, int seconds = 20)
    {
        for (var i = 0; i < seconds * 20 && !condition(); i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(condition(), what);
    }

    private sealed class MeterFactory : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose() => _meters.ForEach(meter => meter.Dispose());
    }
}
