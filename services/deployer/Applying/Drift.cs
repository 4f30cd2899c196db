using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Kublambda.Deployer.Applying;

/// <summary>
/// Compares a live object with the rendered one for the fields that were rendered; what the API server or others added
/// does not count here (see <see cref="ForeignFields"/>).
/// </summary>
internal static class Drift
{
    /// <summary>Keys that name an element of a list, as in server-side apply.</summary>
    private static readonly string[] ListKeys = ["name", "mountPath", "uid", "host", "path"];

    /// <returns>The path of the first field that differs; null where there is none.</returns>
    public static string? Find(IKubernetesObject<V1ObjectMeta> rendered, IKubernetesObject<V1ObjectMeta> live) =>
        Find(Parse(rendered), Parse(live), "");

    private static JsonNode? Parse(object value) => JsonNode.Parse(KubernetesJson.Serialize(value));

    private static string? Find(JsonNode? rendered, JsonNode? live, string path) => rendered switch
    {
        null => null,
        JsonObject map => InMap(map, live, path),
        JsonArray list => InList(list, live, path),
        _ => IsEmpty(rendered) && live is null || JsonNode.DeepEquals(rendered, live) ? null : path,
    };

    private static string? InMap(JsonObject rendered, JsonNode? live, string path)
    {
        if (live is not JsonObject and not null)
            return path;
        foreach (var (name, value) in rendered)
        {
            // The version an object is read by is the reader's choice.
            if (path.Length == 0 && name is "apiVersion" or "kind")
                continue;
            if (Find(value, (live as JsonObject)?[name], $"{path}.{name}") is { } difference)
                return difference;
        }

        return null;
    }

    private static string? InList(JsonArray rendered, JsonNode? live, string path)
    {
        if (rendered.Count == 0)
            return null;
        if (live is not JsonArray present)
            return path;
        for (var i = 0; i < rendered.Count; i++)
        {
            var key = Key(rendered[i]);
            var element = key is null
                ? present.ElementAtOrDefault(i)
                : present.FirstOrDefault(p => Key(p) is { } k && k == key);
            if (Find(rendered[i], element, $"{path}[{key?.Value ?? $"{i}"}]") is { } difference)
                return difference;
        }

        return null;
    }

    private static (string Name, string Value)? Key(JsonNode? element) =>
        element is JsonObject map && ListKeys.FirstOrDefault(map.ContainsKey) is { } name ? (name, $"{map[name]}") : null;

    private static bool IsEmpty(JsonNode node) => node is JsonValue value && value.TryGetValue<string>(out var text) && text.Length == 0;
}
