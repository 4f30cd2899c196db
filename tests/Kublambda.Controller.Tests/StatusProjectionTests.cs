using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Tests;

public sealed partial class StatusProjectionTests
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
}
