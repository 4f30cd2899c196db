using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;

namespace Kublambda.Kubernetes;

/// <summary>Where the API server keeps the objects of a kind.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">For example <c>v1</c>.</param>
/// <param name="Kind">For example <c>Deployment</c>.</param>
/// <param name="Plural">The resource as it stands in URLs and roles, for example <c>deployments</c>.</param>
/// <param name="Namespaced">False: its objects belong to no namespace.</param>
public sealed record KindResource(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    /// <summary>Whether the API server offers to list and to watch them.</summary>
    public bool Watchable { get; init; } = true;
}

/// <summary>
/// From <c>apiVersion</c> and <c>kind</c> to the resource, as the API server says. What was found is kept for ten minutes;
/// what was not is asked for again after ten seconds, as custom resources may be defined at any time.
/// </summary>
public sealed class KindDiscovery(IKubernetes client, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<(string ApiVersion, string Kind), (long At, KindResource? Found)> _known = new();

    /// <param name="apiVersion"><c>v1</c>, or <c>group/version</c>.</param>
    /// <param name="kind">For example <c>Deployment</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null where no API of the cluster has the kind, now.</returns>
    /// <exception cref="HttpOperationException">The API server answered neither with a list nor with 404.</exception>
    public async Task<KindResource?> FindAsync(string apiVersion, string kind, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue((apiVersion, kind), out var entry) && time.GetElapsedTime(entry.At) < (entry.Found is null ? AskAgain : Keep))
            return entry.Found;
        var found = await ReadAsync(apiVersion, kind, cancellationToken);
        _known[(apiVersion, kind)] = (time.GetTimestamp(), found);
        return found;
    }

    private async Task<KindResource?> ReadAsync(string apiVersion, string kind, CancellationToken cancellationToken)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var (group, version) = slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        var path = group.Length == 0
            ? $"api/{Uri.EscapeDataString(version)}"
            : $"apis/{Uri.EscapeDataString(group)}/{Uri.EscapeDataString(version)}";
        try
        {
            using var response = await new RawApi(client).GetAsync(path, cancellationToken);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            await using (stream)
            {
                using var document = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
                return Find(document.RootElement, group, version, kind);
            }
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Of an <c>APIResourceList</c>: the resource itself, not one of its subresources, which have a kind too.</summary>
    internal static KindResource? Find(JsonElement list, string group, string version, string kind)
    {
        foreach (var resource in list.GetProperty("resources").EnumerateArray())
        {
            var name = resource.GetProperty("name").GetString()!;
            if (name.Contains('/', StringComparison.Ordinal) || resource.GetProperty("kind").GetString() != kind)
                continue;
            var verbs = resource.TryGetProperty("verbs", out var said) ? said.EnumerateArray().Select(v => v.GetString()).ToList() : [];
            return new KindResource(group, version, kind, name, resource.GetProperty("namespaced").GetBoolean())
            {
                Watchable = verbs.Contains("list") && verbs.Contains("watch"),
            };
        }

        return null;
    }
}
