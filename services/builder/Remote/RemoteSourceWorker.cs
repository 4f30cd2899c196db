using Kublambda.Builder.Builds;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>
/// In every replica: fetches sources in the background, and goes on with the build of each when it is there. Messages only ask for it. Where a
/// replica ends in the middle, the controller asks again; two that fetch the same waste a little time and agree.
/// </summary>
public sealed class RemoteSourceWorker(
    FetchQueue asked, ILambdas lambdas, RemoteSources sources, ReadyImages images, BuildReconciler reconciler, IOptions<FetchOptions> options, ILogger<RemoteSourceWorker> logger)
    : ReconcileLoop<LambdaRef>(asked.Queue, logger, options.Value.MaxConcurrent)
{
    protected override IDisposable? BeginScope(LambdaRef key) => logger.BeginLambdaScope(key);

    protected override async Task<TimeSpan?> ReconcileAsync(LambdaRef key, CancellationToken cancellationToken)
    {
        if (!asked.TryEnter(key))
            return null;
        try
        {
            return await FetchAsync(key, cancellationToken);
        }
        finally
        {
            asked.Leave(key);
        }
    }

    private async Task<TimeSpan?> FetchAsync(LambdaRef key, CancellationToken cancellationToken)
    {
        var anew = asked.TakeAnew(key);
        if (await lambdas.ReadBuildableAsync(key, cancellationToken) is not { } lambda || !RemoteSources.AreOf(lambda.Spec))
        {
            sources.Forget(key);
            return null;
        }

        if (lambda.Spec.Source.Image is not null)
            return await reconciler.UseAsync(lambda, stop => images.ResolveAsync(lambda, stop), cancellationToken);
        return await reconciler.BuildAsync(lambda, async stop => HandlerFile.Checked(lambda.Spec, await sources.GetAsync(lambda, anew, stop)), cancellationToken);
    }
}
