using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Gc.Consumers;
using Kublambda.Registry.Tests;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using static Kublambda.Registry.Tests.Artifacts;

namespace Kublambda.Gc.ClusterTests;

public sealed class ConsumerTests(TestCluster cluster)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_message_five_times_ends_in_an_answer_and_an_empty_repository()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host, bus: true);
        var harness = await gc.StartTestHarness();
        var lambda = new LambdaRef(cluster.Namespace, "told", Guid.NewGuid().ToString());
        var image = await PushImageAsync(registry.Client(), Names.Repository(lambda), "v1", "a");

        for (var i = 0; i < 5; i++)
            await harness.Bus.Publish(new LambdaDeleted { Lambda = lambda, DeletedAt = DateTimeOffset.UtcNow }, Cancel);

        var answer = await harness.Published.SelectAsync<ImagesDeleted>(m => m.Context.Message.Lambda == lambda, Cancel).First();
        Assert.Equal(Names.Repository(lambda), answer.Context.Message.Repository);
        Assert.Equal([image.Digest], answer.Context.Message.Manifests);
        await harness.InactivityTask;
        Assert.Empty(await ListAsync(registry.Client().ListTagsAsync(Names.Repository(lambda), Cancel)));
        Assert.False(await harness.Published.Any<CleanupDelayed>(Cancel));
    }

    [Fact]
    public async Task What_holds_a_clean_up_up_is_published_and_the_message_is_done_with()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host, bus: true);
        var harness = await gc.StartTestHarness();
        var lambda = new LambdaRef(cluster.Namespace, "delayed", Guid.NewGuid().ToString());
        await registry.KillAsync();

        await harness.Bus.Publish(new LambdaDeleted { Lambda = lambda, DeletedAt = DateTimeOffset.UtcNow }, Cancel);

        var answer = await harness.Published.SelectAsync<CleanupDelayed>(m => m.Context.Message.Lambda == lambda, Cancel).First();
        Assert.Equal(Reasons.RegistryUnavailable, answer.Context.Message.Reason);
        Assert.Contains(registry.Host, answer.Context.Message.Message, StringComparison.Ordinal);
        Assert.True(await harness.Consumed.Any<LambdaDeleted>(m => m.Exception is null, Cancel));
    }

    [Fact]
    public async Task A_build_that_fills_the_repository_after_its_clean_up_is_found_by_the_second_look()
    {
        cluster.Require();
        await using var registry = await LocalRegistry.StartAsync();
        await using var gc = GcHost.Create(cluster, registry.Host, bus: true);
        var harness = await gc.StartTestHarness();
        var look = gc.GetRequiredService<SecondLook>();
        await look.StartAsync(Cancel);
        var lambda = new LambdaRef(cluster.Namespace, "late", Guid.NewGuid().ToString());

        await harness.Bus.Publish(new LambdaDeleted { Lambda = lambda, DeletedAt = DateTimeOffset.UtcNow }, Cancel);
        Assert.True(await harness.Published.Any<ImagesDeleted>(Cancel));
        await PushImageAsync(registry.Client(), Names.Repository(lambda), "source-v1", "late");

        for (var i = 0; i < 80 && (await ListAsync(registry.Client().ListTagsAsync(Names.Repository(lambda), Cancel))).Count > 0; i++)
            await Task.Delay(250, Cancel);
        Assert.Empty(await ListAsync(registry.Client().ListTagsAsync(Names.Repository(lambda), Cancel)));
        await look.StopAsync(Cancel);
    }
}
