using k8s;
using k8s.Models;
using Kublambda.Contracts.Messages;
using Kublambda.Deployer.Applying;
using Kublambda.Hosting;
using MassTransit;

namespace Kublambda.Deployer.Consumers;

/// <summary>
/// Deletes the objects of a Lambda that is being deleted. They would go with it by their owner references, but only once
/// its images are gone; this way the function stops at once.
/// </summary>
internal sealed partial class LambdaDeletedConsumer(IKubernetes client, WorkloadStore store, ILogger<LambdaDeletedConsumer> logger)
    : IConsumer<LambdaDeleted>
{
    private readonly ILogger _logger = logger;

    public async Task Consume(ConsumeContext<LambdaDeleted> context)
    {
        var deleted = context.Message.Lambda;
        using var scope = _logger.BeginLambdaScope(deleted);
        var lambda = await Lambdas.ReadAsync(client, deleted.Namespace, deleted.Name, context.CancellationToken);
        if (lambda is not null && lambda.Metadata.Uid == deleted.Uid && lambda.Metadata.DeletionTimestamp is null)
            return;

        var live = await store.ReadAsync(deleted, context.CancellationToken);
        foreach (var item in new IKubernetesObject<V1ObjectMeta>?[] { live.Ingress, live.Autoscaler, live.Service, live.Deployment })
        {
            if (item is null || item.Metadata.DeletionTimestamp is not null || Ownership.Of(item, deleted) != Owner.Ours)
                continue;
            var step = new Step(StepKind.Delete, item, "its Lambda is being deleted");
            LogStep(step.Kind, item.Kind, step.Why);
            await store.ExecuteAsync(step, context.CancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Kind} {Object}: {Why}")]
    private partial void LogStep(StepKind kind, string @object, string why);
}
