using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Triggers;
using Kublambda.Hosting;
using MassTransit;

namespace Kublambda.Deployer.Consumers;

/// <summary>An image is there: runs it, and says how the workload stands.</summary>
internal sealed partial class LambdaBuiltConsumer(
    IKubernetes client, WorkloadDeployer deployer, WatcherDeployer watchers, IFactPublisher facts, ILogger<LambdaBuiltConsumer> logger) : IConsumer<LambdaBuilt>
{
    private readonly ILogger _logger = logger;

    public async Task Consume(ConsumeContext<LambdaBuilt> context)
    {
        var built = context.Message;
        using var scope = _logger.BeginLambdaScope(built.Lambda, built.Revision);
        var lambda = await Lambdas.ReadAsync(client, built.Lambda.Namespace, built.Lambda.Name, context.CancellationToken);
        if (Stale(lambda, built) is { } why)
        {
            LogStale(why);
            return;
        }

        var workload = Workload.Of(lambda!, built.Revision, built.Image);
        if (await deployer.DeployAsync(built.Lambda, _ => workload, context.CancellationToken) is { } done)
        {
            // Setting a watcher up is the leader's, whom the change of the status wakes.
            var triggers = await watchers.ObserveAsync(lambda!, workload, context.CancellationToken);
            await facts.PublishAsync(done.Observed with { Triggers = [.. done.Observed.Triggers, .. triggers] }, context.CancellationToken);
        }
    }

    /// <returns>Why the message no longer holds; null where it does.</returns>
    internal static string? Stale(Lambda? lambda, LambdaBuilt built)
    {
        if (lambda is null || lambda.Metadata.Uid != built.Lambda.Uid)
            return "that Lambda is gone";
        if (lambda.Metadata.DeletionTimestamp is not null)
            return "the Lambda is being deleted";
        if (lambda.Metadata.Generation != built.Generation)
            return $"it is about generation {built.Generation}, the Lambda is at {lambda.Metadata.Generation}";
        return TargetWorkload.IsTrue(lambda, ConditionTypes.Accepted, built.Generation) ? null : "this generation is not accepted";
    }

    [LoggerMessage(LogLevel.Information, "A message is dropped: {Why}")]
    private partial void LogStale(string why);
}
