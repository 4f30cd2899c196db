using Microsoft.Extensions.DependencyInjection;

namespace Kublambda.Hosting.Broker;

/// <summary>Registrations.</summary>
public static class BrokerServiceCollectionExtensions
{
    /// <summary><see cref="RabbitMqManagement"/> and <see cref="TriggerBroker"/>.</summary>
    public static IServiceCollection AddTriggerBroker(this IServiceCollection services)
    {
        services.AddOptions<RabbitMqOptions>().BindConfiguration(RabbitMqOptions.Section);
        services.AddHttpClient<RabbitMqManagement>();
        services.AddTransient<TriggerBroker>();
        return services;
    }
}
