using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Logs;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Registry;
using Kublambda.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kublambda.Builder.ClusterTests;

/// <summary>
/// The builder as its program composes it, with the bus and the Lambdas in memory: the services of the installation, which
/// see every Lambda of the cluster, shall not build the tests' ones too.
/// </summary>
public sealed class BuilderProcess : IAsyncDisposable, IFactPublisher, ILambdas
{
    private readonly IHost _host;
    private readonly IDictionary<LambdaRef, Lambda> _lambdas;
    private bool _ended;

    private BuilderProcess(Cluster cluster, string ns, string pipelines, Dictionary<string, string?> settings, IDictionary<LambdaRef, Lambda> lambdas)
    {
        (Namespace, _lambdas) = (ns, lambdas);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(Cluster.Settings(cluster.RegistryHost)).AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Build:Namespace"] = ns,
            ["Build:DefaultPipeline"] = "test",
            ["Build:PipelinesPath"] = $"{Path.Combine(AppContext.BaseDirectory, "pipelines")}:{pipelines}",
            ["Build:FetchImage"] = Cluster.FetchImage,
            ["Build:BuildahImage"] = Cluster.ToolImage,
            ["Build:KanikoImage"] = "ghcr.io/osscontainertools/kaniko:v1.28.3",
            ["Build:PaketoImage"] = "paketobuildpacks/builder-jammy-full",
            ["Runtimes:nodejs"] = cluster.BaseImage,
        }).AddInMemoryCollection(settings);
#pragma warning disable CA2000 // The host owns them.
        builder.Logging.AddProvider(new TestOutput());
        builder.Services.AddSingleton(TimeProvider.System).AddMetrics();
        builder.Services.AddSingleton<IKubernetes>(new k8s.Kubernetes(cluster.Configuration()));
