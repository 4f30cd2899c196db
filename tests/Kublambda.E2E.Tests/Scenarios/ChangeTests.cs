using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>A Lambda that changes while it is in use.</summary>
public sealed class ChangeTests(TestNamespace<ChangeTests> space) : IClassFixture<TestNamespace<ChangeTests>>
{
    [Fact]
    public async Task New_code_takes_over_under_fifty_requests_a_second_and_no_request_fails()
    {
        var before = await space.ApplyUntilReadyAsync(ALambdaThatSays("busy", "old").WithReplicas(2, 3));
        await space.AnswersAsync(before, "old");

        await using var load = new SteadyLoad(LambdaSpace.UrlOf(before), perSecond: 50);
        await load.TurnsToAsync("old", 60, () => Diagnosis.OfAsync(space.Cluster, space.Name, "busy"));
        await space.ApplyAsync(ALambdaThatSays("busy", "new").WithReplicas(2, 3));
        var after = await space.ReadyAsync("busy");
        await load.TurnsToAsync("new", 60, () => Diagnosis.OfAsync(space.Cluster, space.Name, "busy"));
        // Long enough for the last of the old pods to be gone, and for what was in flight with it.
        await Task.Delay(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        var summary = await load.EndAsync();

        Assert.True(load.Failures.Count == 0, summary);
        Assert.NotEqual(before.Status!.Revision, after.Status!.Revision);
        Assert.NotEqual(before.Status.Image, after.Status.Image);
        Assert.Equal(before.Status.Url, after.Status.Url);
    }

    [Fact]
    public async Task A_source_that_is_refused_leaves_the_old_version_serving_and_the_status_says_both()
    {
        var good = await space.ApplyUntilReadyAsync(ALambdaThatSays("source", "good"));
        await space.ApplyAsync(ALambda("source").WithZip(Zip.Of(("../index.js", "exports.handler = () => 'bad';"))));

        await space.ConditionAsync("source", ConditionTypes.Built, ConditionStatus.False, Reasons.SourceInvalid);
        var ready = await AssertOldServesAsync("source");
        Assert.Contains(good.Status!.Revision!, Seen.Condition(ready, ConditionTypes.Ready)!.Message, StringComparison.Ordinal);
        Assert.Equal((good.Status.Revision, good.Status.Image), (ready.Status!.Revision, ready.Status.Image));
    }

    [Fact]
    public async Task A_new_version_that_does_not_load_leaves_the_old_one_serving_and_the_status_says_both()
    {
        await space.ApplyUntilReadyAsync(ALambdaThatSays("load", "good"));
        await space.ApplyAsync(ALambda("load").WithInline("index.js", "throw new Error('bad news');"));

        var deployed = await space.ConditionAsync("load", ConditionTypes.Deployed, ConditionStatus.False, Reasons.LoadFailed);
        Assert.Contains("bad news", deployed.Message, StringComparison.Ordinal);
        await AssertOldServesAsync("load");

        var mended = await space.ApplyUntilReadyAsync(ALambdaThatSays("load", "better"));
        await space.AnswersAsync(mended, "better");
    }

    [Fact]
    public async Task Going_back_to_an_earlier_source_takes_its_image_without_a_second_build()
    {
        var first = await space.ApplyUntilReadyAsync(ALambdaThatSays("back", "one"));
        var second = await space.ApplyUntilReadyAsync(ALambdaThatSays("back", "two"));
        var third = await space.ApplyUntilReadyAsync(ALambdaThatSays("back", "one"));

        Assert.NotEqual(first.Status!.Revision, second.Status!.Revision);
        Assert.Equal((first.Status.Revision, first.Status.Image), (third.Status!.Revision, third.Status.Image));
        await space.AnswersAsync(third, "one");
        Assert.Equal(2, (await space.BuildPodsAsync(first)).Count);
    }

    [Fact]
    public async Task A_Lambda_without_dependencies_that_names_no_pipeline_is_built_without_a_pod_and_changes_as_any_other()
    {
        var lambda = ALambdaThatSays("quick", "one").WithPipeline(null);
        var first = await space.ApplyUntilReadyAsync(lambda);
        await space.AnswersAsync(first, "one");
        Assert.Equal("append", first.Status!.Build!.Pipeline);
        var second = await space.ApplyUntilReadyAsync(ALambdaThatSays("quick", "two").WithPipeline(null));
        await space.AnswersAsync(second, "two");
        Assert.Empty(await space.BuildPodsAsync(first));
        Assert.NotNull(second.Status!.Build!.FinishedAt);
    }

    [Fact]
    public async Task A_change_of_the_environment_restarts_the_pods_and_builds_nothing()
    {
        var lambda = ALambda("env").WithInline("index.js", "exports.handler = () => process.env.COLOUR;");
        var red = await space.ApplyUntilReadyAsync(lambda.WithEnv("COLOUR", "red"));
        await space.AnswersAsync(red, "red");
        var blue = await space.ApplyUntilReadyAsync(lambda.WithEnv("COLOUR", "blue"));
        await space.AnswersAsync(blue, "blue");

        Assert.Equal(red.Status!.Image, blue.Status!.Image);
        Assert.Single(await space.BuildPodsAsync(red));
    }

    private async Task<Lambda> AssertOldServesAsync(string name)
    {
        var ready = await space.UntilAsync(name, "Ready=False for the newest generation, and word of what serves", l =>
            Seen.Condition(l, ConditionTypes.Ready) is { Status: ConditionStatus.False } c && c.ObservedGeneration == l.Metadata.Generation
            && c.Message.Contains("still serves", StringComparison.Ordinal));
        await space.AnswersAsync(ready, "good");
        return ready;
    }
}
