using System.Globalization;
using k8s;
using k8s.Models;
using Kublambda.E2E.Tests.Cluster;

[assembly: AssemblyFixture(typeof(TestCluster))]

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>The cluster under test, once for the whole run.</summary>
public sealed class TestCluster : IAsyncLifetime
{
    /// <summary>On every namespace that these tests make.</summary>
    public const string NamespaceLabel = "kublambda.dev/e2e";
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(45);
    private readonly string run = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..8];

    public IKubernetes Api { get; private set; } = null!;
    public Kubectl Kubectl { get; private set; } = null!;
    public RegistryView Registry { get; private set; } = null!;
    public Installation Platform { get; private set; } = null!;

    /// <summary>
    /// Calls functions. No retries; connections are kept, but not for long: Kubernetes gives node ports out again, and a
    /// connection to the function that had the port before answers nothing for ever.
    /// </summary>
    public HttpClient Http { get; } = new(new SocketsHttpHandler
    {
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1),
    })
    { Timeout = TimeSpan.FromSeconds(60) };

    public async ValueTask InitializeAsync()
    {
        var kubeconfig = ClusterFiles.Kubeconfig();
        Kubectl = new(ClusterFiles.Kubectl(), kubeconfig);
        var configuration = KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig);
        configuration.HttpClientTimeout = TimeSpan.FromSeconds(30);
        Api = new Kubernetes(configuration);
        try
        {
            await Api.Version.GetCodeAsync();
            await Api.ApiextensionsV1.ReadCustomResourceDefinitionAsync("lambdas.kublambda.dev");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{ClusterFiles.NoCluster} {configuration.Host}: {e.Message}", e);
        }

        Registry = await RegistryView.OfAsync(Api);
        Platform = new(this);
        await Platform.IsUpAsync();
        await DeleteNamespacesAsync(ns => DateTime.UtcNow - ns.Metadata.CreationTimestamp > Abandoned);
    }

    /// <summary>A namespace with a name that nobody has.</summary>
    public async Task<string> CreateNamespaceAsync(string about)
    {
        var suffix = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..5];
        var name = $"e2e-{about[..Math.Min(about.Length, 30)]}-{suffix}";
        var labels = new Dictionary<string, string> { [NamespaceLabel] = run };
        await Api.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new() { Name = name, Labels = labels } });
        return name;
    }

    /// <summary>All namespaces of this run have to go, with every Lambda in them: a stuck finalizer fails the run.</summary>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Registry?.Dispose();
        if (Api is null)
            return;

        if (Platform is not null)
        {
            await DeleteNamespacesAsync(ns => ns.Metadata.Labels[NamespaceLabel] == run);
            await Eventually.HoldsAsync(
                "the namespaces of this run to go", OfThisRunAsync, left => left.Count == 0, 240, left => string.Join(", ", left),
                () => Diagnosis.OfAllAsync(this));
        }

        Api.Dispose();
    }

    private async Task<IReadOnlyList<string>> OfThisRunAsync()
    {
        var found = await Api.CoreV1.ListNamespaceAsync(labelSelector: $"{NamespaceLabel}={run}");
        return [.. found.Items.Select(ns => ns.Metadata.Name)];
    }

    private async Task DeleteNamespacesAsync(Func<V1Namespace, bool> which)
    {
        var found = await Api.CoreV1.ListNamespaceAsync(labelSelector: NamespaceLabel);
        foreach (var ns in found.Items.Where(ns => ns.Metadata.DeletionTimestamp is null).Where(which))
            await Api.CoreV1.DeleteNamespaceAsync(ns.Metadata.Name);
    }
}
