using Kublambda.Contracts;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Many at once. Alone, because it needs all of the machine.</summary>
[Collection(DisturbsThePlatform.Name)]
public sealed class ManyTests(TestNamespace<ManyTests> space, TestCluster cluster) : IClassFixture<TestNamespace<ManyTests>>
{
    private const int Count = 50;

    [Fact]
    public async Task Fifty_Lambdas_at_once_all_become_Ready_and_none_is_built_twice()
    {
        await space.ApplyAsync(Many("many", Count, i => $"this is {i}"));
        var all = await Eventually.HoldsAsync(
            $"{Count} Lambdas to be Ready", space.ListAsync, list => list.Count == Count && list.All(Seen.IsReady), seconds: 780,
            list => string.Join(Environment.NewLine, list.Where(l => !Seen.IsReady(l)).Select(l => $"{l.Metadata.Name}: {Seen.Status(l)}")),
            () => Diagnosis.OfAllAsync(cluster));

        var pods = await BuildPods.AllAsync(cluster);
        Assert.All(all, lambda =>
        {
            var builds = pods.Where(pod => pod.Contains($"-{Names.ShortUid(LambdaRef.Of(lambda))}-", StringComparison.Ordinal)).ToList();
            Assert.True(builds.Count == 1, $"{lambda.Metadata.Name} was built by: {string.Join(", ", builds)}");
        });
        foreach (var lambda in all.Where((_, i) => i % 10 == 0))
            await space.AnswersAsync(lambda, $"this is {lambda.Metadata.Name["many-".Length..]}");
    }
}
