using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Kubernetes;

namespace Kublambda.Builder.Watching;

/// <summary>In every replica: when a build pod ends, or turns out to have no node, the next of the Lambdas that wait here takes its place.</summary>
public sealed class WaitingBuilds(
    WorkQueue<LambdaRef> queue, IResourceCache<V1Pod> cache, BuildSlots slots, BuildReconciler reconciler, ILogger<WaitingBuilds> logger)
    : ReconcileLoop<LambdaRef>(queue, logger, workers: 2), IResourceHandler<V1Pod>
{
    public void OnChange(ResourceChange<V1Pod> change)
    {
        var ended = change.Type == ChangeType.Deleted || (change.Type == ChangeType.Modified && !BuildPod.TakesPlace(change.Object));
        if (!ended)
            return;
        foreach (var lambda in slots.TakeNext(cache.List()))
            Queue.Add(lambda);
    }

    protected override Task<TimeSpan?> ReconcileAsync(LambdaRef key, CancellationToken cancellationToken) =>
        reconciler.ReconcileAsync(key, generation: null, cancellationToken);
}
