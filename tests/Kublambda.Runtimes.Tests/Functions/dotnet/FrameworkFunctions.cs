using CloudNative.CloudEvents;
using Google.Cloud.Functions.Framework;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Suite;

/// <summary>As the Functions Framework's own samples are written.</summary>
public sealed class HelloHttp(ILogger<HelloHttp> logger) : IHttpFunction
{
    public async Task HandleAsync(HttpContext context)
    {
        logger.LogInformation("Hello was called.");
        await context.Response.WriteAsync($"Hello {context.Request.Query["name"]}!", context.RequestAborted);
    }
}

public sealed record Order(string Item, int Count);

public sealed class OnOrder(ILogger<OnOrder> logger) : ICloudEventFunction<Order>
{
    public Task HandleAsync(CloudEvent cloudEvent, Order data, CancellationToken cancellationToken)
    {
        logger.LogInformation("{Count} of {Item} by {Source}", data.Count, data.Item, cloudEvent.Source);
        return Task.CompletedTask;
    }
}
