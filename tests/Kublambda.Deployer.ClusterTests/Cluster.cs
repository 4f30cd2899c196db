using System.Collections.Concurrent;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using k8s;
using k8s.Models;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.ClusterTests;
using Kublambda.Deployer.Watching;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

[assembly: AssemblyFixture(typeof(Cluster))]

namespace Kublambda.Deployer.ClusterTests;

/// <summary>
/// The cluster of KUBECONFIG or of the repository's <c>.local/kubeconfig</c>, a namespace in it for this run, and a
/// deployer that watches this namespace, without a bus: what it says is kept here.
/// </summary>
public sealed class Cluster : ClusterFixture, IFactPublisher
{
    /// <summary>An image with the invoker that the nodes have; the code comes in by the environment.</summary>
    private static readonly string RuntimeImage =
        Environment.GetEnvironmentVariable("KUBLAMBDA_TEST_IMAGE") ?? "localhost/kublambda/runtime-nodejs:dev";
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ConcurrentDictionary<string, DeploymentObserved> _said = new();
    private IHost? _host;

    public string Namespace { get; private set; } = "";

    internal WorkloadDeployer Deployer => _host!.Services.GetRequiredService<WorkloadDeployer>();

    protected override async Task StartAsync()
    {
        Namespace = await NamespaceAsync("deployer");
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Http:Domain"] = "example.com" });
        builder.Services.AddSingleton<IKubernetes>(Client);
        builder.Services.AddSingleton<IFactPublisher>(this).AddMetrics();
        builder.Services.AddKubernetes().AddWorkloads().AddWatching(Namespace);
        builder.Services.AddHostedService(services => services.GetRequiredService<WorkloadReconciler>());
        _host = builder.Build();
        await _host.StartAsync();
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        if (_host is not null)
            await _host.StopAsync();
        _host?.Dispose();
        await base.DisposeAsyncCore();
    }

    Task IFactPublisher.PublishAsync<T>(T message, CancellationToken cancellationToken)
    {
        if (message is DeploymentObserved observed)
            _said[observed.Lambda.Name] = observed;
        return Task.CompletedTask;
    }

    /// <summary>What the watcher said last about a Lambda.</summary>
    public DeploymentObserved? Said(string name) => _said.GetValueOrDefault(name);

    /// <summary>
    /// A Lambda that a controller, where one runs, does not accept: nobody builds it, and its objects are this test's.
    /// </summary>
    internal async Task<Workload> ALambdaAsync(string name, Func<LambdaSpec, LambdaSpec>? with = null, string? code = null, string? image = null)
    {
        var spec = new LambdaSpec
        {
            Runtime = Runtimes.Nodejs,
            Source = new SourceSpec { Inline = new InlineSource { Files = new Dictionary<string, string> { ["index.js"] = "1" } } },
            StateTables = ["test"],
            Scaling = new ScalingSpec { MinReplicas = 1, MaxReplicas = 2 },
            Env = code is null ? null : Code(code),
        };
        var lambda = new Lambda { Metadata = new V1ObjectMeta { Name = name }, Spec = with?.Invoke(spec) ?? spec };
        var made = (JsonElement)await Client.CustomObjects.CreateNamespacedCustomObjectAsync(
            lambda, Lambda.Group, Lambda.Version, Namespace, Lambda.Plural);
        return Workload.Of(KubernetesJson.Deserialize<Lambda>(made), "0123456789ab", image ?? RuntimeImage);
    }

    /// <summary>As the consumer of LambdaBuilt does it.</summary>
    internal async Task<DeploymentObserved> DeployAsync(Workload workload) =>
        (await Deployer.DeployAsync(workload.Lambda, _ => workload, TestContext.Current.CancellationToken))!.Value.Observed;

    /// <summary>A new spec of the next generation, with its image built.</summary>
    internal static Workload Next(Workload workload, Func<LambdaSpec, LambdaSpec> with, string revision = "0123456789ab") =>
        workload with { Spec = with(workload.Spec), Revision = revision, Generation = workload.Generation + 1 };

    /// <summary>The module <c>index</c> of the function, in variables that make node write it to a file before the invoker starts.</summary>
    internal static IReadOnlyList<EnvVar> Code(string code)
    {
        var write = $"import fs from 'node:fs'; fs.writeFileSync('/tmp/index.js', Buffer.from('{Base64(code)}', 'base64'));";
        return
        [
            new EnvVar { Name = "NODE_OPTIONS", Value = $"--import=data:text/javascript;base64,{Base64(write)}" },
            new EnvVar { Name = "FUNCTION_SOURCE", Value = "/tmp" },
        ];

        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
    }

    public async Task<T> EventuallyAsync<T>(Func<Task<T>> read, Func<T, bool> condition, string what, int seconds = 20)
    {
        for (var i = 0; ; i++)
        {
            var value = await read();
            if (condition(value))
                return value;
            Assert.True(i < seconds * 10, $"{what}; it is {(value is null ? "null" : JsonSerializer.Serialize(value, Relaxed))}");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until the watcher says this reason.</summary>
    public Task<DeploymentObserved?> SaysAsync(string name, string reason, int seconds = 60) =>
        EventuallyAsync(() => Task.FromResult(Said(name)), said => said?.Reason == reason, $"{name} is {reason}", seconds);
}
