using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Status;

/// <summary>
/// The status of a Lambda as a pure function of the Lambda and of what the controller has been told about it. Facts
/// come late, twice and in any order: what speaks of another uid or generation changes nothing.
/// </summary>
public static partial class StatusProjection
{
    /// <summary>At first sight and for every new generation: whether the spec is accepted, and that the rest is not known yet.</summary>
    public static LambdaStatus Project(Lambda lambda, Verdict verdict, DateTimeOffset now)
    {
        var status = lambda.Status ?? new LambdaStatus();
        var generation = lambda.Metadata.Generation;
        var conditions = new ConditionSet(status.Conditions, now);
        conditions.Set(
            ConditionTypes.Accepted, verdict.Accepted ? ConditionStatus.True : ConditionStatus.False, verdict.Reason, verdict.Message, generation);
        if (!verdict.Accepted)
        {
            // Of an older generation that runs, Built and Deployed go on speaking.
            Begin(ConditionTypes.Built, Reasons.BuildPending, "Nothing is built until the spec is accepted.", when: conditions[ConditionTypes.Built] is null);
            Begin(ConditionTypes.Deployed, Reasons.DeploymentPending, "Nothing is deployed until the spec is accepted.", when: conditions[ConditionTypes.Deployed] is null);
        }
        else
        {
            Begin(ConditionTypes.Built, Reasons.BuildPending, "The builder has been asked for an image.", when: IsOld(ConditionTypes.Built));
            Begin(ConditionTypes.Deployed, Reasons.DeploymentPending, "Waits for the image.", when: IsOld(ConditionTypes.Deployed));
        }

        conditions.Remove(ConditionTypes.Terminating);
        return Finish(lambda, status with { ObservedGeneration = generation }, conditions);

        bool IsOld(string type) => conditions[type] is not { } condition || condition.ObservedGeneration != generation || status.ObservedGeneration != generation;

        void Begin(string type, string reason, string message, bool when)
        {
            if (when)
                conditions.Set(type, ConditionStatus.Unknown, reason, message, generation);
        }
    }

    /// <summary>How the workload stands.</summary>
    public static LambdaStatus? Project(Lambda lambda, DeploymentObserved fact, DateTimeOffset now)
    {
        if (IsTerminating(lambda) || lambda.Metadata.Uid != fact.Lambda.Uid || fact.Generation > lambda.Metadata.Generation || lambda.Status is not { } status)
            return null;
        var conditions = new ConditionSet(status.Conditions, now);
        var seen = status with
        {
            Url = fact.Url,
            Replicas = fact.ReadyReplicas,
            Selector = fact.Selector,
            Triggers = fact.Triggers.Count == 0 ? null : fact.Triggers,
        };
        // The workload of an older generation says whether anything serves, and nothing about this one.
        if (!IsCurrent(lambda, fact.Lambda, fact.Generation))
            return Finish(lambda, seen, conditions);
        if (status.Revision != fact.Revision || status.Image != fact.Image)
        {
            if (conditions.IsTrue(ConditionTypes.Built, fact.Generation))
                return null;
            // It overtook the LambdaBuilt that it follows from.
            SetBuilt(conditions, fact.Revision, null, fact.Generation);
            seen = seen with { Revision = fact.Revision, Image = fact.Image };
        }

        conditions.Set(ConditionTypes.Deployed, fact.Status, fact.Reason, fact.Message, fact.Generation);
        return Finish(lambda, seen, conditions, servesMeanwhile: fact.Serving);
    }

    /// <summary>The Lambda is being deleted.</summary>
    public static LambdaStatus Terminating(Lambda lambda, DateTimeOffset now)
    {
        var status = lambda.Status ?? new LambdaStatus();
        var conditions = new ConditionSet(status.Conditions, now);
        if (conditions[ConditionTypes.Terminating] is null)
        {
            conditions.Set(
                ConditionTypes.Terminating, ConditionStatus.True, Reasons.CleaningUp,
                $"Pods, services and builds are ended, and the images in {Names.Repository(LambdaRef.Of(lambda))} are deleted.", lambda.Metadata.Generation);
        }

        return Finish(lambda, status with { ObservedGeneration = lambda.Metadata.Generation }, conditions);
    }

    /// <summary>As <see cref="Terminating"/>; null where the Lambda is not being deleted.</summary>
    public static LambdaStatus? TerminatingOrNull(Lambda lambda, DateTimeOffset now) => IsTerminating(lambda) ? Terminating(lambda, now) : null;

    /// <summary>The clean-up waits for something.</summary>
    public static LambdaStatus? Project(Lambda lambda, CleanupDelayed fact, DateTimeOffset now)
    {
        if (!IsTerminating(lambda) || lambda.Metadata.Uid != fact.Lambda.Uid)
            return null;
        var status = lambda.Status ?? new LambdaStatus();
        var conditions = new ConditionSet(status.Conditions, now);
        conditions.Set(ConditionTypes.Terminating, ConditionStatus.False, fact.Reason, fact.Message, lambda.Metadata.Generation);
        return Finish(lambda, status, conditions);
    }

    public static bool IsTerminating(Lambda lambda) => lambda.Metadata.DeletionTimestamp is not null;

    /// <summary>About this very object and spec, and a spec that was accepted.</summary>
    private static bool IsCurrent(Lambda lambda, LambdaRef about, long generation) =>
        !IsTerminating(lambda)
        && lambda.Metadata.Uid == about.Uid
        && lambda.Metadata.Generation == generation
        && new ConditionSet(lambda.Status?.Conditions, default).IsTrue(ConditionTypes.Accepted, generation);

    private static LambdaStatus Finish(Lambda lambda, LambdaStatus status, ConditionSet conditions, bool? servesMeanwhile = null)
    {
        ReadySummary.Set(conditions, status, lambda.Metadata.Generation, servesMeanwhile, lambda.Spec.Triggers ?? []);
        return status with { Conditions = conditions.ToList() };
    }
}
