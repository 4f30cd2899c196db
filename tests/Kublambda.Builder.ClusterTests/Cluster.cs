using k8s;
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
public sealed class Cluster : ClusterFixture
{
    /// <summary>Images that the local cluster has, see deploy/overlays/local.</summary>
    public const string ToolImage = "localhost/kublambda/buildah:dev";
    public const string FetchImage = "localhost/kublambda/builder:dev";

    /// <summary>The registry under an address that the tests and the pods both reach.</summary>
    public string RegistryHost { get; private set; } = "";

    /// <summary>A base image of one small layer.</summary>
    public string BaseImage => $"{RegistryHost}/base:1";

    public IRegistryClient Registry { get; private set; } = null!;

    protected override async Task StartAsync()
    {
        RegistryHost = (await RegistryPod.StartAsync(Client, await NamespaceAsync(), guarded: false)).Host;
        Registry = ClientOf(RegistryHost);
        await TinyImage.PushAsync(Registry, "base", "1");
    }

    /// <summary>A new namespace for build pods, usable at once.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = await NamespaceAsync("builder-tests");
        await EventuallyAsync(async () => (await Client.CoreV1.ListNamespacedServiceAccountAsync(name)).Items.Count > 0, "the namespace has its ServiceAccount");
        return name;
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
