using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Applying;
using Kublambda.Deployer.Triggers;
using Kublambda.Hosting;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer.Watching;

/// <summary>
/// Keeps the objects of every Lambda as they were rendered, and says how they stand whenever that changes. Runs in the
/// leader only. Whatever is missed here is found at the next change, list or start.
/// </summary>
internal sealed partial class WorkloadReconciler(
    WorkQueue<LambdaKey> queue, IKubernetes client, WorkloadDeployer deployer, WorkloadRemover remover, WatcherDeployer watchers, IFactPublisher facts, SaidLast said,
    TimeProvider time, ILogger<WorkloadReconciler> logger) : ReconcileLoop<LambdaKey>(queue, logger)
{
    /// <summary>What is not well is said again after this time, as the message may have been lost.</summary>
    private static readonly TimeSpan RepeatUnsettled = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RepeatSettled = TimeSpan.FromHours(1);

    /// <summary>No event says that a pod has been unready for too long.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookForTriggers = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);
    private readonly ILogger _logger = logger;

    protected override IDisposable? BeginScope(LambdaKey key) => _logger.BeginLambdaScope(key.Namespace, key.Name);

    protected override async Task<TimeSpan?> ReconcileAsync(LambdaKey key, CancellationToken cancellationToken)
    {
        var lambda = await Lambdas.ReadAsync(client, key.Namespace, key.Name, cancellationToken);
        if (lambda is null)
        {
            said.Forget(key);
            return null;
        }

        using var scope = _logger.BeginLambdaScope(LambdaRef.Of(lambda), lambda.Status?.Revision);
        try
        {
            if (lambda.Metadata.DeletionTimestamp is not null)
            {
                await remover.RemoveAsync(LambdaRef.Of(lambda), cancellationToken);
                await watchers.RemoveAsync(LambdaRef.Of(lambda), withBroker: false, cancellationToken);
                return null;
            }

            return await ReconcileAsync(key, lambda, cancellationToken);
        }
        catch (WaitingException e)
        {
            LogWaiting(e.Message, Retry);
            return Retry;
        }
    }

    private async Task<TimeSpan?> ReconcileAsync(LambdaKey key, Lambda lambda, CancellationToken cancellationToken)
    {
        var done = await deployer.DeployAsync(
            LambdaRef.Of(lambda), deployment => TargetWorkload.Choose(lambda, deployment, said.Rendered(key, lambda.Metadata.Uid)), cancellationToken);
        if (done is not var (workload, observed))
            return null;
        var triggers = await watchers.ReconcileAsync(lambda, workload, cancellationToken);
        observed = observed with { Triggers = [.. observed.Triggers, .. triggers] };

        var settled = observed.Status == ConditionStatus.True;
        var now = time.GetUtcNow();
        if (said.IsNews(key, observed, now, settled ? RepeatSettled : RepeatUnsettled))
        {
            LogObserved(observed.Status, observed.Reason, observed.ReadyReplicas);
            await facts.PublishAsync(observed, cancellationToken);
            said.Remember(key, workload, observed, now);
        }

        var patience = settled ? RepeatSettled : Patience(observed);
        // A kind that is not there yet, rights that are given later, a host that another Lambda gives up: no event says when.
        return (triggers.Any(trigger => !trigger.Ready) || observed.Triggers.Any(trigger => trigger.Reason is not null)) && patience > LookForTriggers ? LookForTriggers : patience;
    }

    private static TimeSpan Patience(DeploymentObserved observed) =>
        observed.Reason is Reasons.RollingOut or Reasons.DeploymentPending ? LookAgain : RepeatUnsettled;

    [LoggerMessage(LogLevel.Information, "Deployed is {Status}, {Reason}; {Ready} replicas are ready")]
    private partial void LogObserved(string status, string reason, int ready);

    [LoggerMessage(LogLevel.Information, "Waiting, again in {Delay}: {Why}")]
    private partial void LogWaiting(string why, TimeSpan delay);
}
