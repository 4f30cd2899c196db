using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.ClusterTests;

/// <summary>Faults of a Lambda itself: what the user reads, and what mends it.</summary>
public sealed class BuildFaultTests(Cluster cluster) : BuildScenario(cluster)
{
    [Fact]
    public async Task A_step_that_fails_is_named_with_the_end_of_its_log_and_does_not_run_again()
    {
        Pipeline("test", "exec 2>&1; echo https://me:hunter2@git.example.com/x; for i in $(seq 100); do echo \"line $i\"; done; echo broken >&2; exit 3");
        var builder = await StartAsync();
        var lambda = ALambda("fails");
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, fault: "step failed");

        Assert.Equal(Reasons.BuildFailed, failed.Reason);
        Assert.True(failed.Final);
        Assert.Contains("\"build\" failed (exit code 3)", failed.Message, StringComparison.Ordinal);
        Assert.EndsWith("line 100\nbroken", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("line 1\n", failed.Log, StringComparison.Ordinal);
        Assert.Equal("build", failed.Step);
        var repository = Names.Repository(LambdaRef.Of(lambda));
        await Cluster.EventuallyAsync(async () => await Cluster.Registry.HeadManifestAsync(repository, Names.LogTag(failed.Revision!), Stop) is not null, "the log is kept", 10);

        await builder.ChangedAsync(lambda);
        Assert.Single(await builder.PodsAsync());
        // The pod goes, the status stays.
        await ClearAsync(builder);
        var log = await builder.LogAsync(lambda, failed.Revision!);
        Assert.Contains("failed", log, StringComparison.Ordinal);
        Assert.Contains("exit code 3\nhttps://me:***@git.example.com/x\nline 1\nline 2\n", log, StringComparison.Ordinal);
        Assert.EndsWith("line 100\nbroken\n", log, StringComparison.Ordinal);
        Assert.Null(await builder.LogAsync(ALambda("fails"), failed.Revision!));
        Lambdas[LambdaRef.Of(lambda)] = lambda with { Status = Failed(lambda, failed) };
        builder.Said.Clear();
        await builder.ChangedAsync(lambda);
        Assert.Empty(await builder.PodsAsync());
        Assert.Empty(builder.Said);

        // A new value of the annotation is a new revision.
        Lambdas[LambdaRef.Of(lambda)].Metadata.Annotations = new Dictionary<string, string> { [Labels.Rebuild] = "1" };
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
        var failed = await builder.FailsAsync(lambda, fault: "build over its time");
        Assert.Equal((Reasons.BuildTimeout, true, "started"), (failed.Reason, failed.Final, failed.Log));
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
        var failed = await builder.FailsAsync(lambda, fault: "build out of memory");
        Assert.Equal((Reasons.BuildOutOfMemory, true, "hungry"), (failed.Reason, failed.Final, failed.Log));
        Assert.Contains("24Mi", failed.Message, StringComparison.Ordinal);

        var first = Assert.Single(await builder.PodsAsync());
        var more = Change(lambda, l => l with { Build = new() { Resources = new() { Limits = new Dictionary<string, string> { ["memory"] = "25Mi" } } } });
        await builder.ChangedAsync(more);
        var second = await builder.SaysAsync<BuildFailed>(more, f => f.Generation == 2 && f.Revision is not null);
        Assert.Equal(failed.Revision, second.Revision);
        Assert.NotEqual(first.Uid(), Assert.Single(await builder.PodsAsync()).Uid());
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
        var failed = await builder.FailsAsync(huge, fault: "no node has room");
        Assert.Equal((Reasons.BuildPodRejected, false), (failed.Reason, failed.Final));
        Assert.Contains("Insufficient cpu", failed.Message, StringComparison.Ordinal);
        await builder.SaysAsync<BuildFailed>(small);

        var modest = Change(huge, l => l with { Build = null });
        await builder.ChangedAsync(modest);
        await builder.SaysAsync<BuildFailed>(modest, f => f.Reason == Reasons.BuildFailed);
    }

    [Fact]
    public async Task A_pipeline_that_is_not_there_is_named_with_those_that_are()
    {
        var builder = await StartAsync();
        var lambda = ALambda("nowhere", l => l with { Build = new() { Pipeline = "bazel" } });
        var asked = DateTimeOffset.UtcNow;
        await builder.ChangedAsync(lambda);
        var failed = await builder.FailsAsync(lambda, asked, fault: "unknown pipeline");
        Assert.Equal((Reasons.UnknownPipeline, true), (failed.Reason, failed.Final));
        Assert.Contains("\"bazel\"", failed.Message, StringComparison.Ordinal);
        Assert.Contains("buildah", failed.Message, StringComparison.Ordinal);
        Assert.Empty(await builder.PodsAsync());
    }

    private static LambdaStatus Failed(Lambda lambda, BuildFailed failed) => new()
    {
        Build = new() { Revision = failed.Revision },
        Conditions = [new() { Type = ConditionTypes.Built, Status = ConditionStatus.False, Reason = failed.Reason, ObservedGeneration = lambda.Metadata.Generation }],
    };
}
