using Kublambda.Hosting.Broker;
using Kublambda.Triggers.Policy;
using Microsoft.Extensions.Options;

namespace Kublambda.Deployer.Triggers;

/// <summary>What resource triggers need.</summary>
internal static class TriggerRegistrations
{
    public static IServiceCollection AddWatchers(this IServiceCollection services)
    {
        services.AddOptions<TriggerOptions>().BindConfiguration(TriggerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddTriggerBroker();
        services.AddSingleton(provider => Policy(provider.GetRequiredService<IOptions<TriggerOptions>>().Value));
        services.AddSingleton<OwnRights>();
        services.AddSingleton<WatcherCredentials>();
        services.AddSingleton<WatcherStore>();
        services.AddSingleton<WatcherPods>();
        services.AddSingleton<WatcherDeployer>();
        return services;
    }

    /// <summary>A file that is missing or cannot be read stops the start: without a policy nothing may be allowed by accident.</summary>
    private static TriggerPolicy Policy(TriggerOptions options) =>
        string.IsNullOrEmpty(options.PolicyPath) ? TriggerPolicy.OwnNamespace : TriggerPolicy.Parse(File.ReadAllText(options.PolicyPath));
}
