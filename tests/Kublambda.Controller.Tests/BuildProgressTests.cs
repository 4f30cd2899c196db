using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Tests;

/// <summary>A build from the queue to its end, as <c>status.build</c> and Events tell it.</summary>
public sealed class BuildProgressTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly LambdaRef Ref = new("shop", "hello", ALambda.Uid);
    private readonly Lambda _lambda = new ALambda().Build();
    private readonly List<string> _events = [];

    public BuildProgressTests() => _lambda.Status = StatusProjection.Project(_lambda, Verdict.Valid, Now);

    private BuildStatus Build => _lambda.Status!.Build!;

    private static BuildQueued Queued(int place, int waiting) =>
        new() { Lambda = Ref, Generation = 1, Revision = "aaa", Pipeline = "buildah", QueuedAt = Now.AddMilliseconds(700), Place = place, Waiting = waiting };

    private static BuildStarted Started(params string[] steps) => new()
    {
        Lambda = Ref,
        Generation = 1,
        Revision = "aaa",
        Pipeline = "buildah",
        Pod = "kublambda-builds/p",
        StartedAt = Now.AddSeconds(30),
        Step = steps.LastOrDefault(),
        Steps = Steps(steps, ended: false),
    };

    private static LambdaBuilt Built() => new()
    {
        Lambda = Ref,
        Generation = 1,
        Revision = "aaa",
        Image = "host/shop/hello@sha256:aaa",
        Pipeline = "buildah",
        Pod = "kublambda-builds/p",
        StartedAt = Now.AddSeconds(30),
        FinishedAt = Now.AddSeconds(37),
        Steps = Steps(["fetch", "image"], ended: true),
    };

    private static BuildStepStatus[] Steps(string[] names, bool ended) =>
        [.. names.Select((name, i) => new BuildStepStatus { Name = name, StartedAt = Now.AddSeconds(31 + i), FinishedAt = ended || i < names.Length - 1 ? Now.AddSeconds(32 + i) : null })];

    [Fact]
    public void Queued_started_each_step_and_finished_are_told_with_times_and_each_is_an_event()
    {
        Tell(StatusProjection.Project(_lambda, Queued(3, 12), Now));
        Assert.Equal((BuildPhases.Queued, 3, Now), (Build.Phase, Build.Place, Build.QueuedAt));
        Tell(StatusProjection.Project(_lambda, Queued(2, 11), Now));
        Assert.Equal(2, Build.Place);
        Tell(StatusProjection.Project(_lambda, Started(), Now));
        Assert.Equal((BuildPhases.Running, null, null, Now.AddSeconds(30)), (Build.Phase, Build.Step, Build.Place, Build.StartedAt));
        Tell(StatusProjection.Project(_lambda, Started("fetch"), Now));
        Tell(StatusProjection.Project(_lambda, Started("fetch", "image"), Now));
        Assert.Equal(("image", Now), (Build.Step, Build.QueuedAt));
        Tell(StatusProjection.Project(_lambda, Built(), Now));
        Assert.Equal((BuildPhases.Succeeded, null, Now, Now.AddSeconds(37)), (Build.Phase, Build.Step, Build.QueuedAt, Build.FinishedAt));
        Assert.Equal(["fetch", "image"], Build.Steps!.Select(s => s.Name));
        Assert.Equal(
            [
                "BuildQueued: Place 3 of 12 in the queue: all places for builds are taken. It starts by itself; the operator can add places (the setting Build__MaxConcurrent).",
                "Building: Pod kublambda-builds/p builds revision aaa: it is being started.",
                "Building: Pod kublambda-builds/p builds revision aaa: it runs the step \"fetch\".",
                "Building: Pod kublambda-builds/p builds revision aaa: it runs the step \"image\".",
                "BuildSucceeded: The image of revision aaa is in the registry, built in 7 s by the pipeline buildah.",
            ],
            _events.Where(e => !e.StartsWith("Deployment", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_pod_between_two_steps_and_a_build_of_no_time_are_told_as_such()
    {
        Tell(StatusProjection.Project(_lambda, Started("fetch") with { Step = null }, Now));
        Assert.EndsWith("it begins its next step.", _events[^1], StringComparison.Ordinal);
        Tell(StatusProjection.Project(_lambda, Built() with { StartedAt = Now, FinishedAt = Now.AddMilliseconds(400) }, Now));
        Assert.Contains(_events, e => e.Contains("built in under a second by the pipeline buildah", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_told_late_hides_nothing()
    {
        Tell(StatusProjection.Project(_lambda, Started("fetch", "image"), Now));
        Assert.Null(StatusProjection.Project(_lambda, Queued(1, 1), Now));
        Assert.Null(StatusProjection.Project(_lambda, Started("fetch"), Now));
        Assert.Equal("image", Build.Step);
        Tell(StatusProjection.Project(_lambda, Built(), Now));
        Assert.Null(StatusProjection.Project(_lambda, Queued(1, 1), Now));
        Assert.Null(StatusProjection.Project(_lambda, Started("fetch", "image"), Now));
        Assert.Equal(BuildPhases.Succeeded, Build.Phase);
    }

    [Fact]
    public void A_second_try_that_has_to_wait_is_queued_again()
    {
        Tell(StatusProjection.Project(_lambda, Started("fetch"), Now));
        Tell(StatusProjection.Project(_lambda, Queued(1, 1) with { QueuedAt = Now.AddSeconds(60) }, Now));
        Assert.Equal((BuildPhases.Queued, Now.AddSeconds(60)), (Build.Phase, Build.QueuedAt));
    }

    [Theory]
    [InlineData(false, BuildPhases.Running)]
    [InlineData(true, BuildPhases.Failed)]
    public void A_pod_that_is_held_up_still_runs_and_one_that_ended_failed_at_its_step(bool ended, string phase)
    {
        Tell(StatusProjection.Project(
            _lambda,
            new BuildFailed
            {
                Lambda = Ref,
                Generation = 1,
                Revision = "aaa",
                Pod = "kublambda-builds/p",
                Reason = Reasons.BuildImageUnavailable,
                Message = "No.",
                Final = false,
                Step = "image",
                StartedAt = Now,
                FinishedAt = ended ? Now.AddSeconds(1) : null,
            },
            Now));
        Assert.Equal((phase, "image"), (Build.Phase, Build.Step));
    }

    private void Tell(LambdaStatus? status)
    {
        Assert.NotNull(status);
        _events.AddRange(ConditionEvents.Between(_lambda.Status, status).Select(e => $"{e.Reason}: {e.Message}"));
        _lambda.Status = status;
    }
}
