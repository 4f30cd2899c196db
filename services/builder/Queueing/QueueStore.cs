using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Queueing;

/// <summary>
/// Keeps the queue in a ConfigMap of the build namespace: a change is made of what was read, or not at all, so that all replicas
/// keep to one bound and one order, and a restart forgets nobody.
/// </summary>
public sealed partial class QueueStore(IKubernetes client, IOptions<BuildOptions> options, ILogger<QueueStore> logger)
{
    public const string Name = "kublambda-build-queue";
    private const string Key = "queue.json";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly string _namespace = options.Value.Namespace;
    private readonly ILogger _logger = logger;

    /// <summary>The queue, and the ConfigMap that it was read from; null where there is none yet.</summary>
    public async Task<(QueueState State, V1ConfigMap? Source)> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var map = await client.CoreV1.ReadNamespacedConfigMapAsync(Name, _namespace, cancellationToken: cancellationToken);
            return (Parse(map), map);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return (new QueueState(), null);
        }
    }

    /// <returns>False: somebody else was quicker.</returns>
    public async Task<bool> TryWriteAsync(QueueState state, V1ConfigMap? source, CancellationToken cancellationToken)
    {
        var map = new V1ConfigMap
        {
            Metadata = new V1ObjectMeta
            {
                Name = Name,
                NamespaceProperty = _namespace,
                ResourceVersion = source?.ResourceVersion(),
                Labels = new Dictionary<string, string> { [Labels.ManagedBy] = Labels.ManagedByValue },
            },
            Data = new Dictionary<string, string> { [Key] = JsonSerializer.Serialize(state, Json) },
        };
        try
        {
            if (source is null)
                await client.CoreV1.CreateNamespacedConfigMapAsync(map, _namespace, cancellationToken: cancellationToken);
            else
                await client.CoreV1.ReplaceNamespacedConfigMapAsync(map, Name, _namespace, cancellationToken: cancellationToken);
            return true;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.NotFound && e.Response.Content?.Contains("namespaces", StringComparison.Ordinal) != true)
        {
            return false;
        }
    }

    // Edited by hand into nonsense: begins anew, and who waits asks again.
    private QueueState Parse(V1ConfigMap map)
    {
        try
        {
            return map.Data?.TryGetValue(Key, out var text) == true ? JsonSerializer.Deserialize<QueueState>(text, Json) ?? new QueueState() : new QueueState();
        }
        catch (JsonException e)
        {
            LogUnreadable(Name, e.Message);
            return new QueueState();
        }
    }

    [LoggerMessage(LogLevel.Warning, "The ConfigMap {Name} is no queue of builds and is written anew: {Error}")]
    private partial void LogUnreadable(string name, string error);
}
