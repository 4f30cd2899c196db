using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;
using Kublambda.Triggers.Policy;

namespace Kublambda.Deployer.Triggers;

/// <summary>What a Lambda's resource triggers may watch, and which of them cannot start and why.</summary>
/// <param name="Targets">What the watcher is to be given the right to: without doubles, in a fixed order.</param>
/// <param name="Refused">Triggers that do not start, with reason and message.</param>
internal sealed record WatchPlan(IReadOnlyList<WatchTarget> Targets, IReadOnlyList<TriggerStatus> Refused)
{
    /// <param name="lambda">Whose.</param>
    /// <param name="triggers">Its resource triggers; others are passed over.</param>
    /// <param name="kinds">What discovery says; null where the cluster has no such kind.</param>
    /// <param name="policy">What the installation allows.</param>
    /// <param name="holds">Whether the deployer has the right itself, and so can give it.</param>
    public static WatchPlan Of(
        LambdaRef lambda, IEnumerable<TriggerSpec> triggers, Func<ResourceTrigger, KindResource?> kinds, TriggerPolicy policy, Func<WatchTarget, bool> holds)
    {
        var targets = new List<WatchTarget>();
        var refused = new List<TriggerStatus>();
        foreach (var trigger in triggers)
        {
            if (trigger.Resource is not { } resource)
                continue;
            if (Refusal(lambda, resource, kinds(resource), policy, holds, out var wanted) is { } refusal)
                refused.Add(refusal with { Name = trigger.Name });
            else
                targets.AddRange(wanted);
        }

        return new WatchPlan(
            [.. targets.Distinct().OrderBy(t => t.Namespace, StringComparer.Ordinal).ThenBy(t => t.Resource.Group, StringComparer.Ordinal).ThenBy(t => t.Resource.Plural, StringComparer.Ordinal)],
            refused);
    }

    /// <summary>What a trigger wants to watch; nothing where there is no such kind.</summary>
    public static IEnumerable<WatchTarget> Wanted(LambdaRef lambda, ResourceTrigger trigger, KindResource? kind) =>
        kind is not { Watchable: true } ? [] : NamespacesOf(lambda, trigger, kind).Select(ns => new WatchTarget(kind, ns));

    private static TriggerStatus? Refusal(
        LambdaRef lambda, ResourceTrigger trigger, KindResource? kind, TriggerPolicy policy, Func<WatchTarget, bool> holds, out IReadOnlyList<WatchTarget> targets)
    {
        targets = [];
        if (kind is null)
        {
            return new TriggerStatus
            {
                Reason = Reasons.KindNotFound,
                Message = $"No API of this cluster has the kind {trigger.Kind} in {trigger.ApiVersion}; it is looked for again and again, and the trigger starts when it is there.\n"
                    + "Remedy: install what defines it (its CRD), or correct apiVersion and kind.",
            };
        }

        if (!kind.Watchable)
        {
            return new TriggerStatus
            {
                Reason = Reasons.KindNotFound,
                Message = $"The API server does not let anybody watch {kind.Plural} of {trigger.ApiVersion}.\nRemedy: name another kind.",
            };
        }

        targets = [.. Wanted(lambda, trigger, kind)];
        var forbidden = targets.Where(target => !policy.Allows(lambda.Namespace, kind.Group, kind.Kind, target.Namespace)).ToList();
        if (forbidden.Count == 0)
            return targets.All(holds) ? null : BeyondOwn(trigger, kind);
        return new TriggerStatus
        {
            Reason = Reasons.TriggerForbidden,
            Message = $"The policy of this installation does not let Lambdas of the namespace {lambda.Namespace} watch {kind.Kind} in {Where(forbidden, kind)}.\n"
                + "Remedy: watch something else, or ask the operator to add to rules in its trigger-policy.yaml:\n"
                + string.Join('\n', forbidden.Select(f => TriggerPolicy.RuleFor(lambda.Namespace, kind.Group, kind.Kind, f.Namespace))),
        };
    }

    /// <summary>Kublambda's own rights do not reach so far.</summary>
    public static TriggerStatus BeyondOwn(ResourceTrigger trigger, KindResource kind) => new()
    {
        Reason = Reasons.TriggerForbidden,
        Message = $"Kublambda itself may not watch {trigger.Kind} in {trigger.ApiVersion}, so it cannot give this right on.\n"
            + "Remedy: watch something else, or ask the operator to add to rules of the ClusterRole kublambda-watchable:\n"
            + $"- {{apiGroups: [{(kind.Group.Length == 0 ? "\"\"" : kind.Group)}], resources: [{kind.Plural}], verbs: [get, list, watch]}}",
    };

    /// <summary>Null stands for all.</summary>
    private static IEnumerable<string?> NamespacesOf(LambdaRef lambda, ResourceTrigger trigger, KindResource kind)
    {
        if (!kind.Namespaced || trigger.Namespaces?.Contains(TriggerPolicy.All) == true)
            return [null];
        return trigger.Namespaces is { Count: > 0 } named ? named.Distinct(StringComparer.Ordinal) : [lambda.Namespace];
    }

    private static string Where(List<WatchTarget> targets, KindResource kind) =>
        targets is [{ Namespace: null }, ..]
            ? kind.Namespaced ? "all namespaces" : "the cluster (it has no namespace)"
            : $"the namespace {string.Join(", ", targets.Select(t => t.Namespace))}";
}
