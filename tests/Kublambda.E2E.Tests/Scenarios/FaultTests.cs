using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using Kublambda.Tests;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>
/// Nobody is left guessing: each fault has its reason, says what to do, shows the end of the log where there is one, and stands in the status
/// within ten seconds. Faults of what builds stand on (registry, memory, quota, images of steps) are in Kublambda.Builder.ClusterTests.
/// </summary>
public sealed class FaultTests(SourceTests.Space space) : IClassFixture<SourceTests.Space>
{
    private const string Code = "exports.handler = () => 'x';\n";

    /// <summary>A fault, and what has to be told of it.</summary>
    /// <param name="Lambda">Has it.</param>
    /// <param name="Condition">Where it is told.</param>
    /// <param name="Reason">As what.</param>
    /// <param name="Since">What counts as its moment.</param>
    /// <param name="Words">What its message has: cause, remedy, last lines of the log.</param>
    private sealed record Fault(LambdaBuilder Lambda, string Condition, string Reason, Moment Since, params string[] Words);

    private enum Moment
    {
        Applied,
        BuildEnded,
        BuildOverItsTime,
        FunctionEnded,
        FunctionCreated,
    }

    [Fact]
    public async Task Each_fault_of_a_source_is_told_within_ten_seconds()
    {
        await space.Server.CommitAsync("main", "index.js", Code);
        var sha256 = await space.Server.PackAsync("code.tar.gz", 1000);
        await HoldAsync(
            new(ALambda("bad-git-ref").With(s => s with { Source = new() { Git = new() { Url = space.Server.GitUrl, Revision = "nope" } } }),
                ConditionTypes.Built, Reasons.SourceNotFound, Moment.Applied, "no branch or tag \"nope\"", "Look at spec.source.git.revision"),
            new(ALambda("wrong-sha256").With(s => s with { Source = new() { Archive = new() { Url = space.Server.FileUrl("code.tar.gz"), Sha256 = new string('0', 64) } } }),
                ConditionTypes.Built, Reasons.SourceChecksumMismatch, Moment.Applied, sha256, "spec.source.archive.sha256"),
            new(ALambda("unknown-pipeline").WithInline("index.js", Code).WithPipeline("bazel"),
                ConditionTypes.Built, Reasons.UnknownPipeline, Moment.Applied, "\"bazel\"", "buildah"));
    }

    [Fact]
    public async Task Each_fault_of_a_function_is_told_within_ten_seconds() => await HoldAsync(
        new(ALambda("syntax-error").WithPipeline("append").WithInline("index.js", "exports.handler = () => {\n  return 'never;\n};\n"),
            ConditionTypes.Deployed, Reasons.LoadFailed, Moment.FunctionEnded, "SyntaxError", "index.js:2", "Remedy"),
        new(ALambda("missing-module").WithPipeline("append").WithInline("index.js", "require('nowhere');\n" + Code),
            ConditionTypes.Deployed, Reasons.LoadFailed, Moment.FunctionEnded, "nowhere", "Remedy"),
        new(ALambda("unpullable-image").With(s => s with
        {
            Runtime = Runtimes.Image,
            Handler = null,
            Build = null,
            Source = new() { Image = new() { Reference = $"localhost:5000/no/such@sha256:{new string('0', 64)}" } },
        }),
            ConditionTypes.Deployed, Reasons.ImagePullFailed, Moment.FunctionCreated, "localhost:5000/no/such"));

    [Fact]
    public async Task Each_fault_of_a_build_is_told_within_ten_seconds_with_the_end_of_its_log() => await HoldAsync(
        new(Installs("missing-dependency", """{"dependencies": {"@kublambda/no-such-package": "1.0.0"}}"""),
            ConditionTypes.Built, Reasons.BuildFailed, Moment.BuildEnded, "\"install\" failed", "change the source", "last lines of its log", "npm ERR!", "no-such-package"),
        new(Installs("over-its-time", """{"scripts": {"preinstall": "sleep 600"}, "dependencies": {"itself": "file:."}}""", b => b with { TimeoutSeconds = 15 }),
            ConditionTypes.Built, Reasons.BuildTimeout, Moment.BuildOverItsTime, "longer than 15 s", "spec.build.timeoutSeconds"),
        new(Installs("evicted", """{"scripts": {"preinstall": "head -c 60000000 /dev/zero >/tmp/full; sleep 600"}, "dependencies": {"itself": "file:."}}""",
                b => b with { Resources = Limits("ephemeral-storage", "20Mi") }),
            ConditionTypes.Built, Reasons.BuildEvicted, Moment.BuildEnded, "ephemeral local storage usage exceeds", "The operator should look at"));

    private static LambdaBuilder Installs(string name, string package, Func<BuildSpec, BuildSpec>? with = null) =>
        ALambda(name).WithInline("index.js", Code).WithInline("package.json", package).With(s => s with { Build = with?.Invoke(s.Build!) ?? s.Build });

    private static ComputeResources Limits(string resource, string amount) => new()
    {
        Limits = new Dictionary<string, string> { [resource] = amount },
        Requests = new Dictionary<string, string> { [resource] = amount },
    };

    private async Task HoldAsync(params Fault[] faults)
    {
        await space.ApplyAsync(faults.Select(f => f.Lambda));
        await Task.WhenAll(faults.Select(HoldsAsync));
    }

    private async Task HoldsAsync(Fault fault)
    {
        var name = fault.Lambda.Name;
        var lambda = await space.UntilAsync(name, $"{fault.Condition}=False because {fault.Reason}",
            l => Seen.Condition(l, fault.Condition) is { Status: ConditionStatus.False } c && c.Reason == fault.Reason);
        var told = DateTimeOffset.UtcNow;
        var (since, what) = await MomentAsync(lambda, fault.Since);
        FaultReport.Told(name, fault.Reason, told - since, what);
        var message = Seen.Condition(lambda, fault.Condition)!.Message;
        Assert.All(fault.Words, word => Assert.Contains(word, message, StringComparison.Ordinal));
        await space.DeleteAsync(name);
    }

    private async Task<(DateTimeOffset Since, string What)> MomentAsync(Lambda lambda, Moment moment) => moment switch
    {
        Moment.Applied => (Utc(lambda.Metadata.CreationTimestamp), "it was applied"),
        Moment.BuildEnded => (lambda.Status!.Build!.FinishedAt!.Value, "the end of the build"),
        Moment.BuildOverItsTime => (lambda.Status!.Build!.StartedAt!.Value.AddSeconds(lambda.Spec.Build!.TimeoutSeconds!.Value), "its time was over"),
        Moment.FunctionCreated => (Utc((await PodAsync(lambda)).Metadata.CreationTimestamp), "the creation of the pod"),
        _ => (FirstEnd(await PodAsync(lambda)), "the end of the function"),
    };

    private async Task<V1Pod> PodAsync(Lambda lambda) => (await space.PodsAsync(lambda)).MinBy(p => p.Metadata.CreationTimestamp)!;

    private static DateTimeOffset FirstEnd(V1Pod pod)
    {
        var status = pod.Status.ContainerStatuses.Single();
        return new[] { status.State?.Terminated, status.LastState?.Terminated }.OfType<V1ContainerStateTerminated>().Min(t => Utc(t.FinishedAt));
    }

    private static DateTimeOffset Utc(DateTime? time) => new(DateTime.SpecifyKind(time!.Value, DateTimeKind.Utc));
}
