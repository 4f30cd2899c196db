using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;

namespace Kublambda.Kubernetes;

/// <summary>What the API server offers. Answers are kept for ten minutes: an upgrade of the cluster is seen without a restart.</summary>
public sealed class ApiDiscovery(IKubernetes client, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<string, (long At, IReadOnlySet<string> Resources)> _known = new();

    /// <summary>Whether the group has this version with this resource, for example <c>autoscaling</c>, <c>v2</c>, <c>horizontalpodautoscalers</c>.</summary>
    /// <exception cref="HttpOperationException">The API server answered neither with a list nor with 404.</exception>
    public async Task<bool> ExistsAsync(string group, string version, string plural, CancellationToken cancellationToken)
    {
        var path = group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
        if (!_known.TryGetValue(path, out var entry) || time.GetElapsedTime(entry.At) > Keep)
        {
            entry = (time.GetTimestamp(), await ReadAsync(path, cancellationToken));
            _known[path] = entry;
        }

        return entry.Resources.Contains(plural);
    }

    private async Task<IReadOnlySet<string>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await new RawApi(client).GetAsync(path, cancellationToken);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using (stream)
            {
                using var document = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
                return document.RootElement.GetProperty("resources").EnumerateArray()
                    .Select(resource => resource.GetProperty("name").GetString()!)
                    .ToHashSet(StringComparer.Ordinal);
            }
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return new HashSet<string>();
        }
    }
}
