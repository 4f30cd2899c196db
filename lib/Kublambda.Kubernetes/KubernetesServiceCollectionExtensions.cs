using System.Diagnostics.Metrics;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kublambda.Kubernetes;

/// <summary>Registrations.</summary>
public static class KubernetesServiceCollectionExtensions
{
    /// <summary>
    /// One client for the process, from KUBECONFIG, <c>~/.kube/config</c> or the pod's ServiceAccount, and
    /// <see cref="ApiDiscovery"/>, <see cref="KindDiscovery"/> and <see cref="ClusterIdentity"/>.
    /// </summary>
    public static IServiceCollection AddKubernetes(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ApiDiscovery>();
        services.TryAddSingleton<KindDiscovery>();
        services.TryAddSingleton<RoleCatalog>();
        services.TryAddSingleton<ClusterIdentity>();
        services.TryAddSingleton<IKubernetes>(_ => new k8s.Kubernetes(Configuration()));
        return services;
    }

    /// <summary>
    /// An <see cref="Informer{T}"/>, as <see cref="IResourceCache{T}"/> too. It runs in every replica and tells all
    /// registered <see cref="IResourceHandler{T}"/>.
    /// </summary>
    public static IServiceCollection AddInformer<T>(this IServiceCollection services, ResourceQuery query)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        services.AddSingleton(provider => new Informer<T>(
            provider.GetRequiredService<IKubernetes>(), query, new HandlersOnDemand<T>(provider), provider.GetRequiredService<IMeterFactory>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Informer<T>>>()));
        services.AddSingleton<IResourceCache<T>>(provider => provider.GetRequiredService<Informer<T>>());
        services.AddHostedService(provider => provider.GetRequiredService<Informer<T>>());
        return services;
    }

    /// <summary>A type that is told the changes of a resource; the singleton that is registered under its own type, where there is one.</summary>
    public static IServiceCollection AddResourceHandler<T, THandler>(this IServiceCollection services)
        where T : class, IKubernetesObject<V1ObjectMeta>
        where THandler : class, IResourceHandler<T>
    {
        services.TryAddSingleton<THandler>();
        services.AddSingleton<IResourceHandler<T>>(provider => provider.GetRequiredService<THandler>());
        return services;
    }

    /// <summary>Takes part in the election for the Lease <paramref name="name"/>; <see cref="LeaderGate"/> says how it stands.</summary>
    public static IServiceCollection AddLeaderElection(this IServiceCollection services, string name)
    {
        services.TryAddSingleton<LeaderGate>();
        services.TryAddSingleton(LeaderElectionOptions.FromEnvironment(name));
        services.AddHostedService<LeaseElection>();
        return services;
    }

    /// <summary>A singleton <typeparamref name="T"/> that runs only while this process leads.</summary>
    public static IServiceCollection AddLeaderHostedService<T>(this IServiceCollection services)
        where T : BackgroundService
    {
        services.TryAddSingleton<T>();
        services.AddHostedService<LeaderHostedService<T>>();
        return services;
    }

    /// <summary>An <see cref="EventRecorder"/> that reports as <paramref name="component"/>.</summary>
    public static IServiceCollection AddEventRecorder(this IServiceCollection services, string component)
    {
        services.AddSingleton(provider => new EventRecorder(
            provider.GetRequiredService<IKubernetes>(), component, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<EventRecorder>>()));
        return services;
    }

    private static KubernetesClientConfiguration Configuration()
    {
        var configuration = KubernetesClientConfiguration.BuildDefaultConfig();
        // The client's 100 s are longer than anything here waits for one answer.
        configuration.HttpClientTimeout = TimeSpan.FromSeconds(30);
        return configuration;
    }

    /// <summary>Asked for at the first change, not while the informer is made: handlers may need its cache.</summary>
    private sealed class HandlersOnDemand<T>(IServiceProvider provider) : IEnumerable<IResourceHandler<T>>
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        private readonly Lazy<IReadOnlyList<IResourceHandler<T>>> _handlers = new(() => [.. provider.GetServices<IResourceHandler<T>>()]);

        public IEnumerator<IResourceHandler<T>> GetEnumerator() => _handlers.Value.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
