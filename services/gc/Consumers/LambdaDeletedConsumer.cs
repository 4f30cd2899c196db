using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Gc.Cleaning;
using Kublambda.Hosting;
using MassTransit;

namespace Kublambda.Gc.Consumers;

/// <summary>Cleans up after a Lambda that is being deleted, and says how far that is.</summary>
public sealed class LambdaDeletedConsumer(
    Cleanup cleanup, CleanupReporter reporter, SecondLook secondLook, RunningCleanups running, TimeProvider time, ILogger<LambdaDeletedConsumer> logger)
    : IConsumer<LambdaDeleted>
{
    public async Task Consume(ConsumeContext<LambdaDeleted> context)
    {
        var lambda = context.Message.Lambda;
        using var scope = logger.BeginLambdaScope(lambda);
        // Said again while this process is at it: that run answers.
        using var turn = running.TryBegin(lambda);
        if (turn is null)
            return;
        try
        {
            if (await cleanup.RunAsync(lambda, context.CancellationToken) is not { } report)
                return;
            reporter.Done(report);
            secondLook.After(lambda);
            await context.Publish(new ImagesDeleted
            {
                Lambda = lambda,
                Repository = report.Repository,
                Manifests = report.Manifests,
                FinishedAt = time.GetUtcNow(),
            });
        }
        catch (CleanupWaitingException e)
        {
            reporter.Delayed(e);
            await context.Publish(new CleanupDelayed
            {
                Lambda = lambda,
                Reason = e.Reason,
                Message = e.Message.Length > Limits.MessageLength ? e.Message[..Limits.MessageLength] : e.Message,
            });
        }
    }
}
