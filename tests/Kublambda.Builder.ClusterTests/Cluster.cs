using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Builder.ClusterTests;
using Kublambda.Registry;
using Kublambda.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(Cluster))]

namespace Kublambda.Builder.ClusterTests;

/// <summary>
/// The cluster of KUBECONFIG or of the repository's <c>.local/kubeconfig</c>, and in it a registry of this run, with a small base
/// image. Not the installation's registry: other tests take that one down.
/// </summary>
public sealed class Cluster : IAsyncLifetime
{
    /// <summary>Images that the local cluster has, see deploy/overlays/local.</summary>
    public const string ToolImage = "localhost/kublambda/buildah:dev";
    public const string FetchImage = "localhost/kublambda/builder:dev";

    private readonly string? _kubeconfig = Checkout.Kubeconfig();
    private string _namespace = "";
    private k8s.Kubernetes? _client;

    public IKubernetes Client => _client ?? throw new InvalidOperationException("No cluster.");

    /// <summary>The registry under an address that the tests and the pods both reach.</summary>
    public string RegistryHost { get; private set; } = "";

    /// <summary>A base image of one small layer.</summary>
    public string BaseImage => $"{RegistryHost}/base:1";

    public IRegistryClient Registry { get; private set; } = null!;

    /// <summary>Skips the test where no cluster is at hand.</summary>
    public void Require() => Assert.SkipWhen(_client is null, "No cluster: run `make up`, or set KUBECONFIG.");

    public KubernetesClientConfiguration Configuration() => KubernetesClientConfiguration.BuildConfigFromConfigFile(_kubeconfig);

    public async ValueTask InitializeAsync()
    {
        if (_kubeconfig is null)
            return;
        _client = new k8s.Kubernetes(Configuration());
        _namespace = await NamespaceAsync();
        RegistryHost = (await RegistryPod.StartAsync(_client, _namespace, guarded: false)).Host;
        Registry = ClientOf(RegistryHost);
        await TinyImage.PushAsync(Registry, "base", "1");
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is null)
            return;
        if (_namespace.Length > 0)
            await RemoveAsync(_namespace);
        _client.Dispose();
    }

    /// <summary>A new namespace for build pods, usable at once.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = $"builder-tests-{Guid.NewGuid().ToString("N")[..6]}";
        await Client.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = name } });
        await EventuallyAsync(async () => (await Client.CoreV1.ListNamespacedServiceAccountAsync(name)).Items.Count > 0, "the namespace has its ServiceAccount");
        return name;
    }

    public async Task RemoveAsync(string ns)
    {
        try
        {
            await Client.CoreV1.DeleteNamespaceAsync(ns);
        }
        catch (HttpOperationException)
        {
            // Gone already.
        }
    }

    public static async Task EventuallyAsync(Func<Task<bool>> condition, string what, int seconds = 60)
    {
        var end = DateTime.UtcNow.AddSeconds(seconds);
        while (DateTime.UtcNow < end)
        {
            if (await condition())
                return;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"not within {seconds} s: {what}");
    }

    public static IRegistryClient ClientOf(string host, string? authFile = null)
    {
        var settings = Settings(host);
        if (authFile is not null)
            settings["Registry:AuthFile"] = authFile;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        return new ServiceCollection().AddLogging().AddRegistry(configuration).BuildServiceProvider().GetRequiredService<IRegistryClient>();
    }

    public static Dictionary<string, string?> Settings(string host) => new()
    {
        ["Registry:PushHost"] = host,
        ["Registry:PullHost"] = "localhost:5000",
        ["Registry:Insecure"] = "true",
    };
}
