using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using MassTransit;

namespace Kublambda.Controller.Consumers;

/// <summary>Projects what the other services report on the status. Runs in every replica.</summary>
public sealed class OutcomeConsumer(StatusWriter statuses)
    : IConsumer<BuildQueued>, IConsumer<BuildStarted>, IConsumer<LambdaBuilt>, IConsumer<BuildFailed>, IConsumer<DeploymentObserved>, IConsumer<CleanupDelayed>
{
    public Task Consume(ConsumeContext<BuildQueued> context) => ProjectAsync(context, context.Message.Lambda, StatusProjection.Project);

    public Task Consume(ConsumeContext<BuildStarted> context) => ProjectAsync(context, context.Message.Lambda, StatusProjection.Project);

    public Task Consume(ConsumeContext<LambdaBuilt> context) => ProjectAsync(context, context.Message.Lambda, StatusProjection.Project);

    public Task Consume(ConsumeContext<BuildFailed> context) => ProjectAsync(context, context.Message.Lambda, StatusProjection.Project);

    public Task Consume(ConsumeContext<DeploymentObserved> context) => ProjectAsync(context, context.Message.Lambda, StatusProjection.Project);

    public Task Consume(ConsumeContext<CleanupDelayed> context) => ProjectAsync(context, context.Message.Lambda, StatusProjection.Project);

    private Task ProjectAsync<T>(ConsumeContext<T> context, LambdaRef about, Func<Lambda, T, DateTimeOffset, LambdaStatus?> project)
        where T : class =>
        statuses.ProjectAsync(about, (lambda, now) => project(lambda, context.Message, now), context.CancellationToken);
}

/// <summary>Facts about one Lambda one after the other: they write the same object.</summary>
public sealed class OutcomeConsumerDefinition : ConsumerDefinition<OutcomeConsumer>
{
    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<OutcomeConsumer> consumerConfigurator, IRegistrationContext context)
    {
#pragma warning disable CA2000 // It lives as long as the endpoint.
        var partitions = endpointConfigurator.CreatePartitioner(16);
#pragma warning restore CA2000
        consumerConfigurator.Message<BuildQueued>(message => message.UsePartitioner(partitions, each => each.Message.Lambda.Uid));
        consumerConfigurator.Message<BuildStarted>(message => message.UsePartitioner(partitions, each => each.Message.Lambda.Uid));
        consumerConfigurator.Message<LambdaBuilt>(message => message.UsePartitioner(partitions, each => each.Message.Lambda.Uid));
        consumerConfigurator.Message<BuildFailed>(message => message.UsePartitioner(partitions, each => each.Message.Lambda.Uid));
        consumerConfigurator.Message<DeploymentObserved>(message => message.UsePartitioner(partitions, each => each.Message.Lambda.Uid));
        consumerConfigurator.Message<CleanupDelayed>(message => message.UsePartitioner(partitions, each => each.Message.Lambda.Uid));
    }
}
