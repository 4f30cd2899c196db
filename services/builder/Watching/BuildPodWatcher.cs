using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Logs;
using Kublambda.Contracts;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Watching;

/// <summary>
/// In the leading replica: looks at a Lambda again whenever one of its build pods changes in a way that matters, when a
/// retry is due, and removes pods that ended long enough ago.
/// </summary>
public sealed partial class BuildPodWatcher(
    WorkQueue<LambdaRef> queue, IResourceCache<V1Pod> cache, LeaderGate gate, BuildReconciler reconciler, BuildAnnouncer announcer,
    BuildPods pods, BuildLogs logs, BuildMetrics metrics,
    IOptions<BuildOptions> options, TimeProvider time, ILogger<BuildPodWatcher> logger) : ReconcileLoop<LambdaRef>(queue, logger), IResourceHandler<V1Pod>
{
    /// <summary>When the registry is asked again to take a log.</summary>
    private static readonly TimeSpan StoreAgain = TimeSpan.FromSeconds(15);
    private readonly ILogger _logger = logger;

    public void OnChange(ResourceChange<V1Pod> change)
    {
        // Others than the leader would collect keys that nobody takes; whoever leads next begins with what is there.
        if (!gate.IsLeader || BuildPod.LambdaOf(change.Object) is not { } lambda)
            return;
        if (change.Type == ChangeType.Modified && change.Old is { } old && BuildPodReport.Of(old) == BuildPodReport.Of(change.Object))
            return;
        if (change is { Type: ChangeType.Modified, Old: { } before } && BuildPod.IsActive(before) && !BuildPod.IsActive(change.Object))
            metrics.Finished(change.Object);
        Queue.Add(lambda);
    }

    protected override async Task BeforeWorkAsync(CancellationToken cancellationToken)
    {
        await cache.WaitForSyncAsync(cancellationToken);
        foreach (var lambda in cache.List().Select(BuildPod.LambdaOf).OfType<LambdaRef>().Distinct())
            Queue.Add(lambda);
    }

    protected override IDisposable? BeginScope(LambdaRef key) => _logger.BeginLambdaScope(key);

    protected override async Task<TimeSpan?> ReconcileAsync(LambdaRef key, CancellationToken cancellationToken)
    {
        V1Pod[] own = [.. cache.List().Where(p => p.GetLabel(Labels.LambdaUid) == key.Uid)];
        // The next step runs: nothing else is to be done, and the pod says all about it.
        if (own is [var pod] && pod.Metadata.DeletionTimestamp is null && BuildPodReport.Of(pod) is { Phase: BuildPhase.Active, Reason: null, Running: not null })
        {
            await announcer.StartedAsync(pod, BuildPod.GenerationOf(pod), cancellationToken);
            return null;
        }

        var retry = await reconciler.ReconcileAsync(key, generation: null, cancellationToken);
        var removal = await RemoveOldAsync(key, cancellationToken);
        return retry is { } a && removal is { } b ? (a < b ? a : b) : retry ?? removal;
    }

    private async Task<TimeSpan?> RemoveOldAsync(LambdaRef key, CancellationToken cancellationToken)
    {
        TimeSpan? next = null;
        foreach (var pod in cache.List().Where(p => p.GetLabel(Labels.LambdaUid) == key.Uid))
        {
            if (BuildPodReport.FinishedAt(pod) is not { } ended)
                continue;
            var stored = await logs.StoreAsync(pod, cancellationToken);
            var keep = pod.Status.Phase == "Succeeded" ? options.Value.KeepSucceeded : options.Value.KeepFailed;
            var left = ended + (stored ? keep : keep + options.Value.KeepFailed) - time.GetUtcNow();
            if (left > TimeSpan.Zero)
            {
                var look = stored || left < StoreAgain ? left : StoreAgain;
                next = next is { } earlier && earlier < look ? earlier : look;
                continue;
            }

            LogRemoved(pod.Name());
            await pods.DeleteAsync(pod, cancellationToken);
        }

        return next;
    }

    [LoggerMessage(LogLevel.Debug, "Build pod {Pod} ended long ago and is removed")]
    private partial void LogRemoved(string pod);
}
