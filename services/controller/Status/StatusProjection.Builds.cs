using System.Globalization;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;

namespace Kublambda.Controller.Status;

/// <summary>What the builder says.</summary>
public static partial class StatusProjection
{
    /// <summary>It waits for a place to build.</summary>
    public static LambdaStatus? Project(Lambda lambda, BuildQueued fact, DateTimeOffset now)
    {
        if (!IsCurrent(lambda, fact.Lambda, fact.Generation))
            return null;
        var status = lambda.Status!;
        var conditions = new ConditionSet(status.Conditions, now);
        var queued = ConditionSet.WholeSeconds(fact.QueuedAt);
        // Told after the pod that it waited for, or after its outcome.
        if (IsBuilt(status, conditions, fact.Revision, fact.Generation) || (status.Build?.Revision == fact.Revision && status.Build.StartedAt >= queued))
            return null;

        conditions.Set(
            ConditionTypes.Built, ConditionStatus.Unknown, Reasons.BuildQueued,
            $"Place {fact.Place} of {fact.Waiting} in the queue: all places for builds are taken. It starts by itself; the operator can add places (the setting Build__MaxConcurrent).", fact.Generation);
        var build = new BuildStatus { Revision = fact.Revision, Pipeline = fact.Pipeline, Commit = fact.Commit, Phase = BuildPhases.Queued, Place = fact.Place, QueuedAt = queued };
        return Finish(lambda, status with { Build = build }, conditions);
    }

