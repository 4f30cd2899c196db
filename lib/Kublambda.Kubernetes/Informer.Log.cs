using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Kublambda.Kubernetes;

public sealed partial class Informer<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    [LoggerMessage(LogLevel.Information, "{Resource}: in step with the API server, {Count} objects")]
    private partial void LogSynced(ResourceQuery resource, int count);

    [LoggerMessage(LogLevel.Information, "{Resource}: the watch is over, listing again: {Error}")]
    private partial void LogExpired(ResourceQuery resource, string error);

    [LoggerMessage(LogLevel.Warning, "{Resource}: the watch went silent, opening another")]
    private partial void LogSilent(ResourceQuery resource);

    [LoggerMessage(LogLevel.Warning, "{Resource}: list or watch broke (failure {Failures}): {Error}")]
    private partial void LogBroken(ResourceQuery resource, string error, int failures);

    [LoggerMessage(LogLevel.Error, "{Resource}: {Namespace}/{Name} cannot be read, left aside: {Error}")]
    private partial void LogMalformed(ResourceQuery resource, string @namespace, string name, string error);

    [LoggerMessage(LogLevel.Error, "{Resource}: a handler failed on {Namespace}/{Name}")]
    private partial void LogHandlerFailed(Exception exception, ResourceQuery resource, string? @namespace, string name);
}