#pragma warning restore CA2000
        builder.Services.AddSingleton(new LeaderElectionOptions("kublambda-builder", ns, Guid.NewGuid().ToString("N")));
        builder.Services.AddRegistry(builder.Configuration);
        builder.Services.AddBuilds(builder.Configuration);
        builder.Services.AddSingleton<IFactPublisher>(this).AddSingleton<ILambdas>(this);
        _host = builder.Build();
    }

    public string Namespace { get; }

    /// <summary>The Secrets of the Lambdas' namespace.</summary>
    public ConcurrentDictionary<string, Dictionary<string, byte[]>> Secrets { get; } = new();

    public ConcurrentQueue<object> Said { get; } = new();

    /// <summary>When each was said.</summary>
    public ConcurrentDictionary<object, DateTimeOffset> SaidAt { get; } = new(ReferenceEqualityComparer.Instance);

    /// <param name="cluster">Where.</param>
    /// <param name="ns">Namespace for build pods.</param>
    /// <param name="pipelines">Directory with more pipelines.</param>
    /// <param name="lambdas">What the API server would hold; outlives the process.</param>
    /// <param name="settings">More settings.</param>
    public static async Task<BuilderProcess> StartAsync(
        Cluster cluster, string ns, string pipelines, IDictionary<LambdaRef, Lambda> lambdas, params (string Key, string Value)[] settings)
    {
        var process = new BuilderProcess(cluster, ns, pipelines, settings.ToDictionary(s => s.Key, s => (string?)s.Value), lambdas);
        await process._host.StartAsync(TestContext.Current.CancellationToken);
        return process;
    }

    /// <summary>What the consumer of LambdaChanged does.</summary>
    public Task ChangedAsync(Lambda lambda) =>
        _host.Services.GetRequiredService<BuildReconciler>().ReconcileAsync(LambdaRef.Of(lambda), lambda.Metadata.Generation, TestContext.Current.CancellationToken);

    /// <summary>What the consumer of LambdaDeleted does.</summary>
    public Task DeletedAsync(Lambda lambda)
    {
        _lambdas.Remove(LambdaRef.Of(lambda));
        return _host.Services.GetRequiredService<BuildLauncher>().CancelAllAsync(LambdaRef.Of(lambda), TestContext.Current.CancellationToken);
    }

    public Task<IReadOnlyList<V1Pod>> PodsAsync() => _host.Services.GetRequiredService<BuildPods>().ListAsync(null, TestContext.Current.CancellationToken);

    /// <summary>What <c>deploy/build-log</c> shows.</summary>
    public Task<string?> LogAsync(Lambda lambda, string revision) =>
        _host.Services.GetRequiredService<BuildLogs>().ReadAsync(LambdaRef.Of(lambda), revision, TestContext.Current.CancellationToken);

    /// <summary>Waits for the failure of the Lambda's build, which has to be told within ten seconds.</summary>
    /// <param name="lambda">Whose.</param>
    /// <param name="since">When the fault came; null: when the pod ended, or was created where it is held up.</param>
    /// <param name="fault">In a few words; null: the Lambda's name says it.</param>
    public async Task<BuildFailed> FailsAsync(Lambda lambda, DateTimeOffset? since = null, string? fault = null)
    {
        var failed = await SaysAsync<BuildFailed>(lambda, seconds: 120);
        var after = SaidAt[failed] - (since ?? failed.FinishedAt ?? failed.StartedAt ?? throw new ArgumentNullException(nameof(since)));
        TestContext.Current.TestOutputHelper?.WriteLine(failed.Message);
        FaultReport.Told(
            fault ?? lambda.Metadata.Name, failed.Reason, after, since is not null ? "the fault" : failed.FinishedAt is not null ? "the end of the build pod" : "the creation of the build pod");
        return failed;
    }

    /// <summary>Waits for a message about the Lambda.</summary>
    public async Task<T> SaysAsync<T>(Lambda lambda, Func<T, bool>? that = null, int seconds = 60)
        where T : class
    {
        T? found = null;
        await Cluster.EventuallyAsync(
            () => Task.FromResult((found = Said.OfType<T>().FirstOrDefault(m => About(m) == LambdaRef.Of(lambda) && that?.Invoke(m) != false)) is not null),
            $"{typeof(T).Name} about {lambda.Metadata.Name}; said was: {string.Join("\n", Said)}",
            seconds);
        return found!;
    }

    public Task PublishAsync<T>(T message, CancellationToken cancellationToken)
        where T : class
    {
        SaidAt[message] = DateTimeOffset.UtcNow;
        Said.Enqueue(message);
        return Task.CompletedTask;
    }

    public Task<Lambda?> ReadBuildableAsync(LambdaRef reference, CancellationToken cancellationToken) =>
        Task.FromResult(_lambdas.TryGetValue(reference, out var lambda) ? lambda : null);

    public async Task<V1ConfigMap?> ReadSourceAsync(Lambda lambda, CancellationToken cancellationToken) => lambda.Spec.Source.Zip?.ConfigMap is { } key
        ? (await _host.Services.GetRequiredService<IKubernetes>().CoreV1.ListNamespacedConfigMapAsync(Namespace, fieldSelector: $"metadata.name={key.Name}", cancellationToken: cancellationToken)).Items.SingleOrDefault()
        : null;

    public Task<V1Secret?> ReadSecretAsync(Lambda lambda, string name, CancellationToken cancellationToken) =>
        Task.FromResult(Secrets.TryGetValue(name, out var data) ? new V1Secret { Metadata = new() { Name = name }, Data = data } : null);

    public Task<IReadOnlyList<string>> ReadPullSecretsAsync(Lambda lambda, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, true))
            return;
        await _host.StopAsync();
        _host.Dispose();
    }

    private static LambdaRef? About(object message) => message switch
    {
        LambdaBuilt built => built.Lambda,
        BuildQueued queued => queued.Lambda,
        BuildStarted started => started.Lambda,
        BuildFailed failed => failed.Lambda,
        _ => null,
    };

    private sealed class TestOutput : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            TestContext.Current.TestOutputHelper?.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
