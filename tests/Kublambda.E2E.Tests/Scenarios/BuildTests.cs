using System.Text.RegularExpressions;
using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;
using static Kublambda.E2E.Tests.Cluster.LambdaBuilder;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Nobody is left guessing: what a user sees of a build while it runs and afterwards.</summary>
public sealed class BuildTests(TestNamespace<BuildTests> space, TestCluster cluster) : IClassFixture<TestNamespace<BuildTests>>
{
    [Fact]
    public async Task A_build_is_told_step_by_step_in_status_events_and_metrics()
    {
        var lambda = await space.ApplyUntilReadyAsync(Built("told", "step by step"));
        var build = lambda.Status!.Build!;
        Assert.Equal((BuildPhases.Succeeded, "buildah", lambda.Status.Revision), (build.Phase, build.Pipeline, build.Revision));
        Assert.NotEmpty(build.Steps!);
        Assert.All(build.Steps!, step => Assert.True(build.StartedAt <= step.StartedAt && step.StartedAt <= step.FinishedAt && step.FinishedAt <= build.FinishedAt, $"{step} of {build}"));

        var events = await cluster.Api.CoreV1.ListNamespacedEventAsync(space.Name, fieldSelector: $"involvedObject.uid={lambda.Metadata.Uid}", cancellationToken: TestContext.Current.CancellationToken);
        var said = events.Items.OrderBy(e => e.FirstTimestamp).Select(e => $"{e.Reason}: {e.Message}").ToList();
        Assert.Contains(said, s => s.StartsWith($"{Reasons.Building}: Pod {build.Pod} builds revision {build.Revision}", StringComparison.Ordinal));
        Assert.Contains(said, s => Regex.IsMatch(s, $"^{Reasons.BuildSucceeded}: The image of revision {build.Revision} is in the registry, built in [0-9]+ s by the pipeline buildah"));

        await Eventually.HoldsAsync(
            "metrics of builds", MetricsAsync,
            text => Regex.IsMatch(text, "(?m)^kublambda_builds_finished_total\\{reason=\"BuildSucceeded\"\\} [1-9]")
                && Regex.IsMatch(text, "(?m)^kublambda_build_seconds_count\\{reason=\"BuildSucceeded\"\\} [1-9]")
                && Regex.IsMatch(text, "(?m)^kublambda_builds_waiting [0-9]"),
            30);
    }

    [Fact]
    public async Task The_log_of_a_build_is_shown_to_who_may_read_the_Lambda_also_when_its_pod_is_gone()
    {
        var lambda = await space.ApplyUntilReadyAsync(Built("logged", "kept"));
        var (name, revision) = ($"{space.Name}/logged", lambda.Status!.Revision!);
        var user = $"reader-{space.Name}";
        await AllowAsync(user);
        try
        {
            // Who knows the name alone has not the right to ask.
            Assert.NotEqual(0, (await BuildLog.ShowAsync(user, name)).ExitCode);
            await space.KubectlAsync("create", "role", "reads-lambdas", "--verb=get", "--resource=lambdas.kublambda.dev");
            await space.KubectlAsync("create", "rolebinding", "reads-lambdas", "--role=reads-lambdas", $"--user={user}");
            await ShowsAsync();

            await Eventually.IsTrueAsync(
                "the log to be kept", async () => await cluster.Registry.DigestAsync(Names.Repository(LambdaRef.Of(lambda)), Names.LogTag(revision)) is not null, 30);
            await cluster.Kubectl.RunAsync("-n", BuildPods.Namespace, "delete", "pod", "--ignore-not-found", "-l", $"{Labels.LambdaUid}={lambda.Metadata.Uid}");
            await ShowsAsync();

            var unknown = await BuildLog.ShowAsync(user, name, "0123456789ab");
            Assert.NotEqual(0, unknown.ExitCode);
        }
        finally
        {
            await cluster.Kubectl.TryAsync("-n", Installation.Namespace, "delete", "rolebinding", user);
        }

        async Task ShowsAsync() => await Eventually.HoldsAsync(
            "the log", () => BuildLog.ShowAsync(user, name),
            shown => shown.ExitCode == 0 && shown.Output.StartsWith($"Build of {name}, revision {revision}, pipeline buildah", StringComparison.Ordinal)
                && shown.Output.Contains($"pushed ", StringComparison.Ordinal),
            30);
    }

    private Task<string> AllowAsync(string user) =>
        cluster.Kubectl.RunAsync("-n", Installation.Namespace, "create", "rolebinding", user, "--role=kublambda-build-logs", $"--user={user}");

    // "auto" would make the image without a pod.
    private static LambdaBuilder Built(string name, string says) => ALambdaThatSays(name, says).With(spec => spec with { Build = new BuildSpec { Pipeline = "buildah" } });

    private async Task<string> MetricsAsync()
    {
        var texts = new List<string>();
        foreach (var pod in await cluster.Platform.PodsAsync("builder"))
            texts.Add(await cluster.Kubectl.RunAsync("get", "--raw", $"/api/v1/namespaces/{Installation.Namespace}/pods/{pod.Metadata.Name}:8080/proxy/metrics"));
        return string.Concat(texts);
    }
}
