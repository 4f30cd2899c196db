using System.Net;
using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Controller.Status;
using Kublambda.Hosting;
using MassTransit;

namespace Kublambda.Controller.Consumers;

/// <summary>Nothing of a Lambda is left: takes our finalizer off, and only ours, if it is this very object and is being deleted.</summary>
public sealed partial class ImagesDeletedConsumer(LambdaApi api, ILogger<ImagesDeletedConsumer> logger) : IConsumer<ImagesDeleted>
{
    private readonly ILogger _logger = logger;

    public async Task Consume(ConsumeContext<ImagesDeleted> context)
    {
        var about = context.Message.Lambda;
        // A conflict is a transient fault: the message is tried again, with the Lambda as it is then.
        if (await api.ReadAsync(about.Namespace, about.Name, context.CancellationToken) is not { Lambda: var lambda }
            || lambda.Metadata.Uid != about.Uid
            || !StatusProjection.IsTerminating(lambda)
            || lambda.Metadata.Finalizers?.Contains(Labels.Finalizer) != true)
        {
            return;
        }

        using var scope = _logger.BeginLambdaScope(about, lambda.Status?.Revision);
        try
        {
            await api.WriteFinalizersAsync(lambda, [.. lambda.Metadata.Finalizers.Where(each => each != Labels.Finalizer)], context.CancellationToken);
            LogReleased(context.Message.Repository);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // Gone already.
        }
    }

    [LoggerMessage(LogLevel.Information, "{Repository} is empty: the finalizer is off")]
    private partial void LogReleased(string repository);
}
