using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace Kublambda.Hosting;

/// <summary>What every service has: the bus, structured logs, metrics and health. A <c>Program.cs</c> only composes.</summary>
public static class HostExtensions
{
    /// <summary>Tag of health checks that decide on <c>/healthz/ready</c>.</summary>
    public const string ReadyTag = "ready";

    /// <summary>Adds the bus with the service's consumers, JSON logs, health checks and <see cref="TimeProvider"/>.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="service">Name of the service, which its queues start with: <c>gc-lambda-deleted</c>.</param>
    /// <param name="consumers">Registers the consumers.</param>
    public static WebApplicationBuilder AddKublambdaDefaults(
        this WebApplicationBuilder builder, string service, Action<IBusRegistrationConfigurator> consumers)
    {
        builder.AddKublambdaDefaults().Services.AddBus(service, consumers);
        return builder;
    }

    /// <summary>The same for a service that is not on the bus.</summary>
    public static WebApplicationBuilder AddKublambdaDefaults(this WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders().AddJsonConsole(json =>
        {
            json.IncludeScopes = true;
            json.UseUtcTimestamp = true;
            json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
        });
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("System.Net.Http", LogLevel.Warning);
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, builder.Configuration["Urls"] ?? "http://*:8080");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddHealthChecks();
        // One loop that ends by an exception must not leave a service that looks alive.
        builder.Services.Configure<HostOptions>(host => host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.StopHost);
        return builder;
    }

    /// <summary>Maps <c>/healthz/live</c>, <c>/healthz/ready</c> and <c>/metrics</c> (Prometheus text).</summary>
    public static WebApplication MapKublambdaDefaults(this WebApplication app)
    {
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressEventCounters = true });
        // A metric is named <meter>_<instrument>: ours are of the meter "kublambda". Not what .NET keeps for its own diagnosis.
        Metrics.ConfigureMeterAdapter(adapter => adapter.InstrumentFilterPredicate =
            instrument => !instrument.Meter.Name.StartsWith("Private.", StringComparison.Ordinal));
        // The adapter begins to listen when metrics are first collected: what was counted before the first scrape would be lost.
        Metrics.DefaultRegistry.CollectAndExportAsTextAsync(Stream.Null).GetAwaiter().GetResult();
        app.MapHealthChecks("/healthz/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/healthz/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(ReadyTag) });
        app.MapMetrics();
        return app;
    }
}
