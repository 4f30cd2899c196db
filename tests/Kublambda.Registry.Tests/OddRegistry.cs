using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kublambda.Registry.Tests;

/// <summary>Answers as a real registry cannot be made to: redirects, limits, lies. Remembers the requests.</summary>
internal sealed class OddRegistry : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OddRegistry(WebApplication app, int port) => (_app, Host) = (app, $"127.0.0.1:{port}");

    public string Host { get; }

    public List<(string Method, string Path, string? Authorization)> Requests { get; } = [];

    public static async Task<OddRegistry> StartAsync(RequestDelegate answer)
    {
        var port = LocalRegistry.FreePort();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        var registry = new OddRegistry(app, port);
        app.Run(async context =>
        {
            lock (registry.Requests)
                registry.Requests.Add((context.Request.Method, context.Request.Path + context.Request.QueryString, context.Request.Headers.Authorization));
            await answer(context);
        });
        await app.StartAsync();
        return registry;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
