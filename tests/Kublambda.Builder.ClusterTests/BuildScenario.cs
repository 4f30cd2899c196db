using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.ClusterTests;

/// <summary>A namespace for build pods, Lambdas and pipelines of one test; all of it goes afterwards.</summary>
public abstract class BuildScenario(Cluster cluster) : IAsyncLifetime
{
    private readonly string _pipelines = Directory.CreateTempSubdirectory("kublambda-pipelines-").FullName;
    private readonly List<BuilderProcess> _processes = [];

    protected Cluster Cluster => cluster;

    /// <summary>Where the build pods are.</summary>
    protected string Namespace { get; private set; } = "";

    /// <summary>A directory for files of the test.</summary>
    protected string Files => _pipelines;

    /// <summary>The Lambdas that the builder sees.</summary>
    protected ConcurrentDictionary<LambdaRef, Lambda> Lambdas { get; } = new();

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        cluster.Require();
        Namespace = await cluster.NamespaceAsync();
        Pipeline("test", "true");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        if (Namespace.Length > 0)
            await cluster.RemoveAsync(Namespace);
        Directory.Delete(_pipelines, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected async Task<BuilderProcess> StartAsync(params (string Key, string Value)[] settings)
    {
        var process = await BuilderProcess.StartAsync(cluster, Namespace, _pipelines, Lambdas, settings);
        _processes.Add(process);
        return process;
    }

    protected async Task ClearAsync(BuilderProcess builder)
    {
        foreach (var pod in await builder.PodsAsync())
        {
            // The watcher would start it anew at once: there is no status yet that says it failed for good.
            Lambdas.Clear();
            await cluster.Client.CoreV1.DeleteNamespacedPodAsync(pod.Name(), Namespace, cancellationToken: Stop);
        }

        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Count == 0, "the pods are gone");
        await Task.Delay(500, Stop);
    }

    protected void Pipeline(string name, string script, bool ours = false) => File.WriteAllText(Path.Combine(_pipelines, $"{name}.yaml"), $$$"""
        name: {{{name}}}
        description: A pipeline of this test.
        steps:
          - name: build
            image: $(images.buildah)
            command: [/bin/sh, -c, {{{System.Text.Json.JsonSerializer.Serialize(script)}}}]
            env: [{name: BASE, value: $(build.base)}, {name: HOME, value: /tmp}, {name: XDG_RUNTIME_DIR, value: /tmp}, {name: STORAGE_DRIVER, value: vfs}, {name: _CONTAINERS_ROOTLESS_UID, value: '1000'}]
            {{{(ours ? "registryCredentials: /home/.docker" : "buildEnv: false")}}}
            resources: {limits: {memory: 512Mi}}
            securityContext: {runAsUser: 0, capabilities: {drop: [ALL], add: [CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP, SYS_CHROOT]}}
        """);

    protected Lambda ALambda(string name, Func<LambdaSpec, LambdaSpec>? with = null, string? ns = null)
    {
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Source = Code($"exports.handler = () => '{name}'") };
        var lambda = new Lambda
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns ?? Namespace, Uid = Guid.NewGuid().ToString(), Generation = 1 },
            Spec = Named(with?.Invoke(spec) ?? spec),
        };
        Lambdas[LambdaRef.Of(lambda)] = lambda;
        return lambda;
    }

    protected Lambda Change(Lambda lambda, Func<LambdaSpec, LambdaSpec> with)
    {
        var changed = lambda with
        {
            Metadata = new V1ObjectMeta { Name = lambda.Metadata.Name, NamespaceProperty = Namespace, Uid = lambda.Metadata.Uid, Generation = lambda.Metadata.Generation + 1 },
            Spec = Named(with(lambda.Spec)),
        };
        return Lambdas[LambdaRef.Of(changed)] = changed;
    }

    // With "auto" the builder would make these images itself; here it is about pods.
    private static LambdaSpec Named(LambdaSpec spec) => spec with { Build = (spec.Build ?? new()) with { Pipeline = spec.Build?.Pipeline ?? "test" } };

    protected static SourceSpec Code(string text) => new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = text } } };
}
