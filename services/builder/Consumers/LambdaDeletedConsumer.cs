using Kublambda.Builder.Builds;
using Kublambda.Contracts.Messages;
using Kublambda.Hosting;
using MassTransit;

namespace Kublambda.Builder.Consumers;

/// <summary>A Lambda is being deleted: its builds end.</summary>
public sealed class LambdaDeletedConsumer(BuildLauncher launcher, ILogger<LambdaDeletedConsumer> logger) : IConsumer<LambdaDeleted>
{
    public async Task Consume(ConsumeContext<LambdaDeleted> context)
    {
        using var scope = logger.BeginLambdaScope(context.Message.Lambda);
        await launcher.CancelAllAsync(context.Message.Lambda, context.CancellationToken);
    }
}
