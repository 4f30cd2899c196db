using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>Everything is killed while Lambdas are made, changed and deleted. Run by <c>make chaos</c>.</summary>
[Collection(DisturbsThePlatform.Name)]
[Trait("category", "chaos")]
public sealed class ChaosTests(TestNamespace<ChaosTests> space, TestCluster cluster) : IClassFixture<TestNamespace<ChaosTests>>
{
    private const int Count = 20;

    [Fact(Explicit = true)]
    public async Task After_every_part_was_killed_in_the_middle_of_everything_all_is_as_the_resources_say()
    {
        Assert.SkipUnless(Processes.AreHere, "The node's processes are not on this machine: chaos needs the local cluster (`make up`).");
        var gone = new List<Leftovers>();
        await using (var monkey = new Monkey(cluster))
        {
            await InsistAsync(() => space.ApplyAsync(Many("c", Count, i => $"first {i}")));
            await SomeAreReadyAsync(5);

            // The rest is still being built while the first are changed, and then deleted. Nothing waits until all is well.
            await InsistAsync(() => space.ApplyAsync(Many("c", Count, i => $"first {i}").Take(10).Select((l, i) => ALambdaThatSays(l.Name, $"second {i}"))));
            await SomeAreReadyAsync(8);

            gone.AddRange((await Eventually.HoldsAsync("the list", space.ListAsync, l => l.Count == Count, 60))
                .Where(l => Number(l) is >= 5 and < 15).Select(l => Leftovers.Of(cluster, l)));
            await InsistAsync(() => space.DeleteAsync([.. Enumerable.Range(5, 10).Select(i => $"c-{i}"), "--ignore-not-found"]));
            await Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

            // Half of the deleted come back under their names, some while their predecessors are still cleaned up.
            foreach (var i in Enumerable.Range(5, 5))
                await InsistAsync(() => MakeAgainAsync(i));
            await monkey.DoneAsync();
            TestContext.Current.TestOutputHelper?.WriteLine(monkey.Story);
            Assert.True(monkey.Kills >= 10, $"the monkey was lazy:{Environment.NewLine}{monkey.Story}");
        }

        // Kubelet waits longer before each restart of what died often.
        await cluster.Platform.IsUpAsync(seconds: 420);
        var all = await Eventually.HoldsAsync(
            "every Lambda that is there to be Ready", space.ListAsync, list => list.Count == 15 && list.All(Seen.IsReady), 420,
            list => string.Join(Environment.NewLine, list.Where(l => !Seen.IsReady(l)).Select(l => $"{l.Metadata.Name}: {Seen.Status(l)}")),
            () => Diagnosis.OfAllAsync(cluster));
        foreach (var lambda in all)
            await space.AnswersAsync(lambda, Says(Number(lambda)));
        foreach (var leftovers in gone)
            await leftovers.NoneAsync(60);
        await Eventually.HoldsAsync(
            "no orphans", () => Accounts.OrphansAsync(cluster, space), orphans => orphans.Count == 0, 90, orphans => string.Join("; ", orphans));
    }

    private static int Number(Lambda lambda) => int.Parse(lambda.Metadata.Name["c-".Length..], System.Globalization.CultureInfo.InvariantCulture);

    private static string Says(int i) => i switch { < 5 => $"second {i}", < 10 => $"third {i}", _ => $"first {i}" };

    private async Task MakeAgainAsync(int i)
    {
        var found = await space.FindAsync($"c-{i}");
        if (found?.Metadata.DeletionTimestamp is not null)
            Assert.Fail($"{found.Metadata.Name} is still being deleted");
        await space.ApplyAsync(ALambdaThatSays($"c-{i}", $"third {i}"));
    }

    /// <summary>So that there is something to disturb; on a slow machine with less of it.</summary>
    private async Task SomeAreReadyAsync(int count)
    {
        for (var end = DateTime.UtcNow.AddSeconds(90); DateTime.UtcNow < end;)
        {
            try
            {
                if ((await space.ListAsync()).Count(Seen.IsReady) >= count)
                    return;
            }
            catch (Exception e) when (Eventually.IsPassing(e))
            {
                // The API server is among the victims.
            }

            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The user tries again when the API server is away: what kubectl says then is not what this test is about.</summary>
    private static async Task InsistAsync(Func<Task> what)
    {
        for (var end = DateTime.UtcNow.AddMinutes(4); ;)
        {
            try
            {
                await what();
                return;
            }
            catch (Exception e) when (DateTime.UtcNow < end && (e is Xunit.Sdk.XunitException || Eventually.IsPassing(e)))
            {
                await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
            }
        }
    }
}
