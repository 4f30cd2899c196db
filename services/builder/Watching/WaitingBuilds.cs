using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Queueing;
using Kublambda.Contracts;
using Kublambda.Hosting;
using Kublambda.Kubernetes;

namespace Kublambda.Builder.Watching;

/// <summary>
/// In the leading replica: when a build pod ends, or turns out to have no node, those whose turn it is take its place. Without a
/// leader they do so when the controller asks for them again.
/// </summary>
public sealed class WaitingBuilds(
    WorkQueue<LambdaRef> queue, LeaderGate gate, BuildSlots slots, BuildReconciler reconciler, ILogger<WaitingBuilds> logger)
    : ReconcileLoop<LambdaRef>(queue, logger, workers: 3), IResourceHandler<V1Pod>
{
    /// <summary>Stands for a look at the queue.</summary>
    private static readonly LambdaRef Turns = new("", "", "");

    public void OnChange(ResourceChange<V1Pod> change)
    {
        var ended = change.Type == ChangeType.Deleted || (change.Type == ChangeType.Modified && !BuildPod.TakesPlace(change.Object));
        if (ended && gate.IsLeader)
            Queue.Add(Turns);
    }

    protected override Task BeforeWorkAsync(CancellationToken cancellationToken)
    {
        Queue.Add(Turns);
        return Task.CompletedTask;
    }

    protected override IDisposable? BeginScope(LambdaRef key) => key == Turns ? null : logger.BeginLambdaScope(key);

    protected override async Task<TimeSpan?> ReconcileAsync(LambdaRef key, CancellationToken cancellationToken)
    {
        if (key == Turns)
        {
            foreach (var lambda in await slots.NextAsync(cancellationToken))
                Queue.Add(lambda);
            return null;
        }

        var again = await reconciler.ReconcileAsync(key, generation: null, cancellationToken);
        // It may have needed no place after all.
        if (!slots.IsWaiting(key))
            Queue.Add(Turns);
        return again;
    }
}
