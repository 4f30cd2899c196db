using MassTransit;
using MassTransit.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Kublambda.Hosting;

/// <summary>The bus as every service uses it: quorum queues, publisher confirms, short retries, dead letters for poison only.</summary>
internal static class BusExtensions
{
    /// <summary>Messages that one replica works on at the same time.</summary>
    private const int Concurrency = 8;

    public static IServiceCollection AddBus(this IServiceCollection services, string service, Action<IBusRegistrationConfigurator> consumers)
    {
        services.AddOptions<RabbitMqOptions>().BindConfiguration(RabbitMqOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IFactPublisher, FactPublisher>();
        services.AddOptions<TransientFaults>();
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(service, includeNamespace: false));
            bus.ConfigureHealthCheckOptions(check => check.Tags.Add(HostExtensions.ReadyTag));
            consumers(bus);
            bus.AddConfigureEndpointsCallback(ConfigureEndpoint);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var options = context.GetRequiredService<IOptions<RabbitMqOptions>>().Value;
                rabbit.Host(options.Host, options.Port, options.VirtualHost, host =>
                {
                    host.Username(options.Username);
                    host.Password(options.Password);
                    host.PublisherConfirmation = true;
                });
                rabbit.ConfigureEndpoints(context);
            });
        });
        return services;
    }

    private static void ConfigureEndpoint(IRegistrationContext context, string name, IReceiveEndpointConfigurator endpoint)
    {
        if (endpoint is IRabbitMqReceiveEndpointConfigurator queue)
            queue.SetQuorumQueue();
        endpoint.PrefetchCount = 2 * Concurrency;
        endpoint.ConcurrentMessageLimit = Concurrency;
        // Before all else, so that it sees what the retries could not mend; UseFilter would place it inside them.
        endpoint.AddPrePipeSpecification(new FilterPipeSpecification<ConsumeContext>(new TransientFaultFilter(
            context.GetRequiredService<IOptions<TransientFaults>>().Value,
            context.GetRequiredService<ILoggerFactory>().CreateLogger<TransientFaultFilter>())));
        // Retries hold the message, so they are short; what takes longer is said again by the controller.
        endpoint.UseMessageRetry(retry => retry.Exponential(
            retryLimit: 3, minInterval: TimeSpan.FromMilliseconds(200), maxInterval: TimeSpan.FromSeconds(2), intervalDelta: TimeSpan.FromMilliseconds(300)));
    }
}
