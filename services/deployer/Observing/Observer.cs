using System.Text;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Observing;

/// <summary>From what is seen to what is said.</summary>
internal static class Observer
{
    public static DeploymentObserved Observe(WorkloadView view, DateTimeOffset now)
    {
        var rollout = view.Stalled is { } stalled
            ? new Rollout(ConditionStatus.False, stalled.Reason, stalled.Message)
            : Rollout.Of(view, now);
        var ready = view.Pods.Count(PodState.Serves);
        var triggers = TriggerUrls.Of(view, ready > 0);
        return new DeploymentObserved
        {
            Lambda = view.Workload.Lambda,
            Generation = view.Workload.Generation,
            Revision = view.Workload.Revision,
            Image = view.Workload.Image,
            Status = rollout.Status,
            Reason = rollout.Reason,
            Message = Message(rollout, view),
            Serving = ready > 0,
            Url = triggers.Count > 0 ? triggers[0].Url : TriggerUrls.InCluster(view.Workload.Lambda),
            ReadyReplicas = ready,
            Selector = Metadata.SelectorText(view.Workload.Lambda),
            Triggers = triggers,
        };
    }

    private static string Message(Rollout rollout, WorkloadView view)
    {
        var text = new StringBuilder(rollout.Cause);
        if (rollout.Failure is { } failure)
        {
            if (failure.WantsEvents && view.Details.Events.Count > 0)
                text.Append('\n').Append(view.Details.Events[0]);
            if (failure.Remedy is not null)
                text.Append("\nRemedy: ").Append(failure.Remedy);
            if (failure.Log != LogOf.None && view.Details.Log is { Length: > 0 } log)
                text.Append("\nLast lines of the log of ").Append(failure.Pod.Metadata.Name).Append(":\n").Append(log);
        }

        if (view.Note is not null)
            text.Append('\n').Append(view.Note);
        return text.Length <= Limits.MessageLength ? text.ToString() : text.ToString(0, Limits.MessageLength - 4) + " ...";
    }
}
