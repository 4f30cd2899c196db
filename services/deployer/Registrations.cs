using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Applying;
using Kublambda.Deployer.Observing;
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
        services.AddSingleton<PodInspector>();
        services.AddSingleton<NodeAddresses>();
        services.AddSingleton<WorkloadDeployer>();
        return services;
    }

    /// <summary>What watches; the caches fill in every replica, only the leader reconciles.</summary>
    public static IServiceCollection AddWatching(this IServiceCollection services)
    {
        services.AddSingleton(provider => new WorkQueue<LambdaKey>(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SaidLast>();
        services.AddInformer<Lambda>(Lambdas.Resource).AddResourceHandler<Lambda, LambdaHandler>();
        services.AddChildren<V1Deployment>().AddChildren<V1Service>().AddChildren<V1Ingress>().AddChildren<V1HorizontalPodAutoscaler>();
        services.AddChildren<V1ReplicaSet>().AddChildren<V1Pod>();
        services.AddLeaderElection(Lease);
        services.AddLeaderHostedService<WorkloadReconciler>();
        return services;
    }

    private static IServiceCollection AddChildren<T>(this IServiceCollection services)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        services.AddInformer<T>(ResourceQuery.For<T>() with { LabelSelector = Labels.ManagedSelector })
            .AddResourceHandler<T, ChildHandler<T>>();
}
