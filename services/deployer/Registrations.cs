using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Applying;
using Kublambda.Deployer.Observing;
using Kublambda.Deployer.Triggers;
using Kublambda.Deployer.Watching;
using Kublambda.Hosting;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer;

/// <summary>The parts of the deployer.</summary>
internal static class Registrations
{
    public const string Lease = "kublambda-deployer";

    /// <summary>What applies and observes; runs in every replica.</summary>
    public static IServiceCollection AddWorkloads(this IServiceCollection services)
    {
        services.AddOptions<HttpOptions>().BindConfiguration(HttpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.Configure<TransientFaults>(faults => faults.Add(e => e is WaitingException));
        services.AddSingleton<WorkloadStore>();
        services.AddSingleton<WorkloadRemover>();
        services.AddSingleton<RepairLimit>();
        services.AddSingleton<PodInspector>();
        services.AddSingleton<NodeAddresses>();
        services.AddSingleton<WorkloadDeployer>();
        return services.AddWatchers();
    }

    /// <summary>The caches, which fill in every replica, and what reconciles.</summary>
    /// <param name="services">The services.</param>
    /// <param name="ns">Null: all namespaces.</param>
    public static IServiceCollection AddWatching(this IServiceCollection services, string? ns = null)
    {
        services.AddSingleton(provider => new WorkQueue<LambdaKey>(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SaidLast>();
        services.AddSingleton<WorkloadReconciler>();
        services.AddInformer<Lambda>(Lambdas.Resource with { Namespace = ns }).AddResourceHandler<Lambda, LambdaHandler>();
        return services.AddChildren<V1Deployment>(ns).AddChildren<V1Service>(ns).AddChildren<V1Ingress>(ns)
            .AddChildren<V1HorizontalPodAutoscaler>(ns).AddChildren<V1ReplicaSet>(ns).AddChildren<V1Pod>(ns).AddChildren<V1ConfigMap>(ns);
    }

    /// <summary>Reconciling happens in one replica only.</summary>
    public static IServiceCollection AddLeading(this IServiceCollection services) =>
        services.AddLeaderElection(Lease).AddLeaderHostedService<WorkloadReconciler>();

    private static IServiceCollection AddChildren<T>(this IServiceCollection services, string? ns)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        services.AddInformer<T>(ResourceQuery.For<T>() with { Namespace = ns, LabelSelector = Labels.ManagedSelector })
            .AddResourceHandler<T, ChildHandler<T>>();
}
