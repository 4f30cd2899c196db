using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.ClusterTests;

/// <summary>Builds on the real cluster, with real faults.</summary>
public sealed class BuildTests(Cluster cluster) : IAsyncLifetime
{
    private readonly ConcurrentDictionary<LambdaRef, Lambda> _lambdas = new();
    private readonly string _pipelines = Directory.CreateTempSubdirectory("kublambda-pipelines-").FullName;
    private readonly List<BuilderProcess> _processes = [];
    private string _namespace = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        cluster.Require();
        _namespace = await cluster.NamespaceAsync();
        Pipeline("test", "true");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        foreach (var lambda in _lambdas.Keys)
        {
            await foreach (var tag in cluster.Registry.ListTagsAsync(Names.Repository(lambda), CancellationToken.None))
            {
                if (await cluster.Registry.HeadManifestAsync(Names.Repository(lambda), tag, CancellationToken.None) is { } manifest)
                    await cluster.Registry.DeleteManifestAsync(Names.Repository(lambda), manifest.Digest, CancellationToken.None);
            }
        }

        if (_namespace.Length > 0)
            await cluster.RemoveAsync(_namespace);
        Directory.Delete(_pipelines, recursive: true);
    }

    [Fact]
    public async Task A_function_is_built_once_and_said_again_whenever_it_is_asked_for()
    {
        var builder = await StartAsync(("Build:DefaultPipeline", "buildah"));
        var lambda = ALambda("hello");
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<BuildStarted>(lambda);
        var built = await builder.SaysAsync<LambdaBuilt>(lambda, b => b.FinishedAt is not null, seconds: 120);

        Assert.StartsWith($"localhost:5000/{Names.Repository(LambdaRef.Of(lambda))}@sha256:", built.Image, StringComparison.Ordinal);
        var pod = Assert.Single(await builder.PodsAsync());
        TestContext.Current.TestOutputHelper?.WriteLine($"built in {built.FinishedAt - built.StartedAt}");
        var image = (await cluster.Registry.GetManifestAsync(Names.Repository(LambdaRef.Of(lambda)), built.Revision, Stop))!.Parse();
        Assert.Equal(2, image.Layers!.Count);

        builder.Said.Clear();
        await cluster.Client.CoreV1.DeleteNamespacedPodAsync(pod.Name(), _namespace, cancellationToken: Stop);
        await builder.ChangedAsync(lambda);
        await builder.ChangedAsync(lambda);
        Assert.All(builder.Said, m => Assert.Equal(built.Image, Assert.IsType<LambdaBuilt>(m).Image));
        Assert.DoesNotContain(await builder.PodsAsync(), p => p.Uid() != pod.Uid());
    }

    [Fact]
    public async Task A_step_that_fails_is_named_with_the_end_of_its_log_and_does_not_run_again()
    {
        Pipeline("test", "for i in $(seq 100); do echo \"line $i\"; done; echo broken >&2; exit 3");
        var builder = await StartAsync();
        var lambda = ALambda("fails");
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda);

        Assert.Equal(Reasons.BuildFailed, failed.Reason);
        Assert.True(failed.Final);
        Assert.Contains("\"build\" failed (exit code 3)", failed.Message, StringComparison.Ordinal);
        Assert.EndsWith("line 100\nbroken", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("line 1\n", failed.Log, StringComparison.Ordinal);

        await builder.ChangedAsync(lambda);
        Assert.Single(await builder.PodsAsync());
        // The pod goes, the status stays.
        await ClearAsync(builder);
        _lambdas[LambdaRef.Of(lambda)] = lambda with { Status = Failed(lambda, failed) };
        builder.Said.Clear();
        await builder.ChangedAsync(lambda);
        Assert.Empty(await builder.PodsAsync());
        Assert.Empty(builder.Said);

        // A new value of the annotation is a new revision.
        _lambdas[LambdaRef.Of(lambda)].Metadata.Annotations = new Dictionary<string, string> { [Labels.Rebuild] = "1" };
        await builder.ChangedAsync(lambda);
        Assert.NotEqual(failed.Revision, (await builder.SaysAsync<BuildStarted>(lambda)).Revision);
    }

    [Fact]
    public async Task A_build_over_its_time_says_so()
    {
        Pipeline("test", "echo started; sleep 300");
        var builder = await StartAsync();
        var lambda = ALambda("slow", l => l with { Build = new() { TimeoutSeconds = 5 } });
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda);
        Assert.Equal((Reasons.BuildTimeout, true), (failed.Reason, failed.Final));
        Assert.Contains("longer than 5 s", failed.Message, StringComparison.Ordinal);
        Assert.Contains("spec.build.timeoutSeconds", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_out_of_memory_says_so_and_a_new_generation_builds_again()
    {
        Pipeline("test", "echo hungry; tail /dev/zero");
        var builder = await StartAsync();
        var lambda = ALambda("hungry", l => l with { Build = new() { Resources = new() { Limits = new Dictionary<string, string> { ["memory"] = "24Mi" } } } });
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda);
        Assert.Equal((Reasons.BuildOutOfMemory, true), (failed.Reason, failed.Final));
        Assert.Contains("24Mi", failed.Message, StringComparison.Ordinal);

        var first = Assert.Single(await builder.PodsAsync());
        var more = Change(lambda, l => l with { Build = new() { Resources = new() { Limits = new Dictionary<string, string> { ["memory"] = "25Mi" } } } });
        await builder.ChangedAsync(more);
        var second = await builder.SaysAsync<BuildFailed>(more, f => f.Generation == 2);
        Assert.Equal(failed.Revision, second.Revision);
        Assert.NotEqual(first.Uid(), Assert.Single(await builder.PodsAsync()).Uid());
    }

    [Fact]
    public async Task An_image_of_a_step_that_cannot_be_pulled_says_so_within_seconds()
    {
        var builder = await StartAsync(("Build:BuildahImage", "localhost:5000/no/such:image"));
        var lambda = ALambda("imageless", l => l with { Build = new() { TimeoutSeconds = 12 } });
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda, seconds: 15);
        Assert.Equal((Reasons.BuildImageUnavailable, false), (failed.Reason, failed.Final));
        Assert.Contains("localhost:5000/no/such:image", failed.Message, StringComparison.Ordinal);

        // The deadline ends the pod; that is no timeout of the build.
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Any(p => BuildPod.AttemptOf(p) == 2), "a second try");
        Assert.All(builder.Said.OfType<BuildFailed>(), f => Assert.Equal(Reasons.BuildImageUnavailable, f.Reason));
    }

    [Fact]
    public async Task A_build_that_no_node_has_room_for_says_so_and_keeps_nobody_waiting()
    {
        Pipeline("test", "exit 6");
        var builder = await StartAsync(("Build:MaxConcurrent", "1"));
        var huge = ALambda("huge", l => l with { Build = new() { Resources = new() { Requests = new Dictionary<string, string> { ["cpu"] = "1000" } } } });
        var small = ALambda("small");
        await builder.ChangedAsync(huge);
        await builder.ChangedAsync(small);
        var failed = await builder.SaysAsync<BuildFailed>(huge, seconds: 15);
        Assert.Equal((Reasons.BuildPodRejected, false), (failed.Reason, failed.Final));
        Assert.Contains("Insufficient cpu", failed.Message, StringComparison.Ordinal);
        await builder.SaysAsync<BuildFailed>(small);

        var modest = Change(huge, l => l with { Build = null });
        await builder.ChangedAsync(modest);
        await builder.SaysAsync<BuildFailed>(modest, f => f.Reason == Reasons.BuildFailed);
    }

    [Fact]
    public async Task A_quota_is_named_and_the_build_starts_when_it_is_gone()
    {
        await cluster.Client.CoreV1.CreateNamespacedResourceQuotaAsync(
            new V1ResourceQuota { Metadata = new() { Name = "none" }, Spec = new() { Hard = new Dictionary<string, ResourceQuantity> { ["pods"] = new("0") } } }, _namespace, cancellationToken: Stop);
        await Cluster.EventuallyAsync(
            async () => (await cluster.Client.CoreV1.ReadNamespacedResourceQuotaAsync("none", _namespace)).Status?.Hard is not null, "the quota counts");
        var builder = await StartAsync();
        var lambda = ALambda("quota");
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda);
        Assert.Equal((Reasons.BuildPodRejected, false), (failed.Reason, failed.Final));
        Assert.Contains("exceeded quota: none", failed.Message, StringComparison.Ordinal);

        await cluster.Client.CoreV1.DeleteNamespacedResourceQuotaAsync("none", _namespace, cancellationToken: Stop);
        await Task.Delay(500, Stop);
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<BuildStarted>(lambda);
    }

    [Fact]
    public async Task A_push_that_nobody_takes_is_told_from_a_broken_build_and_tried_again()
    {
        Pipeline("test", $"""c=$(buildah from --tls-verify=false "$BASE"); buildah commit -q --tls-verify=false "$c" "docker://{cluster.RegistryHost.Split(':')[0]}:1/x:1" """, ours: true);
        var builder = await StartAsync();
        var lambda = ALambda("nowhere");
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda, seconds: 120);
        Assert.Equal((Reasons.RegistryUnavailable, false), (failed.Reason, failed.Final));
        var first = Assert.Single(await builder.PodsAsync());
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Any(p => p.Uid() != first.Uid() && BuildPod.AttemptOf(p) == 2), "a second try");
    }

    [Fact]
    public async Task A_registry_with_a_password_is_named_while_build_pods_do_not_have_it_and_takes_the_image_when_they_do()
    {
        var registry = await GuardedRegistry.StartAsync(cluster, _namespace);
        var file = Path.Combine(_pipelines, "config.json");
        await File.WriteAllTextAsync(file, registry.Credentials, Stop);
        await TinyImage.PushAsync(Cluster.ClientOf(registry.Host, file), "base", "1");
        var builder = await StartAsync(
            ("Build:DefaultPipeline", "buildah"), ("Registry:PushHost", registry.Host), ("Registry:AuthFile", file), ("Runtimes:nodejs", $"{registry.Host}/base:1"));
        var lambda = ALambda("guarded");
        await builder.ChangedAsync(lambda);
        var failed = await builder.SaysAsync<BuildFailed>(lambda);
        Assert.Equal((Reasons.RegistryUnavailable, false), (failed.Reason, failed.Final));
        Assert.Contains("Secret kublambda-registry in the build namespace", failed.Message, StringComparison.Ordinal);

        await cluster.Client.CoreV1.CreateNamespacedSecretAsync(
            new V1Secret { Metadata = new() { Name = "kublambda-registry" }, Type = "kubernetes.io/dockerconfigjson", StringData = new Dictionary<string, string> { [".dockerconfigjson"] = registry.Credentials } },
            _namespace,
            cancellationToken: Stop);
        await builder.SaysAsync<LambdaBuilt>(lambda, seconds: 120);
        Assert.DoesNotContain(builder.Said, m => m.ToString()!.Contains("correct-horse", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_evicted_build_is_tried_again()
    {
        Pipeline("test", "sleep 300");
        var builder = await StartAsync();
        var lambda = ALambda("evicted");
        await builder.ChangedAsync(lambda);
        var pod = Assert.Single(await builder.PodsAsync());
        var patch = new V1Patch("""{"status":{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."}}""", V1Patch.PatchType.MergePatch);
        await cluster.Client.CoreV1.PatchNamespacedPodStatusAsync(patch, pod.Name(), _namespace, cancellationToken: Stop);
        var failed = await builder.SaysAsync<BuildFailed>(lambda);
        Assert.Equal((Reasons.BuildEvicted, false), (failed.Reason, failed.Final));
        Assert.Contains("low on resource: memory", failed.Message, StringComparison.Ordinal);
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Any(p => BuildPod.AttemptOf(p) == 2), "a second try");
    }

    [Fact]
    public async Task A_newer_revision_ends_the_older_build_and_a_deleted_Lambda_all_of_them()
    {
        Pipeline("test", "trap 'exit 1' TERM; sleep 300 & wait");
        var builder = await StartAsync();
        var lambda = ALambda("changes");
        await builder.ChangedAsync(lambda);
        var first = (await builder.SaysAsync<BuildStarted>(lambda)).Revision;
        var newer = Change(lambda, l => l with { Source = Code("exports.handler = () => 'other'") });
        await builder.ChangedAsync(newer);
        var second = (await builder.SaysAsync<BuildStarted>(newer, s => s.Generation == 2)).Revision;
        Assert.NotEqual(first, second);
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).All(p => p.GetLabel(Labels.Revision) == second), "the older build is gone");

        await builder.DeletedAsync(newer);
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Count == 0, "no build is left");
        Assert.DoesNotContain(builder.Said, m => m is BuildFailed);
    }

    [Fact]
    public async Task Places_are_bounded_and_taken_by_the_next_one_without_being_told()
    {
        Pipeline("test", "sleep 1; exit 4");
        var builder = await StartAsync(("Build:MaxConcurrent", "1"));
        var lambdas = Enumerable.Range(0, 3).Select(i => ALambda($"many{i}")).ToList();
        foreach (var lambda in lambdas)
            await builder.ChangedAsync(lambda);
        Assert.Single(await builder.PodsAsync());
        var most = 0;
        await Cluster.EventuallyAsync(
            async () =>
            {
                most = Math.Max(most, (await builder.PodsAsync()).Count(BuildPod.IsActive));
                return lambdas.All(l => builder.Said.OfType<BuildFailed>().Any(f => f.Lambda == LambdaRef.Of(l)));
            },
            "all three were built");
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Two_replicas_build_once_and_the_second_takes_over_when_the_first_ends()
    {
        Pipeline("test", "sleep 6; echo done; exit 5");
        var first = await StartAsync();
        await Cluster.EventuallyAsync(async () => (await cluster.Client.CoordinationV1.ListNamespacedLeaseAsync(_namespace)).Items.Count == 1, "a leader");
        var second = await StartAsync();
        var lambda = ALambda("twice");
        await Task.WhenAll(first.ChangedAsync(lambda), second.ChangedAsync(lambda), first.ChangedAsync(lambda), second.ChangedAsync(lambda));
        Assert.Single(await second.PodsAsync());
        await first.DisposeAsync();
        _processes.Remove(first);
        var failed = await second.SaysAsync<BuildFailed>(lambda);
        Assert.Contains("exit code 5", failed.Message, StringComparison.Ordinal);
    }

    private async Task<BuilderProcess> StartAsync(params (string Key, string Value)[] settings)
    {
        var process = await BuilderProcess.StartAsync(cluster, _namespace, _pipelines, _lambdas, settings);
        _processes.Add(process);
        return process;
    }

    private async Task ClearAsync(BuilderProcess builder)
    {
        foreach (var pod in await builder.PodsAsync())
        {
            // The watcher would start it anew at once: there is no status yet that says it failed for good.
            _lambdas.Clear();
            await cluster.Client.CoreV1.DeleteNamespacedPodAsync(pod.Name(), _namespace, cancellationToken: Stop);
        }

        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Count == 0, "the pods are gone");
        await Task.Delay(500, Stop);
    }

    private void Pipeline(string name, string script, bool ours = false) => File.WriteAllText(Path.Combine(_pipelines, $"{name}.yaml"), $$$"""
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

    private Lambda ALambda(string name, Func<LambdaSpec, LambdaSpec>? with = null)
    {
        var spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Source = Code($"exports.handler = () => '{name}'") };
        var lambda = new Lambda
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = _namespace, Uid = Guid.NewGuid().ToString(), Generation = 1 },
            Spec = with?.Invoke(spec) ?? spec,
        };
        _lambdas[LambdaRef.Of(lambda)] = lambda;
        return lambda;
    }

    private Lambda Change(Lambda lambda, Func<LambdaSpec, LambdaSpec> with)
    {
        var changed = lambda with
        {
            Metadata = new V1ObjectMeta { Name = lambda.Metadata.Name, NamespaceProperty = _namespace, Uid = lambda.Metadata.Uid, Generation = lambda.Metadata.Generation + 1 },
            Spec = with(lambda.Spec),
        };
        return _lambdas[LambdaRef.Of(changed)] = changed;
    }

    private static SourceSpec Code(string text) => new() { Inline = new() { Files = new Dictionary<string, string> { ["index.js"] = text } } };

    private static LambdaStatus Failed(Lambda lambda, BuildFailed failed) => new()
    {
        Build = new() { Revision = failed.Revision },
        Conditions = [new() { Type = ConditionTypes.Built, Status = ConditionStatus.False, Reason = failed.Reason, ObservedGeneration = lambda.Metadata.Generation }],
    };
}
