using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Gc.Cluster;
using Kublambda.Registry.Tests;
using Microsoft.Extensions.DependencyInjection;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Gc.ClusterTests;

public sealed class CleanupTests(TestCluster cluster)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_Lambda_that_lives_is_not_touched_whatever_a_message_says()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var lambda = await cluster.CreateLambdaAsync("alive");
        await PushImageAsync(registry.Client(), Names.Repository(lambda), "v1", "a");

        Assert.Null(await gc.GetRequiredService<Cleanup>().RunAsync(lambda, Cancel));

        Assert.Equal(["v1"], await ListAsync(registry.Client().ListTagsAsync(Names.Repository(lambda), Cancel)));
    }

    [Fact]
    public async Task Builds_of_a_deleted_Lambda_end_before_its_images_go_and_those_of_others_run_on()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var (lambda, other) = (await cluster.CreateLambdaAsync("building", finalizer: true), await cluster.CreateLambdaAsync("neighbour"));
        await Task.WhenAll(cluster.CreateBuildPodAsync(lambda, "building"), cluster.CreateBuildPodAsync(other, "neighbour"));
        await PushImageAsync(registry.Client(), Names.Repository(lambda), "v1", "a");
        await PushImageAsync(registry.Client(), Names.Repository(other), "v1", "a");
        await cluster.DeleteLambdaAsync(lambda);

        var report = await AgainUntilDoneAsync(gc.GetRequiredService<Cleanup>(), lambda);

        Assert.Single(report.Manifests);
        var pods = await cluster.BuildPodsAsync();
        Assert.DoesNotContain("building", pods);
        Assert.Contains("neighbour", pods);
        Assert.Empty(await ListAsync(registry.Client().ListTagsAsync(Names.Repository(lambda), Cancel)));
        Assert.Equal(["v1"], await ListAsync(registry.Client().ListTagsAsync(Names.Repository(other), Cancel)));
    }

    [Fact]
    public async Task A_Lambda_that_is_gone_or_was_made_again_under_its_name_leaves_nothing()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var old = await cluster.CreateLambdaAsync("again");
        await PushImageAsync(registry.Client(), Names.Repository(old), "v1", "a");
        await cluster.DeleteLambdaAsync(old);
        await UntilGoneAsync(old);
        var made = await cluster.CreateLambdaAsync("again");
        await PushImageAsync(registry.Client(), Names.Repository(made), "v1", "a");

        Assert.Single((await gc.GetRequiredService<Cleanup>().RunAsync(old, Cancel))!.Manifests);

        Assert.Empty((await gc.GetRequiredService<Cleanup>().RunAsync(old, Cancel))!.Manifests);
        Assert.NotNull(await registry.Client().HeadManifestAsync(Names.Repository(made), "v1", Cancel));
    }

    [Fact]
    public async Task With_the_registry_down_clean_up_waits_and_finishes_when_it_is_back()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host);
        var lambda = new LambdaRef(cluster.Namespace, "down", Guid.NewGuid().ToString());
        await PushImageAsync(registry.Client(), Names.Repository(lambda), "v1", "a");
        await registry.KillAsync();

        var e = await Assert.ThrowsAsync<CleanupWaitingException>(() => gc.GetRequiredService<Cleanup>().RunAsync(lambda, Cancel));
        Assert.Equal(Reasons.RegistryUnavailable, e.Reason);
        Assert.Contains(registry.Host, e.Message, StringComparison.Ordinal);

        await registry.StartProcessAsync();
        Assert.Single((await gc.GetRequiredService<Cleanup>().RunAsync(lambda, Cancel))!.Manifests);
    }

    [Fact]
    public async Task A_registry_that_does_not_delete_is_named_as_the_cause_with_the_remedy()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync(delete: false);
        await using var gc = GcHost.Create(cluster, registry.Host);
        var lambda = new LambdaRef(cluster.Namespace, "kept", Guid.NewGuid().ToString());
        await PushImageAsync(registry.Client(), Names.Repository(lambda), "v1", "a");

        var e = await Assert.ThrowsAsync<CleanupWaitingException>(() => gc.GetRequiredService<Cleanup>().RunAsync(lambda, Cancel));

        Assert.Equal(Reasons.DeletionDisabled, e.Reason);
        Assert.Contains("storage.delete.enabled", e.Message, StringComparison.Ordinal);
    }

    /// <summary>As the controller does it.</summary>
    private static async Task<CleanupReport> AgainUntilDoneAsync(Cleanup cleanup, LambdaRef lambda)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return (await cleanup.RunAsync(lambda, Cancel))!;
            }
            catch (CleanupWaitingException e) when (e.Reason == Reasons.BuildsEnding && attempt < 40)
            {
                await Task.Delay(1000, Cancel);
            }
        }
    }

    private async Task UntilGoneAsync(LambdaRef lambda)
    {
        var reader = new LambdaReader(cluster.Client);
        for (var i = 0; i < 100 && await reader.ExistsAsync(lambda, Cancel); i++)
            await Task.Delay(100, Cancel);
    }
}
