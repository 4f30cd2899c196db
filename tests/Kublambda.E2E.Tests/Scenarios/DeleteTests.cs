using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Back to nothing. Alone, because the first test holds the clean-up to its thirty seconds.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class DeleteTests(TestNamespace<DeleteTests> space, TestCluster cluster) : IClassFixture<TestNamespace<DeleteTests>>
{
    private const int Promised = 30;

    [Fact]
    public async Task Within_thirty_seconds_of_delete_nothing_is_left_in_any_namespace_or_the_registry()
    {
        var lambda = await space.ApplyUntilReadyAsync(ALambdaThatSays("gone", "here"));
        var leftovers = Leftovers.Of(cluster, lambda);
        Assert.NotEmpty(await leftovers.ListAsync());

        await space.DeleteAsync("gone");
        await leftovers.NoneAsync(Promised);
        Assert.Null(await space.FindAsync("gone"));
    }

    [Fact]
    public async Task A_Lambda_deleted_while_it_builds_leaves_nothing()
    {
        await space.ApplyAsync(ALambdaThatSays("hasty", "never seen"));
        var lambda = await space.UntilAsync("hasty", "a running build", l => Seen.Condition(l, ConditionTypes.Built)?.Reason == Reasons.Building);
        var leftovers = Leftovers.Of(cluster, lambda);

        await space.DeleteAsync("hasty");
        await leftovers.NoneAsync(120);
        // A build that was under way must not push afterwards.
        await Task.Delay(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Empty(await leftovers.ListAsync());
    }

    [Fact]
    public async Task A_deleted_namespace_takes_its_Lambdas_and_their_images_with_it()
    {
        var other = LambdaSpace.In(cluster, await cluster.CreateNamespaceAsync("whole"));
        await other.ApplyAsync(Many("x", 3, i => $"number {i}"));
        var first = await other.ReadyAsync("x-0");
        var all = (await other.ListAsync()).Select(l => Leftovers.Of(cluster, l)).ToList();
        Assert.Equal(3, all.Count);
        await other.AnswersAsync(first, "number 0");

        await cluster.Kubectl.RunAsync("delete", "namespace", other.Name, "--timeout=240s");
        foreach (var leftovers in all)
            await leftovers.NoneAsync(30);
    }

    [Fact]
    public async Task With_the_registry_down_a_deleted_Lambda_waits_says_so_and_goes_when_the_registry_returns()
    {
        var lambda = await space.ApplyUntilReadyAsync(ALambdaThatSays("patient", "here"));
        var leftovers = Leftovers.Of(cluster, lambda);
        await using (await cluster.Platform.TakeDownAsync(Installation.Registry))
        {
            await space.DeleteAsync("patient");
            var waiting = await space.UntilAsync(
                "patient", "Terminating with the registry as its reason", l => Seen.Condition(l, ConditionTypes.Terminating)?.Reason == Reasons.RegistryUnavailable, 120);
            Assert.Contains(Labels.Finalizer, waiting.Metadata.Finalizers);
            Assert.Contains("registry", Seen.Condition(waiting, ConditionTypes.Terminating)!.Message, StringComparison.OrdinalIgnoreCase);
        }

        await leftovers.NoneAsync(180);
    }

    [Fact]
    public async Task A_Lambda_deleted_while_every_service_is_down_goes_when_they_return()
    {
        var lambda = await space.ApplyUntilReadyAsync(ALambdaThatSays("alone", "here"));
        var leftovers = Leftovers.Of(cluster, lambda);
        await using (await cluster.Platform.TakeDownAsync([.. Installation.Services]))
        {
            await space.DeleteAsync("alone");
            await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
            Assert.Contains(Labels.Finalizer, (await space.ReadAsync("alone")).Metadata.Finalizers);
        }

        await leftovers.NoneAsync(180);
    }

    [Fact]
    public async Task Twenty_times_deleted_and_made_again_at_once_a_Lambda_is_Ready_with_an_image_that_pulls()
    {
        const int times = 20;
        var uids = new HashSet<string>(StringComparer.Ordinal);
        var leftovers = new List<Leftovers>();
        Lambda lambda = null!;
        for (var i = 0; i <= times; i++)
        {
            // The same source each time: the images are the same, byte by byte, where a clean-up could take the wrong one.
            lambda = await space.ApplyAsync(ALambdaThatSays("phoenix", "risen"));
            Assert.True(uids.Add(lambda.Metadata.Uid), "the Lambda was not made anew");
            if (i == times)
                break;

            leftovers.Add(Leftovers.Of(cluster, lambda));
            // Another moment of its life each time, from before the build to about its end.
            await Task.Delay(TimeSpan.FromMilliseconds(350 * i), TestContext.Current.CancellationToken);
            await space.KubectlAsync("delete", "lambda", "phoenix", "--timeout=240s");
        }

        lambda = await space.ReadyAsync("phoenix");
        await space.AnswersAsync(lambda, "risen");
        Assert.Empty(await cluster.Registry.MissingAsync(lambda.Status!.Image!));
        foreach (var left in leftovers)
            await left.NoneAsync(60);
        Assert.Empty(await cluster.Registry.MissingAsync(lambda.Status.Image!));
    }
}
