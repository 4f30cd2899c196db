using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;

namespace Kublambda.Controller.Tests;

/// <summary>What fails, comes out of order, or ends.</summary>
public sealed partial class StatusProjectionTests
{
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
