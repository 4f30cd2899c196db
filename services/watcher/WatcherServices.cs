using Kublambda.Contracts.Resources;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Delivery;
using Kublambda.Watcher.Lambdas;
using Kublambda.Watcher.Reporting;
using Kublambda.Watcher.Sessions;

namespace Kublambda.Watcher;

/// <summary>The parts of the watcher.</summary>
public static class WatcherServices
{
    public static IServiceCollection AddWatcher(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(WatcherOptions.Section).Get<WatcherOptions>() ?? new WatcherOptions();
        services.AddOptions<WatcherOptions>().BindConfiguration(WatcherOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<RabbitMqOptions>().BindConfiguration(RabbitMqOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<WatcherMetrics>().AddSingleton<RawApi>().AddSingleton<BrokerConnector>();
        services.AddSingleton<LambdaSet>().AddSingleton<Permissions>().AddSingleton<LambdaRuntimes>().AddSingleton<FunctionCaller>().AddSingleton<SessionParts>();
        services.AddInformer<Lambda>(new ResourceQuery(Lambda.Group, Lambda.Version, Lambda.Plural)
        {
            // One Lambda's watcher may read that one only, which the API server allows with this selector alone.
            Namespace = options.Shared ? null : options.Namespace,
            FieldSelector = options.Shared ? null : $"metadata.name={options.Name}",
        });
        services.AddResourceHandler<Lambda, LambdaSet>();
        services.AddSingleton<SessionService>().AddHostedService(provider => provider.GetRequiredService<SessionService>());
        services.AddHostedService<Reporter>();
        services.AddHealthChecks().AddCheck<SessionService>("session", tags: [HostExtensions.ReadyTag]);
        return services;
    }
}