    /// <summary>A build runs.</summary>
    public static LambdaStatus? Project(Lambda lambda, BuildStarted fact, DateTimeOffset now)
    {
        if (!IsCurrent(lambda, fact.Lambda, fact.Generation))
            return null;
        var status = lambda.Status!;
        var conditions = new ConditionSet(status.Conditions, now);
        var started = ConditionSet.WholeSeconds(fact.StartedAt);
        // Told after its own outcome, or after a later step.
        if (IsBuilt(status, conditions, fact.Revision, fact.Generation))
            return null;
        if (status.Build is { } build && build.Revision == fact.Revision && (build.FinishedAt >= started || (build.StartedAt == started && build.Steps?.Count > fact.Steps.Count)))
            return null;

        var how = fact.Pod is null ? $"The builder builds revision {fact.Revision}{Of(fact.Commit)}."
            : $"Pod {fact.Pod} builds revision {fact.Revision}{Of(fact.Commit)}: it {(fact.Step is null ? fact.Steps.Count == 0 ? "is being started" : "begins its next step" : $"runs the step \"{fact.Step}\"")}.";
        conditions.Set(ConditionTypes.Built, ConditionStatus.Unknown, Reasons.Building, how, fact.Generation);
        var running = new BuildStatus
        {
            Revision = fact.Revision,
            Pipeline = fact.Pipeline,
            Commit = fact.Commit,
            Pod = fact.Pod,
            Phase = BuildPhases.Running,
            Step = fact.Step,
            QueuedAt = QueuedAt(status, fact.Revision),
            StartedAt = started,
            Steps = Steps(fact.Steps),
        };
        return Finish(lambda, status with { Build = running }, conditions);
    }

    /// <summary>The image is there.</summary>
    public static LambdaStatus? Project(Lambda lambda, LambdaBuilt fact, DateTimeOffset now)
    {
        if (!IsCurrent(lambda, fact.Lambda, fact.Generation))
            return null;
        var status = lambda.Status!;
        var conditions = new ConditionSet(status.Conditions, now);
        // Where nothing had to be built, what is known about the build of this revision stays.
        var old = status.Build?.Revision == fact.Revision ? status.Build : null;
        var build = new BuildStatus
        {
            Revision = fact.Revision,
            Pipeline = fact.Pipeline,
            Commit = fact.Commit,
            Pod = fact.Pod ?? old?.Pod,
            Phase = BuildPhases.Succeeded,
            QueuedAt = old?.QueuedAt,
            StartedAt = WholeSeconds(fact.StartedAt) ?? old?.StartedAt,
            FinishedAt = WholeSeconds(fact.FinishedAt) ?? old?.FinishedAt,
            Steps = Steps(fact.Steps) ?? old?.Steps,
        };
        SetBuilt(conditions, fact.Revision, build, fact.Generation);
        if (status.Image != fact.Image && conditions.IsTrue(ConditionTypes.Deployed, fact.Generation))
            conditions.Set(ConditionTypes.Deployed, ConditionStatus.Unknown, Reasons.DeploymentPending, "Waits for the new image to be rolled out.", fact.Generation);
        return Finish(lambda, status with { Revision = fact.Revision, Image = fact.Image, Build = build }, conditions);
    }

    /// <summary>The build failed.</summary>
    public static LambdaStatus? Project(Lambda lambda, BuildFailed fact, DateTimeOffset now)
    {
        if (!IsCurrent(lambda, fact.Lambda, fact.Generation))
            return null;
        var status = lambda.Status!;
        var conditions = new ConditionSet(status.Conditions, now);
        // An image that is there stays there: told late, or a passing fault at a later look.
        if (conditions.IsTrue(ConditionTypes.Built, fact.Generation) && (fact.Revision == status.Revision || (fact.Revision is null && !fact.Final)))
            return null;

        var log = string.IsNullOrWhiteSpace(fact.Log) ? null : Text.Tail(fact.Log.TrimEnd(), Limits.LogTailBytes);
        var message = log is null || fact.Message.Contains(log, StringComparison.Ordinal) ? fact.Message : $"{fact.Message}\n{log}";
        conditions.Set(ConditionTypes.Built, ConditionStatus.False, fact.Reason, message, fact.Generation);
        var build = new BuildStatus
        {
            Revision = fact.Revision,
            Pipeline = fact.Pipeline,
            Commit = fact.Commit,
            Pod = fact.Pod,
            // A pod that is held up runs on, until its time is up.
            Phase = fact is { Pod: not null, FinishedAt: null } ? BuildPhases.Running : BuildPhases.Failed,
            Step = fact.Step,
            QueuedAt = QueuedAt(status, fact.Revision),
            StartedAt = WholeSeconds(fact.StartedAt),
            FinishedAt = WholeSeconds(fact.FinishedAt),
            Log = log,
            Steps = Steps(fact.Steps),
        };
        return Finish(lambda, status with { Build = build }, conditions);
    }

    private static bool IsBuilt(LambdaStatus status, ConditionSet conditions, string revision, long generation) =>
        conditions.IsTrue(ConditionTypes.Built, generation) && status.Revision == revision;

    private static void SetBuilt(ConditionSet conditions, string revision, BuildStatus? build, long generation) => conditions.Set(
        ConditionTypes.Built, ConditionStatus.True, Reasons.BuildSucceeded, $"The image of revision {revision} is in the registry{Took(build)}{Of(build?.Commit)}.", generation);

    private static string Took(BuildStatus? build) => build is { StartedAt: { } start, FinishedAt: { } end }
        ? string.Create(CultureInfo.InvariantCulture, $", built in {(end - start < TimeSpan.FromSeconds(1) ? "under a second" : $"{(end - start).TotalSeconds:0} s")} by the pipeline {build.Pipeline}")
        : "";

    private static string Of(string? commit) => commit is null ? "" : $", of commit {commit[..Math.Min(commit.Length, 12)]}";

    private static DateTimeOffset? QueuedAt(LambdaStatus status, string? revision) =>
        revision is not null && status.Build?.Revision == revision ? status.Build.QueuedAt : null;

    private static IReadOnlyList<BuildStepStatus>? Steps(IReadOnlyList<BuildStepStatus> steps) => steps.Count == 0
        ? null
        : [.. steps.Select(s => s with { StartedAt = WholeSeconds(s.StartedAt), FinishedAt = WholeSeconds(s.FinishedAt) })];

    private static DateTimeOffset? WholeSeconds(DateTimeOffset? time) => time is { } set ? ConditionSet.WholeSeconds(set) : null;
}
