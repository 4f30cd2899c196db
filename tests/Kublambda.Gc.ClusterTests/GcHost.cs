using k8s;
using Kublambda.Gc.Consumers;
using Kublambda.Gc.Retention;
using Kublambda.Gc.Sweeping;
using Kublambda.Kubernetes;
using Kublambda.Registry;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Kublambda.Gc.ClusterTests;

/// <summary>The parts of gc as its program composes them, with a bus in memory where asked for.</summary>
internal static class GcHost
{
    public static ServiceProvider Create(TestCluster cluster, string registry, IKubernetes? client = null, string grace = "00:00:00", bool bus = false)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Registry:PushHost"] = registry,
            ["Registry:PullHost"] = registry,
            ["Registry:Insecure"] = "true",
            ["Build:Namespace"] = cluster.Builds,
            ["Gc:OrphanGrace"] = grace,
        }).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration).AddSingleton(client ?? cluster.Client);
        services.AddLogging().AddMetrics().AddRegistry(configuration).AddCleanup();
        services.AddSingleton<ClusterIdentity>().AddSingleton<OwnerReader>().AddSingleton<Sweep>();
        services.AddSingleton<RevisionReader>().AddSingleton<UsageReader>().AddSingleton<CacheRetention>().AddSingleton<RevisionRetention>();
        if (bus)
            services.AddMassTransitTestHarness(harness => harness.AddConsumer<LambdaDeletedConsumer>());
        return services.BuildServiceProvider();
    }
}
