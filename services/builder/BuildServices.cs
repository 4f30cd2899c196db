using k8s.Models;
using Kublambda.Builder.Appending;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Logs;
using Kublambda.Builder.Pipelines;
using Kublambda.Builder.Queueing;
using Kublambda.Builder.Remote;
using Kublambda.Builder.Watching;
using Kublambda.Contracts;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder;

/// <summary>Registrations of this service.</summary>
internal static class BuildServices
{
    private const string ImageSuffix = "Image";

    public static IServiceCollection AddBuilds(this IServiceCollection services, IConfiguration configuration)
    {
        var section = configuration.GetSection(BuildOptions.Section);
        services.AddOptions<BuildOptions>().Bind(section).ValidateDataAnnotations().ValidateOnStart().PostConfigure(options =>
        {
            foreach (var setting in section.GetChildren().Where(s => s.Key.EndsWith(ImageSuffix, StringComparison.Ordinal) && s.Value is { Length: > 0 }))
                options.Images[char.ToLowerInvariant(setting.Key[0]) + setting.Key[1..^ImageSuffix.Length]] = setting.Value!;
        });
        services.Configure<TransientFaults>(faults => faults.Add(e => e is RegistryException));
        // Read while composing: a wrong pipeline stops the start, not the first build.
        services.AddSingleton(provider => PipelineCatalog.Load(provider.GetRequiredService<IOptions<BuildOptions>>().Value));
        services.AddSingleton<PipelineChoice>().AddSingleton<BuilderImages>().AddSingleton<BuildJobs>().AddSingleton<ImageAppender>();
        services.AddSingleton<ILambdas, Lambdas>().AddSingleton<BuildPods>().AddSingleton<QueueStore>().AddSingleton<BuildSlots>().AddSingleton<RuntimeImages>();
        services.AddSingleton<BuildLauncher>().AddSingleton<BuildAnnouncer>().AddSingleton<BuildMetrics>().AddSingleton<BuildLogs>().AddSingleton<BuildReconciler>();
        services.AddTransient<WorkQueue<LambdaRef>>(provider => new WorkQueue<LambdaRef>(provider.GetRequiredService<TimeProvider>()));
        services.AddRemoteSources(configuration);
        services.AddSingleton<ConfigMapsSeen>().AddHostedService<ConfigMapWatch>();

        services.AddKubernetes();
        services.AddInformer<V1Pod>(ResourceQuery.For<V1Pod>() with
        {
            Namespace = section[nameof(BuildOptions.Namespace)] ?? new BuildOptions().Namespace,
            LabelSelector = BuildPod.Selector,
        });
        services.AddResourceHandler<V1Pod, BuildPodWatcher>().AddResourceHandler<V1Pod, WaitingBuilds>();
        services.AddLeaderElection("kublambda-builder").AddLeaderHostedService<BuildPodWatcher>().AddLeaderHostedService<WaitingBuilds>();
        return services;
    }

    private static void AddRemoteSources(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<FetchOptions>().Bind(configuration.GetSection(FetchOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ApiServerAddresses>().AddSingleton<HostResolver>().AddSingleton<TrustBundle>().AddSingleton<SourceHttp>().AddSingleton<ArchiveDownload>().AddSingleton<GitFetcher>();
        services.AddSingleton<BundleMemory>().AddSingleton<RemoteSources>().AddSingleton<ReadyImages>().AddSingleton<FetchQueue>().AddHostedService<RemoteSourceWorker>();
    }
}
