using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Services in more than one copy, and services that end.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class ReplicaTests(TestNamespace<ReplicaTests> space, TestCluster cluster) : IClassFixture<TestNamespace<ReplicaTests>>
{
    [Fact]
    public async Task With_two_replicas_of_each_service_Lambdas_are_built_once_and_go_completely()
    {
        var before = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var service in Installation.Services)
            before[service] = await cluster.Platform.ReplicasAsync(service);
        try
        {
            foreach (var service in Installation.Services)
                await cluster.Platform.ScaleAsync(service, 2);
            await cluster.Platform.IsUpAsync();

            await space.ApplyAsync(Many("pair", 4, i => $"pair {i}"));
            var ready = new List<Lambda>();
            for (var i = 0; i < 4; i++)
                ready.Add(await space.ReadyAsync($"pair-{i}"));
            foreach (var lambda in ready)
                Assert.Single(await space.BuildPodsAsync(lambda));
            await space.AnswersAsync(ready[0], "pair 0");

            // The leaders may be either copy: ending the older one of each makes the other one lead.
            foreach (var service in Installation.Services)
            {
                var oldest = (await cluster.Platform.PodsAsync(service)).OrderBy(p => p.Metadata.CreationTimestamp).First();
                await cluster.Kubectl.RunAsync("-n", Installation.Namespace, "delete", "pod", oldest.Metadata.Name, "--wait=false");
            }

            await space.ApplyAsync(ALambdaThatSays("pair-0", "changed"));
            await space.AnswersAsync(await space.ReadyAsync("pair-0"), "changed");
            var leftovers = ready.Select(l => Leftovers.Of(cluster, l)).ToList();
            await space.DeleteAsync([.. ready.Select(l => l.Metadata.Name)]);
            foreach (var left in leftovers)
                await left.NoneAsync(120);
        }
        finally
        {
            foreach (var (service, replicas) in before)
                await cluster.Platform.ScaleAsync(service, replicas);
            await cluster.Platform.IsUpAsync();
        }
    }

    [Fact]
    public async Task With_RabbitMQ_away_for_a_while_what_was_applied_meanwhile_becomes_Ready()
    {
        await using (await cluster.Platform.TakeDownAsync(Installation.RabbitMq))
        {
            await space.ApplyAsync(ALambdaThatSays("queued", "at last"));
            await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
            Assert.False(Seen.IsReady(await space.ReadAsync("queued")));
        }

        await space.AnswersAsync(await space.ReadyAsync("queued"), "at last");
    }

    [Fact]
    public async Task With_the_registry_down_a_new_Lambda_says_so_and_is_built_when_it_returns()
    {
        await using (await cluster.Platform.TakeDownAsync(Installation.Registry))
        {
            await space.ApplyAsync(ALambdaThatSays("unstored", "stored"));
            var waiting = await space.UntilAsync("unstored", "Built not True with the registry as its reason", l =>
                Seen.Condition(l, ConditionTypes.Built) is { Reason: Reasons.RegistryUnavailable } built && built.Status != ConditionStatus.True);
            Assert.Contains("registry", Seen.Condition(waiting, ConditionTypes.Built)!.Message, StringComparison.OrdinalIgnoreCase);
        }

        await space.AnswersAsync(await space.ReadyAsync("unstored"), "stored");
    }
}
