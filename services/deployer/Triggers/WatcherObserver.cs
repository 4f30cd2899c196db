using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Hosting.Broker;
using Kublambda.Triggers.Policy;

namespace Kublambda.Deployer.Triggers;

/// <summary>From what is seen of a watcher to the status of each trigger.</summary>
internal static class WatcherObserver
{
    public static IReadOnlyList<TriggerStatus> Observe(WatcherView view) =>
        [.. view.Triggers.Select(trigger => Of(trigger, view, view.Reports.FirstOrDefault(r => r.Name == trigger.Name)))];

    private static TriggerStatus Of(TriggerSpec trigger, WatcherView view, TriggerStatus? report)
    {
        var status = Standing(trigger, view, report);
        // What was counted is said whatever hinders it now.
        return report is null ? status with { Name = trigger.Name } : status with
        {
            Name = trigger.Name,
            Seen = report.Seen,
            Matched = report.Matched,
            Delivered = report.Delivered,
            Failed = report.Failed,
            Waiting = report.Waiting,
            LastError = report.LastError,
        };
    }

    private static TriggerStatus Standing(TriggerSpec trigger, WatcherView view, TriggerStatus? report)
    {
        if (view.Plan.Refused.FirstOrDefault(r => r.Name == trigger.Name) is { } refusal)
            return refusal;
        if (view.Failure is { } failure)
            return Not(failure is StalledException or BrokerException ? Reasons.TriggerFailing : Reasons.TriggerPending, $"The watcher cannot be set up: {failure.Message}");
        if (RefusalOf(trigger, view) is { } refused)
            return refused;
        if (!view.Shared && view.Deployment?.Status?.AvailableReplicas is not > 0)
        {
            return view.Trouble is { } trouble
                ? Not(Reasons.TriggerFailing, $"The watcher does not run: {trouble}")
                : Not(Reasons.TriggerPending, report is { Ready: false, Message: { Length: > 0 } said } ? $"The watcher is not ready yet. {said}" : "The watcher starts.");
        }

        if (report is null)
        {
            return Not(Reasons.TriggerPending, view.Shared
                ? "The shared watcher has not begun with it yet. If this lasts, look at the Deployment watcher in the installation's namespace."
                : "The watcher begins.");
        }

        return new TriggerStatus { Ready = report.Ready, Reason = report.Ready ? null : report.Reason ?? Reasons.TriggerPending, Message = report.Message };
    }

    /// <summary>Rights that the API server did not let the deployer give: above its own, or in a namespace that is not there.</summary>
    private static TriggerStatus? RefusalOf(TriggerSpec trigger, WatcherView view)
    {
        var resource = trigger.Resource!;
        var everywhere = resource.Namespaces?.Contains(TriggerPolicy.All) == true;
        foreach (var (ns, error) in view.Refused)
        {
            var concerned = ns is null
                ? everywhere || view.Plan.Targets.Any(t => t.Namespace is null && t.Resource.Kind == resource.Kind)
                : !everywhere && (resource.Namespaces is { Count: > 0 } named ? named.Contains(ns) : view.Home == ns);
            if (!concerned)
                continue;
            var kind = view.Plan.Targets.FirstOrDefault(t => t.Resource.Kind == resource.Kind)?.Resource;
            return error is StalledException && error.Message.Contains("attempting to grant", StringComparison.Ordinal) && kind is not null
                ? WatchPlan.BeyondOwn(resource, kind)
                : Not(Reasons.TriggerFailing, error.Message);
        }

        return null;
    }

    private static TriggerStatus Not(string reason, string message) => new() { Reason = reason, Message = message };
}
