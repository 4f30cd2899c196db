using k8s;
using k8s.Models;
using Kublambda.Contracts;

namespace Kublambda.Deployer.Applying;

/// <summary>
/// Deletes the objects of a Lambda that is being deleted. They would go with it by their owner references, but only once
/// its images are gone; this way the function stops at once.
/// </summary>
internal sealed partial class WorkloadRemover(WorkloadStore store, ILogger<WorkloadRemover> logger)
{
    private readonly ILogger _logger = logger;

    /// <summary>What is there and belongs to this Lambda; what another one of the same name has is left alone.</summary>
    public async Task RemoveAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        var live = await store.ReadAsync(lambda, cancellationToken);
        foreach (var item in new IKubernetesObject<V1ObjectMeta>?[] { live.Ingress, live.Autoscaler, live.Service, live.Deployment })
        {
            if (item is null || item.Metadata.DeletionTimestamp is not null || Ownership.Of(item, lambda) != Owner.Ours)
                continue;
            LogDelete(item.Kind);
            await store.ExecuteAsync(new Step(StepKind.Delete, item, "its Lambda is being deleted"), cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Information, "Delete {Object}: its Lambda is being deleted")]
    private partial void LogDelete(string @object);
}
