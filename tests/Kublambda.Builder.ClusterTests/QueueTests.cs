using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;

namespace Kublambda.Builder.ClusterTests;

/// <summary>More Lambdas than places, on the real cluster.</summary>
public sealed class QueueTests(Cluster cluster) : BuildScenario(cluster)
{
    [Fact]
    public async Task Twenty_queued_builds_of_one_namespace_do_not_hold_up_another_and_two_replicas_keep_to_one_bound()
    {
        Pipeline("test", "sleep 2; exit 4");
        BuilderProcess[] replicas = [await StartAsync(("Build:MaxConcurrent", "2")), await StartAsync(("Build:MaxConcurrent", "2"))];
        var many = Enumerable.Range(0, 20).Select(i => ALambda($"many{i}", ns: "crowd")).ToList();
        await Task.WhenAll(many.Select((lambda, i) => replicas[i % 2].ChangedAsync(lambda)));
        Assert.Equal(2, (await replicas[0].PodsAsync()).Count(BuildPod.IsActive));
        var places = replicas.SelectMany(r => r.Said.OfType<BuildQueued>()).Select(q => q.Place).Order().ToList();
        Assert.Equal(18, places.Count);
        Assert.Equal((1, 18), (places[0], places[^1]));

        var one = ALambda("one", ns: "quiet");
        var ended = Ended();
        await replicas[1].ChangedAsync(one);
        // A place may have become free in this very moment.
        if (replicas[1].Said.OfType<BuildQueued>().FirstOrDefault(q => q.Lambda == LambdaRef.Of(one)) is { } queued)
            Assert.Equal(1, queued.Place);
        var most = 0;
        await Cluster.EventuallyAsync(
            async () =>
            {
                var pods = await replicas[0].PodsAsync();
                most = Math.Max(most, pods.Count(BuildPod.TakesPlace));
                return pods.Any(p => BuildPod.LambdaOf(p) == LambdaRef.Of(one));
            },
            "the one is built");
        Assert.True(Ended() - ended <= 3, $"{Ended() - ended} of the others ended before it began");
        await Cluster.EventuallyAsync(
            async () =>
            {
                most = Math.Max(most, (await replicas[0].PodsAsync()).Count(BuildPod.TakesPlace));
                return Ended() >= 8;
            },
            "the others go on, without being told");
        Assert.Equal(2, most);

        int Ended() => replicas.SelectMany(r => r.Said.OfType<BuildFailed>()).Select(f => f.Lambda).Where(l => l.Namespace == "crowd").Distinct().Count();
    }

    [Fact]
    public async Task Who_waits_is_remembered_by_a_builder_that_starts_anew()
    {
        Pipeline("test", "sleep 4; exit 4");
        var first = await StartAsync(("Build:MaxConcurrent", "1"));
        await first.ChangedAsync(ALambda("running"));
        var waiting = ALambda("waiting");
        await first.ChangedAsync(waiting);
        await first.SaysAsync<BuildQueued>(waiting);
        await first.DisposeAsync();
        var second = await StartAsync(("Build:MaxConcurrent", "1"));
        // Nobody says LambdaChanged again.
        await second.SaysAsync<BuildFailed>(waiting);
    }
}
