using k8s;
using Kublambda.Contracts.Messages;
using Kublambda.Deployer.Applying;
using Kublambda.Hosting;
using MassTransit;

namespace Kublambda.Deployer.Consumers;

/// <summary>A Lambda is being deleted: deletes its objects.</summary>
internal sealed class LambdaDeletedConsumer(IKubernetes client, WorkloadRemover remover, ILogger<LambdaDeletedConsumer> logger) : IConsumer<LambdaDeleted>
{
    public async Task Consume(ConsumeContext<LambdaDeleted> context)
    {
        var deleted = context.Message.Lambda;
        using var scope = logger.BeginLambdaScope(deleted);
        var lambda = await Lambdas.ReadAsync(client, deleted.Namespace, deleted.Name, context.CancellationToken);
        if (lambda is null || lambda.Metadata.Uid != deleted.Uid || lambda.Metadata.DeletionTimestamp is not null)
            await remover.RemoveAsync(deleted, context.CancellationToken);
    }
}
