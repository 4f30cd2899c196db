using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Kublambda.Invoker;

/// <summary>The process: admin port, loading, serving, and an end in order.</summary>
internal sealed class FunctionHost(InvokerSettings settings, InvokerLog log)
{
    private const int MaxHeaderBytes = 16 * 1024;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>Longer than the idle timeout of the usual proxies (60 s), so that it is they who close an idle connection.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(75);

    private readonly InvokerMetrics _metrics = new();
    private readonly TaskCompletionSource _terminate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string _status = "loading";

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        // Handlers may block: the pool must not take seconds to grow up to what is allowed to run.
        ThreadPool.GetMinThreads(out _, out var completion);
        ThreadPool.SetMinThreads(Math.Min(settings.Concurrency, 200) + 8, completion);
        var dispatcher = new Dispatcher(settings, log, _metrics);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Signalled);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Signalled);
        AppDomain.CurrentDomain.UnhandledException += (_, e) => Crashed((Exception)e.ExceptionObject);

        await using var admin = Admin(dispatcher);
        await admin.StartAsync();
        var load = Task.Run(() => Load(dispatcher));
        var first = await Task.WhenAny(load, Task.Delay(settings.LoadTimeout), _terminate.Task);
        if (_terminate.Task.IsCompleted)
            return 0;
        if (first != load)
        {
            throw new FatalException(
                ExitCodes.LoadTimeout, $"Loading the function took longer than {settings.LoadTimeout.TotalSeconds} s.",
                "move long work out of static constructors, module initialisers and startup classes, or raise FUNCTION_LOAD_TIMEOUT_SECONDS.");
        }

        await using var app = await load;
        await app.StartAsync();
        _status = "ready";
        log.Write("info", "Listening.", json =>
        {
            json.WriteNumber("port", PortOf(app));
            json.WriteNumber("adminPort", PortOf(admin));
            json.WriteString("target", settings.Target);
            json.WriteString("dotnet", Environment.Version.ToString());
        });
        new Thread(() => Watch(dispatcher)) { IsBackground = true, Name = "clock" }.Start();
        await _terminate.Task;
        await DrainAsync(app, dispatcher);
        return 0;
    }

    /// <summary>The function's server, with what the function adds to it.</summary>
    private WebApplication Load(Dispatcher dispatcher)
    {
        try
        {
            var target = new FunctionLoader(settings).Find();
            var startups = Startups.Of(target.Owner);
            var app = Server(dispatcher, startups);
            dispatcher.Function = startups.Pipeline(app.Services, target.Bind(settings.Signature, app.Services));
            return app;
        }
        catch (Exception e) when (e is not FatalException)
        {
            var cause = Place.Cause(e);
            log.Error("The function could not be loaded.", e);
            throw new FatalException(
                ExitCodes.LoadFailed, $"The function could not be loaded: {cause.GetType()}: {cause.Message}{Place.Of(e)}",
                "correct the code that runs at load (static constructors, startup classes); it must not throw.");
        }
    }

    /// <summary>Readiness has gone while requests are still taken: it takes a moment until no proxy sends any. Then what is open ends.</summary>
    private async Task DrainAsync(WebApplication app, Dispatcher dispatcher)
    {
        dispatcher.Draining = true;
        await Task.Delay(settings.Drain);
        using var limit = new CancellationTokenSource(settings.Timeout + TimeSpan.FromSeconds(1));
        try
        {
            await app.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Each open request had its 504.
        }
    }

    /// <summary>On a thread of its own: it has to run when all others are busy.</summary>
    private void Watch(Dispatcher dispatcher)
    {
        try
        {
            while (true)
            {
                Thread.Sleep(Tick);
                dispatcher.Expire();
            }
        }
        catch (FatalException e)
        {
            Die(log, settings.TerminationLog, e);
            Environment.Exit(e.ExitCode);
        }
    }

    private WebApplication Server(Dispatcher dispatcher, Startups startups)
    {
        var builder = Builder(settings.Port, limits =>
        {
            limits.MaxRequestBodySize = settings.MaxRequestBytes;
            limits.KeepAliveTimeout = KeepAlive;
            limits.RequestHeadersTimeout = settings.Timeout < KeepAlive ? settings.Timeout : KeepAlive;
            limits.MinRequestBodyDataRate = null;
            limits.MinResponseDataRate = null;
        });
        builder.Configuration.AddJsonFile("appsettings.json", optional: true, reloadOnChange: false)
            .AddJsonFile($"appsettings.{builder.Environment.EnvironmentName}.json", optional: true, reloadOnChange: false).AddEnvironmentVariables();
        // With it ASP.NET Core makes an Activity and a scope for every request, which costs more than the invoker. What listens to activities still gets them.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None).AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Services.TryAddScoped<IMiddlewareFactory, MiddlewareFactory>();
        startups.Configure(builder);
        var app = builder.Build();
        app.Run(dispatcher.HandleAsync);
        return app;
    }

    private WebApplication Admin(Dispatcher dispatcher)
    {
        var app = Builder(settings.AdminPort, _ => { }).Build();
        app.Run(async http =>
        {
            var (code, type, text) = !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method)
                ? (405, "text/plain", "Only GET and HEAD.\n")
                : http.Request.Path.Value switch
                {
                    "/healthz/live" => (200, "text/plain", "ok\n"),
                    "/healthz/ready" => _status == "ready" ? (200, "text/plain", "ok\n") : (503, "text/plain", $"{_status}\n"),
                    "/metrics" => (200, "text/plain; version=0.0.4", _metrics.Render(dispatcher.InFlight, dispatcher.Queued, _status == "ready")),
                    _ => (404, "text/plain", "Here are /healthz/live, /healthz/ready and /metrics.\n"),
                };
            http.Response.StatusCode = code;
            http.Response.ContentType = $"{type}; charset=utf-8";
            http.Response.Headers.CacheControl = "no-store";
            await http.Response.WriteAsync(text);
        });
        return app;
    }

    private WebApplicationBuilder Builder(int port, Action<KestrelServerLimits> limits)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = Directory.Exists(settings.Source) ? settings.Source : "/" });
        builder.Configuration.AddEnvironmentVariables();
        builder.Services.AddSingleton<ILoggerProvider>(_ => new JsonLogging(log));
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.AllowSynchronousIO = true;
            options.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            limits(options.Limits);
            if (settings.Address is { } address)
                options.Listen(address, port);
            else
                options.ListenAnyIP(port);
        });
        return builder;
    }

    private void Signalled(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (_terminate.Task.IsCompleted)
            return;
        var was = _status;
        _status = "draining";
        log.Write("info", $"{signal.Signal}: shutting down.");
        _terminate.TrySetResult();
        if (was == "loading")
            Environment.Exit(0);
    }

    private void Crashed(Exception exception)
    {
        var fatal = new FatalException(
            ExitCodes.Crashed, $"An exception was thrown outside of a request: {exception.GetType()}: {exception.Message}{Place.Of(exception)}",
            "catch the exceptions of threads and async void methods of the function's own; then only its own request fails.");
        log.Error(fatal.Message, exception);
        TerminationLog.Write(settings.TerminationLog, fatal.Message);
        Environment.Exit(ExitCodes.Crashed);
    }

    public static void Die(InvokerLog log, string terminationLog, FatalException fatal)
    {
        log.Error(fatal.Message);
        TerminationLog.Write(terminationLog, fatal.Message);
    }

    private static int PortOf(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;

    /// <summary>Signals are the invoker's own business.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
