using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Tests;

public sealed class StatusProjectionTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
    private static readonly Verdict Refusal = new(false, Reasons.Invalid, "spec.handler: no");
    private readonly Lambda _lambda = new ALambda().Build();
    private DateTimeOffset _now = Start;

    private static LambdaRef Ref => new("shop", "hello", ALambda.Uid);

    private LambdaBuilt Built(long generation = 1, string revision = "aaa") =>
        new() { Lambda = Ref, Generation = generation, Revision = revision, Image = $"host/shop/hello@sha256:{revision}", Pipeline = "buildah", FinishedAt = _now };

    private BuildFailed Failed(long generation = 1, string? revision = "aaa", bool final = true) => new()
    {
        Lambda = Ref,
        Generation = generation,
        Revision = revision,
        Reason = Reasons.BuildFailed,
        Message = "npm failed.",
        Log = "line 1\nline 2",
        Final = final,
        FinishedAt = _now,
    };

    private BuildStarted Started(long generation = 1, string revision = "aaa") =>
        new() { Lambda = Ref, Generation = generation, Revision = revision, Pipeline = "buildah", Pod = "kublambda-builds/p", StartedAt = _now };

    private static DeploymentObserved Observed(
        long generation = 1, string revision = "aaa", string status = ConditionStatus.True, string reason = Reasons.DeploymentSucceeded, bool serving = true,
        int ready = 1, string message = "Runs.") => new()
        {
            Lambda = Ref,
            Generation = generation,
            Revision = revision,
            Image = $"host/shop/hello@sha256:{revision}",
            Status = status,
            Reason = reason,
            Message = message,
            Serving = serving,
            Url = "http://hello",
            ReadyReplicas = ready,
            Selector = "a=b",
        };

    private StatusProjectionTests See(Verdict? verdict = null)
    {
        _lambda.Status = StatusProjection.Project(_lambda, verdict ?? Verdict.Valid, _now);
        return this;
    }

    /// <summary>Takes a fact in, ten seconds later; returns whether it changed anything.</summary>
    private bool Tell(object fact)
    {
        _now += TimeSpan.FromSeconds(10);
        var status = fact switch
        {
            BuildStarted started => StatusProjection.Project(_lambda, started, _now),
            LambdaBuilt built => StatusProjection.Project(_lambda, built, _now),
            BuildFailed failed => StatusProjection.Project(_lambda, failed, _now),
            DeploymentObserved observed => StatusProjection.Project(_lambda, observed, _now),
            CleanupDelayed delayed => StatusProjection.Project(_lambda, delayed, _now),
            _ => throw new ArgumentException(fact.ToString()),
        };
        var changed = status is not null && !StatusEquality.Same(_lambda.Status, status);
        _lambda.Status = status ?? _lambda.Status;
        return changed;
    }

    private string Conditions() =>
        string.Join(' ', _lambda.Status!.Conditions!.Select(condition => $"{condition.Type}={condition.Status}/{condition.Reason}"));

    private LambdaCondition Condition(string type) => _lambda.Status!.Conditions!.Single(condition => condition.Type == type);

    private StatusProjectionTests Running()
    {
        See();
        Tell(Built());
        Tell(Observed());
        return this;
    }

    [Fact]
    public void At_first_sight_every_condition_is_written()
    {
        See();
        Assert.Equal("Accepted=True/Valid Built=Unknown/BuildPending Deployed=Unknown/DeploymentPending Ready=Unknown/BuildPending", Conditions());
        Assert.Equal(1, _lambda.Status!.ObservedGeneration);
        Assert.All(_lambda.Status.Conditions!, condition => Assert.Equal(1, condition.ObservedGeneration));
    }

    [Fact]
    public void The_commit_of_a_git_source_is_told_and_the_next_one_of_the_same_files_too()
    {
        const string first = "0123456789abcdef0123456789abcdef01234567", second = "fedcba9876543210fedcba9876543210fedcba98";
        See();
        Tell(Started() with { Commit = first });
        Assert.Equal(first, _lambda.Status!.Build!.Commit);
        Assert.Contains("builds revision aaa, of commit 0123456789ab:", Condition(ConditionTypes.Built).Message, StringComparison.Ordinal);
        Tell(Built() with { Commit = first });
        Tell(Observed());
        Assert.EndsWith(", of commit 0123456789ab.", Condition(ConditionTypes.Built).Message, StringComparison.Ordinal);
        Assert.True(Tell(Built() with { Commit = second }));
        Assert.Equal(second, _lambda.Status!.Build!.Commit);
        Assert.Equal(ConditionStatus.True, Condition(ConditionTypes.Ready).Status);
    }

    [Fact]
    public void The_way_to_ready_is_told_step_by_step()
    {
        See();
        Assert.True(Tell(Started()));
        Assert.Equal("Accepted=True/Valid Built=Unknown/Building Deployed=Unknown/DeploymentPending Ready=Unknown/Building", Conditions());
        Assert.True(Tell(Built()));
        Assert.Equal("Accepted=True/Valid Built=True/BuildSucceeded Deployed=Unknown/DeploymentPending Ready=Unknown/DeploymentPending", Conditions());
        Assert.True(Tell(Observed(status: ConditionStatus.Unknown, reason: Reasons.RollingOut, serving: false, ready: 0)));
        Assert.Equal("Accepted=True/Valid Built=True/BuildSucceeded Deployed=Unknown/RollingOut Ready=Unknown/RollingOut", Conditions());
        Assert.True(Tell(Observed()));
        Assert.Equal("Accepted=True/Valid Built=True/BuildSucceeded Deployed=True/DeploymentSucceeded Ready=True/Ready", Conditions());
        Assert.Equal(("aaa", "http://hello", 1, "a=b"), (_lambda.Status!.Revision, _lambda.Status.Url, _lambda.Status.Replicas, _lambda.Status.Selector));
        Assert.Equal("Revision aaa answers requests at http://hello.", Condition(ConditionTypes.Ready).Message);
        Assert.Equal("kublambda-builds/p", _lambda.Status.Build!.Pod);
    }

    [Fact]
    public void What_is_told_twice_changes_nothing()
    {
        Running();
        Assert.False(Tell(Observed()));
        Assert.False(Tell(Built() with { FinishedAt = null }));
        var before = _lambda.Status;
        See();
        Assert.True(StatusEquality.Same(before, _lambda.Status!));
    }

    [Fact]
    public void Times_of_transition_move_with_the_status_alone_and_are_whole_seconds()
    {
        See();
        var first = Condition(ConditionTypes.Built).LastTransitionTime;
        Assert.Equal(0, first.Millisecond);
        Tell(Started());
        Assert.Equal(first, Condition(ConditionTypes.Built).LastTransitionTime);
        Tell(Built());
        Assert.Equal(first + TimeSpan.FromSeconds(20), Condition(ConditionTypes.Built).LastTransitionTime);
    }

    [Fact]
    public void Facts_about_another_uid_or_generation_change_nothing()
    {
        See();
        Assert.False(Tell(Built() with { Lambda = Ref with { Uid = "other" } }));
        Assert.False(Tell(Built(generation: 0)));
        Assert.False(Tell(Failed(generation: 2)));
        Assert.False(Tell(Observed(generation: 2)));
        Assert.False(Tell(Observed() with { Lambda = Ref with { Uid = "other" } }));
    }

    [Fact]
    public void A_failed_build_says_why_with_the_last_lines()
    {
        See();
        Tell(Failed());
        Assert.Equal("Accepted=True/Valid Built=False/BuildFailed Deployed=Unknown/DeploymentPending Ready=False/BuildFailed", Conditions());
        Assert.Equal("npm failed.\nline 1\nline 2", Condition(ConditionTypes.Ready).Message);
        Assert.Equal("line 1\nline 2", _lambda.Status!.Build!.Log);
    }

    [Fact]
    public void When_a_new_build_fails_the_status_names_what_serves()
    {
        Running();
        _lambda.Metadata.Generation = 2;
        See();
        Assert.Equal("Accepted=True/Valid Built=Unknown/BuildPending Deployed=Unknown/DeploymentPending Ready=Unknown/BuildPending", Conditions());
        Tell(Failed(2, "bbb"));
        Assert.Equal("npm failed.\nline 1\nline 2\nRevision aaa still serves at http://hello.", Condition(ConditionTypes.Ready).Message);
        Assert.Equal("aaa", _lambda.Status!.Revision);
        Assert.Equal("http://hello", _lambda.Status.Url);
    }

    [Fact]
    public void When_a_new_spec_is_refused_the_old_version_stays_and_is_named()
    {
        Running();
        _lambda.Metadata.Generation = 2;
        See(Refusal);
        Assert.Equal("Accepted=False/Invalid Built=True/BuildSucceeded Deployed=True/DeploymentSucceeded Ready=False/Invalid", Conditions());
        Assert.Equal("spec.handler: no\nRevision aaa still serves at http://hello.", Condition(ConditionTypes.Ready).Message);
        Assert.Equal(1, Condition(ConditionTypes.Built).ObservedGeneration);

        // The workload of the old generation is still reported; when it is gone, nobody says that it serves.
        Assert.True(Tell(Observed(generation: 1, status: ConditionStatus.False, reason: Reasons.CrashLoop, serving: false, ready: 0)));
        Assert.Equal("spec.handler: no", Condition(ConditionTypes.Ready).Message);
        Assert.Equal("Accepted=False/Invalid Built=True/BuildSucceeded Deployed=True/DeploymentSucceeded Ready=False/Invalid", Conditions());

        _lambda.Metadata.Generation = 3;
        See();
        Assert.Equal("Accepted=True/Valid Built=Unknown/BuildPending Deployed=Unknown/DeploymentPending Ready=Unknown/BuildPending", Conditions());
    }

    [Fact]
    public void A_roll_out_that_fails_while_the_old_pods_serve_says_both()
    {
        Running();
        _lambda.Metadata.Generation = 2;
        See();
        Tell(Built(2, "bbb"));
        Tell(Observed(2, "bbb", ConditionStatus.False, Reasons.HandlerNotFound, serving: true, message: "No export \"x\"."));
        Assert.Equal(
            "Accepted=True/Valid Built=True/BuildSucceeded Deployed=False/HandlerNotFound Ready=False/HandlerNotFound", Conditions());
        Assert.Equal("No export \"x\".\nThe revision before still serves at http://hello.", Condition(ConditionTypes.Ready).Message);
    }

    [Fact]
    public void A_first_roll_out_that_fails_does_not_claim_that_anything_serves()
    {
        See();
        Tell(Built());
        Tell(Observed(status: ConditionStatus.False, reason: Reasons.LoadFailed, serving: false, ready: 0, message: "Syntax error."));
        Assert.Equal("Syntax error.", Condition(ConditionTypes.Ready).Message);
        Tell(Observed(status: ConditionStatus.False, reason: Reasons.LoadFailed, serving: true, ready: 1, message: "One of two loads."));
        Assert.Equal("One of two loads.", Condition(ConditionTypes.Ready).Message);
    }

    [Fact]
    public void Facts_out_of_order_end_in_the_same_state()
    {
        See();
        var started = Started();
        Tell(Built());
        Assert.False(Tell(started));
        Assert.False(Tell(Failed()));
        Assert.False(Tell(Failed(revision: null, final: false)));
        Assert.Equal(ConditionStatus.True, Condition(ConditionTypes.Built).Status);
    }

    [Fact]
    public void A_late_start_does_not_hide_a_failure_and_a_second_try_does()
    {
        See();
        var late = Started();
        Tell(Failed());
        Assert.False(Tell(late));
        Assert.True(Tell(Started()));
        Assert.Equal(Reasons.Building, Condition(ConditionTypes.Built).Reason);
    }

    [Fact]
    public void An_observation_that_overtakes_the_build_stands_for_it()
    {
        See();
        Assert.True(Tell(Observed()));
        Assert.Equal("Accepted=True/Valid Built=True/BuildSucceeded Deployed=True/DeploymentSucceeded Ready=True/Ready", Conditions());
        Assert.Equal("host/shop/hello@sha256:aaa", _lambda.Status!.Image);
        Assert.False(Tell(Observed(revision: "zzz")));
    }

    [Fact]
    public void A_new_image_of_the_same_generation_is_not_ready_before_it_is_rolled_out()
    {
        Running();
        Tell(Built(revision: "bbb"));
        Assert.Equal("Accepted=True/Valid Built=True/BuildSucceeded Deployed=Unknown/DeploymentPending Ready=Unknown/DeploymentPending", Conditions());
        Assert.Contains("still serves", Condition(ConditionTypes.Ready).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lambda_that_is_being_deleted_says_how_far_that_is_and_hears_nothing_else()
    {
        Running();
        _lambda.Metadata.DeletionTimestamp = new DateTime(2026, 1, 2, 3, 5, 0, DateTimeKind.Utc);
        _lambda.Metadata.Generation = 2;
        _lambda.Status = StatusProjection.Terminating(_lambda, _now);
        Assert.Contains("Ready=False/CleaningUp Terminating=True/CleaningUp", Conditions(), StringComparison.Ordinal);
        Assert.True(Tell(new CleanupDelayed { Lambda = Ref, Reason = Reasons.RegistryUnavailable, Message = "No answer." }));
        Assert.Contains("Ready=False/RegistryUnavailable Terminating=False/RegistryUnavailable", Conditions(), StringComparison.Ordinal);
        Assert.False(Tell(Observed(2)));
        Assert.False(Tell(Built(2)));
        Assert.True(StatusEquality.Same(_lambda.Status, StatusProjection.Terminating(_lambda, _now)));
    }

    [Fact]
    public void Messages_and_logs_are_cut_and_keep_beginning_and_end()
    {
        See();
        Tell(Failed() with { Message = "Cause. " + new string('x', 20_000), Log = string.Concat(Enumerable.Range(0, 3000).Select(i => $"log {i} ä\n")) });
        var message = Condition(ConditionTypes.Built).Message;
        Assert.True(message.Length <= Limits.MessageLength);
        Assert.StartsWith("Cause. ", message, StringComparison.Ordinal);
        Assert.EndsWith("log 2999 ä", message, StringComparison.Ordinal);
        Assert.StartsWith("log ", _lambda.Status!.Build!.Log, StringComparison.Ordinal);
        Assert.True(System.Text.Encoding.UTF8.GetByteCount(_lambda.Status.Build.Log!) <= Limits.LogTailBytes);
    }

    [Fact]
    public void Every_change_of_reason_is_an_event_and_failures_are_warnings()
    {
        See();
        var before = _lambda.Status!;
        Assert.Equal(["Valid"], ConditionEvents.Between(null, before).Select(item => item.Reason));
        Tell(Failed());
        var failure = Assert.Single(ConditionEvents.Between(before, _lambda.Status!));
        Assert.True(failure.Warning);
        Assert.Equal("npm failed.\nline 1\nline 2", failure.Message);
        Assert.Empty(ConditionEvents.Between(_lambda.Status, _lambda.Status!));
    }

    [Fact]
    public void The_pace_follows_the_state()
    {
        See();
        Assert.Equal(Pace.Unsettled, Pace.Next(_lambda, _lambda.Status, _now));
        Assert.Equal(Pace.Stuck, Pace.Next(_lambda, _lambda.Status, _now + TimeSpan.FromMinutes(11)));
        Running();
        Assert.Equal(Pace.Settled, Pace.Next(_lambda, _lambda.Status, _now));
        _lambda.Metadata.Generation = 2;
        Assert.Equal(Pace.Unsettled, Pace.Next(_lambda, _lambda.Status, _now));
        See(Refusal);
        Assert.Equal(Pace.Settled, Pace.Next(_lambda, _lambda.Status, _now));
        var deleted = new ALambda().Deleted().Build();
        var at = new DateTimeOffset(deleted.Metadata.DeletionTimestamp!.Value);
        Assert.Equal([3, 5, 10], new[] { 1, 60, 600 }.Select(age => Pace.Next(deleted, null, at + TimeSpan.FromSeconds(age)).TotalSeconds));
    }
}
