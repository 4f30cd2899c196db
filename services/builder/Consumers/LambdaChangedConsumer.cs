using Kublambda.Builder.Builds;
using Kublambda.Contracts.Messages;
using Kublambda.Hosting;
using MassTransit;

namespace Kublambda.Builder.Consumers;

/// <summary>A Lambda changed, or is not settled yet: look at its build.</summary>
public sealed class LambdaChangedConsumer(BuildReconciler reconciler, ILogger<LambdaChangedConsumer> logger) : IConsumer<LambdaChanged>
{
    public async Task Consume(ConsumeContext<LambdaChanged> context)
    {
        using var scope = logger.BeginLambdaScope(context.Message.Lambda);
        await reconciler.ReconcileAsync(context.Message.Lambda, context.Message.Generation, context.CancellationToken);
    }
}
