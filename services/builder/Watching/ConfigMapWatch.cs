using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Hosting;

namespace Kublambda.Builder.Watching;

/// <summary>
/// In every replica: looks every few seconds whether a ConfigMap that a source was read from changed, and builds anew. It asks by name
/// and for the metadata alone: a watch would need the right to list every ConfigMap of the cluster.
/// </summary>
public sealed partial class ConfigMapWatch(
    IKubernetes client, ConfigMapsSeen seen, BuildReconciler reconciler, TimeProvider time, ILogger<ConfigMapWatch> logger) : BackgroundService
{
    private const int AtOnce = 4;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private static readonly Dictionary<string, IReadOnlyList<string>> MetadataOnly = new()
    {
        ["Accept"] = ["application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"],
    };

    private readonly ILogger _logger = logger;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var lambdas = seen.List().GroupBy(s => (s.Value.Namespace, s.Value.Name));
            await Parallel.ForEachAsync(
                lambdas, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
                async (group, cancellationToken) => await LookAsync(group.Key.Namespace, group.Key.Name, [.. group], cancellationToken));
        }
    }

    private async Task LookAsync(string ns, string name, IReadOnlyList<KeyValuePair<LambdaRef, SeenConfigMap>> lambdas, CancellationToken cancellationToken)
    {
        try
        {
            var version = await VersionAsync(ns, name, cancellationToken);
            foreach (var (lambda, _) in lambdas.Where(l => l.Value.Version != version))
            {
                using var scope = _logger.BeginLambdaScope(lambda);
                LogChanged(name);
                await reconciler.ReconcileAsync(lambda, generation: null, cancellationToken);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The next look comes soon, and the controller asks again as well.
            LogFailed(ns, name, e.Message);
        }
    }

    private async Task<string?> VersionAsync(string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            using var read = await client.CoreV1.ReadNamespacedConfigMapWithHttpMessagesAsync(name, ns, customHeaders: MetadataOnly, cancellationToken: cancellationToken);
            return read.Body.ResourceVersion();
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Information, "The ConfigMap {Name} of the source changed")]
    private partial void LogChanged(string name);

    [LoggerMessage(LogLevel.Warning, "Looking at the ConfigMap {Namespace}/{Name} failed: {Error}")]
    private partial void LogFailed(string @namespace, string name, string error);
}
