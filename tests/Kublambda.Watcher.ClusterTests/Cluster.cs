using k8s;
using k8s.Models;
using Kublambda.Tests;
using Kublambda.Watcher.ClusterTests;

[assembly: AssemblyFixture(typeof(Cluster))]

namespace Kublambda.Watcher.ClusterTests;

/// <summary>The cluster of KUBECONFIG or of the repository's <c>.local/kubeconfig</c>.</summary>
public sealed class Cluster : IAsyncLifetime
{
    private readonly string? _kubeconfig = Checkout.Kubeconfig();
    private readonly List<string> _namespaces = [];
    private k8s.Kubernetes? _client;

    public k8s.Kubernetes Client => _client ?? throw new InvalidOperationException("No cluster.");

    public k8s.Kubernetes NewClient() => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(_kubeconfig));

    /// <summary>Skips the test where no cluster is at hand.</summary>
    public void Require() => Assert.SkipWhen(_client is null, "No cluster: run `make up`, or set KUBECONFIG.");

    public ValueTask InitializeAsync()
    {
        _client = _kubeconfig is null ? null : NewClient();
        return ValueTask.CompletedTask;
    }

    /// <summary>A namespace that goes with the tests.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = $"watcher-{Guid.NewGuid().ToString("N")[..6]}";
        await Client.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = name } });
        lock (_namespaces)
            _namespaces.Add(name);
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _namespaces)
            await Client.CoreV1.DeleteNamespaceAsync(name);
        _client?.Dispose();
    }

    public static async Task EventuallyAsync(Func<bool> condition, Func<string> what, int seconds = 30)
    {
        for (var i = 0; i < seconds * 20 && !condition(); i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(condition(), what());
    }
}
