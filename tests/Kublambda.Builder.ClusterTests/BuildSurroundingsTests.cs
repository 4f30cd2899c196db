using k8s;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Registry;
using Kublambda.Registry.Tests;

namespace Kublambda.Builder.ClusterTests;

/// <summary>Faults around a build, which pass: images, quota, registry, node.</summary>
public sealed class BuildSurroundingsTests(Cluster cluster) : BuildScenario(cluster)
{
    [Fact]
    public async Task An_image_of_a_step_that_cannot_be_pulled_says_so_within_seconds()
    {
        var builder = await StartAsync(("Build:BuildahImage", "localhost:5000/no/such:image"));
        var lambda = ALambda("imageless", l => l with { Build = new() { TimeoutSeconds = 12 } });
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, fault: "builder image missing");
        Assert.Equal((Reasons.BuildImageUnavailable, false), (failed.Reason, failed.Final));
        Assert.Contains("localhost:5000/no/such:image", failed.Message, StringComparison.Ordinal);

        // The deadline ends the pod; that is no timeout of the build.
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Any(p => BuildPod.AttemptOf(p) == 2), "a second try");
        Assert.All(builder.Said.OfType<BuildFailed>(), f => Assert.Equal(Reasons.BuildImageUnavailable, f.Reason));
    }

    [Fact]
    public async Task A_runtime_image_that_is_not_there_is_named_with_its_setting()
    {
        var builder = await StartAsync(("Runtimes:nodejs", $"{Cluster.RegistryHost}/nobodys:1"));
        var lambda = ALambda("baseless");
        var asked = DateTimeOffset.UtcNow;
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, asked, fault: "runtime image missing");
        Assert.Equal((Reasons.BuildImageUnavailable, false), (failed.Reason, failed.Final));
        Assert.Contains("Runtimes__nodejs", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quota_is_named_and_the_build_starts_when_it_is_gone()
    {
        await Cluster.Client.CoreV1.CreateNamespacedResourceQuotaAsync(
            new V1ResourceQuota { Metadata = new() { Name = "none" }, Spec = new() { Hard = new Dictionary<string, ResourceQuantity> { ["pods"] = new("0") } } }, Namespace, cancellationToken: Stop);
        await Cluster.EventuallyAsync(
            async () => (await Cluster.Client.CoreV1.ReadNamespacedResourceQuotaAsync("none", Namespace)).Status?.Hard is not null, "the quota counts");
        var builder = await StartAsync();
        var lambda = ALambda("quota");
        var asked = DateTimeOffset.UtcNow;
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, asked, fault: "namespace out of quota");
        Assert.Equal((Reasons.BuildPodRejected, false), (failed.Reason, failed.Final));
        Assert.Contains("exceeded quota: none", failed.Message, StringComparison.Ordinal);

        await Cluster.Client.CoreV1.DeleteNamespacedResourceQuotaAsync("none", Namespace, cancellationToken: Stop);
        await Task.Delay(500, Stop);
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<BuildStarted>(lambda);
    }

    [Fact]
    public async Task A_push_that_nobody_takes_is_told_from_a_broken_build_and_tried_again()
    {
        Pipeline("test", $"""c=$(buildah from --tls-verify=false "$BASE"); buildah commit -q --tls-verify=false "$c" "docker://{Cluster.RegistryHost.Split(':')[0]}:1/x:1" """, ours: true);
        var builder = await StartAsync();
        var lambda = ALambda("nowhere");
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, fault: "push: connection refused");
        Assert.Contains("connection refused", failed.Log, StringComparison.Ordinal);
        Assert.Equal((Reasons.RegistryUnavailable, false), (failed.Reason, failed.Final));
        var first = Assert.Single(await builder.PodsAsync());
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync()).Any(p => p.Uid() != first.Uid() && BuildPod.AttemptOf(p) == 2), "a second try");
    }

    [Fact]
    public async Task A_registry_with_a_password_is_named_while_build_pods_do_not_have_it_and_takes_the_image_when_they_do()
    {
        var registry = await RegistryPod.StartAsync(Cluster.Client, Namespace, guarded: true);
        var file = Path.Combine(Files, "config.json");
        await File.WriteAllTextAsync(file, registry.Credentials, Stop);
        await TinyImage.PushAsync(Cluster.ClientOf(registry.Host, file), "base", "1");
        var builder = await StartAsync(
            ("Registry:PushHost", registry.Host), ("Registry:AuthFile", file), ("Runtimes:nodejs", $"{registry.Host}/base:1"), ("Build:KeepFailed", "00:00:08"));
        var lambda = ALambda("guarded", l => l with { Build = new() { Pipeline = "buildah" } });
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, fault: "push refused, 401");
        Assert.Equal((Reasons.RegistryDenied, false), (failed.Reason, failed.Final));
        Assert.Contains("Secret kublambda-registry in the build namespace", failed.Message, StringComparison.Ordinal);

        await Cluster.Client.CoreV1.CreateNamespacedSecretAsync(
            new V1Secret { Metadata = new() { Name = "kublambda-registry" }, Type = "kubernetes.io/dockerconfigjson", StringData = new Dictionary<string, string> { [".dockerconfigjson"] = registry.Credentials } },
            Namespace,
            cancellationToken: Stop);
        await builder.SaysAsync<LambdaBuilt>(lambda, seconds: 120);
        Assert.DoesNotContain(builder.Said, m => m.ToString()!.Contains("correct-horse", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_registry_that_forbids_the_push_is_named_and_nothing_is_tried_in_quick_succession()
    {
        var registry = await RegistryPod.StartForbiddingAsync(Cluster.Client, Namespace);
        Pipeline("test", $"""c=$(buildah from --tls-verify=false "$BASE"); buildah commit -q --tls-verify=false "$c" "docker://{registry.Host}/x:1" """, ours: true);
        var builder = await StartAsync();
        var lambda = ALambda("forbidden");
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, fault: "push refused, 403");
        Assert.Equal((Reasons.RegistryDenied, false), (failed.Reason, failed.Final));
        Assert.Contains("denied", failed.Log, StringComparison.Ordinal);
        var pod = Assert.Single(await builder.PodsAsync());
        await Task.Delay(RetryPolicy.Delay(1) + TimeSpan.FromSeconds(1), Stop);
        Assert.Equal(pod.Uid(), Assert.Single(await builder.PodsAsync()).Uid());
    }

    [Fact]
    public async Task A_registry_that_forbids_the_bundle_is_named_before_any_pod_is_made()
    {
        var registry = await RegistryPod.StartForbiddingAsync(Cluster.Client, Namespace);
        var builder = await StartAsync(("Registry:PushHost", registry.Host), ("Runtimes:nodejs", $"{registry.Host}/base@{Digest.Of([])}"));
        var lambda = ALambda("forbidden");
        var asked = DateTimeOffset.UtcNow;
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, asked, fault: "bundle refused, 403");
        Assert.Equal((Reasons.RegistryDenied, false), (failed.Reason, failed.Final));
        Assert.Contains("403", failed.Message, StringComparison.Ordinal);
        Assert.Empty(await builder.PodsAsync());
    }

    [Fact]
    public async Task A_registry_that_is_down_is_named_and_the_build_goes_on_when_it_is_back()
    {
        await using var registry = await LocalRegistry.StartAsync();
        await TinyImage.PushAsync(registry.Client(), "base", "1");
        var builder = await StartAsync(("Registry:PushHost", registry.Host), ("Runtimes:nodejs", $"{registry.Host}/base:1"));
        await registry.KillAsync();
        var lambda = ALambda("down");
        var asked = DateTimeOffset.UtcNow;
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, asked, fault: "registry down");
        Assert.Equal((Reasons.RegistryUnavailable, false), (failed.Reason, failed.Final));
        Assert.Contains(registry.Host, failed.Message, StringComparison.Ordinal);
        await registry.StartProcessAsync();
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<BuildStarted>(lambda);
    }

    [Fact]
    public async Task A_registry_whose_disk_is_full_says_that_and_the_build_goes_on_when_there_is_room()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount a small disk.");
        await using var registry = await LocalRegistry.StartAsync();
        await using var disk = await SmallDisk.MountAsync(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(registry.Data)))!);
        await TinyImage.PushAsync(registry.Client(), "base", "1");
        var builder = await StartAsync(("Registry:PushHost", registry.Host), ("Runtimes:nodejs", $"{registry.Host}/base:1"));
        disk.Fill();
        var lambda = ALambda("full");
        var asked = DateTimeOffset.UtcNow;
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, asked, fault: "registry disk full");
        Assert.Equal((Reasons.RegistryFull, false), (failed.Reason, failed.Final));
        Assert.Contains("disk is full", failed.Message, StringComparison.Ordinal);
        disk.Free();
        await builder.ChangedAsync(lambda);
        await builder.SaysAsync<BuildStarted>(lambda);
    }

    [Fact]
    public async Task An_evicted_build_is_tried_again()
    {
        Pipeline("test", "sleep 300");
        var builder = await StartAsync();
        var lambda = ALambda("evicted");
        await builder.ChangedAsync(lambda);
        var pod = Assert.Single(await builder.PodsAsync());
        // Before that the kubelet writes the status itself, over what is written here.
        await Cluster.EventuallyAsync(async () => (await builder.PodsAsync())[0].Status.Phase == "Running", "the build runs");
        var patch = new V1Patch("""{"status":{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."}}""", V1Patch.PatchType.MergePatch);
        Task EvictAsync() => Cluster.Client.CoreV1.PatchNamespacedPodStatusAsync(patch, pod.Name(), Namespace, cancellationToken: Stop);
        var evicted = DateTimeOffset.UtcNow;
        await EvictAsync();
        var failed = await builder.FailsAsync(lambda, evicted, fault: "pod evicted (told by the API)");
        Assert.Equal((Reasons.BuildEvicted, false), (failed.Reason, failed.Final));
        Assert.Contains("low on resource: memory", failed.Message, StringComparison.Ordinal);
        await Cluster.EventuallyAsync(
            async () =>
            {
                var there = await builder.PodsAsync();
                // The kubelet did not evict it, and now and then puts its own word back.
                if (there.Any(p => BuildPod.AttemptOf(p) == 1 && p.Status.Phase == "Running"))
                    await EvictAsync();
                return there.Any(p => BuildPod.AttemptOf(p) == 2);
            },
            "a second try");
    }
}
