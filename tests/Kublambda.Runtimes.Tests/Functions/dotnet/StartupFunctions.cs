using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Google.Cloud.Functions.Framework;
using Google.Cloud.Functions.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

[assembly: FunctionsStartup(typeof(Suite.ForAll))]

namespace Suite;

/// <summary>Of the whole assembly; after the others.</summary>
public sealed class ForAll : FunctionsStartup
{
    public override void ConfigureServices(WebHostBuilderContext context, IServiceCollection services) =>
        services.AddSingleton(new Shop(context.Configuration["Shop:Name"]!, context.Configuration["Shop:Town"]!));
}

public sealed record Shop(string Name, string Town);

/// <summary>Of one function: services of both lives, middleware, configuration.</summary>
public sealed class ForOne : FunctionsStartup
{
    public override void ConfigureAppConfiguration(WebHostBuilderContext context, IConfigurationBuilder configuration) =>
        configuration.AddInMemoryCollection([new("Shop:Town", "Bath")]);

    public override void ConfigureServices(WebHostBuilderContext context, IServiceCollection services) =>
        services.AddSingleton<Lasting>().AddScoped<Passing>();

    public override void Configure(WebHostBuilderContext context, IApplicationBuilder app) => app.UseMiddleware<Stamp>();
}

public sealed class Lasting
{
    public Guid Id { get; } = Guid.NewGuid();
}

public sealed class Passing
{
    public Guid Id { get; } = Guid.NewGuid();
}

public sealed class Stamp(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context, ILogger<Stamp> logger)
    {
        context.Response.Headers["X-Stamp"] = "yes";
        await next(context);
        logger.LogInformation("Stamped {Status}.", context.Response.StatusCode);
    }
}

[FunctionsStartup(typeof(ForOne), Order = -1)]
public abstract class Started;

public sealed class WithServices(Lasting lasting, Passing passing, Passing same, Shop shop) : Started, IHttpFunction
{
    public Task HandleAsync(HttpContext context) =>
        context.Response.WriteAsJsonAsync(new { lasting = lasting.Id, passing = passing.Id, same = ReferenceEquals(passing, same), shop });
}

public sealed class AsksTooMuch(Lasting lasting) : IHttpFunction
{
    public Task HandleAsync(HttpContext context) => context.Response.WriteAsync(lasting.Id.ToString());
}

public sealed class Adds : ITypedFunction<Order, Order>
{
    public Task<Order> HandleAsync(Order request, CancellationToken cancellationToken) => Task.FromResult(request with { Count = request.Count + 1 });
}

/// <summary>Any event, without a type.</summary>
public sealed class OnAnything(ILogger<OnAnything> logger) : ICloudEventFunction
{
    public Task HandleAsync(CloudEvent cloudEvent, CancellationToken cancellationToken)
    {
        logger.LogInformation("{Type} {Data}", cloudEvent.Type, ((JsonElement)cloudEvent.Data!).GetProperty("item").GetString());
        return Task.CompletedTask;
    }
}

[CloudEventFormatter(typeof(UpperFormatter))]
public sealed record Shout(string Text);

public sealed class UpperFormatter : JsonEventFormatter<Shout>
{
    public override void DecodeBinaryModeEventData(ReadOnlyMemory<byte> body, CloudEvent cloudEvent) =>
        cloudEvent.Data = new Shout(System.Text.Encoding.UTF8.GetString(body.Span).ToUpperInvariant());
}

public sealed class OnShout(ILogger<OnShout> logger) : ICloudEventFunction<Shout>
{
    public Task HandleAsync(CloudEvent cloudEvent, Shout data, CancellationToken cancellationToken)
    {
        logger.LogInformation("Heard {Text}", data.Text);
        return Task.CompletedTask;
    }
}

public sealed class Fails : IHttpFunction
{
    private static readonly int Number = int.Parse("none");

    public Task HandleAsync(HttpContext context) => context.Response.WriteAsync($"{Number}");
}

public static class Loops
{
    public static async Task<string> Handler(HttpContext context)
    {
        await Task.Yield();
        while (context.Request.Path == "/loop")
            Thread.Sleep(10);
        return "fine";
    }
}

public static class Fills
{
    private static readonly List<byte[]> All = [];

    public static string Handler(HttpContext context)
    {
        if (context.Request.Path == "/one")
            return $"{new byte[2_000_000_000].Length}";
        while (context.Request.Path == "/all")
            All.Add(new byte[1_000_000]);
        return "fine";
    }
}
