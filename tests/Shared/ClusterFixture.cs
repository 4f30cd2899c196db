using System.Collections.Concurrent;
using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Kublambda.Tests;

/// <summary>The cluster of KUBECONFIG or of the checkout's <c>.local/kubeconfig</c>, and namespaces in it that go with the tests. Where there is none, tests are skipped.</summary>
public abstract class ClusterFixture : IAsyncLifetime
{
    private readonly string? _kubeconfig = Checkout.Kubeconfig();
    private readonly ConcurrentBag<string> _namespaces = [];
    private k8s.Kubernetes? _client;

    public k8s.Kubernetes Client => _client ?? throw new InvalidOperationException("No cluster.");

    public KubernetesClientConfiguration Configuration() => KubernetesClientConfiguration.BuildConfigFromConfigFile(_kubeconfig);

    /// <summary>Skips the test where no cluster is at hand.</summary>
    public void Require() => Assert.SkipWhen(_client is null, "No cluster: run `make up`, or set KUBECONFIG.");

    public async ValueTask InitializeAsync()
    {
        if (_kubeconfig is null)
            return;
        _client = new k8s.Kubernetes(Configuration());
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await DisposeAsyncCore();
        GC.SuppressFinalize(this);
    }

    /// <summary>A new namespace whose name begins with the prefix.</summary>
    public async Task<string> NamespaceAsync(string prefix)
    {
        var name = $"{prefix}-{Guid.NewGuid().ToString("N")[..6]}";
        await Client.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = name } });
        _namespaces.Add(name);
        return name;
    }

    /// <summary>A namespace that is gone already, or going, is fine.</summary>
    public async Task RemoveAsync(string name)
    {
        try
        {
            await Client.CoreV1.DeleteNamespaceAsync(name);
        }
        catch (HttpOperationException gone) when (gone.Response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
        }
    }

    /// <summary>What the tests need beside the client; only called where there is a cluster.</summary>
    protected virtual Task StartAsync() => Task.CompletedTask;

    /// <summary>Also called where there is no cluster.</summary>
    protected virtual async ValueTask DisposeAsyncCore()
    {
        foreach (var name in _namespaces)
            await RemoveAsync(name);
        _client?.Dispose();
    }
}
