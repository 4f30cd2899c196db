using Kublambda.Gc.Cleaning;
using Kublambda.Gc.Cluster;
using Kublambda.Gc.Consumers;
using Kublambda.Gc.Retention;
using Kublambda.Gc.Sweeping;
using Kublambda.Gc.Triggers;
using Kublambda.Hosting.Broker;
using Kublambda.Kubernetes;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Kublambda.Gc;

/// <summary>The parts of gc.</summary>
public static class GcServiceCollectionExtensions
{
    /// <summary>Clean-up of one Lambda, and the looks after it.</summary>
    public static IServiceCollection AddCleanup(this IServiceCollection services)
    {
        services.AddOptions<GcOptions>().BindConfiguration(GcOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<BuildOptions>().BindConfiguration(BuildOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<LambdaReader>().AddSingleton<BuildPods>();
        services.AddTriggerBroker().AddSingleton<TriggerRemains>();
        services.TryAddSingleton<RoleCatalog>();
        services.AddSingleton<RepositoryReader>().AddSingleton<RepositoryCleaner>();
        services.AddSingleton<Cleanup>().AddSingleton<CleanupReporter>().AddSingleton<RunningCleanups>();
        services.AddSingleton(provider => new WorkQueue<Look>(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SecondLook>();
        services.AddHostedService(provider => provider.GetRequiredService<SecondLook>());
        return services;
    }

    /// <summary>The search for what no Lambda owns or needs, in the replica that leads.</summary>
    public static IServiceCollection AddSweep(this IServiceCollection services)
    {
        services.AddSingleton<OwnerReader>().AddSingleton<Sweep>();
        services.AddSingleton<RevisionReader>().AddSingleton<UsageReader>().AddSingleton<CacheRetention>().AddSingleton<RevisionRetention>();
        services.AddLeaderElection("kublambda-gc").AddLeaderHostedService<SweepService>().AddLeaderHostedService<RetentionService>();
        return services;
    }
}
