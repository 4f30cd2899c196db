using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Hosting;
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
        if (ended)
            Next();
    }

    protected override IDisposable? BeginScope(LambdaRef key) => logger.BeginLambdaScope(key);

    protected override async Task<TimeSpan?> ReconcileAsync(LambdaRef key, CancellationToken cancellationToken)
    {
        var again = await reconciler.ReconcileAsync(key, generation: null, cancellationToken);
        // It may have needed no place after all. Where it waits again, the cache is behind: the next change comes by itself.
        if (!slots.IsWaiting(key))
            Next();
        return again;
    }

    private void Next()
    {
        foreach (var lambda in slots.TakeNext(cache.List()))
            Queue.Add(lambda);
    }
}
