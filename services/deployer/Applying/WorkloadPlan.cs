using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Applying;

internal enum StepKind
{
    Delete,

    /// <summary>Makes fields that somebody else added ours, so that the following apply takes them away.</summary>
    Adopt,
    Apply,

    /// <summary>
    /// Sets the number of replicas under a field manager of its own. The autoscaler owns it from its first change on, but
    /// until then it must have an owner: a field that its last owner stops applying falls back to its default, one.
    /// </summary>
    SetReplicas,
}

/// <summary>One write.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Object">The rendered object to apply, the live one otherwise.</param>
/// <param name="Why">For the log.</param>
/// <param name="Replicas">Of <see cref="StepKind.SetReplicas"/>.</param>
/// <param name="Repair">True: somebody else changed the object, and this and what follows for it puts it right.</param>
internal sealed record Step(StepKind Kind, IKubernetesObject<V1ObjectMeta> Object, string Why, int Replicas = 0, bool Repair = false)
{
    public override string ToString() => $"{Kind} {Object.Kind}: {Why}";
}

/// <summary>What has to be written so that the live objects are as rendered; empty when they are.</summary>
internal static class WorkloadPlan
{
    /// <exception cref="StalledException">A needed name is taken by an object that is not ours.</exception>
    /// <exception cref="WaitingException">An object of ours is being deleted.</exception>
    public static IReadOnlyList<Step> Of(RenderedWorkload rendered, LiveWorkload live)
    {
        var lambda = rendered.Workload.Lambda;
        // All are looked at before the first is written: a name that is taken leaves nothing half done.
        return
        [
            .. ForDeployment(rendered, live.Deployment),
            .. For(rendered.Service, live.Service, lambda),
            .. For(rendered.Autoscaler, live.Autoscaler, lambda),
            .. For(rendered.Ingress, live.Ingress, lambda),
        ];
    }

    private static List<Step> ForDeployment(RenderedWorkload rendered, V1Deployment? live)
    {
        var steps = For(rendered.Deployment, live, rendered.Workload.Lambda);
        if (rendered.Deployment.Spec.Replicas is not null)
            return steps;

        var min = rendered.Workload.MinReplicas;
        var ours = live is not null && Ownership.Of(live, rendered.Workload.Lambda) == Owner.Ours ? live : null;
        var replicas = ours?.Spec.Replicas ?? 1;
        if (ours is not null && ForeignFields.AppliesReplicas(ours))
            steps.Insert(0, new Step(StepKind.SetReplicas, ours, "the autoscaler takes over", Math.Max(replicas, min)));
        else if (replicas < min)
            steps.Add(new Step(StepKind.SetReplicas, rendered.Deployment, $"{replicas} replicas are below the minimum", min));
        return steps;
    }

    private static List<Step> For<T>(T? rendered, T? live, LambdaRef lambda)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (live is null)
            return rendered is null ? [] : [new Step(StepKind.Apply, rendered, "it is missing")];

        switch (Ownership.Of(live, lambda))
        {
            case Owner.Stranger when rendered is null:
                return [];
            case Owner.Stranger:
                throw new StalledException(Reasons.NameTaken,
                    $"A {rendered.Kind} named {live.Metadata.Name} exists in the namespace {live.Metadata.NamespaceProperty} and does not belong to this "
                    + "Lambda; it is left alone.\nRemedy: rename or delete one of the two.");
            case Owner.Predecessor:
                var delete = new Step(StepKind.Delete, live, "it is left from an earlier Lambda of this name");
                return rendered is null ? [delete] : [delete, new Step(StepKind.Apply, rendered, "it is missing")];
        }

        if (live.Metadata.DeletionTimestamp is not null)
            throw new WaitingException($"{live.Kind} {lambda} is being deleted.");
        if (rendered is null)
            return [new Step(StepKind.Delete, live, "it is not wanted any more")];
        var changed = Stamp.On(live) != Stamp.On(rendered);
        if (ForeignFields.Managers(live) is { Count: > 0 } managers)
        {
            var why = $"it has fields of {string.Join(", ", managers)}";
            return [new Step(StepKind.Adopt, live, why, Repair: !changed), new Step(StepKind.Apply, rendered, why)];
        }

        if (changed)
            return [new Step(StepKind.Apply, rendered, "its inputs changed")];
        return Drift.Find(rendered, live) is { } path ? [new Step(StepKind.Apply, rendered, $"{path} was changed", Repair: true)] : [];
    }
}
